//! Groups as rules.
//!
//! Rules know no percentage among their conditions: a split decides about everybody who has its key.
//! So what comes after a percentage is written twice: once for those who have the key, as what the
//! split leaves, and once for those who have not.

use std::collections::BTreeSet;

use super::super::condition::{Condition, Key};
use super::super::draft::{ALL, Rule, Split, Then, name};
use super::super::notes::Notes;
use super::super::part::{Read, Spot};
use super::config::{Group, HUNDRED, Test};

/// Thousandths of a percent in one.
const ONE: u64 = 1_000;

/// What one group comes to, or one of the ways into it.
#[derive(Clone)]
pub(super) struct Step<'m> {
    when: Vec<Condition>,
    percentage: Option<(Key, u64)>,
    version: String,
    spot: Spot<'m>,
}

/// Those who are drawn by a key already.
#[derive(Clone)]
struct Draw {
    key: Key,
    /// Each with its hundredths.
    parts: Vec<(String, u64)>,
    taken: u64,
}

pub(super) struct Walk<'w, 'm> {
    pub(super) service: &'w str,
    pub(super) baseline: &'w str,
    /// Versions with their weights, and what draws them.
    pub(super) weights: &'w [(String, u64)],
    pub(super) drawn: (Vec<Key>, Option<&'static str>),
    pub(super) end: Spot<'m>,
    pub(super) names: BTreeSet<String>,
    pub(super) rules: Vec<Rule<'m>>,
}

/// The ways into a group.
pub(super) fn steps<'m>(
    group: &Group<'m>,
    version: &str,
    notes: &mut Notes,
) -> Read<Vec<Step<'m>>> {
    let step = |when, percentage| Step {
        when,
        percentage,
        version: version.to_owned(),
        spot: group.spot.clone(),
    };
    let mut holds = Vec::new();
    let mut percentages: Vec<(Key, u64)> = Vec::new();
    for test in &group.tests {
        match test {
            Test::Holds(conditions) if group.any => {
                holds.extend(Condition::all(conditions.clone()));
            }
            Test::Holds(conditions) => holds.extend(conditions.clone()),
            Test::Percentage(key, percent) => percentages.push((key.clone(), *percent)),
        }
    }
    if let Some((key, _)) = percentages.first() {
        notes.say(
            &group.spot,
            format!(
                "there SHA-256 says who is among the first of 100 by {}, in every release the same; \
                 here the salt of the rule does as well: as many users, but others",
                key.words()
            ),
        );
    }
    if group.tests.is_empty() {
        notes.say(
            &group.spot,
            "has no conditions, so it holds for nobody, there as here",
        );
        return Ok(Vec::new());
    }
    if group.any {
        let tests = (!holds.is_empty()).then(|| step(vec![Condition::any(holds)], None));
        let drawn = percentages
            .into_iter()
            .map(|each| step(Vec::new(), Some(each)));
        return Ok(tests.into_iter().chain(drawn).collect());
    }
    // The same hash for both: who is below one bound and below the other is below the lower.
    let lowest = percentages.iter().map(|(_, percent)| *percent).min();
    let key = percentages.first().map(|(key, _)| key.clone());
    if percentages.iter().any(|(own, _)| Some(own) != key.as_ref()) {
        return Err(two_keys(&group.spot));
    }
    Ok(vec![step(holds, key.zip(lowest))])
}

/// The split of a percentage.
fn drawn_by_key<'r>(rule: &'r mut Rule<'_>) -> Option<&'r mut Split> {
    match &mut rule.then {
        Then::Split(split) if split.missing == Some("next") => Some(split),
        Then::Split(_) | Then::Use(_) => None,
    }
}

fn two_keys(spot: &Spot<'_>) -> anyhow::Error {
    spot.refuse(
        "draws by one key among those who are drawn by another, which a split cannot; take the same \
         key for both",
    )
}

impl<'m> Walk<'_, 'm> {
    /// Adds the rules for requests of which these conditions hold.
    pub(super) fn all(&mut self, steps: &[Step<'m>]) -> Read<()> {
        self.walk(steps, &[], None)?;
        // Whom no rule concerns is the baseline's anyhow.
        let baseline = Then::Use(self.baseline.to_owned());
        while self.rules.last().is_some_and(|rule| rule.then == baseline) {
            self.rules.pop();
        }
        self.share_salts();
        // Who has no key is on the baseline anyhow, where no rule comes after.
        if let Some(split) = self.rules.last_mut().and_then(drawn_by_key) {
            split.missing = None;
        }
        Ok(())
    }

    /// Gives one salt to splits by one key: who is among the first of 100 is so in each of them.
    fn share_salts(&mut self) {
        let mut drawn: Vec<_> = self.rules.iter_mut().filter_map(drawn_by_key).collect();
        let keys: Vec<_> = drawn.iter().map(|split| split.by.clone()).collect();
        for (split, key) in drawn.iter_mut().zip(&keys) {
            if let [Key::Named(_, names)] = &key[..]
                && keys.iter().filter(|each| *each == key).count() > 1
            {
                split.salt = Some(format!("{}/{}", self.service, names.join(".")));
            }
        }
    }

    fn walk(&mut self, steps: &[Step<'m>], given: &[Condition], draw: Option<&Draw>) -> Read<()> {
        for (at, step) in steps.iter().enumerate() {
            let when = [given, &step.when].concat();
            let Some((key, percent)) = &step.percentage else {
                let rest = [(step.version.clone(), HUNDRED)];
                self.rule(when, draw, &rest, &step.spot);
                continue;
            };
            let (mut parts, taken) = match draw {
                None => (Vec::new(), 0),
                Some(draw) if draw.key == *key => (draw.parts.clone(), draw.taken),
                Some(_) => return Err(two_keys(&step.spot)),
            };
            parts.push((step.version.clone(), percent.saturating_sub(taken)));
            let inner = Draw {
                key: key.clone(),
                parts,
                taken: taken.max(*percent),
            };
            self.walk(&steps[at + 1..], &when, Some(&inner))?;
            if step.when.is_empty() && draw.is_some() {
                // Everybody here has the key.
                return Ok(());
            }
        }
        let (weights, end) = (self.weights.to_vec(), self.end.clone());
        match draw {
            Some(_) => self.rule(given.to_vec(), draw, &weights, &end),
            None if weights.is_empty() => {}
            None => {
                let parts = weights
                    .iter()
                    .map(|(version, weight)| (version, weight * ONE));
                let (by, missing) = self.drawn.clone();
                let then = self.split(by, missing, parts);
                self.push(None, then, &end, "weights");
            }
        }
        Ok(())
    }

    /// Adds a rule that gives what a draw leaves to these versions, in hundredths.
    fn rule(
        &mut self,
        mut when: Vec<Condition>,
        draw: Option<&Draw>,
        rest: &[(String, u64)],
        spot: &Spot<'m>,
    ) {
        let then = match (draw, rest) {
            (None, [(version, _)]) => Then::Use(version.clone()),
            (None, _) => Then::Use(self.baseline.to_owned()),
            (Some(draw), rest) => {
                let left = HUNDRED - draw.taken;
                let drawn = draw
                    .parts
                    .iter()
                    .map(|(version, part)| (version, part * ONE));
                let rest = rest
                    .iter()
                    .map(|(version, part)| (version, part * left * ONE / HUNDRED));
                let next = Some("next");
                let then = self.split(vec![draw.key.clone()], next, drawn.chain(rest));
                if let (Then::Use(_), Key::Named(kind, names)) = (&then, &draw.key) {
                    when.push(Condition::present(kind, &names[0], true));
                }
                then
            }
        };
        let kind = if draw.is_some() {
            "percentage"
        } else {
            "group"
        };
        self.push(Condition::all(when), then, spot, kind);
    }

    /// A split in thousandths of a percent; where all is the baseline's, that alone.
    fn split<'v>(
        &self,
        by: Vec<Key>,
        missing: Option<&'static str>,
        parts: impl Iterator<Item = (&'v String, u64)>,
    ) -> Then {
        let mut to: Vec<(String, u32)> = Vec::new();
        for (version, part) in parts {
            let part = u32::try_from(part).unwrap_or(ALL);
            if part == 0 || version == self.baseline {
                continue;
            }
            match to.iter_mut().find(|(own, _)| own == version) {
                Some((_, own)) => *own += part,
                None => to.push((version.clone(), part)),
            }
        }
        if to.is_empty() {
            Then::Use(self.baseline.to_owned())
        } else {
            Then::Split(Split {
                by,
                salt: None,
                to,
                missing,
            })
        }
    }

    fn push(&mut self, when: Option<Condition>, then: Then, spot: &Spot<'m>, kind: &str) {
        let name = match &then {
            Then::Use(version) => name(version, &mut self.names),
            Then::Split(_) => name(kind, &mut self.names),
        };
        self.rules.push(Rule {
            name,
            when,
            then,
            origin: spot.clone(),
        });
    }
}
