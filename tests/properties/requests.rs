//! Requests of every kind, by the names that the policies know.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::support::{Bytes, Sent};

const HEADERS: [&str; 9] = [
    "accept",
    "x-forwarded-proto",
    "x-a",
    "x-b",
    "x-user-id",
    "cookie",
    "x-gray-version",
    "x-gray-cluster",
    "baggage",
];
const HOSTS: [&str; 5] = [
    "a.example.com",
    "B.example.com:80",
    "x.b.example.com.",
    "example.com",
    "",
];
pub(crate) fn request() -> impl Strategy<Value = Sent> {
    let value = prop_oneof![
        select(vec![
            "",
            "1",
            "on",
            "v1",
            "v2",
            "v9",
            "blue",
            "x-gray-version=v2",
            "a=1;b, x-gray-version = blue;c,,",
            "V2",
            "uid=1; x-a=on",
            "text/html",
            "https",
            "é"
        ])
        .prop_map(|text| Bytes::Text(text.to_owned())),
        prop::collection::vec(any::<u8>(), 0..6).prop_map(Bytes::Raw),
    ];
    let header = (select(&HEADERS[..]).prop_map(str::to_owned), value);
    (
        select(vec!["GET", "POST"]),
        select(vec!["/", "/a?uid=1&x-a=on", "/a?uid", "*", ""]),
        select(&HOSTS[..]),
        prop::collection::vec(header, 0..6),
        prop::option::of(any::<std::net::IpAddr>()),
        prop::option::of(any::<u128>()),
        any::<bool>(),
    )
        .prop_map(
            |(method, path, host, headers, source_ip, random, inbound)| Sent {
                method: method.to_owned(),
                path: path.to_owned(),
                host: host.to_owned(),
                headers,
                source_ip,
                claims: Value::Null,
                random,
                inbound,
            },
        )
}
