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
use crate::{Error, Node, Policy, Rules};

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
    /// Why the policy has no place for the edits, or its proxies would refuse the document; `None`
    /// if neither is so.
    ///
    /// # Errors
    ///
    /// The policy cannot be had.
    pub(super) fn refusal(
        &self,
        edits: &[Edit],
        document: &[u8],
        credentials: &Credentials,
    ) -> Result<Option<String>> {
        let policy = self.policy(credentials)?;
        Ok(match left_out(&policy, document) {
            Ok(left_out) => {
                let of_an_edit = |sentence: &String| {
                    let mut places = edits.iter().map(|edit| format!("switches.{}: ", edit.name));
                    places.any(|place| sentence.starts_with(&place))
                };
                left_out.into_iter().find(of_an_edit)
            }
            Err(error) => Some(error.to_string()),
        })
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

/// What a policy's proxies leave out of a switch document.
fn left_out(policy: &[u8], document: &[u8]) -> Result<Vec<String>, Error> {
    let mut policy = Policy::parse(policy)?;
    let left_out = switched(&mut policy, &Switches::parse(document)?)?;
    Rules::compile(policy, &Node::default())?;
    Ok(left_out)
}
