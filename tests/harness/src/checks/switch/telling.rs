//! Users whom the policies treat differently, so that the load tells which one is in force.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::with_user;
use crate::client::{Protocol, Visit};
use crate::native::Native;

/// Users of whom each step moves about as many as every other: the load tells every change.
pub(super) fn users(natives: &[Native]) -> Arc<[Visit]> {
    const EACH: usize = 80;
    let mut groups: BTreeMap<Vec<Option<String>>, Vec<Visit>> = BTreeMap::new();
    for number in 0..50_000 {
        let visit = with_user(Visit::of(format!("user-{number}")));
        let versions = natives
            .iter()
            .map(|native| native.decide(&visit).version)
            .collect();
        let group = groups.entry(versions).or_default();
        if group.len() < EACH {
            let visit = visit.over([Protocol::Http1, Protocol::Http2][number % 2]);
            group.push(match number % 20 {
                0 | 1 => visit.with("x-backend-delay-ms", "100"),
                2..=5 => visit.sending("POST", 20_000),
                _ => visit,
            });
        }
    }
    let mut users: Vec<_> = groups.into_values().flatten().collect();
    // Neighbours in the list are asked one after the other; spread the groups among them.
    users.sort_by_key(|visit| visit.user.chars().rev().collect::<String>());
    users.into()
}
