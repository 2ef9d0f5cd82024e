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
    /// Whether that is the centre's.
    pub centres: bool,
    /// Whether everybody is sent to the baselines, since the centre has no policy any more.
    pub off: bool,
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
        let centres = !heard.policy.is_empty();
        let document = if centres { heard.policy } else { own };
        let off = heard.policy_gone && remote.on_delete == OnDelete::Baseline;
        // Read anew for each attempt: a copy would be code for each of its parts.
        let compile = |switches: &Switches| {
            let mut policy = if centres {
                Policy::parse_remote(document)?
            } else {
                Policy::parse(document)?
            };
            policy.enabled &= !off;
            let left_out = switched(&mut policy, switches)?;
            Ok((Rules::compile(policy, node)?, left_out))
        };
        let mut problems = Vec::new();
        let switches = Switches::parse(heard.switches).unwrap_or_else(|error| {
            problems.push(error.to_string());
            Switches::default()
        });
        let attempts = [switches.closures(), Switches::default()];
        let mut compiled = compile(&switches);
        for fewer in attempts {
            if let Err(error) = &compiled
                && !switches.0.is_empty()
            {
                problems.push(format!("switches do not fit the policy: {error}"));
                compiled = compile(&fewer);
            }
        }
        let (rules, left_out) = compiled?;
        problems.extend(left_out);
        Ok(Self {
            rules,
            revision: revision(document),
            centres,
            off,
            left_out: problems,
        })
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
        let mut policy = Policy::parse(if policy.is_empty() { own } else { policy })?;
        switched(&mut policy, &Switches::parse(switches)?)?;
        Rules::compile(policy, node).map(|_| ())
    }
}
