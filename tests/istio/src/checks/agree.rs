//! Every hop of every user is answered by the version that the native core says.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use graylane::chance::accepted;
use graylane_harness::Progress;
use graylane_harness::checks::mixed_users;
use graylane_harness::client::{Answer, Pace, Visit, drive};
use graylane_harness::report::Row;

use crate::cluster::Registry;
use crate::mesh::{Core, Mesh, Overlay, TAG, dump, hops};

const NAME: &str = "agree";
/// The overlays' share of v2, in percent.
const PERCENT: u32 = 10;

pub(super) async fn check(mesh: &Mesh) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for overlay in ["edge", "mesh"] {
        rows.extend(every_user(mesh, overlay).await?);
    }
    Ok(rows)
}

async fn every_user(mesh: &Mesh, name: &str) -> Result<Vec<Row>> {
    let overlay = Overlay::render(mesh, name, &Registry::url(TAG)).await?;
    overlay.apply(mesh).await?;
    mesh.await_shop().await?;
    let core = Core::of_plugin(overlay.plugin()?)?;
    mesh.await_policy(&core).await?;
    dump(mesh, name).await?;

    // On purpose another policy than the one in force, where a run is to fail.
    let held_against = if mesh.site.sabotage {
        let wrong = overlay.edited(|spec| {
            spec["pluginConfig"]["services"][0]["rules"][1]["split"]["to"][0]["percent"] =
                12.into();
        })?;
        Core::of_plugin(&wrong)?
    } else {
        core
    };
    let users: Arc<[Visit]> = mixed_users(mesh.site.users)
        .iter()
        .map(|visit| visit.clone().at("shop.example.com"))
        .collect();
    let progress = Progress::of(&format!("{NAME}: {name}"), users.len());
    let answers = drive(mesh.door().await?, &users, Pace::default(), progress).await?;
    compare(name, &held_against, &users, &answers)
}

fn compare(name: &str, core: &Core, users: &[Visit], answers: &[Answer]) -> Result<Vec<Row>> {
    let mut unanswered = 0;
    let mut right: BTreeMap<&str, usize> = BTreeMap::new();
    let mut v2: BTreeMap<&str, usize> = BTreeMap::new();
    let mut tags = 0;
    let mut leaks = 0;
    let mut complaints = 0;
    for (visit, answer) in users.iter().zip(answers) {
        let observed = match hops(answer) {
            Ok(observed) => observed,
            Err(error) => {
                unanswered += 1;
                complain(&mut complaints, &format!("{}: {error}", visit.user));
                continue;
            }
        };
        let expected = core.chain(visit);
        for (expected, observed) in expected.iter().zip(&observed) {
            let service = service(&expected.name);
            *right.entry(service).or_default() += usize::from(
                (&expected.name, &expected.version) == (&observed.name, &observed.version),
            );
            *v2.entry(service).or_default() += usize::from(observed.version == "v2");
        }
        if expected != observed {
            complain(
                &mut complaints,
                &format!("{}: {observed:?}, not {expected:?}", visit.user),
            );
        }
        tags += usize::from(
            expected
                .iter()
                .map(|hop| &hop.tag)
                .eq(observed.iter().map(|hop| &hop.tag)),
        );
        // Nothing of it is for whoever asked.
        leaks += answer.as_ref().map_or(0, |reply| {
            let ours = |name: &&str| name.starts_with("x-gray-");
            reply
                .headers
                .keys()
                .map(|name| name.as_str())
                .filter(ours)
                .count()
        });
    }
    let total = users.len();
    let mut rows = vec![Row::exact(
        NAME,
        format!("{name}: unanswered"),
        0,
        unanswered,
    )];
    for service in ["checkout", "stock", "pay"] {
        let right = right.get(service).copied().unwrap_or(0);
        let rule = format!("{name}: {service}: version as the core says");
        rows.push(Row::exact(NAME, rule, total, right));
    }
    rows.push(Row::exact(
        NAME,
        format!("{name}: tag at all hops as the core says"),
        total,
        tags,
    ));
    rows.push(Row::exact(
        NAME,
        format!("{name}: x-gray-… in answers"),
        0,
        leaks,
    ));
    rows.push(shares(
        name,
        users,
        v2.get("checkout").copied().unwrap_or(0),
    )?);
    Ok(rows)
}

/// The share of v2 among those whom the split is for, and who are no testers.
fn shares(name: &str, users: &[Visit], observed: usize) -> Result<Row> {
    let is_tester = |visit: &&Visit| {
        visit
            .headers
            .iter()
            .any(|(name, value)| name == "x-qa" && value == b"on")
    };
    let testers = users.iter().filter(is_tester).count();
    let keyed = |visit: &&Visit| {
        !is_tester(visit)
            && visit
                .headers
                .iter()
                .any(|(name, _)| name == "x-user-id" || name == "cookie")
    };
    let split = users.iter().filter(keyed).count() as u64;
    let (low, high) = accepted(split, f64::from(PERCENT) / 100.0)?;
    let hits = (observed - testers.min(observed)) as u64;
    Ok(Row::judged(
        NAME,
        format!("{name}: share of v2 by the split"),
        format!("{PERCENT} %"),
        format!("{hits} of {split}"),
        format!("{low} to {high}"),
        (low..=high).contains(&hits),
    ))
}

fn service(name: &str) -> &'static str {
    ["checkout", "stock", "pay"]
        .into_iter()
        .find(|service| *service == name)
        .unwrap_or("?")
}

fn complain(count: &mut usize, text: &str) {
    *count += 1;
    if *count <= 3 {
        eprintln!("{NAME}: {text}");
    }
}
