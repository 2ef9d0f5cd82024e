//! Every hop of every user is answered by the version that the native core says.

use std::sync::Arc;

use anyhow::{Context, Result};
use graylane::chance::accepted;
use graylane_harness::Progress;
use graylane_harness::checks::mixed_users;
use graylane_harness::client::{Answer, Pace, Visit, drive};
use graylane_harness::report::Row;

use crate::mesh::{Core, Mesh, Overlay, SERVICES, dump, hops};

const NAME: &str = "agree";
/// The overlays' share of v2, in percent.
const PERCENT: u32 = 10;
/// Another one, which answers must not agree with.
const WRONG: u32 = 12;

pub(super) async fn check(mesh: &Mesh) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for overlay in ["edge", "mesh", "cluster-header"] {
        let rows_of_overlay = every_user(mesh, overlay).await;
        rows.extend(rows_of_overlay.with_context(|| format!("the overlay {overlay}"))?);
    }
    Ok(rows)
}

async fn every_user(mesh: &Mesh, name: &str) -> Result<Vec<Row>> {
    let (overlay, core) = Overlay::in_force(mesh, name).await?;
    dump(mesh, name).await?;

    let users: Arc<[Visit]> = mixed_users(mesh.site.users)
        .iter()
        .map(|visit| visit.clone().at("shop.example.com"))
        .collect();
    let progress = Progress::of(&format!("{NAME}: {name}"), users.len());
    let answers = drive(mesh.door().await?, &users, Pace::default(), progress).await?;
    let tally = Tally::of(&core, &users, &answers, 3);
    let mut rows = tally.rows(name, users.len());
    rows.push(share(name, &users, tally.canary)?);

    let wrong = overlay.edited(|spec| {
        let split = "/pluginConfig/services/0/rules/1/split/to/0/percent";
        if let Some(percent) = spec.pointer_mut(split) {
            *percent = WRONG.into();
        }
    })?;
    let noticed = Tally::of(&Core::of_plugin(&wrong)?, &users, &answers, 0);
    let differs = noticed.right != tally.right;
    rows.push(Row::judged(
        NAME,
        format!("{name}: the core at {WRONG} %, the mesh at {PERCENT} %"),
        "the check fails",
        if differs { "it fails" } else { "it passes" },
        "—",
        differs,
    ));
    if name == "cluster-header" {
        // What it adds to the routes would stay.
        let path = format!("{name}/routes.yaml");
        mesh.remove_manifest(&path).await?;
    }
    Ok(rows)
}

/// What of the answers was right.
#[derive(Default)]
struct Tally {
    unanswered: usize,
    /// For each service in turn.
    right: [usize; SERVICES.len()],
    tags: usize,
    leaks: usize,
    /// Answers by v2 of the first service.
    canary: usize,
}

impl Tally {
    /// Compares, and complains of so many that are wrong.
    fn of(core: &Core, users: &[Visit], answers: &[Answer], mut complaints: usize) -> Self {
        let mut tally = Self::default();
        let mut complain = |text: String| {
            if complaints > 0 {
                complaints -= 1;
                eprintln!("{NAME}: {text}");
            }
        };
        for (visit, answer) in users.iter().zip(answers) {
            let observed = match hops(answer) {
                Ok(observed) => observed,
                Err(error) => {
                    tally.unanswered += 1;
                    complain(format!("{}: {error}", visit.user));
                    continue;
                }
            };
            let expected = core.chain(visit);
            if expected != observed {
                complain(format!("{}: {observed:?}, not {expected:?}", visit.user));
            }
            let pairs = expected.iter().zip(&observed).zip(&mut tally.right);
            for ((expected, observed), right) in pairs {
                let same =
                    (&expected.name, &expected.version) == (&observed.name, &observed.version);
                *right += usize::from(same);
            }
            let tags = |hops: &[crate::mesh::Hop]| -> Vec<_> {
                hops.iter().map(|hop| hop.tag.clone()).collect()
            };
            tally.tags += usize::from(tags(&expected) == tags(&observed));
            tally.canary += usize::from(observed.first().is_some_and(|hop| hop.version == "v2"));
            // Nothing of it is for whoever asked.
            tally.leaks += answer.as_ref().map_or(0, |reply| {
                let names = reply.headers.keys();
                names
                    .filter(|name| name.as_str().starts_with("x-gray-"))
                    .count()
            });
        }
        tally
    }

    fn rows(&self, name: &str, total: usize) -> Vec<Row> {
        let row = |rule: &str, expected: usize, observed: usize| {
            Row::exact(NAME, format!("{name}: {rule}"), expected, observed)
        };
        let mut rows = vec![row("unanswered", 0, self.unanswered)];
        for (service, right) in SERVICES.iter().zip(self.right) {
            let rule = format!("{service}: version as the core says");
            rows.push(row(&rule, total, right));
        }
        rows.push(row("tags at all hops as the core says", total, self.tags));
        rows.push(row("x-gray-… in answers", 0, self.leaks));
        rows
    }
}

/// The share of v2 among those whom the split is for: who are no testers, and have a key.
fn share(name: &str, users: &[Visit], canary: usize) -> Result<Row> {
    let has = |visit: &Visit, wanted: &str, value: Option<&[u8]>| {
        let mut headers = visit.headers.iter();
        headers.any(|(name, own)| name == wanted && value.is_none_or(|value| own == value))
    };
    let is_tester = |visit: &Visit| has(visit, "x-qa", Some(b"on"));
    let testers = users.iter().filter(|visit| is_tester(visit)).count();
    let keyed = |visit: &&Visit| {
        !is_tester(visit) && (has(visit, "x-user-id", None) || has(visit, "cookie", None))
    };
    let split = users.iter().filter(keyed).count() as u64;
    let (low, high) = accepted(split, f64::from(PERCENT) / 100.0)?;
    let hits = canary.saturating_sub(testers) as u64;
    Ok(Row::judged(
        NAME,
        format!("{name}: share of v2 by the split"),
        format!("{PERCENT} %"),
        format!("{hits} of {split}"),
        format!("{low} to {high}"),
        (low..=high).contains(&hits),
    ))
}
