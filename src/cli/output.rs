//! What commands print, and what they exit with.

use std::fmt;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

/// How a command ended. The numbers are documented, and scripts ask for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// All is well.
    Fine = 0,
    /// A policy is refused.
    Refused = 1,
    /// The command cannot be carried out as it was given.
    Usage = 2,
    /// The answer is not the one that was demanded.
    NotMet = 3,
    /// Somebody else has changed what was to be written.
    Changed = 4,
}

/// What a command has to say.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) exit: Exit,
}

/// How it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub(super) enum Format {
    /// For people
    Human,
    /// For programs
    Json,
}

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Said {
    pub(super) fn fine(text: String) -> Self {
        Self {
            text,
            exit: Exit::Fine,
        }
    }

    /// A value as JSON.
    pub(super) fn json(value: &impl serde::Serialize, exit: Exit) -> anyhow::Result<Self> {
        let text = serde_json::to_string_pretty(value)? + "\n";
        Ok(Self { text, exit })
    }
}

/// Prints, with colours where a terminal shows them. A reader that has seen enough is no error.
#[cfg(feature = "cli")]
pub(super) fn print(text: &str) -> std::io::Result<()> {
    use std::io::{ErrorKind, Write};
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Text in a style.
pub(super) fn styled(style: Style, text: impl fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A number with its thousands apart: `99,999`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Some of all buckets, in percent; exact.
pub(super) fn percent(buckets: u32) -> String {
    format!("{} %", f64::from(buckets) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (99_999, "99,999"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
