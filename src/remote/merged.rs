//! What holds: the proxy's own policy or the centre's, and switches over it.

use crate::error::Error;
use crate::policy::{OnDelete, Policy, Switches};
use crate::revision::revision;
use crate::rules::{Node, Remote, Rules, switched};

/// What a centre has, as far as it was heard of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'s> {
    /// The last good policy. Empty: there never was one.
    pub policy: &'s [u8],
    /// Whether the centre has none any more.
    pub policy_gone: bool,
    /// The last good switches. Empty: there are none.
    pub switches: &'s [u8],
}

/// The rules that hold.
#[derive(Debug)]
pub struct Merged {
    /// The rules.
    pub rules: Rules,
    /// The revision of the policy's document.
    pub revision: u32,
    /// What of the switches does not hold, each as a sentence.
    pub left_out: Vec<String>,
}

impl Merged {
    /// Of `own`, the proxy's own policy, and what was heard from the centre.
    ///
    /// Switches never stand in a policy's way: where their shares do not fit it, they still close
    /// what they close.
    ///
    /// # Errors
    ///
    /// A policy that is none.
    pub fn new(
        own: &[u8],
        remote: &Remote,
        heard: Sources<'_>,
        node: &Node,
    ) -> Result<Self, Error> {
        let (document, mut policy) = if heard.policy.is_empty() {
            (own, Policy::parse(own)?)
        } else {
            (heard.policy, Policy::parse_remote(heard.policy)?)
        };
        if heard.policy_gone && remote.on_delete == OnDelete::Baseline {
            policy.enabled = false;
        }
        let revision = revision(document);
        let merged = |rules, left_out| Self {
            rules,
            revision,
            left_out,
        };
        let switches = match Switches::parse(heard.switches) {
            Ok(switches) if !switches.0.is_empty() => switches,
            Ok(_) => return Ok(merged(Rules::compile(policy, node)?, Vec::new())),
            Err(error) => {
                let left_out = vec![error.to_string()];
                return Ok(merged(Rules::compile(policy, node)?, left_out));
            }
        };
        match with(policy.clone(), &switches, node) {
            Ok((rules, left_out)) => Ok(merged(rules, left_out)),
            Err(all) => match with(policy.clone(), &switches.closures(), node) {
                Ok((rules, mut left_out)) => {
                    left_out.push(format!("switched shares do not fit the policy: {all}"));
                    Ok(merged(rules, left_out))
                }
                Err(closures) => {
                    let left_out = vec![closures.to_string()];
                    Ok(merged(Rules::compile(policy, node)?, left_out))
                }
            },
        }
    }

    /// Tells what is wrong with switches, if anything is: a sentence.
    ///
    /// # Errors
    ///
    /// They are none, or do not fit the policy that holds.
    pub fn check_switches(
        own: &[u8],
        policy: &[u8],
        switches: &[u8],
        node: &Node,
    ) -> Result<(), Error> {
        let policy = if policy.is_empty() { own } else { policy };
        let switches = Switches::parse(switches)?;
        with(Policy::parse(policy)?, &switches, node).map(|_| ())
    }
}

fn with(
    mut policy: Policy,
    switches: &Switches,
    node: &Node,
) -> Result<(Rules, Vec<String>), Error> {
    let left_out = switched(&mut policy, switches)?;
    Ok((Rules::compile(policy, node)?, left_out))
}
