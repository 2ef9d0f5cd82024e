//! Everything that can become of a centre: traffic goes on, the log says why, and what was published
//! meanwhile comes into force afterwards.

use anyhow::Result;
use serde_json::json;

use super::NAME;
use super::document::followed;
use super::site::{Site, everybody};
use super::traffic::Traffic;
use crate::Progress;
use crate::centre::{Access, Fault, Kind};
use crate::lab::Lab;
use crate::report::Row;

pub(super) async fn rows(lab: &Lab, kind: Kind) -> Result<Vec<Row>> {
    let colours = [everybody("v1"), everybody("v2")];
    let mut site = Site::start(lab, kind, Access::Open, &colours[0], &json!({})).await?;
    let progress = Progress::of(&format!("{NAME}: {} fails", kind.name()), Fault::ALL.len());
    let mut rows = Vec::new();
    for (number, fault) in Fault::ALL.into_iter().enumerate() {
        let [before, after] = [number, number + 1].map(|number| &colours[number % 2]);
        let mut traffic = Traffic::start(site.envoy.address(), before)?;
        let before_it = site.troubles().await?;
        let logged = site.envoy.log().end();
        // One answer may have been under way, and be whole.
        let several = matches!(fault, Fault::Half | Fault::Flaps);
        let wanted = before_it + if several { 2 } else { 1 };
        let (mut count, mut said) = (0, None);
        let publish = async {
            site.door.set(Some(fault)).await?;
            // Behind the door it is well.
            site.put(after).await?;
            // To Nacos an empty answer says that nothing has changed.
            if !(kind == Kind::Nacos && fault == Fault::Empty) {
                site.troubled(wanted).await?;
            }
            count = site.troubles().await? - before_it;
            said = site.said(logged);
            site.door.set(None).await
        };
        traffic.change(after, publish, async { Ok(()) }).await?;
        site.in_force(after, logged).await?;
        let seen = traffic.stop().await?;
        let case = format!("{}: {}", kind.name(), fault.name());
        rows.push(Row::judged(
            NAME,
            format!("{case}: counted, and the log"),
            "a failure, and a sentence",
            format!("{count}; {}", said.as_deref().unwrap_or("nothing")),
            "both",
            count > 0 && said.is_some() || kind == Kind::Nacos && fault == Fault::Empty,
        ));
        rows.extend(seen.rows(&case));
        rows.push(followed(&case, 1, seen.effects().iter().flatten().count()));
        progress.step();
    }
    Ok(rows)
}
