//! Who got what, beside what the policy says.

use serde::Serialize;

use super::plan::{Plan, plans};
use super::users::Crowd;
use crate::cli::layout;
use crate::rules::{Rule, Rules, Service};
use crate::{Moment, Reason, SCALE, chance, decide};

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
    /// Whether it was only counted, and the next was asked.
    pub(super) dry_run: bool,
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

/// How often one decision was made, or would have been.
struct Tally<'r> {
    reason: Reason<'r>,
    version: &'r str,
    dry_run: bool,
    users: u64,
}

#[derive(Default)]
struct Tallies<'r>(Vec<Tally<'r>>);

impl<'r> Tallies<'r> {
    fn count(&mut self, reason: Reason<'r>, version: &'r str, dry_run: bool) {
        let same = |tally: &&mut Tally<'r>| {
            std::ptr::eq(tally.version, version)
                && tally.dry_run == dry_run
                && whose(tally.reason) == whose(reason)
        };
        match self.0.iter_mut().find(same) {
            Some(tally) => tally.users += 1,
            None => self.0.push(Tally {
                reason,
                version,
                dry_run,
                users: 1,
            }),
        }
    }
}

/// Names are unique in a service, so a rule is its name.
fn whose(reason: Reason<'_>) -> (Option<&str>, &'static str) {
    (reason.rule().map(Rule::name), reason.name())
}

/// Sends users to a service.
pub(super) fn shares(
    rules: &Rules,
    service: usize,
    mut crowd: Crowd<'_>,
    users: u64,
    now: u64,
) -> anyhow::Result<Shares> {
    let mut tallies = Tallies::default();
    for number in 0..users {
        crowd.call(number);
        let decision = decide(rules, &crowd, Moment::at(now));
        for dry in decision.dry_runs() {
            tallies.count(dry.reason, dry.version, true);
        }
        let version = decision.version().unwrap_or_default();
        tallies.count(decision.reason(), version, false);
    }
    let service = &rules.services()[service];
    let plans = if rules.enabled && service.enabled {
        plans(service, now)
    } else {
        Vec::new()
    };
    let groups = groups(service, &tallies.0, now)?;
    let versions = service.destinations().map(|version| {
        let applied = groups.iter().filter(|group| !group.dry_run);
        let shares = applied.flat_map(|group| {
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

fn groups(service: &Service, tallies: &[Tally<'_>], now: u64) -> anyhow::Result<Vec<Group>> {
    let baseline = service.baseline().name();
    let rules = service.rules();
    // As the rules stand in the policy; what no rule decided comes last.
    let key = |tally: &&Tally<'_>| {
        let named = |rule: &Rule| rules.iter().position(|own| std::ptr::eq(own, rule));
        let at = tally.reason.rule().and_then(named).unwrap_or(rules.len());
        (at, tally.reason.name(), tally.dry_run)
    };
    let mut tallies: Vec<_> = tallies.iter().collect();
    tallies.sort_by_key(key);
    let group = |own: &[&Tally<'_>]| {
        let Tally {
            reason,
            version,
            dry_run,
            ..
        } = own[0];
        let users = own.iter().map(|tally| tally.users).sum();
        let parts = match reason {
            Reason::Rule(rule) => layout::of_rule(rule, baseline, now),
            // Whatever else the reason, it is one version for all of them.
            _ => layout::everybody(version),
        };
        let versions = service.destinations().filter_map(|version| {
            let buckets = layout::share(&parts, version.name());
            let got = own.iter().filter(|tally| tally.version == version.name());
            let got = got.map(|tally| tally.users).sum();
            (buckets > 0 || got > 0).then(|| share(version.name(), got, users, buckets))
        });
        Ok(Group {
            rule: reason.rule().map(|rule| rule.name().to_owned()),
            reason: reason.name(),
            dry_run: *dry_run,
            users,
            versions: versions.collect::<anyhow::Result<_>>()?,
        })
    };
    let groups = tallies.chunk_by(|one, next| key(one) == key(next));
    groups.map(group).collect()
}

fn share(version: &str, users: u64, of: u64, buckets: u32) -> anyhow::Result<Share> {
    let accepted = chance::accepted(of, f64::from(buckets) / f64::from(SCALE))?;
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
