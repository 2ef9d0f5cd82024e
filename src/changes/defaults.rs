//! Defaults: a field that is written out with its default says what is said without it.

use crate::policy::tree::Tree;

/// What a field has that is left out: a word, or a truth.
enum Default {
    Word(&'static str),
    Truth(bool),
}

use Default::{Truth, Word};

/// A document without the fields that have their default. `headers` and `cookies` are always
/// there, so that a field in them is compared as a field.
pub(crate) fn left_out(mut policy: Tree) -> Tree {
    leave_out(
        &mut policy,
        &[
            ("role", Word("edge")),
            ("enabled", Truth(true)),
            ("stamp", Word("all")),
            ("carrier", Word("header")),
            ("annotate", Truth(false)),
            ("claims_in", Word("payload")),
        ],
    );
    part(&mut policy, "headers", |headers| {
        leave_out(
            headers,
            &[
                ("version", Word("x-gray-version")),
                ("cluster", Word("x-gray-cluster")),
                ("mirror", Word("x-gray-mirror")),
            ],
        );
    });
    policy.field_mut("trust").into_iter().for_each(condition);
    for lane in items(&mut policy, "lanes") {
        leave_out(
            lane,
            &[("enabled", Truth(true)), ("mode", Word("permissive"))],
        );
    }
    items(&mut policy, "services").for_each(service);
    policy
}

fn service(service: &mut Tree) {
    leave_out(
        service,
        &[("enabled", Truth(true)), ("dry_run", Truth(false))],
    );
    part(service, "cookies", |cookies| {
        leave_out(
            cookies,
            &[
                ("path", Word("/")),
                ("max_age", Word("365d")),
                ("http_only", Truth(true)),
                ("same_site", Word("lax")),
            ],
        );
    });
    let name = text(service, "name");
    for rule in items(service, "rules") {
        let salt = format!("{name}/{}", text(rule, "name"));
        leave_out(rule, &[("dry_run", Truth(false))]);
        if let Some(split) = rule.field_mut("split") {
            leave_out(
                split,
                &[
                    ("algorithm", Word("graylane-v1")),
                    ("missing", Word("baseline")),
                    ("keep", Truth(false)),
                ],
            );
            split.retain(|field, value| field != "salt" || value.text() != Some(&salt));
        }
        rule.field_mut("when").into_iter().for_each(condition);
    }
}

/// Works on an object in an object; where it is absent all of it is default.
fn part(object: &mut Tree, field: &str, work: impl FnMut(&mut Tree)) {
    if object.field(field).is_none()
        && let Tree::Object(fields) = object
    {
        fields.push((field.to_owned(), Tree::Object(Vec::new())));
    }
    object.field_mut(field).into_iter().for_each(work);
}

fn leave_out(object: &mut Tree, defaults: &[(&str, Default)]) {
    let is_default = |value: &Tree, default: &Default| match (value, default) {
        (Tree::Text(text), Word(word)) => text == word,
        (Tree::Truth(truth), Truth(default)) => truth == default,
        _ => false,
    };
    object.retain(|field, value| {
        let mut own = defaults.iter().filter(|(name, _)| *name == field);
        !own.any(|(_, default)| is_default(value, default))
    });
}

/// Tests of text stand at any depth.
fn condition(value: &mut Tree) {
    leave_out(value, &[("ignore_case", Truth(false))]);
    match value {
        Tree::List(items) => items.iter_mut().for_each(condition),
        Tree::Object(fields) => fields.iter_mut().for_each(|(_, value)| condition(value)),
        _ => {}
    }
}

fn items<'t>(object: &'t mut Tree, field: &str) -> impl Iterator<Item = &'t mut Tree> {
    let list = object.field_mut(field).and_then(|field| match field {
        Tree::List(items) => Some(items),
        _ => None,
    });
    list.into_iter().flatten()
}

fn text(object: &Tree, field: &str) -> String {
    let text = object.field(field).and_then(Tree::text);
    text.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Node, Policy, Rules};

    fn left_out(policy: &Value) -> Value {
        let tree = Tree::from_json(policy.to_string().as_bytes()).unwrap();
        serde_json::from_str(&super::left_out(tree).to_json()).unwrap()
    }

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
            ("/carrier", json!("header")),
            ("/annotate", json!(false)),
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
