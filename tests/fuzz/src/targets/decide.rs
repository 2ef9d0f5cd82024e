//! Decisions: whatever the policy and the request, the version is one of the service's, the baseline
//! where nothing matches, and the same by any proxy that has the policy.

use arbitrary::{Result, Unstructured};
use graylane::Moment;
use graylane::guard::{Standing, State};

use crate::sound::{decided, told};
use crate::support::{self, Bytes, Sent, load};
use crate::targets::requests::drops_what_a_client_says;
use crate::{policies, sentence, tree};

const HEADERS: [&str; 12] = [
    "accept",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "x-forwarded-proto",
    "x-a",
    "x-b",
    "x-user-id",
    "cookie",
    "cookie",
    "x-gray-version",
    "x-gray-cluster",
    "baggage",
];

const VALUES: [&str; 14] = [
    "",
    "1",
    "on",
    "v1",
    "v2",
    "v9",
    "blue",
    "x-gray-version=v2",
    "a=1;b, x-gray-version = blue;c,,",
    "uid=1; x-a=on; gray~a~r0=v2~ee1ab0b2",
    "text/html",
    "https",
    "navigate",
    "document",
];

const HOSTS: [&str; 5] = [
    "a.example.com",
    "B.example.com:80",
    "x.b.example.com.",
    "example.com",
    "",
];

const STATES: [State; 5] = [
    State::Open,
    State::Observed,
    State::Paused,
    State::Probing,
    State::Closed,
];

pub(crate) fn run(data: &[u8]) {
    let _ = all(&mut Unstructured::new(data));
}

fn all(bytes: &mut Unstructured<'_>) -> Result<()> {
    let policy = policies::policy(bytes)?;
    let document = support::json(&policy);
    let rules = match load(&document) {
        Ok(rules) => rules,
        Err(error) => {
            sentence::of_refusal(&error);
            return Ok(());
        }
    };
    let other = load(&support::wire(&policy)).expect("the same as a Struct");
    let believes_nobody = policy["role"] != "mesh" && policy.get("trust").is_none();
    let mut standings = Vec::new();
    for _ in 0..bytes.int_in_range(0..=8)? {
        let state = *bytes.choose(&STATES)?;
        let standing = Standing::default();
        standings.push(standing.becomes(state, bytes.arbitrary::<u32>()?.into()));
    }
    for _ in 0..4 {
        let request = request(bytes)?;
        let now = u64::from(bytes.arbitrary::<u32>()?);
        let moment = Moment {
            now,
            standings: &standings,
        };
        let decision = decided(&rules, &request, moment);
        let second = decided(&other, &request, moment);
        assert_eq!(
            told(&rules, &decision),
            told(&other, &second),
            "by the same policy"
        );
        if believes_nobody {
            drops_what_a_client_says(&rules, &request, moment);
        }
    }
    Ok(())
}

fn request(bytes: &mut Unstructured<'_>) -> Result<Sent> {
    let mut headers = Vec::new();
    for _ in 0..bytes.int_in_range(0..=6)? {
        let name = (*bytes.choose(&HEADERS)?).to_owned();
        let value = if bytes.ratio(3, 4)? {
            Bytes::Text((*bytes.choose(&VALUES)?).to_owned())
        } else {
            let length = bytes.int_in_range(0..=8usize)?.min(bytes.len());
            Bytes::Raw(bytes.bytes(length)?.to_vec())
        };
        headers.push((name, value));
    }
    let text = |bytes: &mut Unstructured<'_>, all: &[&str]| {
        bytes.choose(all).map(|text| (*text).to_owned())
    };
    Ok(Sent {
        method: text(bytes, &["GET", "POST"])?,
        path: text(bytes, &["/", "/a?uid=1&x-a=on", "/a?uid", "*", ""])?,
        host: text(bytes, &HOSTS)?,
        headers,
        source_ip: bytes.arbitrary()?,
        claims: tree::value(bytes, 2)?,
        random: bytes.arbitrary()?,
        inbound: bytes.ratio(1, 5)?,
    })
}
