//! The policy that switches are for, asked whether it has the names.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, bail};

use super::Edit;
use crate::cli::centre::{Credentials, Document};
use crate::cli::input::{self, File};
use crate::policy::Switches;
use crate::rules::switched;
use crate::{Node, Policy, Rules};

/// Where the policy is.
#[derive(Clone, Debug)]
pub(in crate::cli) enum Names {
    File(PathBuf),
    /// An address, as `--to` has it.
    Centre(String),
}

impl FromStr for Names {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text.contains("://") {
            Self::Centre(text.to_owned())
        } else {
            Self::File(text.into())
        })
    }
}

impl Names {
    /// Refuses edits that the policy has no place for, and a document with which proxies would
    /// refuse it.
    pub(super) fn check(
        &self,
        edits: &[Edit],
        document: &[u8],
        credentials: &Credentials,
    ) -> Result<()> {
        let policy = self.policy(credentials)?;
        let mut policy = Policy::parse(&policy)?;
        let left_out = switched(&mut policy, &Switches::parse(document)?)?;
        let of = |edit: &Edit| format!("switches.{}: ", edit.name);
        let mut sentences = edits.iter().filter_map(|edit| {
            let place = of(edit);
            left_out
                .iter()
                .find(|sentence| sentence.starts_with(&place))
        });
        if let Some(sentence) = sentences.next() {
            bail!("{sentence}");
        }
        Rules::compile(policy, &Node::default())?;
        Ok(())
    }

    /// Its document, as JSON.
    fn policy(&self, credentials: &Credentials) -> Result<Vec<u8>> {
        let policy = match self {
            Self::File(file) => {
                let file = file.clone();
                File { file, policy: None }.load(&Node::default())?
            }
            Self::Centre(address) => {
                let document = Document::open(address, credentials)?;
                let Some(bytes) = document.read()?.document else {
                    bail!("{document}: there is no policy; name another, or leave --policy out");
                };
                input::of_centre(address, bytes, &Node::default())?
            }
        };
        Ok(serde_json::to_vec(&policy.document)?)
    }
}
