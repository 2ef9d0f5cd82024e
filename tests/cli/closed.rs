//! What a version that its guard has closed does to a request.

use serde_json::json;

use crate::run::graylane;

fn explain(closed: &str) -> (i32, String) {
    let policy = json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [
                { "name": "v1" },
                { "name": "v2", "guard": { "max_error_percent": 5 } },
            ],
            "rules": [{ "name": "all", "split": {
                "by": [{ "header": "x-u" }],
                "to": [{ "version": "v2", "percent": 100 }],
            }}],
        }],
    });
    let ran = graylane(
        &["explain", "-", "--header=x-u: 1", "--closed", closed],
        &policy.to_string(),
    );
    (ran.code, ran.out + &ran.err)
}

#[test]
fn its_users_are_the_baselines() {
    let (code, out) = explain("checkout/v2");
    assert_eq!(code, 0, "{out}");
    let first = "checkout → v1   all: its version, or the lane of that, is closed\n";
    assert!(out.starts_with(first), "{out}");
    assert!(out.contains("x-gray-version: v1\n"), "{out}");
    assert!(out.contains("▸ v1  0 to 99,999"), "{out}");
}

#[test]
fn one_that_no_guard_can_close_is_refused() {
    for name in ["checkout/v1", "checkout/v9", "pay/v2", "v2"] {
        let (code, out) = explain(name);
        let sentence = format!("--closed {name}: no guarded version has this name");
        assert!(code != 0 && out.contains(&sentence), "{code}: {out}");
    }
}
