//! Defaults: a field that is written out with its default says what is said without it.

use serde_json::{Value, json};

/// A document without the fields that have their default. `headers` and `cookies` are always
/// there, so that a field in them is compared as a field.
pub(super) fn left_out(document: &Value) -> Value {
    let mut policy = document.clone();
    let defaults = json!({
        "role": "edge",
        "enabled": true,
        "stamp": "all",
        "carrier": "header",
        "annotate": false,
        "claims_in": "payload",
    });
    leave_out(&mut policy, &defaults);
    let defaults = json!({
        "version": "x-gray-version",
        "cluster": "x-gray-cluster",
        "mirror": "x-gray-mirror",
    });
    leave_out(part(&mut policy, "headers"), &defaults);
    policy.get_mut("trust").into_iter().for_each(condition);
    for lane in items(&mut policy, "lanes") {
        leave_out(lane, &json!({ "enabled": true, "mode": "permissive" }));
    }
    for service in items(&mut policy, "services") {
        leave_out(service, &json!({ "enabled": true, "dry_run": false }));
        let defaults = json!({
            "path": "/",
            "max_age": "365d",
            "http_only": true,
            "same_site": "lax",
        });
        leave_out(part(service, "cookies"), &defaults);
        let name = text(service, "name");
        for rule in items(service, "rules") {
            let salt = format!("{name}/{}", text(rule, "name"));
            let defaults = json!({
                "algorithm": "graylane-v1",
                "missing": "baseline",
                "salt": salt,
                "keep": false,
            });
            leave_out(rule, &json!({ "dry_run": false }));
            if let Some(split) = rule.get_mut("split") {
                leave_out(split, &defaults);
            }
            rule.get_mut("when").into_iter().for_each(condition);
        }
    }
    policy
}

/// An object in an object; where it is absent all of it is default.
fn part<'v>(object: &'v mut Value, field: &str) -> &'v mut Value {
    if object.get(field).is_none() {
        object[field] = json!({});
    }
    &mut object[field]
}

fn leave_out(object: &mut Value, defaults: &Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|field, value| defaults.get(field) != Some(value));
    }
}

/// Tests of text stand at any depth.
fn condition(value: &mut Value) {
    leave_out(value, &json!({ "ignore_case": false }));
    match value {
        Value::Array(items) => items.iter_mut().for_each(condition),
        Value::Object(fields) => fields.values_mut().for_each(condition),
        _ => {}
    }
}

fn items<'v>(object: &'v mut Value, field: &str) -> impl Iterator<Item = &'v mut Value> {
    let list = object.get_mut(field).and_then(Value::as_array_mut);
    list.into_iter().flatten()
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Node, Policy, Rules};

    fn bare() -> Value {
        let test = json!({ "name": "x-a", "equals": "1" });
        let rule = |name: &str, when: Value| {
            let to = json!([{ "version": "v2", "percent": 10 }]);
            let split = json!({ "by": [{ "header": "x-u" }], "to": to });
            json!({ "name": name, "when": when, "split": split })
        };
        json!({
            "schema": "graylane/v1",
            "headers": {},
            "trust": { "not": { "header": test } },
            "lanes": [{ "name": "blue", "members": ["s/v2"] }],
            "services": [{
                "name": "s",
                "baseline": "v1",
                "versions": [{ "name": "v1" }, { "name": "v2" }],
                "cookies": {},
                "rules": [rule("r", json!({ "all": [{ "header": test }] }))],
            }],
        })
    }

    /// The policy with each default written out.
    fn full() -> Value {
        let mut policy = bare();
        for (pointer, value) in [
            ("/role", json!("edge")),
            ("/enabled", json!(true)),
            ("/stamp", json!("all")),
            ("/annotate", json!(false)),
            ("/carrier", json!("header")),
            ("/lanes/0/enabled", json!(true)),
            ("/lanes/0/mode", json!("permissive")),
            ("/claims_in", json!("payload")),
            ("/headers/version", json!("x-gray-version")),
            ("/headers/cluster", json!("x-gray-cluster")),
            ("/headers/mirror", json!("x-gray-mirror")),
            ("/trust/not/header/ignore_case", json!(false)),
            ("/services/0/enabled", json!(true)),
            ("/services/0/dry_run", json!(false)),
            (
                "/services/0/cookies",
                json!({ "path": "/", "max_age": "365d", "http_only": true, "same_site": "lax" }),
            ),
            ("/services/0/rules/0/dry_run", json!(false)),
            ("/services/0/rules/0/split/keep", json!(false)),
            (
                "/services/0/rules/0/when/all/0/header/ignore_case",
                json!(false),
            ),
            ("/services/0/rules/0/split/algorithm", json!("graylane-v1")),
            ("/services/0/rules/0/split/missing", json!("baseline")),
            ("/services/0/rules/0/split/salt", json!("s/r")),
        ] {
            let (object, field) = pointer.rsplit_once('/').unwrap();
            policy.pointer_mut(object).unwrap()[field] = value;
        }
        policy
    }

    #[test]
    fn what_is_left_out_means_what_it_meant() {
        let compiled = |policy: &Value| {
            let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
            format!("{:?}", Rules::compile(policy, &Node::default()).unwrap())
        };
        assert_eq!(left_out(&full()), bare());
        assert_eq!(compiled(&full()), compiled(&bare()));
    }

    #[test]
    fn what_is_no_default_stays() {
        let mut other = bare();
        other["role"] = json!("mesh");
        other["services"][0]["versions"][1]["cluster"] = json!("x-gray-cluster");
        other["services"][0]["rules"][0]["split"]["salt"] = json!("s/q");
        assert_eq!(left_out(&other), other);
    }
}
