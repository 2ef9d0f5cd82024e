//! What is measured natively: policies and requests of the harness' bench, without Envoy.

use std::hint::black_box;

use graylane::{Decision, Moment, Node, Policy, Rules};
use graylane_harness::bench::policies::{
    Names, TENANT, by_header, ids, policy, tenants, three_conditions,
};
use graylane_harness::bench::users::each;
use graylane_harness::client::Visit;
use serde_json::Value;

/// The rule that splits.
const SPLIT: &str = "ten-percent";

/// One request, and the rules that it is decided by.
#[derive(Debug)]
pub struct Case {
    rules: Rules,
    visit: Visit,
}

impl Case {
    /// A browser's request, changed, that this rule decides.
    fn of(rules: &[Value], change: impl Fn(Visit) -> Visit, rule: &str) -> Self {
        let case = Self {
            rules: compile(&document(rules)),
            visit: each(change).swap_remove(0),
        };
        assert_eq!(case.decision().rule(), Some(rule));
        case
    }

    /// A sticky split by a header.
    #[must_use]
    pub fn sticky() -> Self {
        Self::of(&[by_header()], |visit| visit, SPLIT)
    }

    /// The same, if three headers are as they must be; they are.
    #[must_use]
    pub fn three_conditions() -> Self {
        Self::of(&three_conditions(), |visit| visit, SPLIT)
    }

    /// So many rules, the split among them, and a request for the last before it.
    #[must_use]
    pub fn last_of(rules: usize) -> Self {
        let last = format!("tenant-{}", rules - 1);
        Self::of(
            &tenants(rules),
            |visit| visit.with(TENANT, last.as_str()),
            &last,
        )
    }

    /// The same, and a request for none but the split.
    #[must_use]
    pub fn none_of(rules: usize) -> Self {
        let tenant = |visit: Visit| visit.with(TENANT, "tenant-of-none");
        Self::of(&tenants(rules), tenant, SPLIT)
    }

    /// A rule for so many users by name, and a request of another.
    #[must_use]
    pub fn ids(count: usize) -> Self {
        Self::of(&ids(count), |visit| visit, SPLIT)
    }

    /// Decides the request, and looks at what becomes of it.
    pub fn decide(&self) {
        let decision = black_box(self.decision());
        for effect in graylane::effects(&self.rules, &decision) {
            black_box(effect);
        }
    }

    fn decision(&self) -> Decision<'_> {
        graylane::decide(&self.rules, &self.visit, Moment::default())
    }
}

/// A policy of so many rules, as it comes.
#[must_use]
pub fn policy_of(rules: usize) -> String {
    document(&tenants(rules))
}

fn document(rules: &[Value]) -> String {
    policy(Names::Tag, rules).to_string()
}

/// What the module does with a policy before it is in force.
///
/// # Panics
/// If the core refuses it.
#[must_use]
pub fn compile(document: &str) -> Rules {
    let policy = Policy::parse(document.as_bytes()).expect("the policy is right");
    Rules::compile(policy, &Node::default()).expect("the policy is right")
}
