//! What stands behind the question mark of an address.

use anyhow::{Context, Result, bail, ensure};
use percent_encoding::percent_decode_str;

/// Values by their names, each once.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(text: &str) -> Result<Self> {
        let mut query = Self(Vec::new());
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            ensure!(
                !value.is_empty(),
                "has no value for `{name}`; give one, or leave it out"
            );
            ensure!(
                !query.0.iter().any(|(own, _)| *own == name),
                "says `{name}` twice; keep one"
            );
            query.0.push((name, value));
        }
        Ok(query)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(own, _)| own == name)?;
        Some(self.0.remove(at).1)
    }

    pub(super) fn is_used_up(&self) -> Result<()> {
        match self.0.first() {
            Some((name, _)) => bail!("says `{name}`, which it does not know; leave it out"),
            None => Ok(()),
        }
    }
}

/// Without percent signs.
pub(super) fn decoded(text: &str) -> Result<String> {
    let text = percent_decode_str(text).decode_utf8();
    Ok(text
        .context("is not UTF-8 behind its percent signs")?
        .into_owned())
}
