//! `graylane retire`, as users run it, while streams are open on the version, and then none.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};

use super::held::{HALF, Held, OPEN};
use super::{NAME, open};
use crate::envoy::Envoy;
use crate::place;
use crate::report::Row;

const QUIET: &str = "2s";
/// Longer than it would wait if it took what is open for nothing.
const WAITING: Duration = Duration::from_millis(3_500);

/// It waits until a version is idle. It ends with this value.
struct Retire {
    child: Child,
}

impl Retire {
    fn start(envoy: &Envoy, version: &str, timeout: &str) -> Result<Self> {
        let admin = format!("http://{}", envoy.admin().address());
        let child = Command::new(place::command_line()?)
            .args(["retire", &format!("checkout/{version}"), "--admin", &admin])
            .args(["--quiet", QUIET, "--timeout", timeout])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child })
    }

    /// Whether it still waits, after a while.
    async fn state(&mut self) -> Result<&'static str> {
        tokio::time::sleep(WAITING).await;
        let ended = self.child.try_wait()?;
        Ok(ended.map_or("waits", |_| "has ended"))
    }

    /// What it ends with, if it could be carried out.
    async fn exit_code(self) -> Result<i32> {
        let output = self.child.wait_with_output().await?;
        match output.status.code().context("graylane retire was killed")? {
            2 => bail!("{}", String::from_utf8_lossy(&output.stderr).trim()),
            code => Ok(code),
        }
    }
}

/// Ends the streams of `v2`, one kind after the other, while it is to be retired.
pub(super) async fn rows(envoy: &Envoy, mut held: Held) -> Result<Vec<Row>> {
    let mut retire = Retire::start(envoy, "v2", "1m")?;
    let in_use = Retire::start(envoy, "v1", QUIET)?;
    let all_open = retire.state().await?;
    let in_use = in_use.exit_code().await?;
    let closed = held.end_web_sockets().await;
    let half = open(envoy, "v2", HALF).await?;
    let half_open = retire.state().await?;
    let (_, calls) = held.answered_by("v2").await;
    let closed = closed + held.end().await;
    let idle = retire.exit_code().await?;
    let row =
        |rule: &str, expected: usize, observed: usize| Row::exact(NAME, rule, expected, observed);
    Ok(vec![
        Row::exact(NAME, "retire of v1, in use: exit code", 3, in_use),
        Row::exact(NAME, "retire of v2, all open", "waits", all_open),
        row("WebSockets ended: open on v2, by its gauge", HALF, half),
        Row::exact(NAME, "retire of v2, gRPC streams open", "waits", half_open),
        row("gRPC streams, still on v2", HALF, calls),
        row("streams of v2 closed by both sides in order", OPEN, closed),
        Row::exact(NAME, "retire of v2, none open: exit code", 0, idle),
        row(
            "open on v2 then, by its gauge",
            0,
            open(envoy, "v2", 0).await?,
        ),
        row(
            "open on v1 then, by its gauge",
            OPEN,
            open(envoy, "v1", OPEN).await?,
        ),
    ])
}
