//! What becomes of requests when something fails: the module, its file, Envoy. `docs/failures.md` is
//! the table of what this measures.

mod crash;
mod crowd;
mod drain;
mod each;
mod files;
mod flight;
mod got;
mod hang;
mod hot;
mod killed;
mod port;
mod strategies;
mod swap;
mod timeline;
mod verdict;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::failed;
use super::people::policy;
use crate::Progress;
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::place;
use crate::report::Row;

const NAME: &str = "failures";
/// How long anything may take, on however busy a machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// Half of the users, so that both versions have as many to lose.
const SHARE: f64 = 50.0;

/// Nothing where Envoy is no process of this machine, which is told.
pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    // It is asked to end, and two of them share a port.
    if lab.beside().is_none() || place::on_path("setpriv").is_none() {
        eprintln!("left out: the check {NAME}, which needs an Envoy of this machine, and setpriv");
        return Ok(Vec::new());
    }
    let trap = lab.trap()?;
    let progress = Progress::of(NAME, 2);
    let mut rows = crash::rows(lab, &trap).await?;
    progress.step();
    // Those that mostly wait, beside each other.
    let (hang, files, swap, drain, hot, killed) = tokio::join!(
        hang::rows(lab, &trap),
        files::rows(lab),
        swap::rows(lab, &trap),
        drain::rows(lab),
        hot::rows(lab),
        killed::rows(lab),
    );
    for found in [hang, files, swap, drain, hot, killed] {
        rows.extend(found?);
    }
    Ok(rows)
}

/// The sample whose policy can change, with a service that is split, and one whose canary a guard
/// can close.
fn setup() -> Setup {
    Setup::of("dynamic").policy(&with_guard(&policy(&[("v2", SHARE)])))
}

/// The policy, with one more service: everybody is on its canary, until that has failed five times.
fn with_guard(policy: &Value) -> Value {
    let mut policy = policy.clone();
    let guard = json!({ "consecutive_failures": verdict::FAILURES, "retry_after": "10m" });
    policy["services"][0]["hosts"] = json!(["checkout.example.com"]);
    if let Some(services) = policy["services"].as_array_mut() {
        services.push(json!({
            "name": "pay",
            "hosts": [verdict::HOST],
            "baseline": "v1",
            "versions": [
                { "name": "v1", "cluster": "checkout-v1" },
                { "name": "v2", "cluster": "checkout-v2", "guard": guard },
            ],
            "rules": [{ "name": "all", "use": "v2" }],
        }));
    }
    policy
}

/// Puts the policy's file there again, with another module, and waits until Envoy has judged it.
async fn replace_module(envoy: &Envoy, module: &Path) -> Result<()> {
    let file = envoy.policy_file()?;
    let mut tree: Value = serde_json::from_str(&std::fs::read_to_string(file.path())?)?;
    let name = "/resources/0/typed_config/config/vm_config/code/local/filename";
    let Some(named) = tree.pointer_mut(name) else {
        bail!("the policy's file has no {name}");
    };
    *named = module.to_string_lossy().into();
    file.replace_text(&tree.to_string())
}
