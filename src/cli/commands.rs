//! The commands, and what each is for.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use super::output::{self, BAD, Exit, Said, styled};
use super::{
    check, diff, explain, import, input, on_alert, publish, retire, schema, simulate, status,
    switch,
};

/// Tells what a graylane policy means: whether it is right, whom it sends where and why, whom a
/// change would move, and when a version has nothing left to do
#[derive(Parser)]
#[command(name = "graylane", version, after_help = EXITS, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXITS: &str = "Exit codes: 0 fine; 1 a policy is refused; 2 the command cannot be carried out; \
3 the answer is not the one demanded (--max-moved, a share that chance does not explain, a version \
that is not idle); 4 somebody else has changed what was to be written";

#[derive(Subcommand)]
enum Command {
    /// Refuse what is wrong, and warn of what cannot be meant
    Check(check::Args),
    /// Tell which version answers a request, and why
    Explain(explain::Args),
    /// Send generated users through a policy, and hold their shares against it
    Simulate(simulate::Args),
    /// Tell what changes between two policies, and how many users move
    Diff(diff::Args),
    /// Turn what another system does into a policy that decides the same
    Import(import::Args),
    /// Wait until no proxy has anything open on a version, so that it may be deleted
    Retire(retire::Args),
    /// Put a policy into a config centre, in place of the one that is there
    Publish(publish::Args),
    /// Put the policy before it back into a config centre, or switch the one there off
    Rollback(publish::RollbackArgs),
    /// Close versions and lanes, or set their shares, over a policy that stays as it is
    Switch(switch::Args),
    /// Close what Alertmanager says is bad
    OnAlert(on_alert::Args),
    /// Tell what is in force, in each proxy of a fleet
    Status(status::Args),
    /// Print the JSON Schema of policies, for editors
    #[command(after_help = schema::EXAMPLES)]
    Schema,
    /// Print completions for a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

const COMPLETIONS: &str = "Example:
  graylane completions bash > ~/.local/share/bash-completion/completions/graylane";

/// Carries out a command line.
#[must_use]
pub fn main() -> ExitCode {
    let said = run(&Cli::parse());
    let exit = said.and_then(|said| {
        output::print(&said.text)?;
        Ok(said.exit)
    });
    exit.unwrap_or_else(|error| {
        anstream::eprintln!("{} {error:#}", styled(BAD, "error:"));
        if error.is::<input::Refusal>() {
            Exit::Refused
        } else {
            Exit::Usage
        }
    })
    .into()
}

fn run(cli: &Cli) -> anyhow::Result<Said> {
    match &cli.command {
        Command::Check(args) => check::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Import(args) => import::run(args),
        Command::Retire(args) => retire::run(args),
        Command::Publish(args) => publish::run(args),
        Command::Rollback(args) => publish::rollback(args),
        Command::Switch(args) => switch::run(args),
        Command::OnAlert(args) => on_alert::run(args),
        Command::Status(args) => status::run(args),
        Command::Schema => schema::run(),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "graylane", &mut script);
            Ok(Said::fine(String::from_utf8(script)?))
        }
    }
}
