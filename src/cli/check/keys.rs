//! Keys that never make a user.

use super::Finding;
use super::places::{self, items};
use crate::cli::input::Loaded;
use crate::cli::keys::same;

pub(super) fn look(policy: &Loaded) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, by) in places::keys(&policy.document) {
        for (index, key) in items(by) {
            let mut earlier = items(by).take(index);
            if let Some((other, _)) = earlier.find(|(_, earlier)| same(earlier, key)) {
                findings.push(Finding::warning(
                    format!("{place}[{index}]"),
                    format!("never counts: by[{other}] is the same key; leave it out"),
                ));
            }
        }
    }
    findings
}
