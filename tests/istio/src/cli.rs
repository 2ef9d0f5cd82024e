//! The command line.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::checks::Check;
use crate::kubelet::room;
use crate::parts::Parts;
use crate::{app, inside, sandbox};

/// The exit code of a run that could not be made, beside 1 for one whose checks failed.
pub const NOT_MADE: u8 = 2;

/// Verifies graylane on a real Kubernetes API and istiod, on this machine.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Brings the control plane up, makes every check and reports.
    Test {
        /// The wasm module; by default target/graylane.wasm.
        #[arg(long, env = "GRAYLANE_WASM")]
        module: Option<PathBuf>,
        #[command(flatten)]
        plan: Plan,
    },
    /// Builds what is missing of the control plane, and prints where it is.
    Parts,
    /// The run itself, in namespaces of its own.
    #[command(hide = true)]
    Inside(inside::Site),
    /// An application of the shop.
    #[command(hide = true)]
    App,
    /// A command as a pod's container: with the pod's files, as its user.
    #[command(hide = true)]
    Room(room::Entry),
}

/// What a run does.
#[derive(Clone, Debug, clap::Args)]
pub struct Plan {
    /// How many users go through the gateway in the checks of every user.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1000..))]
    pub users: u32,
    /// Only these checks.
    #[arg(long, value_enum)]
    pub only: Vec<Check>,
    /// Keeps everything up after the checks, until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
}

/// Does what the command line says; whether it succeeded.
///
/// # Errors
/// If it could not be done.
pub async fn run(cli: Cli) -> Result<bool> {
    match cli.command {
        Command::Test { module, plan } => sandbox::run(module.as_deref(), &plan).await,
        Command::Parts => {
            println!("{}", Parts::bring().await?.folder().display());
            Ok(true)
        }
        Command::Inside(site) => inside::run(&site).await,
        Command::App => app::serve().await.map(|()| true),
        Command::Room(entry) => room::enter(&entry).map(|never| match never {}),
    }
}
