//! Rules on where a client is: as Envoy's `geoip` finds it in a database, and as a CDN names it.
//! What a client says of itself changes nothing.

mod cdn;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::people::with_user;
use crate::Progress;
use crate::client::{Pace, Protocol, Reply, Visit, drive};
use crate::envoy::{Atlas, Envoy, Place, Sample, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

const NAME: &str = "geo";
const COUNTRY: &str = "x-geo-country";
const REGION: &str = "x-geo-region";
/// So many users at each address, with each forgery.
const EACH: usize = 8;
/// Counts the databases that Envoy has taken in place of its first. The file's path is in its name;
/// before 1.40 that of the listener was, in front.
const RELOADED: &str = r"(^|\.)maxmind\.city_db\..*db_reload_success$";
const PATIENCE: Duration = Duration::from_secs(30);

/// What clients say of themselves.
const FORGERIES: [&[(&str, &[u8])]; 8] = [
    &[],
    &[(COUNTRY, b"NO")],
    &[(COUNTRY, b"US"), (REGION, b"CA")],
    &[(REGION, b"CA")],
    &[(COUNTRY, b"DE"), (COUNTRY, b"NO")],
    &[(COUNTRY, b"")],
    &[(COUNTRY, b"NO\xff")],
    // A name in `Connection` is taken off like the headers of this connection alone.
    &[("connection", b"x-geo-country, x-geo-region")],
];

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let mut rows = by_database(lab).await?;
    rows.push(unprotected(lab).await?);
    rows.extend(cdn::check(lab).await?);
    Ok(rows)
}

/// The sample with its own policy, and then with another database.
async fn by_database(lab: &Lab) -> Result<Vec<Row>> {
    let native = Native::compile(&Sample::load("geo")?.policy()?)?;
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = Setup::of("geo").raw();
    let envoy = lab.envoy(&setup, &backends).await?;
    let mut rows = Vec::new();
    let atlas = Atlas::of_the_run()?;
    for (kind, addresses) in addresses(&atlas) {
        let visits = visits(&addresses);
        rows.push(run(&envoy, &native, &atlas, kind, &visits).await?.row(kind));
    }
    rows.push(rules_met(&native, &atlas));

    let moved = atlas.after_a_move();
    moved.write_into(envoy.folder())?;
    reloaded(&envoy).await?;
    let case = "a new database, without a restart";
    let everybody = addresses(&moved).into_iter().flat_map(|(_, list)| list);
    let visits = visits(&everybody.collect());
    rows.push(run(&envoy, &native, &moved, case, &visits).await?.row(case));
    Ok(rows)
}

/// Waits until Envoy has taken the other database.
async fn reloaded(envoy: &Envoy) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while envoy.admin().stats(RELOADED).await?.values().sum::<u64>() == 0 {
        ensure!(Instant::now() < until, "no new database after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Without `internal_only_headers` a client is where it says, if nobody knows better: what the
/// sample's list is there for.
async fn unprotected(lab: &Lab) -> Result<Row> {
    eprintln!("{NAME}: what follows is wrong on purpose");
    let native = Native::compile(&Sample::load("geo")?.policy()?)?;
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = Setup::of("geo").raw().without_native_stripping();
    let envoy = lab.envoy(&setup, &backends).await?;
    let atlas = Atlas::of_the_run()?;
    let unknown = BTreeSet::from([Ipv4Addr::new(192, 0, 2, 255).into()]);
    let case = "without internal_only_headers";
    let outcome = run(&envoy, &native, &atlas, case, &visits(&unknown)).await?;
    let observed = format!("{} of {} answered wrong", outcome.wrong(), outcome.asked);
    let noticed = outcome.wrong() > 0;
    Ok(Row::judged(
        NAME,
        case,
        "the check fails",
        observed,
        "",
        noticed,
    ))
}

/// Every edge of every network, what lies beside it, and the same in IPv6 form, by what it is.
fn addresses(atlas: &Atlas) -> Vec<(&'static str, BTreeSet<IpAddr>)> {
    let (mut v4, mut v6, mut nowhere) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for network in atlas.networks() {
        for address in around(network.network(), network.broadcast()) {
            let known = atlas.find(address) != Place::default();
            match address {
                _ if !known => nowhere.insert(address),
                IpAddr::V4(_) => v4.insert(address),
                IpAddr::V6(_) => v6.insert(address),
            };
        }
    }
    nowhere.extend([
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ]);
    let mapped = |address: &IpAddr| match address {
        IpAddr::V4(address) => Some(IpAddr::V6(address.to_ipv6_mapped())),
        IpAddr::V6(_) => None,
    };
    let both = v4.iter().chain(&nowhere).filter_map(mapped).collect();
    vec![
        ("IPv4", v4),
        ("IPv6", v6),
        ("IPv4 in IPv6 form", both),
        ("addresses that nobody knows", nowhere),
    ]
}

/// The first and the last address of a network, and their neighbours.
fn around(first: IpAddr, last: IpAddr) -> Vec<IpAddr> {
    match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let (first, last) = (first.to_bits(), last.to_bits());
            let all = [first.wrapping_sub(1), first, last, last.wrapping_add(1)];
            all.map(|bits| Ipv4Addr::from_bits(bits).into()).into()
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            let (first, last) = (first.to_bits(), last.to_bits());
            let all = [first.wrapping_sub(1), first, last, last.wrapping_add(1)];
            all.map(|bits| Ipv6Addr::from_bits(bits).into()).into()
        }
        _ => Vec::new(),
    }
}

/// Users at each address, with each forgery, over both protocols.
fn visits(addresses: &BTreeSet<IpAddr>) -> Arc<[Visit]> {
    let mut visits = Vec::new();
    for address in addresses {
        for number in 0..EACH * FORGERIES.len() {
            let forgery = FORGERIES.get(number / EACH).copied().unwrap_or_default();
            let mut visit = with_user(Visit::of(format!("user-{number}-of-{address}")))
                .from_ip(*address)
                .with("x-forwarded-for", address.to_string());
            for (name, value) in forgery {
                visit = visit.with(name, *value);
            }
            // HTTP/2 knows no `Connection`.
            let nominates = forgery.iter().any(|(name, _)| *name == "connection");
            if number % 2 == 1 && !nominates {
                visit = visit.over(Protocol::Http2);
            }
            visits.push(visit);
        }
    }
    visits.into()
}

/// What the rules are to see of a visit: where its address is, whatever it says.
fn known(visit: &Visit, place: Place) -> Visit {
    let mut known = visit.clone();
    known
        .headers
        .retain(|(name, _)| name != COUNTRY && name != REGION);
    for (name, value) in [(COUNTRY, place.country), (REGION, place.region)] {
        if let Some(value) = value {
            known = known.with(name, value);
        }
    }
    known
}

/// How many were asked, and who was answered otherwise than as the core says.
struct Outcome {
    asked: usize,
    right: usize,
}

impl Outcome {
    fn wrong(&self) -> usize {
        self.asked - self.right
    }

    fn row(&self, case: &str) -> Row {
        Row::exact(NAME, case, self.asked, self.right)
    }
}

/// Each answer is the core's for the place that the atlas has, and so are the headers that went on.
async fn run(
    envoy: &Envoy,
    native: &Native,
    atlas: &Atlas,
    case: &str,
    visits: &Arc<[Visit]>,
) -> Result<Outcome> {
    let progress = Progress::of(&format!("{NAME}: {case}"), visits.len());
    let answers = drive(envoy.address(), visits, Pace::default(), progress).await?;
    let mut right = 0;
    let mut examples = 3;
    for (visit, answer) in visits.iter().zip(&answers) {
        let place = atlas.find(visit.source_ip);
        let wanted = native.decide(&known(visit, place)).version;
        let reply = answer.as_ref().ok().filter(|reply| reply.is_success());
        let version = reply.and_then(Reply::version).map(str::to_owned);
        let seen = reply.is_some_and(|reply| tells(reply, place));
        if version == wanted && seen {
            right += 1;
        } else if examples > 0 {
            examples -= 1;
            let country = reply.map(|reply| reply.seen(COUNTRY));
            let user = &visit.user;
            eprintln!(
                "{NAME}: {case}: {user}: {version:?} in {country:?}, not {wanted:?} in {place:?}"
            );
        }
    }
    Ok(Outcome {
        asked: visits.len(),
        right,
    })
}

/// Whether the backend was told this place, and no other beside it.
fn tells(reply: &Reply, place: Place) -> bool {
    let only = |header, value: Option<&str>| {
        let wanted: Vec<_> = value.iter().map(|text| text.as_bytes().to_vec()).collect();
        reply.seen(header) == wanted
    };
    only(COUNTRY, place.country) && only(REGION, place.region)
}

/// Agreement on the baseline alone would prove nothing.
fn rules_met(native: &Native, atlas: &Atlas) -> Row {
    let mut met = BTreeSet::new();
    for (_, addresses) in addresses(atlas) {
        for visit in &*visits(&addresses) {
            let verdict = native.decide(&known(visit, atlas.find(visit.source_ip)));
            met.insert((verdict.rule, verdict.version));
        }
    }
    // One rule sends all, the other splits, and most are met by none.
    Row::exact(NAME, "rules met, with what they gave", 4, met.len())
}
