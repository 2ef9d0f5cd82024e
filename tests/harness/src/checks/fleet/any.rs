//! `close_when: any`: what one proxy finds holds for all, and so does what all have seen together.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::NAME;
use super::site::{Guarded, PROXIES, Site};
use crate::Progress;
use crate::centre::{Fault, Kind};
use crate::lab::Lab;
use crate::report::Row;

/// All of whose canaries fail, each with less traffic than its guard waits for.
const THIN: &str = "thin";
/// One of whose canaries fails.
const WORD: &str = "word";
/// The same, while another proxy is cut off from the centre.
const CUT: &str = "cut";
/// The same, and it is tried again: one finds it failing, the others well.
const RETRY: &str = "retry";
/// How many answers the first one's guard waits for.
const MIN_REQUESTS: u64 = 240;
/// How often the last one's verdict changes while one looks.
const CHANGES: usize = 5;
/// Long enough for two polls of a proxy that hears of others.
const TWO_POLLS: Duration = Duration::from_secs(5);

pub(super) async fn rows(lab: &Lab, kind: Kind) -> Result<Vec<Row>> {
    let mut site = Site::start(lab, kind, "any", &services()).await?;
    let _progress = Progress::waiting(&format!("{NAME}: {} of any", kind.name()));
    let case = format!("{}, any", kind.name());
    let loads = site.load().await?;
    site.fails(THIN, &[0, 1, 2]).await?;
    let mut rows = together(&site, &case).await?;
    rows.extend(word_travels(&site, &case).await?);
    rows.extend(cut_off(&mut site, &case).await?);
    rows.extend(disagree(&site, &case).await?);
    rows.extend(site.ended(&case, loads, &[RETRY]).await?);
    for service in [THIN, WORD, CUT] {
        for number in 0..PROXIES {
            let verdicts = site.verdicts(number, service)?.len();
            let rule = format!("{case}: {service}: verdicts of proxy {number}");
            rows.push(Row::exact(NAME, rule, 1, verdicts));
        }
    }
    Ok(rows)
}

fn services() -> [Guarded; 4] {
    let row = || json!({ "window": "30s", "min_requests": 1_000, "consecutive_failures": 5 });
    let mut retry = row();
    retry["retry_after"] = "4s".into();
    retry["retry_percent"] = 40.into();
    let thin = json!({
        "window": "30s",
        "min_requests": MIN_REQUESTS,
        "max_error_percent": 10,
    });
    [(THIN, thin), (WORD, row()), (CUT, row()), (RETRY, retry)]
}

/// None of the proxies has seen enough to judge alone.
async fn together(site: &Site, case: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for number in 0..PROXIES {
        site.judged(number, THIN, 1).await?;
        let own = site.proxy(number)?.backend(THIN)?.tally().await?.requests;
        rows.push(Row::judged(
            NAME,
            format!("{case}: proxy {number} closes by what all have seen: it has seen itself"),
            format!("less than {MIN_REQUESTS}"),
            own,
            "exact",
            own > 0 && own < MIN_REQUESTS,
        ));
    }
    Ok(rows)
}

/// The others close at the second time that they ask at the latest.
async fn word_travels(site: &Site, case: &str) -> Result<Vec<Row>> {
    site.fails(WORD, &[0]).await?;
    site.judged(0, WORD, 1).await?;
    let told = Instant::now();
    let mut rows = Vec::new();
    for number in 1..PROXIES {
        let absent = site.judged(number, WORD, 1).await?;
        let asked = site.proxy(number)?.asked_between(told, absent);
        rows.push(Row::judged(
            NAME,
            format!("{case}: polls until proxy {number} has closed as well"),
            "at most 2",
            asked,
            "at most 2",
            asked <= 2,
        ));
        let verdicts = site.verdicts(number, WORD)?;
        rows.push(Row::exact(
            NAME,
            format!("{case}: proxy {number} has closed"),
            "open → closed: fleet",
            verdicts.join(", "),
        ));
    }
    Ok(rows)
}

/// A proxy that hears of nobody goes on as it was; once it hears again, it follows.
async fn cut_off(site: &mut Site, case: &str) -> Result<Vec<Row>> {
    let [.., last] = &mut site.proxies[..] else {
        return Ok(Vec::new());
    };
    last.door.set(Some(Fault::Down)).await?;
    site.fails(CUT, &[0]).await?;
    site.judged(1, CUT, 1).await?;
    tokio::time::sleep(TWO_POLLS).await;
    let alone = site.verdicts(PROXIES - 1, CUT)?;
    let mut rows = vec![Row::exact(
        NAME,
        format!("{case}: verdicts of one that is cut off"),
        0,
        alone.len(),
    )];
    if let [.., last] = &mut site.proxies[..] {
        last.door.set(None).await?;
    }
    site.judged(PROXIES - 1, CUT, 1).await?;
    rows.push(Row::exact(
        NAME,
        format!("{case}: its verdict once it hears again"),
        "open → closed: fleet",
        site.verdicts(PROXIES - 1, CUT)?.join(", "),
    ));
    Ok(rows)
}

/// Two proxies of which one finds the version well and the other does not go the same way, and
/// never open it.
async fn disagree(site: &Site, case: &str) -> Result<Vec<Row>> {
    site.fails(RETRY, &[0]).await?;
    let mut ways = Vec::new();
    for number in 0..PROXIES {
        site.judged(number, RETRY, CHANGES).await?;
    }
    for number in 0..PROXIES {
        let verdicts = site.verdicts(number, RETRY)?;
        let way = |verdict: &String| verdict.split(':').next().map(str::to_owned);
        ways.push(
            verdicts
                .iter()
                .take(CHANGES)
                .filter_map(way)
                .collect::<Vec<_>>(),
        );
    }
    let wanted = [
        "open → closed",
        "closed → probing",
        "probing → closed",
        "closed → probing",
        "probing → closed",
    ];
    let same = ways.iter().filter(|way| **way == wanted).count();
    if same < PROXIES {
        eprintln!("{NAME}: {ways:?}");
    }
    let rule = format!("{case}: proxies that go the same way, though one finds it well");
    Ok(vec![Row::exact(NAME, rule, PROXIES, same)])
}
