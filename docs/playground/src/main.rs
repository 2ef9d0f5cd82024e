//! What the page runs: a question as JSON on standard input, its answer as JSON on standard output.

use std::io::{self, Read, Write};

fn main() -> anyhow::Result<()> {
    let mut question = Vec::new();
    io::stdin().read_to_end(&mut question)?;
    let answer = graylane::cli::playground::answer(&question)?;
    io::stdout().write_all(answer.as_bytes())?;
    Ok(())
}
