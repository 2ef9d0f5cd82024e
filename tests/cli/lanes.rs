//! What is said of lanes: by `check`, `explain`, `simulate` and `diff`.

use serde_json::{Value, json};

use crate::check::checked;
use crate::diff::diff;
use crate::run::graylane;

fn policy() -> Value {
    let service = |name: &str, to: &str| {
        json!({
            "name": name,
            "hosts": [format!("{name}.example.com")],
            "baseline": "v1",
            "versions": [{ "name": "v1" }, { "name": "v2", "cluster": format!("{name}-v2") }],
            "rules": [{
                "name": "share",
                "split": {
                    "by": [{ "header": "x-u" }],
                    "to": [{ "version": to, "percent": 10 }],
                },
            }],
        })
    };
    json!({
        "schema": "graylane/v1",
        "services": [service("web", "blue"), service("pay", "v2")],
        "lanes": [{ "name": "blue", "members": ["web/v2", "pay/v2"] }],
    })
}

fn with(pointer: &str, field: &str, value: Value) -> Value {
    let mut policy = policy();
    policy.pointer_mut(pointer).unwrap()[field] = value;
    policy
}

#[test]
fn lanes_that_move_somebody_are_fine() {
    assert_eq!(checked(&policy()).0, [""; 0]);
}

#[test]
fn a_lane_that_nobody_enters_is_warned_of_where_no_tag_can_bring_anybody() {
    let mut policy = policy();
    for service in policy["services"].as_array_mut().unwrap() {
        service.as_object_mut().unwrap().remove("rules");
    }
    let found = [
        "warning services[0].versions[1]",
        "warning services[1].versions[1]",
        "warning lanes[0]",
    ];
    let mut places = checked(&policy).0;
    places.sort_unstable_by_key(|place| found.iter().position(|own| own == place));
    assert_eq!(places, found);
    policy["role"] = json!("mesh");
    assert_eq!(checked(&policy).0, [""; 0]);
}

#[test]
fn a_version_whose_lane_is_entered_elsewhere_has_users() {
    let mut policy = policy();
    policy["services"][1]
        .as_object_mut()
        .unwrap()
        .remove("rules");
    assert_eq!(checked(&policy).0, [""; 0]);
}

#[test]
fn a_closed_lane_is_noted_with_what_closes_it() {
    let (places, sentences) = checked(&with("/lanes/0", "enabled", json!(false)));
    assert_eq!(places, ["note lanes[0].enabled"]);
    assert_eq!(sentences, ["blue is closed; take it out to open it"]);
    let mut strict = with("/lanes/0", "mode", json!("strict"));
    assert_eq!(checked(&strict).0, [""; 0]);
    strict["services"][1]["enabled"] = json!(false);
    let (places, sentences) = checked(&strict);
    assert_eq!(places, ["note lanes[0].mode"]);
    assert_eq!(
        sentences,
        ["blue is closed, since pay is off; switch that on to open it"]
    );
}

#[test]
fn versions_that_a_tag_couples_are_noted_where_tags_are_followed() {
    let mut policy = policy();
    policy.as_object_mut().unwrap().remove("lanes");
    policy["services"][0]["rules"][0]["split"]["to"][0]["version"] = json!("v2");
    assert_eq!(checked(&policy).0, [""; 0]);
    policy["role"] = json!("auto");
    let (places, sentences) = checked(&policy);
    assert_eq!(places, ["note services[1].versions[1].name"]);
    assert_eq!(
        sentences,
        [
            "web has a v2 too, so whoever is on one is on the other; put them into one lane if that \
          is meant, or into two"
        ]
    );
}

#[test]
fn a_closed_lane_is_explained() {
    let open = with("/services/0/rules/0/split/to/0", "percent", json!(100));
    let mut closed = open.clone();
    closed["lanes"][0]["enabled"] = json!(false);
    let options = ["explain", "-", "--host=web.example.com", "--header=x-u: 1"];
    let ran = graylane(&options, &closed.to_string());
    let first = ran.out.lines().next().unwrap();
    assert_eq!(
        first,
        "web → v1   share: its version, or the lane of that, is closed"
    );
    let open = graylane(&options, &open.to_string()).out;
    assert!(
        open.starts_with("web → v2   share: the rule decides"),
        "{open}"
    );
    assert!(open.contains("x-gray-version: blue\n"), "{open}");
}

#[test]
fn to_close_a_lane_moves_its_users() {
    let closed = with("/lanes/0", "enabled", json!(false));
    let change = diff(&policy(), &closed);
    let moved = change["movements"].as_array().unwrap().iter();
    let moved: Vec<_> = moved
        .map(|own| {
            (
                own["service"].as_str().unwrap(),
                own["percent"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(moved, [("web", 10.0), ("pay", 10.0)]);
}
