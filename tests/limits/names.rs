//! How long names and salts may be.

use graylane::limits::{
    MAX_CLUSTER_BYTES, MAX_COOKIE_PATH_BYTES, MAX_HOST_NAME_BYTES, MAX_KEY_NAME_BYTES,
    MAX_NAME_BYTES, MAX_SALT_BYTES,
};
use serde_json::json;

use crate::{bound, policy, service, split, when};

#[test]
fn bytes_of_names() {
    let remedy = "is not a name; use 1 to 63 of A-Z a-z 0-9 _ . -";
    let long = "x".repeat(MAX_NAME_BYTES + 1);
    let of_service = |bytes| policy(vec![service(&"x".repeat(bytes), vec![])]);
    bound(
        MAX_NAME_BYTES,
        of_service,
        &format!("services[0].name: \"{long}\" {remedy}"),
    );
    let of_version = |bytes: usize| {
        let mut service = service("checkout", vec![]);
        service["versions"][1]["name"] = "x".repeat(bytes).into();
        policy(vec![service])
    };
    bound(
        MAX_NAME_BYTES,
        of_version,
        &format!("services[0].versions[1].name: \"{long}\" {remedy}"),
    );
    let of_rule = |bytes: usize| {
        let rule = json!({ "name": "x".repeat(bytes), "use": "v2" });
        policy(vec![service("checkout", vec![rule])])
    };
    bound(
        MAX_NAME_BYTES,
        of_rule,
        &format!("services[0].rules[0].name: \"{long}\" {remedy}"),
    );
}

#[test]
fn bytes_of_a_host() {
    for before in ["", "*"] {
        let named = |bytes: usize| {
            let host = format!("{}.com", "x".repeat(bytes - 4));
            let mut service = service("checkout", vec![]);
            service["hosts"] = json!([if before.is_empty() {
                host
            } else {
                format!("*.{}", &host[1..])
            }]);
            policy(vec![service])
        };
        let shown = if before.is_empty() {
            "x".repeat(80)
        } else {
            format!("*.{}", "x".repeat(78))
        };
        bound(
            MAX_HOST_NAME_BYTES,
            named,
            &format!(
                "services[0].hosts[0]: \"{shown}\"… is not a host; write a name of at most 253 \
                 bytes, without port, or `*.` before one"
            ),
        );
    }
}

#[test]
fn bytes_of_a_cluster() {
    let named = |bytes: usize| {
        let mut service = service("checkout", vec![]);
        service["versions"][1]["cluster"] = "x".repeat(bytes).into();
        policy(vec![service])
    };
    let quoted = format!("\"{}\"…", "x".repeat(80));
    bound(
        MAX_CLUSTER_BYTES,
        named,
        &format!(
            "services[0].versions[1].cluster: {quoted} cannot be a cluster's name; \
             use 1 to 512 visible ASCII characters"
        ),
    );
}

#[test]
fn bytes_of_the_names_of_headers_cookies_and_parameters() {
    let long = format!("\"{}\"…", "x".repeat(80));
    let header = "is not the name of a header; use 1 to 128 letters, digits and -";
    let other = "is not the name of a cookie or query parameter; use 1 to 128 visible ASCII \
                 characters other than = ; & #";
    for (kind, remedy) in [("header", header), ("cookie", other), ("query", other)] {
        let named = |bytes: usize| {
            let test = json!({ "name": "x".repeat(bytes), "present": true });
            let mut condition = json!({});
            condition[kind] = test;
            when(&condition)
        };
        bound(
            MAX_KEY_NAME_BYTES,
            named,
            &format!("services[0].rules[0].when.{kind}.name: {long} {remedy}"),
        );
        let key = |bytes: usize| {
            let mut key = json!({});
            key[kind] = "x".repeat(bytes).into();
            split(&json!([key]), "s")
        };
        bound(
            MAX_KEY_NAME_BYTES,
            key,
            &format!("services[0].rules[0].split.by[0].{kind}: {long} {remedy}"),
        );
    }
    let own = |bytes: usize| {
        let mut policy = policy(vec![service("checkout", vec![])]);
        policy["headers"] = json!({ "version": "x".repeat(bytes) });
        policy
    };
    bound(
        MAX_KEY_NAME_BYTES,
        own,
        &format!("headers.version: {long} {header}"),
    );
}

#[test]
fn bytes_of_the_names_of_claims_and_labels() {
    let long = format!("\"{}\"…", "x".repeat(80));
    let remedy = "is not the name of a claim or label; use 1 to 128 bytes, none of them NUL";
    bound(
        MAX_KEY_NAME_BYTES,
        |bytes| when(&json!({ "claim": { "name": "x".repeat(bytes), "present": true } })),
        &format!("services[0].rules[0].when.claim.name: {long} {remedy}"),
    );
    bound(
        MAX_KEY_NAME_BYTES,
        |bytes| {
            let label = json!({ "name": "x".repeat(bytes), "present": true });
            when(&json!({ "proxy": { "label": label } }))
        },
        &format!("services[0].rules[0].when.proxy.label.name: {long} {remedy}"),
    );
}

#[test]
fn bytes_of_a_salt() {
    bound(
        MAX_SALT_BYTES,
        |bytes| split(&json!([{ "header": "x-user-id" }]), &"x".repeat(bytes)),
        "services[0].rules[0].split.salt: has 257 bytes; use 1 to 256, or leave it out",
    );
}

#[test]
fn bytes_of_a_path_of_cookies() {
    let policy = |bytes: usize| {
        let mut service = service("checkout", vec![]);
        service["cookies"] = json!({ "path": format!("/{}", "x".repeat(bytes - 1)) });
        policy(vec![service])
    };
    let quoted = format!("\"/{}\"…", "x".repeat(79));
    bound(
        MAX_COOKIE_PATH_BYTES,
        policy,
        &format!(
            "services[0].cookies.path: {quoted} is not a path; begin it with /, and use at most \
             1024 visible ASCII characters other than ;"
        ),
    );
}
