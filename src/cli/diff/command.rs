//! The command, as it is typed.

use std::path::PathBuf;

use super::{between, human};
use crate::SCALE;
use crate::cli::clock::moment;
use crate::cli::input::File;
use crate::cli::output::{Exit, Format, Said};
use crate::cli::request::Place;

const EXAMPLES: &str = "Examples:
  graylane diff policy.yaml next.yaml
  git show HEAD:policy.yaml | graylane diff - policy.yaml --max-moved 10%

Exit codes: 0 at most so many move, 3 more than --max-moved do, 1 a policy is refused";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The policy in force; `-` is standard input
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The one to come
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// The policy, where the files hold several: a filter's or `WasmPlugin`'s name
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// How many users of a rule may move, such as 10%; if more do, the exit code is 3
    #[arg(long, value_name = "PERCENT", value_parser = limit)]
    max_moved: Option<u32>,
    /// When the change is made, such as 2026-11-21T20:00:00+08:00; by default it is now
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    #[command(flatten)]
    place: Place,
    /// For people or for programs
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

pub(in crate::cli) fn run(args: &Args) -> anyhow::Result<Said> {
    let load = |file: &PathBuf| {
        let file = File {
            file: file.clone(),
            policy: args.policy.clone(),
        };
        file.load(&args.place.node())
    };
    let (old, new) = (load(&args.old)?, load(&args.new)?);
    let change = between(&old, &new, moment(args.at.as_deref())?, args.max_moved);
    let exit = if change.ok { Exit::Fine } else { Exit::NotMet };
    match args.format {
        Format::Json => Said::json(&change, exit),
        Format::Human => Ok(Said {
            text: human(&change, args.max_moved),
            exit,
        }),
    }
}

/// A percentage in buckets.
pub(in crate::cli) fn limit(text: &str) -> Result<u32, &'static str> {
    let number = text.trim_end_matches('%').trim_end();
    let percent: f64 = number.parse().map_err(|_| "write it as 10%")?;
    if !(0.0..=100.0).contains(&percent) {
        return Err("use 0% to 100%");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to SCALE"
    )]
    Ok((percent * f64::from(SCALE) / 100.0).floor() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_percentage() {
        assert_eq!(limit("10%"), Ok(10_000));
        assert_eq!(limit("0.001 %"), Ok(1));
        assert_eq!(limit("100"), Ok(SCALE));
        for wrong in ["101%", "-1%", "ten", "", "NaN"] {
            assert!(limit(wrong).is_err(), "{wrong}");
        }
    }
}
