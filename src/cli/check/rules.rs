//! Rules that no request reaches.

use std::collections::BTreeMap;

use super::Finding;
use crate::cli::input::Loaded;
use crate::cli::layout;
use crate::rules::Rule;

pub(super) fn look(policy: &Loaded) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, service) in policy.rules.services().iter().enumerate() {
        let document = &policy.document["services"][at]["rules"];
        // The first rule that decides for all of these; `None` is everybody.
        let mut deciding: BTreeMap<Option<String>, (usize, &Rule)> = BTreeMap::new();
        for (index, rule) in service.rules().iter().enumerate() {
            let when = document[index].get("when").map(ToString::to_string);
            let for_everybody = deciding.get(&None);
            let for_these = deciding.get(&when);
            let earlier = for_everybody.into_iter().chain(for_these);
            if let Some((other, earlier)) = earlier.min_by_key(|(other, _)| *other) {
                let whom = match document[*other].get("when") {
                    None => "decides for everybody",
                    Some(_) => "has the same `when` and decides",
                };
                findings.push(Finding::warning(
                    format!("services[{at}].rules[{index}]"),
                    format!(
                        "{} is never asked: {} stands before it and {whom}; put it before {}",
                        rule.name(),
                        earlier.name(),
                        earlier.name()
                    ),
                ));
            }
            if layout::always_decides(rule) {
                deciding.entry(when).or_insert((index, rule));
            }
        }
    }
    findings
}
