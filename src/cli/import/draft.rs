//! The policy while it is put together.

use std::collections::BTreeSet;

use super::condition::{Condition, Key, keys};
use super::part::Spot;
use super::tree::Tree;

/// Thousandths of a percent in all.
pub(super) const ALL: u32 = 100_000;

/// A policy.
pub(super) struct Draft<'m> {
    /// The name of the tag's header, where it is not the usual one.
    pub(super) tag: Option<String>,
    /// Whether the baseline carries no tag.
    pub(super) canary_alone: bool,
    pub(super) services: Vec<Service<'m>>,
}

pub(super) struct Service<'m> {
    pub(super) name: String,
    /// None for every host.
    pub(super) hosts: Vec<String>,
    pub(super) baseline: String,
    pub(super) versions: Vec<Version>,
    pub(super) rules: Vec<Rule<'m>>,
    pub(super) mirrors: Vec<Mirror>,
    pub(super) origin: Spot<'m>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Version {
    pub(super) name: String,
    pub(super) cluster: Option<String>,
}

#[derive(Clone)]
pub(super) struct Rule<'m> {
    pub(super) name: String,
    /// None for everybody.
    pub(super) when: Option<Condition>,
    pub(super) then: Then,
    pub(super) origin: Spot<'m>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Then {
    Use(String),
    Split(Split),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Split {
    pub(super) by: Vec<Key>,
    /// What several splits have in common, so that they decide alike.
    pub(super) salt: Option<String>,
    /// The baseline is not among them.
    pub(super) to: Vec<(String, u32)>,
    /// What `missing` says, where it is not `baseline`.
    pub(super) missing: Option<&'static str>,
}

pub(super) struct Mirror {
    pub(super) version: String,
    pub(super) percent: u32,
    pub(super) by: Vec<Key>,
}

/// Shares of a whole, in thousandths of a percent. They add up to it, as the weights do.
pub(super) fn shares(weights: &[u64], total: u64) -> Vec<u32> {
    let mut before = 0;
    let mut sum: u64 = 0;
    let up_to = |sum: u64| {
        let scaled = u128::from(sum) * u128::from(ALL) * 2 + u128::from(total);
        u32::try_from(scaled / (u128::from(total) * 2))
            .unwrap_or(ALL)
            .min(ALL)
    };
    let share = |weight: &u64| {
        sum = sum.saturating_add(*weight);
        let end = up_to(sum);
        let share = end - before;
        before = end;
        share
    };
    weights.iter().map(share).collect()
}

/// A name that none has yet, and that a policy takes.
pub(super) fn name(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let fits = |each: char| each.is_ascii_alphanumeric() || "_.-".contains(each);
    let mut name = String::new();
    for each in wanted.chars().take(56) {
        if fits(each) {
            name.push(each);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    let name = if name.is_empty() { "rule" } else { name };
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    let free = names.find(|name| !taken.contains(name)).unwrap_or_default();
    taken.insert(free.clone());
    free
}

impl Draft<'_> {
    /// The document, its fields in the order of its documentation.
    pub(super) fn tree(&self) -> Tree {
        let mut policy = vec![("schema", Tree::text("graylane/v1"))];
        if self.canary_alone {
            policy.push(("stamp", Tree::text("canary")));
        }
        if let Some(tag) = &self.tag {
            let headers = vec![("version", Tree::text(tag))];
            policy.push(("headers", Tree::Map(headers)));
        }
        let services = self.services.iter().map(Service::tree).collect();
        policy.push(("services", Tree::List(services)));
        Tree::Map(policy)
    }
}

impl Service<'_> {
    fn tree(&self) -> Tree {
        let mut service = vec![("name", Tree::text(&self.name))];
        if !self.hosts.is_empty() {
            service.push(("hosts", Tree::texts(&self.hosts)));
        }
        service.push(("baseline", Tree::text(&self.baseline)));
        let version = |version: &Version| {
            let cluster = version.cluster.iter();
            let cluster = cluster.map(|cluster| ("cluster", Tree::text(cluster)));
            let name = std::iter::once(("name", Tree::text(&version.name)));
            Tree::Map(name.chain(cluster).collect())
        };
        let versions = self.versions.iter().map(version).collect();
        service.push(("versions", Tree::List(versions)));
        if !self.rules.is_empty() {
            let rules = self.rules.iter().map(Rule::tree).collect();
            service.push(("rules", Tree::List(rules)));
        }
        if !self.mirrors.is_empty() {
            let mirror = |mirror: &Mirror| {
                Tree::Map(vec![
                    ("version", Tree::text(&mirror.version)),
                    ("percent", Tree::Percent(mirror.percent)),
                    ("by", keys(&mirror.by)),
                ])
            };
            let mirrors = self.mirrors.iter().map(mirror).collect();
            service.push(("mirror", Tree::List(mirrors)));
        }
        Tree::Map(service)
    }
}

impl Rule<'_> {
    fn tree(&self) -> Tree {
        let mut rule = vec![("name", Tree::text(&self.name))];
        rule.extend(self.when.iter().map(|when| ("when", when.tree())));
        rule.push(match &self.then {
            Then::Use(version) => ("use", Tree::text(version)),
            Then::Split(split) => ("split", split.tree()),
        });
        Tree::Map(rule)
    }
}

impl Split {
    fn tree(&self) -> Tree {
        let target = |(version, percent): &(String, u32)| {
            Tree::Map(vec![
                ("version", Tree::text(version)),
                ("percent", Tree::Percent(*percent)),
            ])
        };
        let to = self.to.iter().map(target).collect();
        let mut split = vec![("by", keys(&self.by))];
        split.extend(self.salt.iter().map(|salt| ("salt", Tree::text(salt))));
        split.push(("to", Tree::List(to)));
        split.extend(self.missing.map(|missing| ("missing", Tree::text(missing))));
        Tree::Map(split)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_as_weights_do() {
        for (weights, total, expected) in [
            (&[10, 90][..], 100, &[10_000, 90_000][..]),
            (&[1, 1, 1], 3, &[33_333, 33_334, 33_333]),
            (&[1], 3, &[33_333]),
            (&[5], 1_000, &[500]),
            (&[150], 100, &[100_000]),
            (&[0, 7], 7, &[0, 100_000]),
        ] {
            assert_eq!(shares(weights, total), expected, "{weights:?}");
        }
    }

    #[test]
    fn names_are_those_that_a_policy_takes_and_each_once() {
        let mut taken = BTreeSet::new();
        for (wanted, given) in [
            ("v2", "v2"),
            ("v2", "v2-2"),
            ("/api/v1", "api-v1"),
            ("/", "rule"),
            ("a, b", "a-b"),
        ] {
            assert_eq!(name(wanted, &mut taken), given);
        }
    }
}
