//! Policies against what an Envoy of one's own has in force.

use std::fs;

use serde_json::{Value, json};

use crate::run::{Ran, graylane};

/// An Envoy without Istio, which has these clusters and routes.
fn alone(clusters: &[&str], routes: &Value) -> Value {
    let clusters = clusters
        .iter()
        .map(|name| json!({ "cluster": { "name": name } }));
    let clusters: Vec<_> = clusters.collect();
    let host = json!({ "domains": ["*"], "routes": routes });
    json!({ "configs": [
        { "@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump", "static_clusters": clusters },
        {
            "@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump",
            "static_route_configs": [{ "route_config": { "name": "ingress", "virtual_hosts": [host] } }],
        },
    ]})
}

fn route(action: &Value) -> Value {
    json!({ "match": { "prefix": "/" }, "route": action })
}

/// A policy with two canaries, of which the second gets copies, too.
pub(crate) fn policy() -> Value {
    let by = json!([{ "header": "x-u" }]);
    json!({ "schema": "graylane/v1", "role": "mesh", "services": [{
        "name": "shop",
        "hosts": ["shop.example.com"],
        "baseline": "v1",
        "versions": [
            { "name": "v1", "cluster": "shop-v1" },
            { "name": "v2", "cluster": "shop-v2" },
            { "name": "v3", "cluster": "shop-v3" },
        ],
        "mirror": [{ "version": "v3", "percent": 5, "by": by }],
    }]})
}

/// What is said of a policy beside a dump.
pub(crate) fn beside(dump: &Value, policy: &Value) -> Vec<String> {
    let file = fs::read_dir("target")
        .map(|_| "target/policy-beside-a-dump.json")
        .unwrap();
    // Tests run at once.
    let file = format!("{file}.{:?}", std::thread::current().id());
    fs::write(&file, policy.to_string()).unwrap();
    let ran = graylane(
        &["check", "--config-dump=-", "--format=json", &file],
        &dump.to_string(),
    );
    fs::remove_file(file).unwrap();
    said(&ran)
}

pub(crate) fn said(ran: &Ran) -> Vec<String> {
    let checked = ran.json();
    assert_eq!(checked.as_array().unwrap().len(), 1, "{checked:#}");
    let findings = checked[0]["findings"].as_array().unwrap().iter();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let sentences = findings.map(|finding| {
        let [severity, place, problem] =
            ["severity", "place", "problem"].map(|name| text(finding, name));
        format!("{severity}: {place}: {problem}")
    });
    let mut sentences: Vec<_> = sentences.collect();
    // The policies here stand in one line, and so do not order them.
    sentences.sort();
    sentences
}

#[test]
fn a_cluster_header_has_to_name_a_cluster() {
    let routes = json!([
        {
            "match": { "prefix": "/", "headers": [{ "name": "X-Gray-Cluster", "present_match": true }] },
            "route": {
                "cluster_header": "X-Gray-Cluster",
                "request_mirror_policies": [{ "cluster_header": "x-gray-mirror" }],
            },
        },
        route(&json!({ "cluster": "shop-v1" })),
    ]);
    let all = ["shop-v1", "shop-v2", "shop-v3"];
    assert_eq!(
        beside(&alone(&all, &routes), &policy()),
        Vec::<String>::new()
    );
    assert_eq!(
        beside(&alone(&all[..2], &routes), &policy()),
        [
            "warning: services[0].mirror[0].version: shop-v3 is no cluster of this proxy, so nothing is \
             copied to v3; add it, or name one that is there: shop-v1, shop-v2",
            "warning: services[0].versions[2].cluster: shop-v3 is no cluster of this proxy, so requests \
             for v3 get 503; add it, or name one that is there: shop-v1, shop-v2",
        ]
    );
    let mut warming = alone(&all[..2], &routes);
    warming["configs"][0]["dynamic_warming_clusters"] =
        json!([{ "cluster": { "name": "shop-v3" } }]);
    assert_eq!(
        beside(&warming, &policy())[1],
        "warning: services[0].versions[2].cluster: shop-v3 does not serve yet, and until then requests \
         for v3 get 503; look what its endpoints or certificates wait for"
    );
    let many = ["a", "b", "c", "d", "e", "f", "shop-v1", "shop-v2"];
    let said = beside(&alone(&many, &routes), &policy());
    assert!(said[0].ends_with(": a, b, c, d, e and 3 more"), "{said:?}");
}

#[test]
fn a_value_has_to_be_matched_where_routes_match_values() {
    let matched = |header: &str, matcher: Value, action: Value| {
        let mut matcher = matcher;
        matcher["name"] = json!(header);
        json!({ "match": { "prefix": "/", "headers": [matcher] }, "route": action })
    };
    let exact = |value: &str| json!({ "string_match": { "exact": value } });
    let clusters = ["shop-v1"];
    let baseline = route(&json!({ "cluster": "shop-v1" }));
    let canary = json!({ "cluster": "canary" });
    let copy = matched("x-gray-mirror", exact("shop-v3"), canary.clone());
    let some = json!([
        copy,
        matched("x-gray-cluster", exact("shop-v2"), canary.clone()),
        baseline
    ]);
    assert_eq!(
        beside(&alone(&clusters, &some), &policy()),
        [
            "warning: services[0].versions[2].cluster: no route for shop matches x-gray-cluster: shop-v3, \
          only shop-v2; so requests for v3 go where the baseline's go; add a route that matches it"
        ]
    );
    let regex = json!({ "string_match": { "safe_regex": { "regex": "shop-v[23]" } } });
    let all = json!([
        copy,
        matched("x-gray-cluster", regex, canary.clone()),
        baseline
    ]);
    assert_eq!(
        beside(&alone(&clusters, &all), &policy()),
        Vec::<String>::new()
    );
    let absent = json!({ "present_match": true, "invert_match": true });
    let only_without = json!([matched("x-gray-cluster", absent, canary), baseline]);
    assert_eq!(
        beside(&alone(&clusters, &only_without), &policy())[0],
        "warning: services[0].versions[1].cluster: no route for shop matches x-gray-cluster: shop-v2; so \
         requests for v2 go where the baseline's go; add a route that matches it"
    );
    assert_eq!(
        beside(&alone(&clusters, &json!([baseline])), &policy()),
        [
            "warning: services[0]: no route for shop looks at x-gray-cluster, so requests for v2 go where \
             the baseline's go; add a route that matches it",
            "warning: services[0]: no route for shop looks at x-gray-mirror, so nothing is copied to v3; \
             add a route that matches it",
        ]
    );
}

#[test]
fn of_two_kinds_of_routes_the_first_decides() {
    let named = json!({
        "match": { "prefix": "/", "headers": [{ "name": "x-gray-cluster", "present_match": true }] },
        "route": { "cluster_header": "x-gray-cluster" },
    });
    let exact = json!({ "name": "x-gray-cluster", "string_match": { "prefix": "shop-" } });
    let matched = json!({
        "match": { "prefix": "/", "headers": [exact] },
        "route": { "cluster": "canary" },
    });
    let mut policy = policy();
    policy["services"][0]
        .as_object_mut()
        .unwrap()
        .remove("mirror");
    let said = |routes: Value| beside(&alone(&["shop-v1", "shop-v2"], &routes), &policy);
    assert_eq!(said(json!([matched, named])), Vec::<String>::new());
    assert_eq!(said(json!([named, matched])).len(), 1);
    // On one path only, the others go on.
    let mut on_a_path = named.clone();
    on_a_path["match"]["prefix"] = json!("/cart");
    assert_eq!(said(json!([on_a_path, matched])), Vec::<String>::new());
    // What stands behind a route for everything is not reached.
    let baseline = route(&json!({ "cluster": "shop-v1" }));
    assert_eq!(said(json!([matched, baseline])), Vec::<String>::new());
    assert_eq!(said(json!([baseline, matched])).len(), 1);
}

#[test]
fn headers_of_other_names_are_those_that_are_looked_for() {
    let mut policy = policy();
    policy["headers"] = json!({ "cluster": "x-to", "mirror": "x-too" });
    let routes = json!([route(&json!({
        "cluster_header": "X-To",
        "request_mirror_policies": [{ "cluster_header": "X-Too" }],
    }))]);
    let all = ["shop-v1", "shop-v2", "shop-v3"];
    assert_eq!(beside(&alone(&all, &routes), &policy), Vec::<String>::new());
}

#[test]
fn a_policy_that_routes_by_the_tag_alone_needs_no_route() {
    let mut policy = policy();
    let service = &mut policy["services"][0];
    service["versions"] = json!([{ "name": "v1" }, { "name": "v2" }]);
    service.as_object_mut().unwrap().remove("mirror");
    let routes = json!([route(&json!({ "cluster": "shop" }))]);
    assert_eq!(
        beside(&alone(&["shop"], &routes), &policy),
        Vec::<String>::new()
    );
}
