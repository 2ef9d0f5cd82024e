//! The policies that are measured. In each, one user in ten is on the canary unless it says
//! otherwise.

use serde_json::{Value, json};

/// A header that every request carries whose policy has many rules, with a value of none of them.
pub const TENANT: &str = "x-tenant";

/// Whether versions name clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// The tag alone is written.
    Tag,
    /// A cluster header, too.
    Clusters,
}

/// A policy of one service with these rules.
#[must_use]
pub fn policy(names: Names, rules: &[Value]) -> Value {
    let version = |name: &str| match names {
        Names::Tag => json!({ "name": name }),
        Names::Clusters => json!({ "name": name, "cluster": format!("checkout-{name}") }),
    };
    json!({
        "schema": "graylane/v1",
        "role": "edge",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [version("v1"), version("v2")],
            "rules": rules,
        }],
    })
}

/// The policy with one field of its service more.
pub(super) fn with(mut policy: Value, field: &str, value: Value) -> Value {
    policy["services"][0][field] = value;
    policy
}

/// The policy with one field more.
pub(super) fn set(mut policy: Value, field: &str, value: Value) -> Value {
    policy[field] = value;
    policy
}

/// The policy in a mesh.
pub(super) fn in_mesh(policy: Value) -> Value {
    set(policy, "role", "mesh".into())
}

/// A sticky split by this key.
pub(super) fn split(by: &Value) -> Value {
    json!({ "name": "ten-percent", "split": {
        "by": [by],
        "to": [{ "version": "v2", "percent": 10 }],
    }})
}

/// A sticky split by the user's header.
#[must_use]
pub fn by_header() -> Value {
    split(&json!({ "header": "x-user-id" }))
}

/// A rule for whom this holds.
pub(super) fn rule(name: &str, when: &Value) -> Value {
    json!({ "name": name, "when": when, "use": "v2" })
}

/// Three rules on headers that are there, with other values; and the split.
pub(super) fn three_rules() -> Vec<Value> {
    vec![
        rule(
            "phones",
            &json!({ "header": { "name": "user-agent", "contains": "iPhone" } }),
        ),
        rule(
            "french",
            &json!({ "header": { "name": "accept-language", "prefix": "fr" } }),
        ),
        rule(
            "mac",
            &json!({ "header": { "name": "sec-ch-ua-platform", "equals": "\"macOS\"" } }),
        ),
        by_header(),
    ]
}

/// The split for those of whom three things hold.
#[must_use]
pub fn three_conditions() -> Vec<Value> {
    let mut rule = by_header();
    rule["when"] = json!({ "all": [
        { "header": { "name": "user-agent", "contains": "Chrome" } },
        { "header": { "name": "accept-language", "prefix": "en" } },
        { "header": { "name": "sec-ch-ua-platform", "equals": "\"Linux\"" } },
    ]});
    vec![rule]
}

/// So many rules for a tenant each, and the split.
#[must_use]
pub fn tenants(rules: usize) -> Vec<Value> {
    let tenant = |number| {
        let value = format!("tenant-{number}");
        rule(
            &value,
            &json!({ "header": { "name": TENANT, "equals": value } }),
        )
    };
    (1..rules).map(tenant).chain([by_header()]).collect()
}

/// A rule for so many users by name, none of whom comes; and the split.
#[must_use]
pub fn ids(count: usize) -> Vec<Value> {
    let ids: Vec<_> = (0..count)
        .map(|number| format!("guest-{number:06}"))
        .collect();
    vec![
        rule(
            "by-name",
            &json!({ "header": { "name": "x-user-id", "in": ids } }),
        ),
        by_header(),
    ]
}

/// A rule for so many networks, from none of which anybody comes; and the split.
pub(super) fn networks(count: u32) -> Vec<Value> {
    // Every other one, so that no two are one.
    let network = |number: u32| {
        let address = std::net::Ipv4Addr::from(0x2000_0000 + (number << 9));
        format!("{address}/24")
    };
    let networks: Vec<_> = (0..count).map(network).collect();
    vec![
        rule("networks", &json!({ "source_ip": networks })),
        by_header(),
    ]
}

/// A copy of one request in twenty.
pub(super) fn mirror() -> Value {
    json!([{ "version": "v2", "percent": 5, "by": [{ "header": "x-user-id" }] }])
}

/// The split, for a try.
pub(super) fn dry_run() -> Vec<Value> {
    let mut rule = by_header();
    rule["dry_run"] = true.into();
    vec![rule]
}

/// The split, where who is once on the canary stays there.
pub(super) fn keep() -> Vec<Value> {
    let mut rule = by_header();
    rule["split"]["keep"] = true.into();
    vec![rule]
}

/// The split by a cookie, which whoever has none gets.
pub(super) fn mint() -> Vec<Value> {
    let mut rule = split(&json!({ "cookie": "uid" }));
    rule["split"]["missing"] = "mint".into();
    vec![rule]
}

/// The policy with a guard that looks at everything, on the canary.
pub(super) fn guarded(mut policy: Value) -> Value {
    policy["services"][0]["versions"][1]["guard"] = json!({
        "max_error_percent": 100,
        "max_slow": { "over": "10s", "percent": 100 },
        "above_baseline": { "error_percent": 100 },
    });
    policy
}
