//! Where conditions and keys stand in a policy's document.

use serde_json::Value;

/// A condition with the place of its one field.
pub(super) struct Condition<'d> {
    pub(super) place: String,
    pub(super) kind: &'d str,
    pub(super) body: &'d Value,
}

/// Every condition, of rules and of whom the edge trusts, with those in it.
pub(super) fn conditions(document: &Value) -> Vec<Condition<'_>> {
    let mut found = Vec::new();
    if let Some(trust) = document.get("trust") {
        descend("trust", trust, &mut found);
    }
    for (at, service) in items(&document["services"]) {
        for (index, rule) in items(&service["rules"]) {
            if let Some(when) = rule.get("when") {
                let place = format!("services[{at}].rules[{index}].when");
                descend(&place, when, &mut found);
            }
        }
    }
    found
}

fn descend<'d>(place: &str, condition: &'d Value, found: &mut Vec<Condition<'d>>) {
    let Some((kind, body)) = condition.as_object().and_then(|one| one.iter().next()) else {
        return;
    };
    let place = format!("{place}.{kind}");
    match &**kind {
        "not" => descend(&place, body, found),
        "all" | "any" => {
            for (index, inner) in items(body) {
                descend(&format!("{place}[{index}]"), inner, found);
            }
        }
        _ => {}
    }
    found.push(Condition { place, kind, body });
}

/// Every `by`, of splits and of mirrors, and its place.
pub(super) fn keys(document: &Value) -> Vec<(String, &Value)> {
    let services = items(&document["services"]).flat_map(|(at, service)| {
        let splits = items(&service["rules"]).map(move |(index, rule)| {
            let place = format!("services[{at}].rules[{index}].split.by");
            (place, &rule["split"]["by"])
        });
        let mirrors = items(&service["mirror"]).map(move |(index, mirror)| {
            let place = format!("services[{at}].mirror[{index}].by");
            (place, &mirror["by"])
        });
        splits.chain(mirrors)
    });
    services.collect()
}

/// A list's items, with their indices.
pub(super) fn items(list: &Value) -> impl Iterator<Item = (usize, &Value)> {
    list.as_array().into_iter().flatten().enumerate()
}
