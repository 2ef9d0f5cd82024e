//! Sets of a hundred thousand: of users, of networks, of both at once. Which of their neighbours
//! belong to them is known by how they were made.

mod support;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use graylane::limits::MAX_POLICY_BYTES;
use graylane::{Moment, Rules, decide};
use serde_json::{Value, json};
use support::{Sent, json, load, wire};

const SIZE: usize = 100_000;

/// A policy of one rule for each condition.
fn policy(conditions: &[Value]) -> Value {
    let rules = conditions.iter().enumerate().map(|(at, condition)| {
        let name = format!("r{at}");
        json!({ "name": name, "when": condition, "use": "v2" })
    });
    json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [{ "name": "v1" }, { "name": "v2" }],
            "rules": rules.collect::<Vec<_>>(),
        }],
    })
}

/// The rule that decides; in both of the policy's forms.
fn each_form(policy: &Value, test: impl Fn(&dyn Fn(&Sent) -> Option<String>)) {
    for bytes in [json(policy), wire(policy)] {
        assert!(bytes.len() <= MAX_POLICY_BYTES, "{} bytes", bytes.len());
        let rules: Rules = load(&bytes).unwrap();
        test(&|request| {
            let decision = decide(&rules, request, Moment::default());
            decision.rule().map(str::to_owned)
        });
    }
}

/// In no order, and each twice as far from the next as it need be.
fn scattered(at: usize) -> usize {
    at * 7_919 % SIZE * 2
}

fn user(at: usize) -> String {
    format!("user-{at:06}")
}

fn from(address: IpAddr) -> Sent {
    Sent {
        source_ip: Some(address),
        ..Sent::default()
    }
}

fn v4(at: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(at).unwrap())
}

/// An address of each site.
fn v6(at: usize) -> Ipv6Addr {
    let site = u128::try_from(at).unwrap();
    Ipv6Addr::from_bits((0x2001_0db8 << 96) + (site << 64) + 0xabcd)
}

fn v6_network(at: usize) -> String {
    let network = v6(at).to_bits() >> 64 << 64;
    format!("{}/64", Ipv6Addr::from_bits(network))
}

#[test]
fn a_hundred_thousand_users() {
    let set: Vec<_> = (0..SIZE).map(|at| user(scattered(at))).collect();
    let condition = json!({ "header": { "name": "x-user-id", "in": set } });
    each_form(&policy(&[condition]), |rule| {
        for at in (0..2 * SIZE).step_by(7) {
            let request = Sent::default().with("x-user-id", &user(at));
            let wanted = (at % 2 == 0).then_some("r0");
            assert_eq!(rule(&request).as_deref(), wanted, "{at}");
        }
    });
}

#[test]
fn a_hundred_thousand_networks_of_both_kinds() {
    let half = SIZE / 2;
    let network = |at: usize| match at {
        at if at < half => format!("{}/32", v4(at * 7_919 % half * 2)),
        at => v6_network(at * 7_919 % half * 2),
    };
    let set: Vec<_> = (0..SIZE).map(network).collect();
    each_form(&policy(&[json!({ "source_ip": set })]), |rule| {
        for at in (0..2 * half + 10).step_by(7) {
            let wanted = (at % 2 == 0 && at < 2 * half).then_some("r0");
            let mapped = v4(at).to_ipv6_mapped();
            for address in [v4(at).into(), v6(at).into(), mapped.into()] {
                let decided = rule(&from(address));
                assert_eq!(decided.as_deref(), wanted, "{address}");
            }
        }
        // Beyond both ends, and what is one kind's number in the other.
        for address in ["9.255.255.255", "::a00:0", "2001:db7::", "::", "0.0.0.0"] {
            assert_eq!(rule(&from(address.parse().unwrap())), None, "{address}");
        }
    });
}

#[test]
fn networks_that_touch_and_overlap() {
    // Two addresses of four, each pair as one network or as two that touch; and a wider one.
    let pair = |at: usize| match scattered(at) * 2 {
        at if at % 8 == 0 => vec![format!("{}/31", v4(at))],
        at => vec![format!("{}/32", v4(at + 1)), v4(at).to_string()],
    };
    let mut set: Vec<_> = (0..SIZE).flat_map(pair).collect();
    set.push("10.0.0.0/20".to_owned());
    each_form(&policy(&[json!({ "source_ip": set })]), |rule| {
        for at in (0..4 * SIZE + 10).step_by(7) {
            let within = at < 4_096 || (at % 4 < 2 && at < 4 * SIZE);
            let decided = rule(&from(v4(at).into()));
            assert_eq!(decided.as_deref(), within.then_some("r0"), "{at}");
        }
    });
}

#[test]
fn both_in_one_policy() {
    let half = SIZE / 2;
    let networks: Vec<_> = (0..half)
        .flat_map(|at| [format!("{}/32", v4(at * 2)), v6_network(at * 2)])
        .collect();
    let users: Vec<_> = (0..SIZE).map(|at| user(scattered(at))).collect();
    let conditions = [
        json!({ "source_ip": networks }),
        json!({ "header": { "name": "x-user-id", "in": users } }),
    ];
    each_form(&policy(&conditions), |rule| {
        for at in (0..SIZE).step_by(11) {
            for address in [v4(at).into(), v6(at).into()] {
                let request = from(address).with("x-user-id", &user(at + at / 3));
                let wanted = match (at % 2, (at + at / 3) % 2) {
                    (0, _) => Some("r0"),
                    (_, 0) => Some("r1"),
                    _ => None,
                };
                assert_eq!(rule(&request).as_deref(), wanted, "{at}");
            }
        }
    });
}
