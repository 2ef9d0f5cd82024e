//! A module that cannot be loaded: in a configuration that never changes, at the start of one that
//! does, and while requests come.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::crowd::Crowd;
use super::got::Got;
use super::timeline::ask;
use super::{NAME, PATIENCE, failed, replace_module, setup};
use crate::client::{Connection, Protocol};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::place;
use crate::report::Row;

/// Connections that meet every worker: all meet one of two once in 128 times.
const FRESH: usize = 8;

/// No modules, each in its own way.
struct Files {
    all: Vec<(&'static str, PathBuf)>,
    _folder: TempDir,
}

impl Files {
    fn write(lab: &Lab) -> Result<Self> {
        let folder = place::scratch()?;
        let module = fs::read(lab.module())?;
        let half = module.get(..module.len() / 2).context("an empty module")?;
        let memory = r#"(memory (export "memory") 1) (func (export "_initialize"))"#;
        let [silent, newer] = ["", r#"(func (export "proxy_abi_version_9_9_9"))"#]
            .map(|version| wat::parse_str(format!("(module {memory} {version})")));
        let missing = ("a file that is missing", folder.path().join("missing.wasm"));
        let mut all = vec![missing];
        for (name, file, bytes) in [
            ("an empty file", "empty.wasm", Vec::new()),
            ("half a module", "half.wasm", half.to_vec()),
            ("no wasm", "text.wasm", b"no module".to_vec()),
            ("a wasm without the ABI", "silent.wasm", silent?),
            ("another version of the ABI", "newer.wasm", newer?),
        ] {
            let path = folder.path().join(file);
            fs::write(&path, bytes)?;
            all.push((name, path));
        }
        Ok(Self {
            all,
            _folder: folder,
        })
    }
}

pub(super) async fn rows(lab: &Lab) -> Result<Vec<Row>> {
    let files = Files::write(lab)?;
    let mut rows = Vec::new();
    for file in &files.all {
        rows.push(at_start(lab, file).await?);
    }
    rows.extend(while_running(lab, &files).await?);
    Ok(rows)
}

/// In a bootstrap, and in a file that is watched: there Envoy starts without it, and takes the
/// module when it comes.
async fn at_start(lab: &Lab, (name, path): &(&str, PathBuf)) -> Result<Row> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let fixed = Setup::of("standalone").module(path);
    let fixed = match lab.envoy(&fixed, &backends).await {
        Ok(_) => "it starts".to_owned(),
        Err(error) => {
            let text = error.to_string();
            text.split(" (").next().unwrap_or_default().to_owned()
        }
    };
    let setup = setup().module(path);
    let crowd = Crowd::of(setup.policy.as_ref().context("no policy")?)?;
    let envoy = lab.envoy(&setup, &backends).await?;
    let before = fresh(&envoy, &crowd).await?;
    let logged = envoy.log().end();
    replace_module(&envoy, lab.module()).await?;
    envoy
        .log()
        .wait("policy in force", logged, PATIENCE)
        .await?;
    let until = Instant::now() + PATIENCE;
    let mut after = fresh(&envoy, &crowd).await?;
    while after != all(Got::Canary) && Instant::now() < until {
        after = fresh(&envoy, &crowd).await?;
    }
    let ends = "Envoy ended before it was ready";
    let told = |fixed: &str, before: &str, after: &str| {
        format!("static: {fixed}; dynamic: {before}, with the module {after}")
    };
    Ok(Row::exact(
        NAME,
        format!("starts with {name}"),
        told(ends, &all(Got::Baseline), &all(Got::Canary)),
        told(&fixed, &before, &after),
    ))
}

/// What a user of the canary gets on new connections.
async fn fresh(envoy: &Envoy, crowd: &Crowd) -> Result<String> {
    let mut got = Vec::new();
    for number in 0..FRESH {
        let protocol = [Protocol::Http1, Protocol::Http2][number % 2];
        let mut connection = Connection::open(envoy.address(), protocol).await?;
        got.push(ask(&mut connection, &crowd.canary(protocol)?).await.got);
    }
    let mut kinds = got.clone();
    kinds.sort_unstable();
    kinds.dedup();
    let told = kinds.iter().map(|kind| {
        let count = got.iter().filter(|got| *got == kind).count();
        format!("{count} {kind}")
    });
    Ok(told.collect::<Vec<_>>().join(", "))
}

fn all(got: Got) -> String {
    format!("{FRESH} {got}")
}

/// Under load, one after the other.
async fn while_running(lab: &Lab, files: &Files) -> Result<Vec<Row>> {
    let backends = lab.backends(&["v1", "v2"]).await?;
    let setup = setup();
    let crowd = Crowd::of(setup.policy.as_ref().context("no policy")?)?;
    let envoy = lab.envoy(&setup, &backends).await?;
    let load = crowd.load(envoy.address());
    let mut rows = Vec::new();
    for (name, path) in &files.all {
        let before = refused(&envoy).await?;
        replace_module(&envoy, path).await?;
        let until = Instant::now() + PATIENCE;
        while refused(&envoy).await? == before && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let counted = refused(&envoy).await? - before;
        let rule = format!("while running: {name}: counted as refused");
        rows.push(Row::exact(NAME, rule, 1, counted));
    }
    // And a little more of it.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let records = load.stop().await?;
    rows.push(failed(NAME, "while running, all of these", &records));
    rows.push(crowd.stayed("while running, all of these", &records));
    Ok(rows)
}

/// How often Envoy has refused what the file said.
async fn refused(envoy: &Envoy) -> Result<u64> {
    let counters =
        r"^extension_config_discovery\.http_filter\..*graylane\.(update_rejected|update_failure)$";
    Ok(envoy.admin().stats(counters).await?.into_values().sum())
}
