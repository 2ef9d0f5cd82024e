//! Every case of every vector, explained: the explanation agrees with the core and with itself.

use std::time::{Duration, UNIX_EPOCH};

use graylane::{Moment, Node, Policy, Rules, decide};
use serde_json::{Value, json};

use crate::run::graylane;
use crate::support::vectors::{Vector, files, vectors};
use crate::support::{Bytes, Sent};

/// The options that say where the proxy stands.
pub(crate) fn place(vector: &Vector) -> Vec<String> {
    let proxy = &vector.proxy;
    let mut options = vec![
        format!("--node={}", vector.node),
        format!("--node-cluster={}", proxy.cluster),
        format!("--region={}", proxy.region),
        format!("--zone={}", proxy.zone),
    ];
    let labels = proxy.labels.iter();
    options.extend(labels.map(|(name, value)| format!("--label={name}={value}")));
    options
}

/// The options that make claims, each at the end of its way.
fn claims(way: &str, claim: &Value, options: &mut Vec<String>) {
    match claim {
        Value::Object(inner) => {
            for (name, claim) in inner {
                let way = if way.is_empty() {
                    name.clone()
                } else {
                    format!("{way}.{name}")
                };
                claims(&way, claim, options);
            }
        }
        Value::Array(members) => members.iter().for_each(|each| claims(way, each, options)),
        Value::String(text) => options.push(format!("--claim={way}={text}")),
        Value::Number(_) | Value::Bool(_) => options.push(format!("--claim={way}={claim}")),
        Value::Null => {}
    }
}

/// The options that make a request; `None` where a command line cannot carry it.
pub(crate) fn options(sent: &Sent) -> Option<Vec<String>> {
    let mut options = Vec::new();
    for (name, value) in [
        ("path", &sent.path),
        ("method", &sent.method),
        ("host", &sent.host),
    ] {
        options.push(format!("--{name}={value}"));
    }
    for (name, value) in &sent.headers {
        let Bytes::Text(value) = value else {
            return None;
        };
        let bare = value.trim() == value && !value.contains('\0');
        let header = bare.then(|| format!("--header={name}: {value}"))?;
        options.push(header);
    }
    options.extend(sent.source_ip.map(|address| format!("--ip={address}")));
    claims("", &sent.claims, &mut options);
    Some(options)
}

/// `all`, `any` and `not` hold as their parts say.
fn composes(condition: &Value) -> bool {
    let holds = condition["holds"] == true;
    let Some(parts) = condition["parts"].as_array() else {
        // The clock and the proxy are no part of the request.
        let text = condition["condition"].as_str().unwrap();
        return condition["had"].is_array()
            || text.starts_with("time")
            || text.starts_with("proxy");
    };
    let held = |part: &Value| part["holds"] == true;
    let composed = match condition["condition"].as_str().unwrap() {
        "all" => parts.iter().all(held),
        "any" => parts.iter().any(held),
        "not" => parts.len() == 1 && !held(&parts[0]),
        other => panic!("{other} has parts"),
    };
    composed == holds && parts.iter().all(composes)
}

/// What was asked leads to what was decided.
fn agrees(story: &Value) -> Result<(), String> {
    let rules = story["rules"].as_array().unwrap();
    let deciding = rules.iter().position(|rule| rule["outcome"] == "decides");
    let decided = deciding.map(|at| rules[at]["name"].as_str().unwrap());
    if decided != story["rule"].as_str() {
        return Err(format!("{decided:?} decides"));
    }
    for (at, rule) in rules.iter().enumerate() {
        let holds = match &rule["when"] {
            Value::Null => true,
            when if composes(when) => when["holds"] == true,
            when => return Err(format!("{when} does not compose")),
        };
        let split = &rule["split"];
        let used = split["keys"].as_array().into_iter().flatten();
        let used = used.filter(|key| key["used"] == true).count();
        let right = match rule["outcome"].as_str().unwrap() {
            "not_concerned" => !holds && split.is_null(),
            "passed_on" => holds && used == 0 && split["bucket"].is_null(),
            "decides" if split.is_null() => {
                holds && (story["reason"] == "rule" || story["reason"] == "closed")
            }
            "decides" => holds && slice(split, used, &story["reason"], &story["version"]),
            "dry_run" if split.is_null() => holds && rule["would"].is_string(),
            "dry_run" => {
                // Its own reason is not told: without a key it is this.
                holds && slice(split, used, &json!("no_key"), &rule["would"])
            }
            "not_asked" => deciding.is_none_or(|deciding| at > deciding) && rule["when"].is_null(),
            other => return Err(other.to_owned()),
        };
        if !right {
            return Err(rule.to_string());
        }
    }
    Ok(())
}

/// The slice that the bucket is in is the version's.
fn slice(split: &Value, used: usize, reason: &Value, version: &Value) -> bool {
    if split["kept"].is_string() {
        return *reason == "kept" && used == 0 && split["bucket"].is_null();
    }
    if split["bucket"].is_null() {
        return *reason == "no_key" && used == 0;
    }
    let bucket = split["bucket"].as_u64().unwrap();
    let own = split["slices"].as_array().unwrap().iter();
    let own: Vec<_> = own.filter(|slice| slice["has_user"] == true).collect();
    let [own] = own[..] else { return false };
    let within = own["first"].as_u64().unwrap()..=own["last"].as_u64().unwrap();
    within.contains(&bucket)
        && own["version"] == *version
        && used == usize::from(split["drawn"] == false && split["minted"].is_null())
}

#[test]
fn an_explanation_agrees_with_the_core() {
    let (mut explained, mut left_out) = (0, 0);
    for file in files() {
        for vector in vectors(&file) {
            let policy = vector.policy.to_string();
            let parsed = Policy::parse(policy.as_bytes()).unwrap();
            let node = Node {
                id: vector.node.clone(),
                cluster: vector.proxy.cluster.clone(),
                region: vector.proxy.region.clone(),
                zone: vector.proxy.zone.clone(),
                labels: vector.proxy.labels.clone(),
            };
            let rules = Rules::compile(parsed, &node).unwrap();
            let place = place(&vector);
            for case in &vector.cases {
                // A command line does not say where the proxy keeps the token.
                let elsewhere = vector.policy.get("claims_in").is_some();
                let Some(options) = options(&case.request).filter(|_| !elsewhere) else {
                    left_out += 1;
                    continue;
                };
                let now = UNIX_EPOCH + Duration::from_millis(case.now);
                let at = format!("--at={}", humantime::format_rfc3339_millis(now));
                let mut arguments = vec!["explain", "-", "--format=json", &at];
                arguments.extend(vector.inbound.then_some("--inbound"));
                arguments.extend(place.iter().chain(&options).map(String::as_str));
                let story = graylane(&arguments, &policy).json();
                let at = || format!("{}: {options:?}: {story:#}", file.display());
                agrees(&story).unwrap_or_else(|what| panic!("{what}\n{}", at()));
                let moment = Moment::at(case.now);
                let mut sent = case.request.clone();
                sent.random = Some(0);
                sent.inbound = vector.inbound;
                let decision = decide(&rules, &sent, moment);
                assert_eq!(story["reason"], decision.reason().name(), "{}", at());
                assert_eq!(story["rule"].as_str(), decision.rule(), "{}", at());
                assert_eq!(story["service"].as_str(), decision.service(), "{}", at());
                let drew = |rule: &Value| {
                    rule["split"]["drawn"] == true || rule["split"]["minted"].is_string()
                };
                if !story["rules"].as_array().unwrap().iter().any(drew) {
                    assert_eq!(story["version"].as_str(), decision.version(), "{}", at());
                    assert_eq!(story["cluster"].as_str(), decision.cluster(), "{}", at());
                }
                explained += 1;
            }
        }
    }
    assert!(explained > 100, "{explained} explained");
    assert!(left_out * 10 < explained, "{left_out} left out");
}

#[test]
fn a_host_may_be_written_as_a_header() {
    let policy = r#"{"schema":"graylane/v1","services":[{"name":"s","hosts":["a.example.com"],
        "baseline":"v1","versions":[{"name":"v1"}]}]}"#;
    for (option, service) in [("A.example.com:80", Value::from("s")), ("b", Value::Null)] {
        let header = format!("Host: {option}");
        let story = graylane(&["explain", "-", "--format=json", "-H", &header], policy).json();
        assert_eq!(story["service"], service, "{header}");
    }
    let bare = graylane(&["explain", "-"], policy).out;
    assert!(bare.contains("no host was given"), "{bare}");
}

#[test]
fn a_key_is_the_one_that_was_hashed() {
    let policy = "docs/examples/policy.yaml";
    let explain = |headers: &[&str]| {
        let mut arguments = vec!["explain", policy, "--format=json"];
        arguments.extend(headers.iter().flat_map(|header| ["-H", header]));
        graylane(&arguments, "").json()["rules"][1]["split"].clone()
    };
    let both = explain(&["x-user-id: user-1", "cookie: uid=user-8"]);
    assert_eq!(both["keys"].as_array().unwrap().len(), 1, "{both}");
    assert_eq!(both["bucket"], 23_620);
    let empty = explain(&["x-user-id:", "cookie: uid=user-8; uid=other"]);
    assert_eq!(empty["keys"][0]["used"], false, "{empty}");
    assert_eq!(empty["keys"][1]["had"][1], "other");
    assert_eq!(empty["bucket"], 9_330);
    let none = explain(&[]);
    assert_eq!(none["bucket"], Value::Null, "{none}");
}

#[test]
fn the_node_decides_whether_a_tag_is_followed() {
    let explained = |node: &[&str]| {
        let policy = "docs/examples/auto.yaml";
        let tagged = [
            "explain",
            policy,
            "--format=json",
            "-H",
            "x-gray-version: v2",
        ];
        let story = graylane(&[&tagged, node].concat(), "").json();
        story["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(explained(&["--node=sidecar~10.0.0.7~cart"]), "followed");
    assert_eq!(explained(&["--node", "waypoint~10.0.0.8~w"]), "followed");
    assert_eq!(explained(&["--node=router~10.0.0.9~gateway"]), "no_rule");
    assert_eq!(explained(&[]), "no_rule");
}
