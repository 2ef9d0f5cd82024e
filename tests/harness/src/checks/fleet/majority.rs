//! `close_when: majority`: one proxy's trouble is its own, that of most is everybody's.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::NAME;
use super::site::{PROXIES, Site};
use crate::Progress;
use crate::centre::Kind;
use crate::lab::Lab;
use crate::report::Row;

const SERVICE: &str = "most";
/// Long enough for others to hear of a verdict, and to go by it if they did.
const HEARD: Duration = Duration::from_secs(8);

pub(super) async fn rows(lab: &Lab, kind: Kind) -> Result<Vec<Row>> {
    let guard = json!({ "window": "30s", "min_requests": 1_000, "consecutive_failures": 5 });
    let site = Site::start(lab, kind, "majority", &[(SERVICE, guard)]).await?;
    let _progress = Progress::waiting(&format!("{NAME}: {} of most", kind.name()));
    let case = format!("{}, majority", kind.name());
    let loads = site.load().await?;
    let all = || (0..PROXIES).map(|number| site.verdicts(number, SERVICE));
    let mut rows = Vec::new();
    let mut push = |what: &str, wanted: [&str; PROXIES]| -> Result<()> {
        let verdicts = all().map(|own| Ok(own?.join(", ")));
        let verdicts = verdicts.collect::<Result<Vec<_>>>()?;
        let rule = format!("{case}: {what}");
        rows.push(Row::exact(
            NAME,
            rule,
            format!("{wanted:?}"),
            format!("{verdicts:?}"),
        ));
        Ok(())
    };
    let own = "open → closed: consecutive_failures";
    site.fails(SERVICE, &[0]).await?;
    site.judged(0, SERVICE, 1).await?;
    tokio::time::sleep(HEARD).await;
    push("one of three finds it failing", [own, "", ""])?;
    site.fails(SERVICE, &[1]).await?;
    site.judged(2, SERVICE, 1).await?;
    site.judged(1, SERVICE, 1).await?;
    push("two of three do", [own, own, "open → closed: fleet"])?;
    rows.extend(site.ended(&case, loads, &[]).await?);
    Ok(rows)
}
