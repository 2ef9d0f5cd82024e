//! What a pattern may cost.

use graylane::limits::{MAX_COMPILED_PATTERN_BYTES, MAX_MATCHED_BYTES, MAX_PATTERN_BYTES};
use graylane::{Moment, decide};
use serde_json::json;

use crate::support::{self, Sent, load, refusal};
use crate::{bound, when};

#[test]
fn bytes_of_a_pattern() {
    for operator in ["prefix", "suffix", "contains", "matches"] {
        let pattern = |bytes: usize| {
            let mut test = json!({});
            test[operator] = "x".repeat(bytes).into();
            when(&json!({ "path": test }))
        };
        bound(
            MAX_PATTERN_BYTES,
            pattern,
            &format!(
                "services[0].rules[0].when.path.{operator}: has 1025 bytes, above 1024; shorten it"
            ),
        );
    }
}

#[test]
fn bytes_of_a_compiled_pattern() {
    let pattern = |times: usize| format!("(?:[a-cx-z]{{{times}}})");
    let accepted = |times: usize| {
        let document = when(&json!({ "path": { "matches": pattern(times) } }));
        refusal(&document) == "(accepted)"
    };
    let (mut within, mut above) = (1, 100_000);
    while above - within > 1 {
        let middle = usize::midpoint(within, above);
        if accepted(middle) {
            within = middle;
        } else {
            above = middle;
        }
    }
    // The crate's own measure of what is accepted is just below the bound: one repetition more,
    // of some tens of bytes, passes it.
    let built = |times: usize, bytes: usize| {
        regex_lite::RegexBuilder::new(&format!("^(?:{})$", pattern(times)))
            .size_limit(bytes)
            .build()
            .is_ok()
    };
    assert!(built(within, MAX_COMPILED_PATTERN_BYTES));
    assert!(!built(within, MAX_COMPILED_PATTERN_BYTES - 200));
    assert!(!built(above, MAX_COMPILED_PATTERN_BYTES));
    assert_eq!(
        refusal(&when(&json!({ "path": { "matches": pattern(above) } }))),
        format!(
            "services[0].rules[0].when.path.matches: {:?} is not a regular expression: compiled \
             regex exceeded size limit",
            pattern(above)
        )
    );
}

/// What is small as it is written, and as large as may be once it is compiled.
#[test]
fn repetitions_of_repetitions() {
    let too_large = "compiled regex exceeded size limit";
    let too_deep = "pattern has too much nesting";
    let deep = format!("{}a{}", "(?:".repeat(200), ")*".repeat(200));
    for (pattern, told) in [
        ("(a{1000}){1000}", too_large),
        ("((a{100}){100}){100}", too_large),
        ("(((a{99}){99}){99}){99}", too_large),
        ("a{4294967295}", too_large),
        ("(?:a?){9999}", too_large),
        (
            "((((((((((a{9}){9}){9}){9}){9}){9}){9}){9}){9}){9})",
            too_large,
        ),
        (&deep, too_deep),
    ] {
        let sentence = refusal(&when(&json!({ "path": { "matches": pattern } })));
        // It quotes no more of the pattern than tells it.
        assert!(sentence.len() < 250, "{sentence}");
        assert!(sentence.ends_with(told), "{pattern}: {sentence}");
    }
    // What backtracks elsewhere is as good as any other.
    for pattern in ["(a+)+b", "(a|a)*b", "(a*)*b", "(.*)*(.*)*(.*)*b"] {
        let matches = json!({ "header": { "name": "x-a", "matches": pattern } });
        let rules = load(&support::json(&when(&matches))).unwrap();
        let request = Sent::default().with("x-a", &"a".repeat(MAX_MATCHED_BYTES));
        let decision = decide(&rules, &request, Moment::default());
        assert_eq!(decision.version(), Some("v1"), "{pattern}");
    }
}

#[test]
fn bytes_of_a_services_compiled_patterns() {
    // Of a size that no rounding hides: half of what is allowed is taken by each of two.
    let pattern = |salt: usize| json!({ "path": { "matches": format!("{salt}[a-cx-z]{{600}}") } });
    let rules = |patterns: &[usize]| {
        let rules = patterns
            .iter()
            .map(|salt| json!({ "name": format!("r{salt}"), "when": pattern(*salt), "use": "v2" }));
        rules.collect::<Vec<_>>()
    };
    let base = when(&json!({}));
    let of = |services: &[&[usize]]| {
        let mut document = base.clone();
        let all = services.iter().enumerate().map(|(number, patterns)| {
            let mut service = base["services"][0].clone();
            service["name"] = format!("s{number}").into();
            service["hosts"] = json!([format!("s{number}.example.com")]);
            service["rules"] = rules(patterns).into();
            service
        });
        document["services"] = all.collect::<Vec<_>>().into();
        document
    };
    assert_eq!(refusal(&of(&[&[1, 2]])), "(accepted)");
    assert_eq!(
        refusal(&of(&[&[1, 2], &[1, 2]])),
        "(accepted)",
        "each has its own"
    );
    let above = "rules[2].when.path.matches: takes 32768 bytes once it is compiled, and with the \
                 service's other patterns 98304, above 65536; use `prefix` or `in` where that does";
    assert_eq!(refusal(&of(&[&[1, 2, 3]])), format!("services[0].{above}"));
    // Those of `trust` come before each service's.
    let mut trusting = of(&[&[1], &[1, 2]]);
    trusting["trust"] = pattern(0);
    assert_eq!(
        refusal(&trusting),
        format!("services[1].{}", above.replace("rules[2]", "rules[1]"))
    );
}

#[test]
fn small_patterns_of_a_service() {
    let any = |count: usize| {
        let all = (0..count).map(|number| json!({ "path": { "matches": format!("/{number}") } }));
        when(&json!({ "any": all.collect::<Vec<_>>() }))
    };
    // Each counts 512 bytes.
    assert_eq!(refusal(&any(128)), "(accepted)");
    assert_eq!(
        refusal(&any(129)),
        "services[0].rules[0].when.any[128].path.matches: takes 512 bytes once it is compiled, and \
         with the service's other patterns 66048, above 65536; use `prefix` or `in` where that does"
    );
}

#[test]
fn bytes_of_several_matched_values() {
    let rules = load(&support::json(&when(
        &json!({ "header": { "name": "x-a", "matches": "b" } }),
    )))
    .unwrap();
    for (before, version) in [(MAX_MATCHED_BYTES - 1, "v2"), (MAX_MATCHED_BYTES, "v1")] {
        let half = "a".repeat(before / 2);
        let rest = "a".repeat(before - before / 2);
        // One that is too long by itself is not looked at, and takes nothing.
        let long = "a".repeat(MAX_MATCHED_BYTES + 1);
        let request = [&long, &half, &rest, "b"].into_iter();
        let request = request.fold(Sent::default(), |request, value| request.with("x-a", value));
        let decision = decide(&rules, &request, Moment::default());
        assert_eq!(decision.version(), Some(version), "{before} bytes before");
    }
}

#[test]
fn bytes_of_a_matched_value() {
    let rules = load(&support::json(&when(
        &json!({ "header": { "name": "x-a", "matches": "a*" } }),
    )))
    .unwrap();
    for (bytes, version) in [(MAX_MATCHED_BYTES, "v2"), (MAX_MATCHED_BYTES + 1, "v1")] {
        let request = Sent::default().with("x-a", &"a".repeat(bytes));
        let decision = decide(&rules, &request, Moment::default());
        assert_eq!(decision.version(), Some(version), "{bytes} bytes");
    }
}
