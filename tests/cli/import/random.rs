//! Random documents: what is imported decides as they did, whatever they say.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{Shares, WHOLE, higress, imported, ingress, istio, request, same, shares};
use crate::support::Sent;

/// What documents and requests speak of, so that they meet.
const NAMES: [&str; 3] = ["x-a", "x-b", "x-c"];
const VALUES: [&str; 4] = ["a", "b", "ab", "ba"];
const PATHS: [&str; 6] = ["/", "/a", "/a/b", "/a/b/", "/ab", "/b"];

fn sent() -> impl Strategy<Value = Sent> {
    let headers = prop::collection::btree_map(select(&NAMES[..]), select(&VALUES[..]), 0..3);
    let cookies = prop::collection::btree_map(
        select(&NAMES[..]),
        select(&["always", "never", "a", "b"][..]),
        0..2,
    );
    (
        headers,
        cookies,
        select(&PATHS[..]),
        select(&["", "?x-a=a", "?x-b=ab&x-a=b"][..]),
    )
        .prop_map(|(headers, cookies, path, query)| {
            let headers = headers
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            let cookies = cookies
                .iter()
                .map(|(name, value)| format!("cookie:{name}={value}"));
            let words: Vec<_> = headers.chain(cookies).collect();
            request(&format!(
                "GET s.example.com{path}{query} {}",
                words.join(" ")
            ))
            .with("x-drawn", "7")
        })
}

fn test_of_traffic_tag() -> impl Strategy<Value = Value> {
    let texts = prop::collection::vec(select(&VALUES[..]), 1..3);
    let kind = select(&["header", "cookie", "parameter"][..]);
    let plain =
        (kind, select(&NAMES[..]), 0..6_usize, texts).prop_map(|(kind, key, operator, texts)| {
            let operator = ["equal", "not_equal", "prefix", "regex", "in", "not_in"][operator];
            let texts = if operator.ends_with("in") {
                &texts[..]
            } else {
                &texts[..1]
            };
            json!({ "conditionType": kind, "key": key, "operator": operator, "value": texts })
        });
    let percentage = (0..=100_u32).prop_map(|percent| {
        json!({ "conditionType": "header", "key": "x-a", "operator": "percentage", "value": [percent.to_string()] })
    });
    prop_oneof![3 => plain, 1 => percentage]
}

fn traffic_tag() -> impl Strategy<Value = Value> {
    let tags = || select(&["gray", "blue", "base"][..]);
    let group = (
        tags(),
        select(&["and", "or"][..]),
        prop::collection::vec(test_of_traffic_tag(), 0..4),
    );
    let groups = prop::collection::vec(group, 0..4);
    let weights = prop::collection::vec((tags(), 0..=33_u32), 0..4);
    (groups, weights, any::<bool>()).prop_map(|(groups, weights, default)| {
        let groups = groups.into_iter().map(|(tag, logic, tests)| {
            json!({ "headerName": "x-tag", "headerValue": tag, "logic": logic, "conditions": tests })
        });
        let weights = weights.into_iter().map(|(tag, weight)| {
            json!({ "headerName": "x-tag", "headerValue": tag, "weight": weight })
        });
        let mut config = json!({
                "conditionGroups": groups.collect::<Vec<_>>(),
                "weightGroups": weights.collect::<Vec<_>>(),
            });
        if default {
            config["defaultTagKey"] = "x-tag".into();
            config["defaultTagVal"] = "base".into();
        }
        config
    })
}

fn string_match() -> impl Strategy<Value = Value> {
    (0..4_usize, select(&VALUES[..])).prop_map(|(kind, value)| match kind {
        0 => json!({ "exact": value }),
        1 => json!({ "prefix": value }),
        2 => json!({ "regex": format!("{value}?") }),
        _ => json!({ "regex": "*" }),
    })
}

fn virtual_service() -> impl Strategy<Value = Value> {
    let tests = || prop::collection::btree_map(select(&NAMES[..]), string_match(), 0..2);
    let uri = prop::option::of((select(&["exact", "prefix"][..]), select(&PATHS[..])));
    let one = (tests(), tests(), prop::option::of(string_match()), uri).prop_map(
        |(with, without, query, uri)| {
            let mut one = json!({ "headers": with, "withoutHeaders": without });
            if let Some(query) = query {
                one["queryParams"] = json!({ "x-a": query });
            }
            if let Some((kind, path)) = uri {
                one["uri"] = json!({ kind: path });
            }
            one
        },
    );
    let weights = prop::collection::btree_map(select(&["v1", "v2", "v3"][..]), 0..100_u32, 1..4);
    let route = (prop::collection::vec(one, 0..4), weights).prop_map(|(ways, weights)| {
        let enough = weights.values().any(|weight| *weight > 0);
        let destinations = weights.iter().map(|(subset, weight)| {
            let weight = if enough { *weight } else { 1 };
            json!({ "destination": { "host": "s.example.com", "subset": subset }, "weight": weight })
        });
        let mut route = json!({ "route": destinations.collect::<Vec<_>>() });
        if !ways.is_empty() {
            route["match"] = ways.into();
        }
        route
    });
    prop::collection::vec(route, 1..5).prop_map(|routes| {
        let last =
            json!({ "route": [ { "destination": { "host": "s.example.com", "subset": "v1" } } ] });
        let routes: Vec<_> = routes.into_iter().chain([last]).collect();
        json!({
            "kind": "VirtualService",
            "metadata": { "name": "s", "namespace": "n" },
            "spec": { "hosts": ["s.example.com"], "http": routes },
        })
    })
}

fn ingresses() -> impl Strategy<Value = Vec<Value>> {
    let kinds = || select(&["Prefix", "Exact", "ImplementationSpecific"][..]);
    let service = select(&["one", "two", "three"][..]);
    // nginx takes no two locations that end up as one, as a prefix with and without a slash would, or
    // two of all paths.
    let paths = select(&["/", "/a", "/a/b", "/ab", "/b"][..]);
    let location = (paths, kinds()).prop_map(|location| match location {
        ("/", "ImplementationSpecific") => ("/", "Prefix"),
        other => other,
    });
    let paths = prop::collection::btree_map(location, service, 1..5);
    let canary = (
        0..5_usize,
        prop::bits::u8::masked(0x3f),
        0..130_u32,
        select(&NAMES[..]),
    );
    (paths, prop::collection::vec(canary, 1..3)).prop_map(|(paths, canaries)| {
        let ingress = |name: &str, annotations: Value, paths: Vec<Value>| {
            json!({
                "kind": "Ingress",
                "metadata": { "name": name, "annotations": annotations },
                "spec": { "rules": [ { "host": "s.example.com", "http": { "paths": paths } } ] },
            })
        };
        let path = |path: &str, kind: &str, service: &str| {
            json!({ "path": path, "pathType": kind, "backend": { "service": { "name": service, "port": { "number": 80 } } } })
        };
        let mains: Vec<_> = paths.iter().map(|((own, kind), service)| path(own, kind, service)).collect();
        let known: Vec<_> = paths.keys().copied().collect();
        let mut all = vec![ingress("main", json!({}), mains)];
        for (index, (at, bits, weight, header)) in canaries.into_iter().enumerate() {
            let mut annotations = json!({});
            let mut set = |bit: u8, name: &str, value: &str| {
                if bits & bit != 0 {
                    annotations[format!("nginx.ingress.kubernetes.io/{name}")] = value.into();
                }
            };
            set(1, "canary-by-header", header);
            set(2, "canary-by-header-value", "ab");
            set(4, "canary-by-header-pattern", "^a|b$");
            set(8, "canary-by-cookie", header);
            set(16, "canary-weight", &weight.to_string());
            set(32, "canary-weight-total", "1000");
            annotations["nginx.ingress.kubernetes.io/canary"] = "true".into();
            let (own, kind) = known[at % known.len()];
            let name = format!("canary-{index}");
            all.push(ingress(&name, annotations, vec![path(own, kind, &name)]));
        }
        all
    })
}

fn text(documents: &[Value]) -> String {
    let documents: Vec<_> = documents.iter().map(Value::to_string).collect();
    documents.join("\n---\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn traffic_tags_are_the_same(config in traffic_tag(), requests in prop::collection::vec(sent(), 12)) {
        prop_assume!(config["conditionGroups"] != json!([]) || config["weightGroups"] != json!([]) || config.get("defaultTagKey").is_some());
        let rules = imported(&config.to_string(), &[]);
        for sent in requests {
            let here = shares(&rules, &sent, |name, _| name.to_owned());
            let there = higress::expected(&config, &sent);
            prop_assert!(same(&here, &there), "{sent:?}: {here:?}, there {there:?}");
        }
    }

    #[test]
    fn routes_are_the_same(service in virtual_service(), requests in prop::collection::vec(sent(), 12)) {
        let rules = imported(&service.to_string(), &[]);
        for sent in requests {
            let here = shares(&rules, &sent, |_, cluster| cluster.unwrap().to_owned());
            let there = istio::expected(&[], &service, &sent);
            prop_assert!(same(&here, &there), "{sent:?}: {here:?}, there {there:?}");
        }
    }

    #[test]
    fn canaries_are_the_same(ingresses in ingresses(), requests in prop::collection::vec(sent(), 12)) {
        let rules = imported(&text(&ingresses), &[]);
        for sent in requests {
            let here = shares(&rules, &sent, |name, _| name.to_owned());
            let there = ingress::expected(&ingresses, &sent);
            let mut named = Shares::new();
            for (backend, share) in &there {
                let name = backend.split(':').next().unwrap();
                let is_canary = name.starts_with("canary-");
                let name = if is_canary { name.to_owned() } else { rules.services()[0].baseline().name().to_owned() };
                *named.entry(name).or_default() += share;
            }
            if there.is_empty() {
                named.insert(rules.services()[0].baseline().name().to_owned(), WHOLE);
            }
            prop_assert!(same(&here, &named), "{sent:?}: {here:?}, there {there:?}");
        }
    }
}
