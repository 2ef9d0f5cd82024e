//! Whether a change is wanted.

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Result, bail};

/// Asks, on a terminal; `yes` has answered already.
///
/// # Errors
///
/// Nobody is there to answer.
pub(super) fn is_wanted(question: &str, yes: bool) -> Result<bool> {
    if yes {
        return Ok(true);
    }
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        bail!("nobody is there to say yes; look at the change, and give --yes");
    }
    anstream::eprint!("{question} [y/N] ");
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
