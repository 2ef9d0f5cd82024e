//! Warnings of what has no effect, or not the one it seems to have.

use serde_json::{Value, json};

use crate::check::{checked, with};

/// Asserts that these findings are all, each a warning, as place and sentence.
fn warned(policy: &Value, expected: &[(&str, &str)]) {
    let (places, problems) = checked(policy);
    let (expected_places, expected): (Vec<_>, Vec<_>) = expected.iter().copied().unzip();
    let expected_places = expected_places.iter();
    let expected_places: Vec<_> = expected_places
        .map(|place| format!("warning {place}"))
        .collect();
    assert_eq!(places, expected_places, "{policy:#}");
    assert_eq!(problems, expected, "{policy:#}");
}

fn mirror(percent: u32) -> Value {
    json!([{ "version": "v2", "percent": percent, "by": [{ "header": "x-u" }] }])
}

#[test]
fn whom_the_edge_trusts_is_looked_at() {
    let trust = json!({ "any": [{ "path": { "prefix": "in" } }] });
    warned(
        &with("/trust", trust),
        &[(
            "trust.any[0].path.prefix",
            "\"in\" fits no request: a path begins with `/`; put one before it",
        )],
    );
}

#[test]
fn mirrors_are_looked_at() {
    warned(&with("/services/0/mirror", mirror(5)), &[]);
    let mut salted = with("/services/0/mirror", mirror(5));
    salted["services"][0]["rules"][1]["split"]["salt"] = json!("s/mirror/v2");
    warned(
        &salted,
        &[(
            "services[0].rules[1].split.salt",
            "\"s/mirror/v2\" is the salt that mirror[0] of s has by default, so the same users \
             come first in both; write another",
        )],
    );
    let split = &mut salted["services"][0]["rules"][1]["split"];
    split["algorithm"] = json!("flagd-v2");
    warned(&salted, &[]);
    let mut twice = with("/services/0/mirror", mirror(5));
    let by = json!([{ "header": "x-u" }, { "cookie": "u" }, { "header": "X-U" }]);
    twice["services"][0]["mirror"][0]["by"] = by.clone();
    twice["services"][0]["rules"][1]["split"]["by"] = by;
    let never = "never counts: by[0] is the same key; leave it out";
    warned(
        &twice,
        &[
            ("services[0].mirror[0].by[2]", never),
            ("services[0].rules[1].split.by[2]", never),
        ],
    );
}
