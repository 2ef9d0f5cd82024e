//! Rules that no request reaches.

use super::Finding;
use crate::cli::input::Loaded;
use crate::cli::layout;

pub(super) fn look(policy: &Loaded) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, service) in policy.rules.services().iter().enumerate() {
        let document = &policy.document["services"][at]["rules"];
        for (index, rule) in service.rules().iter().enumerate() {
            let when = document[index].get("when");
            let mut earlier = service.rules().iter().enumerate().take(index);
            let stopped = earlier.find(|(other, earlier)| {
                let theirs = document[*other].get("when");
                layout::always_decides(earlier) && (theirs.is_none() || theirs == when)
            });
            let Some((other, earlier)) = stopped else {
                continue;
            };
            let whom = match document[other].get("when") {
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
    }
    findings
}
