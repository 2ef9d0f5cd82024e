//! Who got what, beside what the policy says.

use serde::Serialize;

use super::chance;
use super::plan::{Plan, plans};
use super::users::Crowd;
use crate::cli::layout;
use crate::rules::{Rule, Rules, Service};
use crate::{Decision, Moment, Reason, SCALE, decide};

/// What the users of one service got.
#[derive(Serialize)]
pub(super) struct Shares {
    pub(super) service: String,
    /// Of all users, whatever the rule.
    pub(super) versions: Vec<Version>,
    pub(super) rules: Vec<Group>,
    /// What ramps have planned, whatever part of it is carried out.
    pub(super) plans: Vec<Plan>,
}

#[derive(Serialize)]
pub(super) struct Version {
    #[serde(rename = "version")]
    pub(super) name: String,
    pub(super) users: u64,
    /// What the policy gives it, of those that its rules got.
    pub(super) expected: f64,
}

/// The users that a rule decided about, or that no rule did.
#[derive(Serialize)]
pub(super) struct Group {
    pub(super) rule: Option<String>,
    pub(super) reason: &'static str,
    pub(super) users: u64,
    pub(super) versions: Vec<Share>,
}

#[derive(Serialize)]
pub(super) struct Share {
    pub(super) version: String,
    pub(super) users: u64,
    /// Of all buckets.
    pub(super) percent: f64,
    /// The counts that chance explains.
    pub(super) accepted: (u64, u64),
    pub(super) ok: bool,
}

impl Shares {
    pub(super) fn ok(&self) -> bool {
        let shares = self.rules.iter().flat_map(|group| &group.versions);
        shares.into_iter().all(|share| share.ok)
    }
}

/// How often one decision was made.
struct Tally<'r> {
    decision: Decision<'r>,
    users: u64,
}

/// Sends users to a service.
pub(super) fn shares(
    rules: &Rules,
    service: usize,
    mut crowd: Crowd<'_>,
    users: u64,
    now: u64,
) -> anyhow::Result<Shares> {
    let mut tallies: Vec<Tally<'_>> = Vec::new();
    for number in 0..users {
        let random = crowd.call(number);
        let decision = decide(rules, &crowd, Moment { random, now });
        match tallies
            .iter_mut()
            .find(|tally| same(&tally.decision, &decision))
        {
            Some(tally) => tally.users += 1,
            None => tallies.push(Tally { decision, users: 1 }),
        }
    }
    let service = &rules.services()[service];
    let plans = if rules.enabled && service.enabled {
        plans(service, now)
    } else {
        Vec::new()
    };
    let groups = groups(service, &tallies, now)?;
    let versions = service.versions().map(|version| {
        let shares = groups.iter().flat_map(|group| {
            let own = group.versions.iter();
            let own = own.filter(|share| share.version == version.name());
            own.map(|share| (share.users, group.users, share.percent))
        });
        let mut total = Version {
            name: version.name().to_owned(),
            users: 0,
            expected: 0.0,
        };
        #[expect(clippy::cast_precision_loss, reason = "users are far below 2^52")]
        for (users, of, percent) in shares {
            total.users += users;
            total.expected += of as f64 * percent / 100.0;
        }
        total
    });
    Ok(Shares {
        service: service.name().to_owned(),
        versions: versions.collect(),
        rules: groups,
        plans,
    })
}

fn same(one: &Decision<'_>, other: &Decision<'_>) -> bool {
    let names = |decision: &Decision<'_>| {
        let reason = decision.reason().name();
        (
            decision.rule().map(str::as_ptr),
            reason,
            decision.version().map(str::as_ptr),
        )
    };
    names(one) == names(other)
}

fn groups(service: &Service, tallies: &[Tally<'_>], now: u64) -> anyhow::Result<Vec<Group>> {
    let baseline = service.baseline().name();
    let mut keys: Vec<(Option<&Rule>, &'static str)> = Vec::new();
    for tally in tallies {
        let rule = match tally.decision.reason() {
            Reason::Rule(rule) | Reason::NoKey(rule) => Some(rule),
            _ => None,
        };
        let reason = tally.decision.reason().name();
        let known = |&(own, name): &(Option<&Rule>, &str)| {
            own.map(Rule::name) == rule.map(Rule::name) && name == reason
        };
        if !keys.iter().any(known) {
            keys.push((rule, reason));
        }
    }
    // As the rules stand in the policy; what no rule decided comes last.
    let rules = service.rules();
    keys.sort_by_key(|(rule, _)| {
        let at = |rule: &Rule| rules.iter().position(|own| std::ptr::eq(own, rule));
        rule.map_or(rules.len(), |rule| at(rule).unwrap_or_default())
    });
    let group = |(rule, reason): (Option<&Rule>, &'static str)| {
        let of_group = |tally: &&Tally<'_>| {
            tally.decision.rule() == rule.map(Rule::name)
                && tally.decision.reason().name() == reason
        };
        let own: Vec<_> = tallies.iter().filter(of_group).collect();
        let users = own.iter().map(|tally| tally.users).sum();
        let parts = match rule.filter(|_| reason == "rule") {
            Some(rule) => layout::of_rule(rule, baseline, now),
            // Whatever else the reason, it is one version for all of them.
            None => layout::everybody(own[0].decision.version().unwrap_or(baseline)),
        };
        let versions = service.versions().filter_map(|version| {
            let buckets = layout::share(&parts, version.name());
            let got = own
                .iter()
                .filter(|tally| tally.decision.version() == Some(version.name()));
            let got = got.map(|tally| tally.users).sum();
            (buckets > 0 || got > 0).then(|| share(version.name(), got, users, buckets))
        });
        Ok(Group {
            rule: rule.map(|rule| rule.name().to_owned()),
            reason,
            users,
            versions: versions.collect::<anyhow::Result<_>>()?,
        })
    };
    keys.into_iter().map(group).collect()
}

fn share(version: &str, users: u64, of: u64, buckets: u32) -> anyhow::Result<Share> {
    let accepted = chance::accepted(of, buckets, SCALE)?;
    Ok(Share {
        version: version.to_owned(),
        users,
        percent: f64::from(buckets) / 1_000.0,
        accepted,
        ok: (accepted.0..=accepted.1).contains(&users),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_beyond_chance_is_not_ok() {
        for (users, ok) in [(396, false), (397, true), (610, true), (611, false)] {
            assert_eq!(share("v2", users, 10_000, 5_000).unwrap().ok, ok, "{users}");
        }
    }
}
