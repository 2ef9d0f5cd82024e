//! Who asks a centre: from files and the environment, since a command line is for everybody to read.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::Secret;

/// Who asks.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Who asks")]
pub(in crate::cli) struct Credentials {
    /// The user, of etcd and Nacos; of Apollo, in whose name it is written. By default
    /// `GRAYLANE_USER`
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// A file with the user's password; by default `GRAYLANE_PASSWORD` is the password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// A file with the token, of Consul, Apollo and HTTP; by default `GRAYLANE_TOKEN` is the token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// What a kind of centre wants of them.
#[derive(Clone, Copy)]
pub(super) enum Wants {
    UserAndPassword,
    Token,
    UserAndToken,
    Nothing,
}

/// Those that there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) token: Option<Secret>,
}

impl Credentials {
    /// Those that are wanted. An option for another is a mistake; a variable is not, since it may
    /// be there for another command.
    pub(super) fn given(&self, wants: Wants) -> Result<Given> {
        let (user, password, token) = match wants {
            Wants::UserAndPassword => (true, true, false),
            Wants::Token => (false, false, true),
            Wants::UserAndToken => (true, false, true),
            Wants::Nothing => (false, false, false),
        };
        for (given, wanted, option) in [
            (self.user.is_some(), user, "--user"),
            (self.password_file.is_some(), password, "--password-file"),
            (self.token_file.is_some(), token, "--token-file"),
        ] {
            ensure!(
                !given || wanted,
                "{option} is not for this kind of address; leave it out"
            );
        }
        let mut given = Given::default();
        if user {
            given.user = self.user.clone().or_else(|| variable("GRAYLANE_USER"));
        }
        if password {
            given.password = secret(self.password_file.as_deref(), "GRAYLANE_PASSWORD")?;
        }
        if token {
            given.token = secret(self.token_file.as_deref(), "GRAYLANE_TOKEN")?;
        }
        Ok(given)
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

/// The content of the file, or of the variable.
pub(in crate::cli) fn secret(file: Option<&Path>, name: &str) -> Result<Option<Secret>> {
    let Some(file) = file else {
        return Ok(variable(name).map(Secret::new));
    };
    let shown = file.display();
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("{shown} cannot be read"))?;
    // Editors end a file with a line break.
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        bail!("{shown} is empty; write the secret into it");
    }
    Ok(Some(Secret::new(text.to_owned())))
}
