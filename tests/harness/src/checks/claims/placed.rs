//! Where `jwt_authn` puts a token, and where graylane looks for it: two names that have to agree.

use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{NAME, agree, people};
use crate::backend::Fleet;
use crate::client::{Issuer, Visit};
use crate::envoy::{Sample, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

/// The policy's `claims_in`, or none, and `payload_in_metadata`.
const NAMES: [(Option<&str>, &str); 4] = [
    (Some("user.id"), "user.id"),
    (Some("\u{8eab}\u{4efd}"), "\u{8eab}\u{4efd}"),
    (None, "user.id"),
    (Some("user.id"), "payload"),
];

pub(super) async fn check(lab: &Lab, backends: &Fleet, issuer: &Issuer) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (read, written) in NAMES {
        let mut policy = Sample::load("jwt")?.policy()?;
        if let Some(read) = read {
            policy["claims_in"] = read.into();
        }
        let native = Native::compile(&policy)?;
        let setup = Setup::of("jwt").policy(&policy).claims_put_in(written);
        let envoy = lab.envoy(&setup, backends).await?;
        let visits = put_in(written, &people(issuer));
        let by_claim = by_claim(&native, &visits);
        ensure!(
            (by_claim > 0) == (read == Some(written)),
            "{NAME}: the core finds claims for {by_claim} users"
        );
        let read = read.unwrap_or("payload");
        let case = format!("put under {written}, read from {read}: {by_claim} by a claim");
        rows.push(agree(&envoy, &native, &case, visits).await?);
    }
    Ok(rows)
}

/// The same people, their tokens' claims under this name.
fn put_in(name: &str, people: &[Visit]) -> Arc<[Visit]> {
    let renamed = |visit: &Visit| {
        let mut visit = visit.clone();
        if let Value::Object(verified) = &mut visit.verified
            && let Some(claims) = verified.remove("payload")
        {
            verified.insert(name.to_owned(), claims);
        }
        visit
    };
    people.iter().map(renamed).collect()
}

/// Users whom one of the sample's rules on a claim sends on.
fn by_claim(native: &Native, visits: &[Visit]) -> usize {
    let sent = |visit: &&Visit| {
        let rule = native.decide(visit).rule.unwrap_or_default();
        ["premium", "testers", "trial"].contains(&&*rule)
    };
    visits.iter().filter(sent).count()
}
