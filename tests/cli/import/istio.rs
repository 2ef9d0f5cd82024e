//! Istio: the first route of which a match holds, and its destinations by their weights.

use serde_json::Value;

use super::{Shares, WHOLE, documents, fits, header, imported, parameter, request, same, shares};
use crate::support::Sent;

/// What a `StringMatch` says of a value; `None` is one that is not there.
fn holds(test: &Value, value: Option<&str>) -> bool {
    let Some(value) = value else { return false };
    let kind = |name: &str| test.get(name).and_then(Value::as_str);
    match (kind("exact"), kind("prefix"), kind("regex")) {
        (Some(exact), _, _) => value == exact,
        (_, Some(prefix), _) => value.starts_with(prefix),
        (_, _, Some("*")) | (None, None, None) => true,
        (_, _, Some(pattern)) => fits(pattern, value, true),
    }
}

/// The value of a claim, of a token with text in it alone.
fn claim(sent: &Sent, name: &str) -> Option<String> {
    let way = name.strip_prefix("@request.auth.claims")?;
    let way = way.replace("][", ".").replace(['[', ']'], ".");
    let names = way.split('.').filter(|name| !name.is_empty());
    let found = names.fold(&sent.claims, |inner, name| &inner[name]);
    found.as_str().map(str::to_owned)
}

fn matches(one: &Value, sent: &Sent) -> bool {
    let fields = |name: &str| one[name].as_object().cloned().unwrap_or_default();
    let value = |name: &str| match name {
        _ if name.starts_with('@') => claim(sent, name),
        _ => header(sent, name).map(str::to_owned),
    };
    let path = sent.path.split('?').next().unwrap();
    let (uri, path) = match one.get("uri") {
        Some(uri) if one["ignoreUriCase"] == true && uri.get("regex").is_none() => {
            let lower = uri.to_string().to_lowercase();
            (
                Some(serde_json::from_str::<Value>(&lower).unwrap()),
                path.to_lowercase(),
            )
        }
        uri => (uri.cloned(), path.to_owned()),
    };
    let field = |name: &str, value: &str| one.get(name).is_none_or(|test| holds(test, Some(value)));
    // These tests are of a sidecar, or name no gateways.
    let gateways = one["gateways"].as_array();
    gateways.is_none_or(|all| all.contains(&"mesh".into()))
        && fields("headers")
            .iter()
            .all(|(name, test)| holds(test, value(name).as_deref()))
        && fields("withoutHeaders").iter().all(|(name, test)| {
            let there =
                test.as_object().is_none_or(serde_json::Map::is_empty) || test["regex"] == "*";
            let value = value(name);
            let value = if there {
                value.as_deref()
            } else {
                Some(value.as_deref().unwrap_or_default())
            };
            !holds(test, value)
        })
        && uri.is_none_or(|uri| holds(&uri, Some(&path)))
        && field("method", &sent.method)
        && field("authority", &sent.host)
        && field(
            "scheme",
            header(sent, "x-forwarded-proto").unwrap_or("http"),
        )
        && fields("queryParams")
            .iter()
            .all(|(name, test)| holds(test, parameter(sent, name)))
        && fields("sourceLabels")
            .iter()
            .all(|(name, label)| name == "app" && label == "web")
}

fn any_matches(route: &Value, sent: &Sent) -> bool {
    let all = route["match"].as_array();
    all.is_none_or(|all| all.iter().any(|one| matches(one, sent)))
}

fn cluster(destination: &Value, namespace: &str) -> String {
    let host = destination["host"].as_str().unwrap();
    let host = if host.contains('.') {
        host.to_owned()
    } else {
        format!("{host}.{namespace}.svc.cluster.local")
    };
    let subset = destination["subset"].as_str().unwrap_or_default();
    let port = destination["port"]["number"].as_u64().unwrap_or(80);
    format!("outbound|{port}|{subset}|{host}")
}

/// The shares of the clusters; none where no route matches, or the proxy answers.
pub(super) fn expected(all: &[Value], service: &Value, sent: &Sent) -> Shares {
    let namespace = service["metadata"]["namespace"]
        .as_str()
        .unwrap_or("default");
    for route in service["spec"]["http"].as_array().unwrap() {
        if !any_matches(route, sent) {
            continue;
        }
        if let Some(delegate) = route.get("delegate") {
            let to = all
                .iter()
                .find(|other| other["metadata"]["name"] == delegate["name"])
                .unwrap();
            let inner = to["spec"]["http"].as_array().unwrap();
            if !inner.iter().any(|route| any_matches(route, sent)) {
                continue;
            }
            return expected(all, to, sent);
        }
        let Some(destinations) = route["route"].as_array() else {
            return Shares::new();
        };
        let weight = |each: &Value| each["weight"].as_u64().unwrap_or(0);
        let total: u64 = destinations.iter().map(weight).sum();
        let mut shares = Shares::new();
        for each in destinations {
            let share = if destinations.len() == 1 {
                WHOLE
            } else {
                weight(each) * WHOLE / total
            };
            if share > 0 {
                *shares
                    .entry(cluster(&each["destination"], namespace))
                    .or_default() += share;
            }
        }
        return shares;
    }
    Shares::new()
}

#[test]
fn the_same_requests_get_the_same_clusters() {
    for (file, baseline, lines) in [
        (
            "docs/examples/import/virtualservice.yaml",
            "outbound|80|v1|reviews.bookinfo.svc.cluster.local",
            &[
                "GET reviews/",
                "GET reviews/ x-user=ann",
                "GET reviews.bookinfo.svc.cluster.local/ x-user=Ann",
                "GET reviews.bookinfo/ x-team=qa-7 cookie:beta=1",
                "GET reviews/ x-team=qa-7 cookie:a=1 cookie:beta=1",
                "GET reviews/ x-team=qa-7 cookie:beta=12",
                "GET reviews/ x-team=dev cookie:beta=1",
                "POST reviews/admin/x",
                "POST reviews/administrator x-internal=1",
                "POST reviews/admin x-internal=2",
                "GET reviews/admin",
            ][..],
        ),
        (
            "tests/cli/import/istio/edge.yaml",
            "outbound|8080||shop.shop.svc.cluster.local",
            &[
                "GET shop.example.com/",
                "GET shop.example.com/old",
                "GET shop.example.com/old/",
                "GET shop.example.com/cart",
                "GET shop.example.com/CART/beta",
                "GET shop.example.com/cart/beta",
                "GET shop.example.com/cart/BETA/1",
                "GET shop.example.com/cart x-beta=",
                "GET shop.example.com/cart x-user-id=7",
                "GET shop.example.com/cart x-user-id=7 x-skip=no",
                "GET shop.example.com/cart x-skip=no",
                "GET shop.example.com/cart x-skip=yes",
                "GET shop.example.com/cart x-skip=",
                "GET shop.example.com/?preview=1",
                "GET shop.example.com/?preview=2&a=b",
                "GET a.shop.example.com/?preview=1",
                "GET www.shop.example.com/x?preview=1",
                "GET shop.example.com/ claim:group=staff",
                "GET shop.example.com/ claim:group=staff x-forwarded-proto=https",
                "GET shop.example.com/ claim:realm.role=tester",
                "GET shop.example.com/ claim:realm=tester",
            ],
        ),
        (
            "tests/cli/import/istio/sidecar.yaml",
            "outbound|9080||ratings.default.svc.cluster.local",
            &[
                "GET ratings/",
                "GET ratings/v1",
                "GET ratings/v1 x-stage=red",
                "GET ratings/ x-stage=red",
                "GET ratings/ x-stage=blue",
                "GET ratings.default.svc/ x-stage=",
            ],
        ),
    ] {
        let (text, all) = documents(file);
        let rules = imported(
            &text,
            &["--gateway=mesh"][..usize::from(file.ends_with("sidecar.yaml"))],
        );
        for line in lines {
            let sent = request(line).with("x-drawn", "7");
            let mut there = expected(&all, &all[0], &sent);
            if there.is_empty() {
                // Nobody's canary.
                there = Shares::from([(baseline.to_owned(), WHOLE)]);
            }
            let here = shares(&rules, &sent, |_, cluster| cluster.unwrap().to_owned());
            assert!(
                same(&here, &there),
                "{file}: {line}: {here:?}, there {there:?}"
            );
        }
    }
}

#[test]
fn who_is_kept_from_a_version_stays_kept_from_it() {
    let (text, _) = documents("tests/cli/import/istio/odd.yaml");
    let rules = imported(&text, &[]);
    for (line, cluster) in [
        (
            "GET odd.example.com:8443/",
            "outbound|80|v9|odd.test.svc.cluster.local",
        ),
        (
            "GET other.example.com/ x-a=a",
            "outbound|80|v1|odd.test.svc.cluster.local",
        ),
        (
            "GET other.example.com/teapot",
            "outbound|80|v1|odd.test.svc.cluster.local",
        ),
    ] {
        let here = shares(&rules, &request(line), |_, cluster| {
            cluster.unwrap().to_owned()
        });
        assert_eq!(here, Shares::from([(cluster.to_owned(), WHOLE)]), "{line}");
    }
}

#[test]
fn copies_are_made_where_every_route_makes_them() {
    let (text, _) = documents("tests/cli/import/istio/sidecar.yaml");
    let rules = imported(&text, &["--gateway=mesh"]);
    let copied = (0..1_000).filter(|user: &u32| {
        let sent = request("GET ratings/").with("x-drawn", &user.to_string());
        let decision = graylane::decide(&rules, &sent, graylane::Moment::at(0));
        decision.mirror() == Some("outbound|9080||shadow.default.svc.cluster.local")
    });
    // 12.5 %, within five standard deviations.
    let copied = copied.count();
    assert!((73..=177).contains(&copied), "{copied}");
}
