//! The core's vectors, through real Envoy: what was decided natively is decided there.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use graylane::Node;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::backend::Fleet;
use crate::client::{Answer, Pace, Protocol, Reply, Visit, drive};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::report::Row;
use crate::{Progress, place};

const NAME: &str = "vectors";
/// Data of other shapes, for the core alone.
const OTHERS: [&str; 2] = ["buckets", "refusals"];

/// Cases that share a policy.
#[derive(Deserialize)]
struct Suite {
    name: String,
    #[serde(default)]
    node: String,
    #[serde(default)]
    proxy: Proxy,
    #[serde(default)]
    inbound: bool,
    policy: Value,
    #[serde(default)]
    before: Vec<Value>,
    cases: Vec<Case>,
}

/// What Envoy says of itself, beside its id.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Proxy {
    cluster: String,
    region: String,
    zone: String,
    labels: BTreeMap<String, String>,
}

impl Suite {
    fn node(&self) -> Node {
        let proxy = self.proxy.clone();
        Node {
            id: self.node.clone(),
            cluster: proxy.cluster,
            region: proxy.region,
            zone: proxy.zone,
            labels: proxy.labels,
        }
    }
}

#[derive(Clone, Deserialize)]
struct Case {
    name: String,
    request: Request,
    random: Option<u32>,
    now: Option<u64>,
    #[serde(default)]
    answer: Vec<(String, String)>,
    expect: Expect,
}

impl Case {
    /// Neither chance nor the clock can be prescribed to Envoy, and every socket has an address.
    /// Claims come in a signed token: the check `claims` sends those.
    fn can_be_sent(&self, by_address: bool) -> bool {
        self.random.is_none()
            && self.now.is_none()
            && self.request.claims.is_none()
            && (self.request.source_ip.is_some() || !by_address)
    }
}

#[derive(Clone, Deserialize)]
struct Request {
    method: Option<String>,
    path: Option<String>,
    host: Option<String>,
    #[serde(default)]
    headers: Vec<(String, Bytes)>,
    source_ip: Option<IpAddr>,
    claims: Option<Value>,
}

impl Request {
    /// HTTP/1 takes the white space off the ends of a value.
    fn protocols(&self) -> &'static [Protocol] {
        let trimmed = |(_, value): &(String, Bytes)| match value {
            Bytes::Text(text) => text.trim_ascii() != text,
            Bytes::Raw(bytes) => bytes.trim_ascii() != bytes,
        };
        if self.headers.iter().any(trimmed) {
            &[Protocol::Http2]
        } else {
            &[Protocol::Http1, Protocol::Http2]
        }
    }
}

/// Text, or bytes that are none.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Bytes {
    Text(String),
    Raw(Vec<u8>),
}

#[derive(Clone, Deserialize)]
struct Expect {
    version: Option<String>,
    cluster: Option<String>,
    headers: Map<String, Value>,
    #[serde(default)]
    set_cookies: Vec<String>,
}

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let folder = place::repository()?.join("tests/vectors");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|kind| kind == "json"));
    files.sort();
    let backends = lab.backends(&["v1", "v2", "v3"]).await?;
    let progress = Progress::of("vectors: files", files.len());
    let mut rows = Vec::new();
    for file in files {
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !OTHERS.contains(&name.as_str()) {
            let suites: Vec<Suite> = serde_json::from_slice(&fs::read(&file)?)
                .with_context(|| format!("{} is no file of vectors", file.display()))?;
            rows.push(run(lab, &backends, &name, &suites).await?);
        }
        progress.step();
    }
    if rows.iter().all(|row| row.expected == "0") {
        bail!("{} holds no case that can be sent", folder.display());
    }
    Ok(rows)
}

/// One file: each of its policies in an Envoy of its own, each case over both protocols where both
/// can carry it.
async fn run(lab: &Lab, backends: &Fleet, file: &str, suites: &[Suite]) -> Result<Row> {
    let (mut sent, mut right, mut left_out, mut guarded) = (0, 0, 0, 0);
    for suite in suites {
        if !suite.before.is_empty() {
            left_out += suite.cases.len();
            guarded += 1;
            continue;
        }
        // Where no version names a cluster, the tag alone routes. Only the module stands between a
        // client's headers and the backends.
        let by_cluster = suite.policy.to_string().contains("\"cluster\":\"checkout-");
        let setup = Setup::of(if by_cluster { "standalone" } else { "subset" })
            .policy(&suite.policy)
            .without_native_stripping()
            .showing_hop_headers()
            .raw()
            .node(&suite.node())
            .inbound(suite.inbound)
            .workers(1);
        let envoy = lab.envoy(&setup, backends).await?;
        let by_address = suite.policy.to_string().contains("\"source_ip\":");
        let (cases, others): (Vec<_>, Vec<_>) = suite
            .cases
            .iter()
            .partition(|case| case.can_be_sent(by_address));
        left_out += others.len();
        let cases: Vec<_> = cases
            .into_iter()
            .flat_map(|case| {
                let protocols = case.request.protocols().iter();
                protocols.map(move |protocol| (case, *protocol))
            })
            .collect();
        let visits: Arc<[Visit]> = cases
            .iter()
            .map(|(case, protocol)| visit(case).over(*protocol))
            .collect();
        let quiet = Progress::silent();
        let answers = drive(envoy.address(), &visits, Pace::default(), quiet).await?;
        for ((case, protocol), answer) in cases.iter().zip(&answers) {
            sent += 1;
            match wrong(case, by_cluster, answer) {
                None => right += 1,
                Some(why) => eprintln!(
                    "{NAME}: {file}: {}: {}, {protocol:?}: {why}",
                    suite.name, case.name
                ),
            }
        }
    }
    if guarded > 0 {
        // What guards saw before is at moments, and the clock of an Envoy cannot be set.
        let case = format!(
            "{file}: {guarded} policies whose guards need a clock that can be set, {left_out} \
             cases: left to the core and the module in a VM"
        );
        return Ok(Row::exact(NAME, case, sent, right));
    }
    // That its Envoy started says that the module takes the policy, even where no case is sent.
    let case = format!(
        "{file}: {} policies, {left_out} cases left to the core",
        suites.len()
    );
    Ok(Row::exact(NAME, case, sent, right))
}

fn visit(case: &Case) -> Visit {
    let request = &case.request;
    let mut visit = Visit::of(&*case.name);
    if let Some(method) = &request.method {
        visit.method.clone_from(method);
    }
    if let Some(path) = &request.path {
        visit = visit.to(path);
    }
    if let Some(host) = &request.host {
        visit = visit.at(host);
    }
    for (name, value) in &request.headers {
        visit = match value {
            Bytes::Text(text) => visit.with(name, text.as_bytes()),
            Bytes::Raw(bytes) => visit.with(name, bytes.as_slice()),
        };
    }
    for (name, value) in &case.answer {
        visit = visit.answered_with(name, value);
    }
    match request.source_ip {
        Some(address) => visit.with("x-forwarded-for", address.to_string()),
        None => visit,
    }
}

/// Why an answer is not as expected.
fn wrong(case: &Case, by_cluster: bool, answer: &Answer) -> Option<String> {
    let expect = &case.expect;
    let reply = match answer {
        Ok(reply) if reply.is_success() => reply,
        Ok(reply) => return Some(format!("status {}", reply.status)),
        Err(error) => return Some(error.clone()),
    };
    let wanted = if by_cluster {
        let cluster = expect.cluster.as_deref();
        cluster.and_then(|name| name.strip_prefix("checkout-"))
    } else {
        expect.version.as_deref()
    };
    // Without either, the samples' routes lead to the baseline.
    let wanted = wanted.unwrap_or("v1");
    if reply.version() != Some(wanted) {
        return Some(format!("answered by {:?}, not {wanted}", reply.version()));
    }
    let own = case.answer.iter().filter(|(name, _)| name == "set-cookie");
    let own = own.map(|(_, line)| line);
    let cookies: Vec<_> = own.chain(&expect.set_cookies).cloned().collect();
    if reply.cookies() != cookies {
        return Some(format!("sets {:?}, not {cookies:?}", reply.cookies()));
    }
    expect.headers.iter().find_map(|(name, values)| {
        let seen = seen(reply, name);
        (seen != *values).then(|| format!("{name}: {seen}, not {values}"))
    })
}

fn seen(reply: &Reply, name: &str) -> Value {
    let text = |value: Vec<u8>| match String::from_utf8(value) {
        Ok(text) => text.into(),
        Err(error) => error.into_bytes().into(),
    };
    Value::Array(reply.seen(name).into_iter().map(text).collect())
}
