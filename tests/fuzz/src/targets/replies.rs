//! Replies of config centres: whatever comes, what is heard has the promised form, requests are
//! requests, and no secret is told.
//!
//! The input's first line is the centre's kind, and behind a space the cursor to go on from. What
//! follows are replies, each behind a line `---`: the status, headers, an empty line, the body.

use std::sync::LazyLock;

use graylane::Secret;
use graylane::remote::{
    Apollo, Call, Centre, Consul, Etcd, Heard, Http, Line, Nacos, NacosApi, Refused, Reply,
};

use crate::sentence;

const SECRET: &str = "p\"w d&=é";
const TOKEN: &str = "t0p-s3cr3t";

/// Replies of one talk, so that a run is short.
const MOST: usize = 8;

/// Each kind, with a document's name there and all that it can have.
static CENTRES: LazyLock<Vec<(&str, Centre, &str)>> = LazyLock::new(|| {
    let secret = || Some(Secret::new(SECRET.to_owned()));
    let token = || Some(Secret::new(TOKEN.to_owned()));
    let user = || Some("gray".to_owned());
    let nacos = |api| Nacos::new(api, None, None, user(), secret()).map(Centre::Nacos);
    let all = [
        (
            "etcd",
            Etcd::new(user(), secret()).map(Centre::Etcd),
            "graylane/checkout",
        ),
        (
            "consul",
            Consul::new(token(), None).map(Centre::Consul),
            "graylane/checkout",
        ),
        ("nacos", nacos(NacosApi::V1), "graylane.json"),
        ("nacos3", nacos(NacosApi::V3), "graylane.json"),
        (
            "apollo",
            Apollo::new("gray".to_owned(), None, secret()).map(Centre::Apollo),
            "graylane.json",
        ),
        (
            "http",
            Http::new(token()).map(Centre::Http),
            "/graylane.json",
        ),
    ];
    let right = all.map(|(kind, centre, name)| (kind, centre.expect("it is right"), name));
    right.into()
});

pub(crate) fn run(data: &[u8]) {
    let (head, rest) = split_at_line(data);
    let head = String::from_utf8_lossy(head);
    let (kind, cursor) = head.split_once(' ').unwrap_or((&head, ""));
    let centre = CENTRES.iter().find(|(own, ..)| *own == kind);
    let Some((_, centre, name)) = centre.or(CENTRES.first()) else {
        return;
    };
    let replies: Vec<_> = replies(rest).take(MOST).collect();
    follow(centre, name, cursor, &replies);
    list(centre, &replies);
}

fn follow(centre: &Centre, name: &str, cursor: &str, replies: &[Reply]) {
    let mut line = Line::new(name, cursor);
    // Not what a login brings: that may be any text, which sentences have of their own.
    let sent = own_secret(centre);
    let mut token = None;
    let (mut next, mut logins, mut gone) = (0, 0, false);
    for reply in replies {
        if token.is_none()
            && let Some(call) = centre.login()
        {
            is_sent(&call);
            match centre.token(reply) {
                Ok(own) => {
                    let visible = own.bytes().all(|byte| byte.is_ascii_graphic());
                    assert!(!own.is_empty() && visible, "{own:?}");
                    token = Some(own);
                }
                Err(told) => is_told(&told, &[SECRET]),
            }
        }
        let before = line.cursor().to_owned();
        is_sent(&line.ask(centre, token.as_deref(), 1_795_320_000_000));
        let heard = line.hear(centre, reply);
        let cursor = line.cursor();
        assert!(
            cursor.len() <= 512 && !cursor.chars().any(char::is_control),
            "{cursor:?}"
        );
        next = if heard == Heard::Next { next + 1 } else { 0 };
        assert!(next <= 3, "there is always more to ask");
        match &heard {
            Heard::Trouble(told) => {
                is_told(told, &[sent]);
                assert_eq!(cursor, before, "trouble is not a step");
            }
            Heard::Login => {
                logins += 1;
                assert!(logins < 2, "it has just logged in");
                token = None;
            }
            Heard::Gone => assert!(!gone, "it is gone already"),
            Heard::Same | Heard::Next | Heard::Document(_) => {}
        }
        if heard != Heard::Login {
            logins = 0;
        }
        match heard {
            Heard::Gone => gone = true,
            Heard::Document(_) | Heard::Next => gone = false,
            _ => {}
        }
        // Another worker goes on from here, and asks something that can be sent.
        is_sent(&Line::new(name, line.cursor()).ask(centre, None, 0));
    }
}

/// What proxies announce, listed; and what becomes of an announcement.
fn list(centre: &Centre, replies: &[Reply]) {
    let sent = own_secret(centre);
    let mut cursor = String::new();
    for reply in replies {
        let Some(call) = centre.list("graylane/proxies", &cursor, Some(TOKEN)) else {
            assert!(
                centre.listed(&cursor, reply, None).is_err(),
                "only etcd and Consul list"
            );
            return;
        };
        is_sent(&call);
        match centre.listed(&cursor, reply, Some(TOKEN)) {
            Ok((next, _)) => cursor = next,
            Err(Refused::Trouble(told)) => is_told(&told, &[sent, TOKEN]),
            Err(Refused::Login) => {}
            Err(Refused::Changed) => panic!("nothing was written"),
        }
        match centre.announced(reply, Some(TOKEN)) {
            Ok(()) | Err(Refused::Login) => {}
            Err(Refused::Trouble(told)) => is_told(&told, &[sent, TOKEN]),
            Err(Refused::Changed) => panic!("whatever is there"),
        }
    }
}

/// A call can be sent: each part of it is of bytes that HTTP carries.
pub(crate) fn is_sent(call: &Call) {
    let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    assert!(
        call.path.starts_with('/') && visible(&call.path),
        "{call:?}"
    );
    for (name, value) in &call.headers {
        assert!(
            visible(name) && value.bytes().all(|byte| matches!(byte, b' '..=b'~')),
            "{value:?}"
        );
    }
}

/// What a centre of [`CENTRES`] was given in confidence.
fn own_secret(centre: &Centre) -> &'static str {
    match centre {
        Centre::Consul(_) | Centre::Http(_) => TOKEN,
        Centre::Etcd(_) | Centre::Nacos(_) | Centre::Apollo(_) => SECRET,
    }
}

/// A sentence that a log can hold, without what was sent in confidence: no password, and no token
/// that had been sent.
fn is_told(told: &str, sent: &[&str]) {
    sentence::is_one_line(told);
    for secret in sent {
        assert!(!told.contains(*secret), "{told}");
    }
}

fn split_at_line(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (line, rest) = data.split_at(end.unwrap_or(data.len()));
    (line, rest.strip_prefix(b"\n").unwrap_or(rest))
}

/// Replies as the input writes them.
pub(crate) fn replies(mut rest: &[u8]) -> impl Iterator<Item = Reply> {
    const MARK: &[u8] = b"---\n";
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        rest = rest.strip_prefix(MARK).unwrap_or(rest);
        let end = rest.windows(MARK.len()).position(|part| part == MARK);
        let (own, others) = rest.split_at(end.unwrap_or(rest.len()));
        rest = others;
        Some(reply(own))
    })
}

fn reply(text: &[u8]) -> Reply {
    let (status, mut rest) = split_at_line(text);
    let status = String::from_utf8_lossy(status).parse().unwrap_or(200);
    let mut headers = Vec::new();
    while !rest.is_empty() {
        let (line, others) = split_at_line(rest);
        rest = others;
        if line.is_empty() {
            break;
        }
        let colon = line
            .iter()
            .position(|byte| *byte == b':')
            .unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        headers.push((name, value.trim_ascii().to_vec()));
    }
    // The line feed before the next mark is not the body's.
    let body = rest.strip_suffix(b"\n").unwrap_or(rest);
    Reply {
        status,
        headers,
        body: body.to_vec(),
    }
}
