//! See [`graylane_harness`].

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use graylane_harness::cli::{self, Cli};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    match until_interrupted(cli::run(Cli::parse())).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs `work`, or drops it at Ctrl-C and SIGTERM: whatever it started ends with it.
async fn until_interrupted(work: impl Future<Output = Result<bool>>) -> Result<bool> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        _ = terminate.recv() => anyhow::bail!("terminated"),
    }
}
