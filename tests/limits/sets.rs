//! The largest policies and sets work.

use std::net::Ipv4Addr;

use graylane::limits::MAX_POLICY_BYTES;
use graylane::{Moment, Rules, decide};
use serde_json::json;

use crate::support::{self, Sent, load, wire};
use crate::{numbered, policy, service, when};

#[test]
fn the_largest_policies_are_read_and_compiled() {
    let rule = |at: usize| {
        let set = numbered(20, |each| format!("user-{at}-{each}"));
        let test = json!({ "name": "x-user-id", "in": set });
        json!({ "name": format!("r{at}"), "when": { "header": test }, "use": "v2" })
    };
    let services = numbered(1_000, |at| {
        let mut service = service(&format!("s{at}"), numbered(10, rule));
        service["hosts"] = json!([format!("s{at}.example.com")]);
        service
    });
    let policy = policy(services);
    for bytes in [support::json(&policy), wire(&policy)] {
        assert!(bytes.len() > MAX_POLICY_BYTES / 2, "{}", bytes.len());
        let rules = load(&bytes).unwrap();
        let request = Sent {
            host: "s999.example.com".to_owned(),
            ..Sent::default()
        };
        let request = request.with("x-user-id", "user-9-19");
        let decision = decide(&rules, &request, Moment::default());
        assert_eq!(decision.service(), Some("s999"));
        assert_eq!(decision.rule(), Some("r9"));
    }
}

fn version_of(rules: &Rules, request: &Sent) -> Option<String> {
    let decision = decide(rules, request, Moment::default());
    decision.version().map(str::to_owned)
}

#[test]
fn a_hundred_thousand_users_are_a_set() {
    // In no order, and each twice as far from the next as it need be.
    let user = |at: usize| format!("user-{:06}", at * 7_919 % 100_000 * 2);
    let set = numbered(100_000, user);
    let policy = when(&json!({ "header": { "name": "x-user-id", "in": set } }));
    for bytes in [support::json(&policy), wire(&policy)] {
        let rules = load(&bytes).unwrap();
        for at in (0..200_000).step_by(7) {
            let request = Sent::default().with("x-user-id", &format!("user-{at:06}"));
            let version = version_of(&rules, &request);
            let wanted = if at % 2 == 0 { "v2" } else { "v1" };
            assert_eq!(version.as_deref(), Some(wanted), "{at}");
        }
    }
}

#[test]
fn a_hundred_thousand_networks_are_a_set() {
    // Pairs of addresses, of which every other is listed.
    let network = |at: u32| Ipv4Addr::from_bits(0x0a00_0000 + at * 7_919 % 100_000 * 4);
    let set: Vec<_> = (0..100_000)
        .map(|at| format!("{}/31", network(at)))
        .collect();
    let policy = when(&json!({ "source_ip": set }));
    for bytes in [support::json(&policy), wire(&policy)] {
        let rules = load(&bytes).unwrap();
        for at in (0..400_004).step_by(7) {
            let request = Sent {
                source_ip: Some(Ipv4Addr::from_bits(0x0a00_0000 + at).into()),
                ..Sent::default()
            };
            let within = at % 4 < 2 && at < 400_000;
            let wanted = if within { "v2" } else { "v1" };
            let version = version_of(&rules, &request);
            assert_eq!(version.as_deref(), Some(wanted), "{at}");
        }
    }
}
