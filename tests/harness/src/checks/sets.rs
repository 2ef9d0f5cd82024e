//! Sets of a hundred thousand networks and of as many users, in one policy: Envoy takes it, and
//! answers as the core does.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};

use super::people::with_user;
use crate::Progress;
use crate::client::{Pace, Protocol, Reply, Visit, drive};
use crate::envoy::{Form, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

const NAME: &str = "sets";
const SIZE: u32 = 100_000;
const VISITS: u32 = 3_000;

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let policy = policy();
    let native = Native::compile(&policy)?;
    let visits = visits();
    let mut rows = vec![both_sides(&native, &visits)];
    let standalone = Setup::of("standalone");
    for (case, setup) in [
        ("a Struct", standalone.clone()),
        ("JSON text", standalone.form(Form::Json)),
        ("sample dynamic", Setup::of("dynamic")),
    ] {
        let setup = setup.policy(&policy).raw();
        rows.push(run(lab, case, &setup, &native, &visits).await?);
    }
    Ok(rows)
}

/// Every other address and every other user, in no order, so that each has neighbours outside.
fn scattered(at: u32) -> u32 {
    at * 7_919 % SIZE * 2
}

fn user(number: u32) -> String {
    format!("u{number:06}")
}

fn v4(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0000 + number)
}

/// An address in the network of this number.
fn v6(number: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits((0x2001_0db8 << 96) + (u128::from(number) << 64) + 7)
}

fn policy() -> Value {
    let network = |at| match scattered(at) {
        // One half of each kind.
        number if at % 2 == 0 => v4(number).to_string(),
        number => {
            let first = Ipv6Addr::from_bits(v6(number).to_bits() >> 64 << 64);
            format!("{first}/64")
        }
    };
    let networks: Vec<_> = (0..SIZE).map(network).collect();
    let users: Vec<_> = (0..SIZE).map(|at| user(scattered(at))).collect();
    let version = |name: &str| json!({ "name": name, "cluster": format!("checkout-{name}") });
    json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [version("v1"), version("v2"), version("v3")],
            "rules": [
                { "name": "networks", "when": { "source_ip": networks }, "use": "v2" },
                { "name": "users",
                  "when": { "header": { "name": "x-user-id", "in": users } },
                  "use": "v3" },
            ],
        }],
    })
}

fn visits() -> Arc<[Visit]> {
    let visit = |at: u32| {
        // Spread over all that there are, the user apart from the address.
        let drawn = |from: u32| at.wrapping_mul(from) % (2 * SIZE);
        let (number, named) = (drawn(2_654_435_761), user(drawn(2_246_822_519)));
        let address: IpAddr = match at % 3 {
            0 => v4(number).into(),
            1 => v6(number).into(),
            _ => v4(number).to_ipv6_mapped().into(),
        };
        with_user(Visit::of(named))
            .from_ip(address)
            .with("x-forwarded-for", address.to_string())
            .over([Protocol::Http1, Protocol::Http2][at as usize / 3 % 2])
    };
    (0..VISITS).map(visit).collect()
}

async fn run(
    lab: &Lab,
    case: &str,
    setup: &Setup,
    native: &Native,
    visits: &Arc<[Visit]>,
) -> Result<Row> {
    let backends = lab.backends(&["v1", "v2", "v3"]).await?;
    let envoy = lab.envoy(setup, &backends).await?;
    let progress = Progress::of(&format!("{NAME}: {case}"), visits.len());
    let answers = drive(envoy.address(), visits, Pace::default(), progress).await?;
    let mut right = 0;
    for (visit, answer) in visits.iter().zip(&answers) {
        let wanted = native.decide(visit).version;
        let got = answer.as_ref().ok().filter(|reply| reply.is_success());
        let got = got.and_then(Reply::version);
        if got == wanted.as_deref() {
            right += 1;
        } else {
            let (user, address) = (&visit.user, visit.source_ip);
            eprintln!("{NAME}: {case}: {user} from {address}: {got:?}, not {wanted:?}");
        }
    }
    Ok(Row::exact(NAME, case, visits.len(), right))
}

/// Users in the one set, in the other, and in none.
fn both_sides(native: &Native, visits: &[Visit]) -> Row {
    let mut versions: BTreeMap<_, usize> = BTreeMap::new();
    for visit in visits {
        let version = native.decide(visit).version.unwrap_or_default();
        *versions.entry(version).or_default() += 1;
    }
    let observed = format!("{versions:?}");
    let all = versions.len() == 3;
    Row::judged(NAME, "users by version", "every version", observed, "", all)
}
