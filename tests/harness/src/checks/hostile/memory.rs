//! What a centre can make Envoy hold: with Envoy's own bound, and with that of the sample.

use std::fs;

use anyhow::{Context, Result};

use super::site::{Of, Site, in_force, policy};
use super::{NAME, baseline, shape, tricks, wrong};
use crate::backend::Fleet;
use crate::centre::Kind;
use crate::lab::Lab;
use crate::report::Row;

/// Megabytes that the sample's bound saves at least, of the 26 between the two: what Envoy has free
/// already does not show.
const SAVED: u64 = 8;

pub(super) async fn rows(lab: &Lab, backends: &Fleet) -> Result<Vec<Row>> {
    let ((mut rows, usual), (more, bounded)) =
        tokio::try_join!(slow(lab, backends), sample(lab, backends))?;
    rows.extend(more);
    // A container's memory is not that of what runs it.
    if lab.beside().is_some() {
        rows.push(Row::judged(
            NAME,
            "100 MB: megabytes more at Envoy's peak, by its own bound; by the sample's",
            "less than 100; less",
            format!("{usual}; {bounded}"),
            format!("{SAVED} between them"),
            usual < 100 && bounded + SAVED <= usual,
        ));
    }
    Ok(rows)
}

async fn slow(lab: &Lab, backends: &Fleet) -> Result<(Vec<Row>, u64)> {
    let tricks = tricks::slow();
    let count = wrong(&tricks);
    let mut site = Site::start(lab, backends, Kind::Http, Of::Policy, "http, slow").await?;
    let (mut rows, grown) = flood(&mut site).await?;
    rows.extend(site.play(tricks).await?);
    let (.., more) = site.end(count).await?;
    rows.extend(more);
    Ok((rows, grown))
}

/// The sample, with Consul's token in no policy.
async fn sample(lab: &Lab, backends: &Fleet) -> Result<(Vec<Row>, u64)> {
    let tricks = tricks::of_kind(Kind::Consul);
    let count = wrong(&tricks);
    let mut site = Site::start(lab, backends, Kind::Consul, Of::Policy, "consul").await?;
    let (mut rows, grown) = flood(&mut site).await?;
    rows.extend(site.play(tricks).await?);
    let logged = site.envoy.log().end();
    let (envoy, centre, more) = site.end(count).await?;
    rows.extend(more);

    // A policy may name any cluster of Envoy's, and this one has a token that is not for users.
    let mut greedy = policy(0);
    greedy["services"][0]["versions"][1]["cluster"] = "consul".into();
    greedy["services"][0]["rules"][0] = serde_json::json!({ "name": "all", "use": "v2" });
    let text = greedy.to_string();
    centre.answer(shape::document(Kind::Consul, 9_999, text.as_bytes()));
    in_force(&envoy, &greedy, logged).await?;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let rule = "consul: a policy that names the centre's own cluster: users on the baseline";
    rows.push(baseline(&envoy, rule).await?);
    let heads = centre.heads();
    let strange = heads.iter().filter(|head| head.contains("x-user-id"));
    rows.push(Row::exact(
        NAME,
        "consul: users' requests at the centre, with its token",
        0,
        strange.count(),
    ));
    Ok((rows, grown))
}

/// What 100 MB make of Envoy's memory: megabytes more at its peak.
async fn flood(site: &mut Site) -> Result<(Vec<Row>, u64)> {
    let process = format!("/proc/{}", site.envoy.id());
    // The peak begins anew.
    fs::write(format!("{process}/clear_refs"), "5").context("the kernel does not forget a peak")?;
    let before = megabytes(&process, "VmRSS:")?;
    let rows = site.play(tricks::floods()).await?;
    Ok((rows, megabytes(&process, "VmHWM:")?.saturating_sub(before)))
}

fn megabytes(process: &str, field: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    let kilobytes = kilobytes.with_context(|| format!("the kernel tells no {field}"))?;
    Ok(kilobytes.parse::<u64>()? / 1_024)
}
