//! The rules of one service: from the document to whom they concern and where they send them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::checks::{not_empty, once, one_of};
use super::condition::Condition;
use super::cookies::Cookies;
use super::keep::Keep;
use super::lane::Lanes;
use super::layout::{self, Layout};
use super::scope::Scope;
use super::source::Source;
use super::split::{Key, Missing, Split, keys};
use super::target::Extent;
use super::version::{Version, find, unknown};
use super::{Action, Rule, name};
use crate::bucket::{Draw, SCALE};
use crate::error::{Error, Place};
use crate::limits::MAX_SALT_BYTES;
use crate::policy::{self, Algorithm, Target, Text};

/// What the rules of one service are compiled with.
pub(super) struct Rulebook<'a> {
    scope: Scope<'a>,
    service: &'a str,
    versions: &'a [Arc<Version>],
    baseline: &'a Arc<Version>,
    lanes: &'a Lanes,
    cookies: &'a Cookies,
    names: BTreeSet<Arc<str>>,
    mirrored: BTreeSet<Arc<str>>,
    /// The lanes that rules name, and that have no version here.
    pub(super) passing: Vec<Arc<Version>>,
}

impl<'a> Rulebook<'a> {
    pub(super) fn new(
        scope: Scope<'a>,
        service: &'a str,
        versions: &'a [Arc<Version>],
        baseline: &'a Arc<Version>,
        lanes: &'a Lanes,
        cookies: &'a Cookies,
    ) -> Self {
        Self {
            scope,
            service,
            versions,
            baseline,
            lanes,
            cookies,
            names: BTreeSet::new(),
            mirrored: BTreeSet::new(),
            passing: Vec::new(),
        }
    }

    /// The rule at this place, from 0.
    pub(super) fn rule(
        &mut self,
        place: &Place<'_>,
        number: usize,
        document: policy::Rule,
    ) -> Result<Rule, Error> {
        enum Choice {
            Use(Text),
            Split(policy::Split),
        }
        let at_name = place.field("name");
        let name = name::name(&at_name, document.name)?;
        once(&at_name, &mut self.names, &name.as_str().into())?;
        let at_when = place.field("when");
        let when = document
            .when
            .map(|when| Condition::compile(&at_when, when, self.scope));
        let (field, choice) = one_of(
            place,
            [
                ("use", document.r#use.map(Choice::Use)),
                ("split", document.split.map(Choice::Split)),
            ],
        )?;
        let at_choice = place.field(field);
        let action = match choice {
            Choice::Use(version) => Action::Use(self.destination(&at_choice, &version)?),
            Choice::Split(split) => Action::Split(self.split(&at_choice, split, &name)?),
        };
        Ok(Rule {
            number,
            name: name.into(),
            when: when.transpose()?,
            action,
            dry_run: document.dry_run,
        })
    }

    /// A mirror is a split of one target, of which the rest is not copied.
    pub(super) fn mirror(
        &mut self,
        place: &Place<'_>,
        document: policy::Mirror,
    ) -> Result<Split, Error> {
        let at_version = place.field("version");
        let version = find(&at_version, self.versions, &document.version)?;
        if version.cluster.is_none() {
            return Err(at_version.error(format!(
                "{:?} names no `cluster` that a copy could go to; give it one",
                version.name()
            )));
        }
        once(&at_version, &mut self.mirrored, &version.name)?;
        let by = keys(&place.field("by"), document.by, self.scope)?;
        let salt = format!("{}/mirror/{}", self.service, version.name());
        let algorithm = Algorithm::GraylaneV1;
        let target = Target {
            version: document.version,
            percent: Some(document.percent),
            ranges: None,
            ramp: None,
            weight: None,
        };
        let extent = Extent::compile(place, target, algorithm)?;
        let layout = Layout::new(place, vec![(version.clone(), extent)])?;
        Ok(Split::new(
            by,
            Draw::new(algorithm, &salt, 0),
            layout,
            Missing::Next,
            None,
        ))
    }

    fn split(
        &mut self,
        place: &Place<'_>,
        document: policy::Split,
        rule: &str,
    ) -> Result<Split, Error> {
        let by = keys(&place.field("by"), document.by, self.scope)?;
        let algorithm = document.algorithm;
        let salt = match document.salt {
            Some(salt) => checked_salt(&place.field("salt"), salt, algorithm)?,
            None => self.default_salt(place, algorithm, rule)?,
        };
        let at_to = place.field("to");
        not_empty(&at_to, &document.to, "name at least one version")?;
        let alone = matches!(algorithm, Algorithm::Unleash | Algorithm::FlagdV2);
        if alone && document.to.len() > 1 {
            return Err(at_to.error(format!(
                "has {} targets; with `algorithm: {}` keep one",
                document.to.len(),
                algorithm.name()
            )));
        }
        let mut names = BTreeSet::new();
        let mut targets = Vec::with_capacity(document.to.len());
        for (index, target) in document.to.into_iter().enumerate() {
            let place = at_to.index(index);
            let at_version = place.field("version");
            let version = self.destination(&at_version, &target.version)?;
            let by_weight = algorithm == Algorithm::UnleashVariants;
            if Arc::ptr_eq(&version, self.baseline) && !by_weight {
                return Err(at_version.error(format!(
                    "{:?} is the baseline, which has what the others leave; leave it out",
                    version.name()
                )));
            }
            once(&at_version, &mut names, &version.name)?;
            targets.push((version, Extent::compile(&place, target, algorithm)?));
        }
        let missing = self.missing(place, document.missing, &by)?;
        let keep = if document.keep {
            if missing == Missing::Random {
                return Err(place.field("keep").error(
                    "with `missing: random` everybody ends on a canary: whoever is on none draws \
                     again each time; write `missing: mint`",
                ));
            }
            let versions = targets.iter().map(|(version, _)| version);
            let canaries = versions.filter(|version| !Arc::ptr_eq(version, self.baseline));
            Some(Keep::new(self.service, rule, &salt, canaries))
        } else {
            None
        };
        let total = layout::total(&targets);
        if algorithm == Algorithm::UnleashVariants && !(1..=SCALE).contains(&total) {
            return Err(at_to.error(format!(
                "the weights add up to {total}; they must come to 1 to {SCALE}"
            )));
        }
        let layout = Layout::new(&at_to, targets)?;
        let draw = Draw::new(algorithm, &salt, total);
        Ok(Split::new(by, draw, layout, missing, keep))
    }

    /// What a rule names: a version, or a lane. A lane stands for the service's version that is in
    /// it; where none is, the baseline answers, and the tag is the lane's.
    fn destination(&mut self, place: &Place<'_>, name: &Text) -> Result<Arc<Version>, Error> {
        let mut own = self.versions.iter().chain(&self.passing);
        let own = own.find(|version| *version.name == *name.0 || version.tag() == name.0);
        if let Some(version) = own {
            return Ok(version.clone());
        }
        let Some(lane) = self.lanes.named(&name.0) else {
            let names: Vec<_> = self.versions.iter().map(|own| own.name()).collect();
            return Err(unknown(place, &names, &name.0, &self.lanes.or_one()));
        };
        let version = Arc::new(Version {
            number: self.baseline.number,
            guard: None,
            name: lane.name.clone(),
            cluster: self.baseline.cluster.clone(),
            enabled: true,
            lane: Some(lane.clone()),
        });
        self.passing.push(version.clone());
        Ok(version)
    }

    fn missing(
        &self,
        place: &Place<'_>,
        document: policy::Missing,
        by: &[Key],
    ) -> Result<Missing, Error> {
        let place = place.field("missing");
        Ok(match document {
            policy::Missing::Baseline => Missing::Baseline,
            policy::Missing::Next => Missing::Next,
            policy::Missing::Random => Missing::Random,
            policy::Missing::Mint => {
                let mut cookies = by.iter().filter_map(|key| match key {
                    Key::Text(Source::Cookie(name)) => Some(name),
                    _ => None,
                });
                let name = cookies.next().ok_or_else(|| {
                    place.error("`mint` needs a cookie in `by` for the id, such as `cookie: uid`")
                })?;
                self.cookies.check_name(&place, name)?;
                let name = String::from_utf8_lossy(name);
                Missing::Mint(name.into())
            }
        })
    }

    /// `<service>/<rule>`, where nobody else has to agree on it.
    fn default_salt(
        &self,
        place: &Place<'_>,
        algorithm: Algorithm,
        rule: &str,
    ) -> Result<Box<str>, Error> {
        let theirs = match algorithm {
            Algorithm::GraylaneV1 => return Ok(format!("{}/{rule}", self.service).into()),
            Algorithm::Unleash => "the groupId, which is the feature's name unless it was changed",
            Algorithm::UnleashVariants => {
                "the feature's name, or the groupId of the strategy that has the variants"
            }
            Algorithm::FlagdV2 => "the flag's key, or what the rule puts before the user's",
        };
        Err(place.error(format!(
            "`algorithm: {}` needs `salt`: {theirs}",
            algorithm.name()
        )))
    }
}

fn checked_salt(
    place: &Place<'_>,
    Text(salt): Text,
    algorithm: Algorithm,
) -> Result<Box<str>, Error> {
    // Those that others share may be empty there.
    let (least, remedy) = match algorithm {
        Algorithm::GraylaneV1 => (1, ", or leave it out"),
        Algorithm::Unleash | Algorithm::UnleashVariants | Algorithm::FlagdV2 => (0, ""),
    };
    if (least..=MAX_SALT_BYTES).contains(&salt.len()) {
        Ok(salt.into())
    } else {
        Err(place.error(format!(
            "has {} bytes; use {least} to {MAX_SALT_BYTES}{remedy}",
            salt.len()
        )))
    }
}
