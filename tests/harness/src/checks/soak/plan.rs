//! The policies of a soak, in order: each differs from the one before in one part, and some are
//! wrong.

use serde_json::{Value, json};

/// What answers, each by a cluster and a backend of its own.
pub(super) const BACKENDS: [&str; 3] = ["v1", "v2", "v3"];
/// One change in so many is wrong.
const WRONG: usize = 10;
/// How many ids a set has.
const IDS: usize = 1_000;
/// Shares of the canary, one after the other, in percent.
const WALK: [f64; 10] = [1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 40.0, 12.5, 0.0];
/// Shares of the third version.
const THIRD: [f64; 4] = [0.0, 8.0, 20.0, 3.125];
/// Above what the module takes: the text of a policy ends at 4 MiB.
const TOO_LARGE: usize = 4 * 1024 * 1024;

/// One change of the policy's file.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// It is in force from now on.
    Good(Value),
    /// The module refuses it.
    Refused(Value),
    /// Its file ends in the middle, which Envoy itself refuses.
    Truncated(Value),
}

/// What a policy says.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a part of a policy that is there or is not"
)]
struct Draft {
    canary_percent: f64,
    third_percent: f64,
    /// Whether `v2` is the baseline and `v1` the canary.
    swapped: bool,
    /// Whether the third version goes by another name.
    renamed: bool,
    /// Whether some are chosen by a header.
    plan: bool,
    /// The first id of those that are chosen by a set.
    ids: Option<usize>,
    /// Whether a rule is tried without effect.
    tried: bool,
    /// Of the guards, which observe.
    min_requests: u32,
}

/// The first policy, and this many changes of it.
pub(super) fn changes(count: usize) -> (Value, Vec<Change>) {
    let first = Draft {
        canary_percent: 10.0,
        third_percent: 0.0,
        swapped: false,
        renamed: false,
        plan: true,
        ids: None,
        tried: false,
        min_requests: 100,
    };
    let mut drafts = vec![first.clone()];
    let mut changes = Vec::with_capacity(count);
    for number in 0..count {
        let Some(now) = drafts.last() else { break };
        if number % WRONG == WRONG / 2 {
            changes.push(mistake(number, &now.policy()));
            continue;
        }
        let next = now.changed(number, &drafts);
        changes.push(Change::Good(next.policy()));
        drafts.push(next);
    }
    (first.policy(), changes)
}

impl Draft {
    fn changed(&self, number: usize, before: &[Self]) -> Self {
        let mut next = self.clone();
        let round = number / 20;
        match number % 20 {
            1 | 11 => next.plan = !self.plan,
            2 => next.ids = Some(number),
            3 => next.third_percent = THIRD[round % THIRD.len()],
            4 | 14 => next.min_requests = 100 + u32::try_from(number % 50).unwrap_or_default(),
            6 => next.renamed = !self.renamed,
            8 => next.swapped = !self.swapped,
            9 => next.tried = !self.tried,
            12 => next.ids = None,
            // One that was in force a while ago comes back as it was.
            17 => {
                let past = before.iter().rev().nth(6);
                next = past.unwrap_or(self).clone();
            }
            _ => next.canary_percent = WALK[number * 7 % WALK.len()],
        }
        if next == *self {
            let other = WALK
                .iter()
                .find(|percent| percent.total_cmp(&self.canary_percent).is_ne());
            next.canary_percent = other.copied().unwrap_or_default();
        }
        next
    }

    fn policy(&self) -> Value {
        let (baseline, canary) = if self.swapped {
            ("v2", "v1")
        } else {
            ("v1", "v2")
        };
        let third = if self.renamed { "v3-next" } else { "v3" };
        let guard = json!({
            "max_error_percent": 50,
            "min_requests": self.min_requests,
            "then": "observe",
        });
        let version = |name: &str, guard: Option<&Value>| {
            let mut version =
                json!({ "name": name, "cluster": format!("checkout-{}", backend(name)) });
            if let Some(guard) = guard {
                version["guard"] = guard.clone();
            }
            version
        };
        let mut rules = Vec::new();
        if self.plan {
            rules.push(json!({
                "name": "premium",
                "when": { "header": { "name": "x-plan", "equals": "premium" } },
                "use": third,
            }));
        }
        if let Some(first) = self.ids {
            let ids: Vec<_> = (first..first + IDS)
                .map(|id| format!("user-{id}"))
                .collect();
            rules.push(json!({
                "name": "named",
                "when": { "header": { "name": "x-user-id", "in": ids } },
                "use": canary,
            }));
        }
        if self.tried {
            rules.push(json!({
                "name": "tried",
                "dry_run": true,
                "when": { "header": { "name": "x-plan", "equals": "premium" } },
                "use": canary,
            }));
        }
        let third_percent = self.third_percent.min(100.0 - self.canary_percent);
        rules.push(json!({
            "name": "split",
            "split": {
                "by": [{ "header": "x-user-id" }, { "cookie": "uid" }],
                "to": [
                    { "version": canary, "percent": self.canary_percent },
                    { "version": third, "percent": third_percent },
                ],
            },
        }));
        json!({
            "schema": "graylane/v1",
            "services": [{
                "name": "checkout",
                "baseline": baseline,
                "versions": [
                    version(baseline, None),
                    version(canary, Some(&guard)),
                    version(third, Some(&guard)),
                ],
                "rules": rules,
            }],
        })
    }
}

/// The backend of a version: `v3-next` is the third by another name.
pub(super) fn backend(version: &str) -> &str {
    version.split('-').next().unwrap_or(version)
}

/// Each another one: Envoy asks the module once only about what it has refused.
fn mistake(number: usize, good: &Value) -> Change {
    let mut bad = good.clone();
    let service = &mut bad["services"][0];
    let last = service["rules"]
        .as_array()
        .map_or(0, Vec::len)
        .saturating_sub(1);
    match number / WRONG % 6 {
        // First, so that what its size takes once is there before the middle.
        0 => {
            let long = format!("{number}{}", ".".repeat(TOO_LARGE));
            service["rules"][last]["when"] =
                json!({ "header": { "name": "x-plan", "equals": long } });
        }
        1 => {
            service["rules"][last]["split"]["to"][1]["version"] = json!(format!("v{}", 4 + number));
        }
        2 => service["weigth"] = json!(number),
        3 => {
            let version = |more| json!({ "name": format!("more-{number}-{more}") });
            service["versions"] = (0..65).map(version).collect();
        }
        4 => service["rules"][last]["split"]["to"][0]["percent"] = json!(101 + number),
        _ => return Change::Truncated(bad),
    }
    Change::Refused(bad)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::Native;

    #[test]
    fn the_core_takes_the_good_and_refuses_the_bad() {
        let (first, changes) = changes(1_000);
        Native::compile(&first).unwrap();
        let mut before = first.to_string();
        let mut bad = Vec::new();
        let mut good = 0;
        for change in &changes {
            match change {
                Change::Good(policy) => {
                    Native::compile(policy).unwrap();
                    let now = policy.to_string();
                    assert_ne!(now, before, "changes nothing");
                    before = now;
                    good += 1;
                }
                Change::Refused(policy) => {
                    Native::compile(policy).unwrap_err();
                    bad.push(graylane::revision(policy.to_string().as_bytes()));
                }
                Change::Truncated(_) => {}
            }
        }
        assert_eq!(good, 900);
        let refused = bad.len();
        bad.sort_unstable();
        bad.dedup();
        assert_eq!((refused, bad.len()), (84, 84), "each is asked about once");
    }
}
