//! What a change copies: counted beside the users that move.

use serde_json::{Value, json};

use crate::diff::{diff, policy};

#[test]
fn copies_are_counted_and_move_nobody() {
    let mirrors = |mirrors: &[(&str, f64, &str)]| {
        let mut policy = policy(&json!([{ "name": "r", "use": "v1" }]));
        for version in policy["services"][0]["versions"].as_array_mut().unwrap() {
            version["cluster"] = version["name"].clone();
        }
        let mirrors: Vec<_> = mirrors
            .iter()
            .map(|(version, percent, key)| {
                json!({ "version": version, "percent": percent, "by": [{ "header": key }] })
            })
            .collect();
        if !mirrors.is_empty() {
            policy["services"][0]["mirror"] = mirrors.into();
        }
        policy
    };
    let told = |old: &Value, new: &Value| {
        let diff = diff(old, new);
        assert_eq!(diff["movements"], json!([]));
        let copies = diff["copies"].as_array().unwrap().iter();
        let copies = copies.flat_map(|movement| {
            let drawn = if movement["redrawn"] == true {
                "drawn anew: "
            } else {
                ""
            };
            let moves = movement["moves"].as_array().unwrap().iter();
            moves.map(move |each| {
                let (from, to) = (each["from"].as_str().unwrap(), each["to"].as_str().unwrap());
                format!("{drawn}{from} → {to} {}", each["percent"])
            })
        });
        copies.collect::<Vec<_>>()
    };
    let none = mirrors(&[]);
    let some = mirrors(&[("v2", 10.0, "x-u"), ("v3", 5.0, "x-u")]);
    let more = mirrors(&[("v3", 5.0, "X-U"), ("v2", 25.0, "x-u")]);
    let other = mirrors(&[("v2", 10.0, "x-v"), ("v3", 5.0, "x-u")]);
    let mut off = some.clone();
    off["enabled"] = json!(false);
    for (old, new, expected) in [
        (&none, &some, &["no copy → v2 10.0", "no copy → v3 5.0"][..]),
        (&some, &none, &["v2 → no copy 10.0", "v3 → no copy 5.0"]),
        (&some, &off, &["v2 → no copy 10.0", "v3 → no copy 5.0"]),
        (&some, &more, &["no copy → v2 15.0"]),
        // Of 10 %, nine in ten end, and as many begin.
        (
            &some,
            &other,
            &[
                "drawn anew: no copy → v2 9.0",
                "drawn anew: v2 → no copy 9.0",
            ],
        ),
        (&some, &some, &[]),
    ] {
        assert_eq!(told(old, new), expected);
    }
}
