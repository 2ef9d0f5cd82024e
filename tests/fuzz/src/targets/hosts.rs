//! Hosts: a request is the first service's that has its host, as trying each of them tells.
//!
//! The input's first line is the request's host; each further one is a service's hosts, between
//! spaces, and an empty one a service that has every host.

use graylane::{Moment, decide};
use serde_json::{Value, json};

use crate::asked::{Asked, lines};
use crate::{sentence, support};

/// Services of a policy, so that a run is short.
const MOST: usize = 6;

pub(crate) fn run(data: &[u8]) {
    let mut lines = lines(data);
    let asked = lines.next().unwrap_or_default();
    let mut services = Vec::new();
    for line in lines.take(MOST) {
        let Ok(line) = str::from_utf8(line) else {
            return;
        };
        let hosts = line.split(' ').filter(|host| !host.is_empty());
        services.push(hosts.collect::<Vec<_>>());
    }
    let policy = json!({ "schema": "graylane/v1", "services": documents(&services) });
    let rules = match support::load(&support::json(&policy)) {
        Ok(rules) => rules,
        Err(error) => return sentence::of_refusal(&error),
    };
    let host = bare(asked);
    let has = |own: &&str| is_of(own.to_ascii_lowercase().as_bytes(), &host);
    let has_it = |hosts: &Vec<&str>| hosts.is_empty() || hosts.iter().any(has);
    let first = services.iter().position(has_it);
    let request = Asked::of(":authority", [asked]);
    let decision = decide(&rules, &request, Moment::default());
    let expected = first.map(|at| format!("s{at}"));
    assert_eq!(
        decision.service(),
        expected.as_deref(),
        "{services:?} {host:?}"
    );
}

fn documents(services: &[Vec<&str>]) -> Vec<Value> {
    let services = services.iter().enumerate().map(|(at, hosts)| {
        let mut service = json!({
            "name": format!("s{at}"),
            "baseline": "v1",
            "versions": [{ "name": "v1" }],
        });
        if !hosts.is_empty() {
            service["hosts"] = json!(hosts);
        }
        service
    });
    services.collect()
}

/// Whether a service's host is this one, or a `*.` that has it below.
fn is_of(own: &[u8], host: &[u8]) -> bool {
    match own.strip_prefix(b"*") {
        Some(end) => host.len() > end.len() && host.ends_with(end),
        None => own == host,
    }
}

/// In lower case, without a port and without a trailing dot.
fn bare(authority: &[u8]) -> Vec<u8> {
    let mut host = authority.to_ascii_lowercase();
    if !host.ends_with(b"]")
        && let Some(colon) = host.iter().rposition(|byte| *byte == b':')
    {
        host.truncate(colon);
    }
    if host.ends_with(b".") {
        host.pop();
    }
    host
}
