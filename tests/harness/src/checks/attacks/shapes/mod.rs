//! Requests at the edge of HTTP and beyond it, byte by byte. Envoy refuses one, or passes it on;
//! then it is one request at one backend, decided as that backend sees it.

mod hosts;
mod http2;
mod lengths;
mod lines;
mod paths;

use anyhow::Result;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::NAME;
use super::site::{Allowed, Site};
use crate::backend::Echo;
use crate::checks::people::policy;
use crate::client::{Reply, send_raw};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::report::Row;

/// Says which shape a request is.
const SHAPE: &str = "x-shape";
/// The request that follows each shape on its connection, and says by its answer where Envoy has
/// seen the end of the one before.
const AFTER: &str = "after";
/// Not implemented.
const UNKNOWN: u16 = 501;

/// Bytes of HTTP/1 under a name that their header [`SHAPE`] has.
struct Shape {
    name: String,
    bytes: Vec<u8>,
    /// So many requests, each of this name.
    requests: usize,
}

impl Shape {
    /// A request line, headers with their ends of line, and a body.
    fn of(name: &str, line: &str, headers: &str, body: &str) -> Self {
        let own = format!("{SHAPE}: {name}\r\nx-user-id: user-1\r\n");
        Self {
            name: name.to_owned(),
            bytes: format!("{line}\r\n{own}{headers}\r\n{body}").into_bytes(),
            requests: 1,
        }
    }
}

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let policy = telling_policy();
    let mut rows = Vec::new();
    let sample = Setup::of("standalone");
    let alone = sample.clone().without_native_stripping();
    for (case, setup) in [("the sample", sample), ("the module alone", alone)] {
        let site = Site::start(lab, &setup, &policy).await?;
        let groups = [
            ("lengths and chunks", lengths::shapes()),
            ("lines and headers", lines::shapes()),
            ("hosts", hosts::shapes()),
            ("paths", paths::shapes()),
        ];
        let tallies = groups.iter().map(|(_, shapes)| over_http1(&site, shapes));
        let streams = http2::shapes();
        let (mut tallies, over_http2) =
            tokio::join!(join_all(tallies), http2::ask(&site, &streams));
        tallies.push(over_http2);
        let groups = groups.iter().map(|(of, shapes)| (*of, shapes.len()));
        let groups = groups.chain([("HTTP/2", streams.len())]);
        let mut answered = 0;
        let mut allowed = Allowed::default();
        for ((of, count), tally) in groups.zip(&tallies) {
            answered += tally.answered;
            allowed.unknown += tally.unknown;
            allowed.broken_off += tally.refused;
            rows.push(tally.row(&format!("{case}: {of}, {count} shapes")));
        }
        let case = format!("shapes, {case}");
        rows.extend(site.sound(&case, answered, allowed).await?);
    }
    Ok(rows)
}

/// Of a request's host, path, query and method each decides, and its user.
fn telling_policy() -> Value {
    let mut policy = policy(&[("v2", 50.0)]);
    let split = policy["services"][0]["rules"][1].take();
    let rule = |name: &str, when: Value| json!({ "name": name, "when": when, "use": "v2" });
    policy["services"][0]["rules"] = json!([
        rule("host", json!({ "host": { "equals": "beta.example.com" } })),
        rule("path", json!({ "path": { "prefix": "/beta" } })),
        rule(
            "query",
            json!({ "query": { "name": "beta", "present": true } })
        ),
        rule("method", json!({ "method": { "equals": "OPTIONS" } })),
        split,
    ]);
    policy
}

/// Each on a connection of its own, with a request behind it.
async fn over_http1(site: &Site, shapes: &[Shape]) -> Tally {
    let line = format!("GET /{AFTER} HTTP/1.1");
    let after = Shape::of(AFTER, &line, "host: a\r\nconnection: close\r\n", "");
    let ask = async |shape: &Shape| {
        let bytes = [&*shape.bytes, &after.bytes].concat();
        send_raw(site.envoy.address(), &bytes).await
    };
    // At once: Envoy keeps a connection for a second on which it has refused something.
    let outcomes = join_all(shapes.iter().map(ask)).await;
    let mut tally = Tally::default();
    for (shape, outcome) in shapes.iter().zip(outcomes) {
        match outcome {
            Ok(replies) => tally.add(site, shape, &replies),
            Err(error) => tally.wrong(&shape.name, &format!("{error:#}")),
        }
    }
    tally
}

/// How shapes have fared.
#[derive(Default)]
struct Tally {
    passed: usize,
    refused: usize,
    wrong: usize,
    /// Answers of backends, also to what followed.
    answered: usize,
    /// Refusals by 501, which are for transfer codings that Envoy does not know.
    unknown: usize,
}

impl Tally {
    /// Each reply is the backend's to this shape, or at last to what follows, or a refusal.
    fn add(&mut self, site: &Site, shape: &Shape, replies: &[Reply]) {
        let echoes = replies.iter().filter_map(|reply| reply.echo.as_ref());
        let echoes: Vec<_> = echoes.collect();
        let mut others = replies.iter().filter(|reply| reply.echo.is_none());
        self.unknown += others
            .clone()
            .filter(|reply| reply.status == UNKNOWN)
            .count();
        let refused =
            others.all(|reply| (400..500).contains(&reply.status) || reply.status == UNKNOWN);
        self.answered += echoes.len();
        if !refused || replies.len() > shape.requests + 1 {
            let statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
            self.wrong(
                &shape.name,
                &format!("{} requests, answered {statuses:?}", shape.requests),
            );
        } else {
            self.judge(site, &shape.name, shape.requests, &echoes);
        }
    }

    /// Judges what backends have said on one connection.
    fn judge(&mut self, site: &Site, name: &str, requests: usize, echoes: &[&Echo]) {
        let is = |echo: &Echo, name: &str| echo.header(SHAPE) == [name.as_bytes()];
        let own = echoes.iter().take_while(|echo| is(echo, name)).count();
        let rest = echoes.get(own..).unwrap_or_default();
        if own > requests || !matches!(rest, [] | [_]) || !rest.iter().all(|echo| is(echo, AFTER)) {
            let paths: Vec<_> = echoes.iter().map(|echo| &echo.path).collect();
            self.wrong(name, &format!("the backends were asked for {paths:?}"));
        } else if let Some(echo) = echoes.iter().find(|echo| !site.agrees(echo)) {
            self.wrong(name, &format!("not as the core says of it: {echo:?}"));
        } else if own == 0 {
            self.refused += 1;
        } else {
            self.passed += 1;
        }
    }

    fn wrong(&mut self, name: &str, how: &str) {
        self.wrong += 1;
        eprintln!("{NAME}: {name}: {how}");
    }

    fn row(&self, rule: &str) -> Row {
        let Self {
            passed,
            refused,
            wrong,
            ..
        } = self;
        Row::judged(
            NAME,
            rule,
            "0 wrong",
            format!("{passed} pass as one request, {refused} refused, {wrong} wrong"),
            "both kinds, none wrong",
            *passed > 0 && *refused > 0 && *wrong == 0,
        )
    }
}
