//! Tests of text: each operator holds for what a plain comparison says.
//!
//! The input's first line is the operator, behind `i` where case does not matter; the second what
//! is compared with, of which `in` has several between commas; the rest is the value.

use graylane::{Moment, decide};
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::{sentence, support};

pub(crate) fn run(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (operator, operand, value) = (part(), part(), part());
    let (Ok(operator), Ok(operand)) = (str::from_utf8(operator), str::from_utf8(operand)) else {
        return;
    };
    let (ignore_case, operator) = match operator.strip_prefix('i') {
        Some(operator) if operator != "n" => (true, operator),
        _ => (false, operator),
    };
    let mut test = json!({ "name": "x-a", "ignore_case": ignore_case });
    test[operator] = match operator {
        "in" => operand.split(',').collect(),
        "present" => Value::Bool(operand == "true"),
        _ => operand.into(),
    };
    let rule = json!([{ "name": "r", "when": { "header": test }, "use": "v2" }]);
    let versions = [json!({ "name": "v1" }), json!({ "name": "v2" })];
    let service = json!({ "name": "s", "baseline": "v1", "versions": versions, "rules": rule });
    let policy = json!({ "schema": "graylane/v1", "services": [service] });
    let rules = match support::load(&support::json(&policy)) {
        Ok(rules) => rules,
        Err(error) => return sentence::of_refusal(&error),
    };
    let Some(expected) = holds(operator, operand, value, ignore_case) else {
        return;
    };
    let request = Asked::of("x-a", [value]);
    let decision = decide(&rules, &request, Moment::default());
    let holds = decision.version() == Some("v2");
    assert_eq!(holds, expected, "{operator} {operand:?} {value:?}");
}

/// Whether a value passes a test. `None`: what is no more than called here.
fn holds(operator: &str, operand: &str, value: &[u8], ignore_case: bool) -> Option<bool> {
    let case = |text: &[u8]| {
        if ignore_case {
            text.to_ascii_lowercase()
        } else {
            text.to_vec()
        }
    };
    let (own, all) = (case(operand.as_bytes()), case(value));
    let number = || {
        str::from_utf8(value)
            .ok()?
            .parse()
            .ok()
            .filter(|own: &f64| own.is_finite())
    };
    let bound = || operand.parse::<f64>().ok();
    Some(match operator {
        "equals" => own == all,
        "prefix" => all.starts_with(&own),
        "suffix" => all.ends_with(&own),
        "contains" => (0..=all.len()).any(|at| all[at..].starts_with(&own)),
        "in" => own.split(|byte| *byte == b',').any(|own| own == all),
        "at_least" => number().is_some_and(|number| number >= bound().unwrap_or(f64::NAN)),
        "below" => number().is_some_and(|number| number < bound().unwrap_or(f64::NAN)),
        "present" => operand == "true",
        _ => return None,
    })
}
