//! The same over HTTP/2: pseudo-headers, names, what belongs to a connection alone, and trailers.

use futures_util::future::join_all;

use super::{AFTER, SHAPE, Tally};
use crate::checks::attacks::site::Site;
use crate::client::{Fields, send_streams};

/// Headers and, where there is a body, trailers.
pub(super) struct Stream {
    name: String,
    fields: Fields<'static>,
    trailers: Option<Fields<'static>>,
}

const METHOD: (&str, &[u8]) = (":method", b"GET");
const SCHEME: (&str, &[u8]) = (":scheme", b"http");
const AUTHORITY: (&str, &[u8]) = (":authority", b"checkout.example.com");
const PATH: (&str, &[u8]) = (":path", b"/");
const USUAL: [(&str, &[u8]); 4] = [METHOD, SCHEME, AUTHORITY, PATH];
const BETA: &[u8] = b"beta.example.com";

/// Each on a connection of its own, with a stream behind it.
pub(super) async fn ask(site: &Site, streams: &[Stream]) -> Tally {
    let ask = async |stream: &Stream| {
        let mut fields = stream.fields.clone();
        fields.extend([(SHAPE, stream.name.as_bytes()), ("x-user-id", b"user-1")]);
        let mut after = USUAL.to_vec();
        after.push((SHAPE, AFTER.as_bytes()));
        let requests = [(fields, stream.trailers.clone()), (after, None)];
        send_streams(site.envoy.address(), &requests).await
    };
    let outcomes = join_all(streams.iter().map(ask)).await;
    let mut tally = Tally::default();
    for (stream, outcome) in streams.iter().zip(outcomes) {
        match outcome {
            Ok(echoes) => {
                let echoes: Vec<_> = echoes.iter().flatten().collect();
                tally.answered += echoes.len();
                tally.judge(site, &stream.name, 1, &echoes);
            }
            Err(error) => tally.wrong(&stream.name, &format!("{error:#}")),
        }
    }
    tally
}

pub(super) fn shapes() -> Vec<Stream> {
    let mut streams = Vec::new();
    for (number, fields) in starts().into_iter().enumerate() {
        streams.push(Stream {
            name: format!("start {number}"),
            fields,
            trailers: None,
        });
    }
    for (number, further) in FURTHER.iter().enumerate() {
        let fields = USUAL.iter().chain(*further).copied().collect();
        streams.push(Stream {
            name: format!("further {number}"),
            fields,
            trailers: None,
        });
    }
    for (number, trailers) in TRAILERS.iter().enumerate() {
        let fields = vec![(":method", &b"POST"[..]), SCHEME, AUTHORITY, PATH];
        streams.push(Stream {
            name: format!("trailers {number}"),
            fields,
            trailers: Some(trailers.to_vec()),
        });
    }
    streams
}

/// Pseudo-headers.
fn starts() -> Vec<Fields<'static>> {
    let path = |path: &'static [u8]| vec![METHOD, SCHEME, AUTHORITY, (":path", path)];
    let authority =
        |authority: &'static [u8]| vec![METHOD, SCHEME, (":authority", authority), PATH];
    let method = |method: &'static [u8]| vec![(":method", method), SCHEME, AUTHORITY, PATH];
    vec![
        USUAL.to_vec(),
        path(b"/beta"),
        path(b""),
        path(b"*"),
        path(b"beta"),
        path(b"http://beta.example.com/beta"),
        path(b"/x#/../beta"),
        path(b"/x/%2e%2e/beta"),
        path(b"/x HTTP/1.1\r\nx-gray-version: v2"),
        path(b"/x\0beta"),
        path(b"/b\xe9ta"),
        authority(BETA),
        authority(b"BETA.example.com:80"),
        authority(b"beta.example.com."),
        authority(b"user@beta.example.com"),
        authority(b"beta.example.com/x"),
        authority(b"beta.example.com\r\nx-gray-version: v2"),
        authority(b""),
        method(b"OPTIONS"),
        method(b"get"),
        method(b"GET /beta HTTP/1.1\r\nx:"),
        method(b""),
        method(b"CONNECT"),
        vec![METHOD, SCHEME, PATH],
        vec![METHOD, SCHEME, PATH, ("host", BETA)],
        vec![METHOD, SCHEME, AUTHORITY, PATH, ("host", BETA)],
        vec![("host", BETA), METHOD, SCHEME, AUTHORITY, PATH],
        vec![METHOD, SCHEME, AUTHORITY, (":authority", BETA), PATH],
        vec![METHOD, SCHEME, AUTHORITY, PATH, (":path", b"/beta")],
        vec![METHOD, (":method", b"OPTIONS"), SCHEME, AUTHORITY, PATH],
        vec![METHOD, SCHEME, AUTHORITY],
        vec![METHOD, AUTHORITY, PATH],
        vec![
            METHOD,
            (":scheme", b"http://beta.example.com/?"),
            AUTHORITY,
            PATH,
        ],
        vec![METHOD, SCHEME, AUTHORITY, ("x-a", b"1"), PATH],
        vec![METHOD, SCHEME, AUTHORITY, PATH, (":x-gray-version", b"v2")],
        vec![METHOD, SCHEME, AUTHORITY, PATH, (":status", b"200")],
        vec![METHOD, SCHEME, AUTHORITY, PATH, (":protocol", b"websocket")],
    ]
}

/// Behind ordinary pseudo-headers.
const FURTHER: [&[(&str, &[u8])]; 32] = [
    &[
        ("x-gray-version", b"v2"),
        ("x-gray-cluster", b"checkout-v2"),
    ],
    &[("x-gray-version", b"v1"), ("x-gray-version", b"v2")],
    &[("x-gray-version", b" v2 ")],
    &[("x-gray-version", b"v2\0")],
    &[("x-gray-version", b"v2\r\n")],
    &[("x-a", b"1\r\nx-gray-version: v2")],
    &[("x-a", b"1\nx-gray-cluster: checkout-v2")],
    &[("X-Gray-Version", b"v2")],
    &[("x-gray-Cluster", b"checkout-v2")],
    &[("x-gray-version ", b"v2")],
    &[(" x-gray-version", b"v2")],
    &[("x-gray-version:", b"v2")],
    &[("x-a: 1\r\nx-gray-version", b"v2")],
    &[("x-gray-version\0", b"v2")],
    &[("", b"v2")],
    &[("x_gray_version", b"v2")],
    &[("connection", b"x-user-id")],
    &[("connection", b"close")],
    &[("connection", b"x-gray-cluster")],
    &[("proxy-connection", b"x-user-id")],
    &[("keep-alive", b"x-user-id")],
    &[("upgrade", b"websocket")],
    &[("transfer-encoding", b"chunked")],
    &[("te", b"trailers")],
    &[("te", b"gzip")],
    &[("content-length", b"5")],
    &[("content-length", b"0"), ("content-length", b"5")],
    &[
        ("cookie", b"a=1"),
        ("cookie", b"uid=user-2"),
        ("cookie", b"uid=user-3"),
    ],
    &[("x-user-id", b" user-2")],
    &[("x-user-id", b"user-2"), ("x-user-id", b"user-3")],
    &[("X-User-Id", b"user-2")],
    &[("x-forwarded-host", BETA), ("x-original-url", b"/beta")],
];

/// Behind a body.
const TRAILERS: [&[(&str, &[u8])]; 6] = [
    &[("x-a", b"1")],
    &[
        ("x-gray-version", b"v2"),
        ("x-gray-cluster", b"checkout-v2"),
    ],
    &[("x-user-id", b"user-2"), ("cookie", b"uid=user-3")],
    &[(":path", b"/beta")],
    &[("host", BETA), ("content-length", b"9")],
    &[("X-Gray-Version", b"v2")],
];
