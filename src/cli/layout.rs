//! Where a rule sends people: which buckets each version has, the baseline's written out as well.
//!
//! The one part of the command line that knows the kinds of a rule's action.

use std::ops::Range;

use crate::rules::{Action, Missing, Rule, Split, Version};
use crate::{Moment, SCALE};

/// Some buckets, and whose they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part<'r> {
    pub(super) buckets: Range<u32>,
    pub(super) version: &'r str,
}

/// All of a rule's buckets at a moment, in order and without a gap.
pub(super) fn of_rule<'r>(rule: &'r Rule, baseline: &'r str, now: u64) -> Vec<Part<'r>> {
    let moment = Moment::at(now);
    match &rule.action {
        Action::Use(version) => everybody(landed(version, baseline, moment)),
        Action::Split(split) => of_split(split, baseline, moment),
    }
}

/// Whose users those of a version are: it may be closed.
fn landed<'r>(version: &'r Version, baseline: &'r str, moment: Moment) -> &'r str {
    if version.is_closed(moment) {
        baseline
    } else {
        version.name()
    }
}

/// One version for all.
pub(super) fn everybody(version: &str) -> Vec<Part<'_>> {
    vec![Part {
        buckets: 0..SCALE,
        version,
    }]
}

/// All buckets of a split at a moment, in order and without a gap.
pub(super) fn of_split<'r>(split: &'r Split, baseline: &'r str, moment: Moment) -> Vec<Part<'r>> {
    let slices = split.slices_at(moment.now).into_iter().map(|slice| Part {
        buckets: slice.buckets(),
        version: landed(slice.version(), baseline, moment),
    });
    let mut slices: Vec<_> = slices.filter(|slice| !slice.buckets.is_empty()).collect();
    slices.sort_by_key(|slice| slice.buckets.start);
    let mut parts = Vec::new();
    let mut next = 0;
    for slice in slices {
        if next < slice.buckets.start {
            parts.push(Part {
                buckets: next..slice.buckets.start,
                version: baseline,
            });
        }
        next = slice.buckets.end;
        parts.push(slice);
    }
    if next < SCALE {
        parts.push(Part {
            buckets: next..SCALE,
            version: baseline,
        });
    }
    parts
}

/// The versions that a rule names, also with no share yet.
pub(super) fn named(rule: &Rule) -> Vec<&Version> {
    match &rule.action {
        Action::Use(version) => vec![version],
        Action::Split(split) => {
            let slices = split.slices_at(0).into_iter();
            slices.map(|slice| slice.version()).collect()
        }
    }
}

/// Whether no request that the rule concerns goes on to the next.
pub(super) fn always_decides(rule: &Rule) -> bool {
    !rule.dry_run
        && match &rule.action {
            Action::Use(_) => true,
            Action::Split(split) => split.missing != Missing::Next,
        }
}

/// How many buckets a version has in all.
pub(super) fn share(parts: &[Part<'_>], version: &str) -> u32 {
    let own = parts.iter().filter(|part| part.version == version);
    own.map(|part| part.buckets.end - part.buckets.start).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bucket, Node, Policy, Rules};

    #[test]
    fn every_bucket_is_whose_the_core_says_it_is() {
        for to in [
            "[]",
            r#"[{"version":"v2","percent":0}]"#,
            r#"[{"version":"v2","percent":12.345}]"#,
            r#"[{"version":"v2","percent":100}]"#,
            r#"[{"version":"v2","percent":10},{"version":"v3","percent":5}]"#,
            r#"[{"version":"v2","percent":0},{"version":"v3","percent":5},{"version":"v4","percent":95}]"#,
            r#"[{"version":"v2","percent":1},{"version":"v3","percent":2},{"version":"v4","percent":3}]"#,
        ] {
            let action = if to == "[]" {
                r#""use":"v3""#.to_owned()
            } else {
                format!(r#""split":{{"by":[{{"header":"x"}}],"to":{to}}}"#)
            };
            let text = format!(
                r#"{{"schema":"graylane/v1","services":[{{"name":"s","baseline":"v1",
                "versions":[{{"name":"v1"}},{{"name":"v2"}},{{"name":"v3"}},{{"name":"v4"}}],
                "rules":[{{"name":"r",{action}}}]}}]}}"#
            );
            let policy = Policy::parse(text.as_bytes()).unwrap();
            let rules = Rules::compile(policy, &Node::default()).unwrap();
            let rule = &rules.services()[0].rules()[0];
            let parts = of_rule(rule, "v1", 0);
            let mut next = 0;
            for part in &parts {
                assert_eq!(part.buckets.start, next, "{to}");
                assert!(!part.buckets.is_empty(), "{to}");
                next = part.buckets.end;
            }
            assert_eq!(next, SCALE, "{to}");
            let Some(split) = rule.split() else { continue };
            // A hash for each bucket.
            for bucket in (0..SCALE).map(|at| (u64::from(at) << 32).div_ceil(SCALE.into())) {
                let bucket = Bucket::project(u32::try_from(bucket).unwrap());
                let core = split
                    .hit(bucket, Moment::at(0))
                    .map_or("v1", |hit| hit.version.name());
                let own = parts
                    .iter()
                    .find(|part| part.buckets.contains(&bucket.number()));
                assert_eq!(own.unwrap().version, core, "{to}: {bucket:?}");
            }
        }
    }
}
