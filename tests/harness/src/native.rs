//! The native core's answer: the same rules and the same request that Envoy gets.

use std::net::IpAddr;

use anyhow::{Context, Result};
use graylane::{HeaderEffect, Moment, Node, Policy, Rules};
use serde_json::{Value, json};

use crate::client::{Answer, Visit};

/// A policy as the core understands it.
#[derive(Debug)]
pub struct Native {
    rules: Rules,
}

/// What the core decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The version; `None` if the policy has no such service.
    pub version: Option<String>,
    /// The cluster it is reached by.
    pub cluster: Option<String>,
    /// The cluster that gets a copy.
    pub mirror: Option<String>,
    /// The rule that decided; `None` for the baseline.
    pub rule: Option<String>,
    /// What was only counted: the rule, where there is one, and the version.
    pub dry_runs: Vec<(Option<String>, String)>,
}

impl Native {
    /// Compiles the policy as the module does when Envoy loads it.
    ///
    /// # Errors
    /// If the core refuses it.
    pub fn compile(policy: &Value) -> Result<Self> {
        let text = policy.to_string();
        let policy = Policy::parse(text.as_bytes()).context("the core refuses the policy")?;
        let rules =
            Rules::compile(policy, &Node::default()).context("the core refuses the policy")?;
        Ok(Self { rules })
    }

    /// What Envoy must answer to this visit, by a policy that knows no time.
    #[must_use]
    pub fn decide(&self, visit: &Visit) -> Verdict {
        self.decide_at(visit, 0)
    }

    /// Whether the version that the core says has answered, by a policy that knows no time.
    #[must_use]
    pub fn is_right(&self, visit: &Visit, answer: &Answer) -> bool {
        let reply = answer.as_ref().ok().filter(|reply| reply.is_success());
        let version = reply.and_then(|reply| reply.version());
        version.is_some() && version == self.decide(visit).version.as_deref()
    }

    /// What Envoy must answer to this visit at a moment, in milliseconds since the Unix epoch.
    ///
    /// The policies of the checks leave nothing to chance.
    #[must_use]
    pub fn decide_at(&self, visit: &Visit, now: u64) -> Verdict {
        let decision = graylane::decide(&self.rules, visit, Moment::at(now));
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let dry_runs = decision.dry_runs().iter().map(|dry| {
            let rule = dry.reason.rule().map(graylane::rules::Rule::name);
            (owned(rule), dry.version.to_owned())
        });
        Verdict {
            version: owned(decision.version()),
            cluster: owned(decision.cluster()),
            mirror: owned(decision.mirror()),
            rule: owned(decision.rule()),
            dry_runs: dry_runs.collect(),
        }
    }

    /// What an access log must say of this visit, by a policy that knows no time: the decision's
    /// own words, those that there are.
    #[must_use]
    pub fn annotation(&self, visit: &Visit) -> Value {
        let decision = graylane::decide(&self.rules, visit, Moment::at(0));
        let mut said = json!({ "reason": decision.reason().name() });
        for (name, text) in [
            ("service", decision.service()),
            ("version", decision.version()),
            ("rule", decision.rule()),
        ] {
            if let Some(text) = text {
                said[name] = text.into();
            }
        }
        if let Some(bucket) = decision.bucket() {
            said["bucket"] = bucket.number().into();
        }
        said
    }

    /// The visit as it travels on from a filter of this policy.
    ///
    /// The policies of chains give no fresh ids.
    #[must_use]
    pub fn after(&self, visit: &Visit) -> Visit {
        let decision = graylane::decide(&self.rules, visit, Moment::at(0));
        let mut after = visit.clone();
        for effect in graylane::effects(&self.rules, &decision) {
            let mut clear = |header: &str| after.headers.retain(|(name, _)| name != header);
            match effect {
                HeaderEffect::Set(header, value) => {
                    clear(header);
                    after = after.with(header, value);
                }
                HeaderEffect::Remove(header) => clear(header),
                HeaderEffect::Entry(name, value) => after = after.with_entry(name, value),
                HeaderEffect::AddCookie(..) => {}
            }
        }
        after
    }

    /// The cookies that an answer to this visit sets, as the next request brings them.
    #[must_use]
    pub fn cookies(&self, visit: &Visit) -> Vec<String> {
        let decision = graylane::decide(&self.rules, visit, Moment::at(0));
        let pair = |cookie: graylane::NewCookie| {
            let (pair, _) = cookie.line.split_once(';')?;
            Some(pair.to_owned())
        };
        decision
            .new_cookies()
            .into_iter()
            .filter_map(pair)
            .collect()
    }
}

impl graylane::Request<'_> for Visit {
    fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        match name {
            ":method" => see(self.method.as_bytes()),
            ":path" => see(self.path.as_bytes()),
            ":authority" => see(self.authority.as_bytes()),
            _ => self
                .headers
                .iter()
                .filter(|(own, _)| own == name)
                .any(|(_, value)| see(value)),
        }
    }

    fn source_ip(&self) -> Option<IpAddr> {
        Some(self.source_ip)
    }

    fn any_claim(&self, path: &[Box<str>], see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let claim = path
            .iter()
            .try_fold(&self.verified, |claim, name| claim.get(&**name));
        let members = match claim {
            Some(Value::Array(members)) => &members[..],
            Some(other) => std::slice::from_ref(other),
            None => &[],
        };
        let texts = members.iter().filter_map(claim_text);
        texts.into_iter().any(|text| see(text.as_bytes()))
    }
}

/// A claim's value as conditions and keys see it; `None` for what they do not see.
#[must_use]
pub fn claim_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        // Envoy keeps every number as a double.
        Value::Number(number) => Some(number.as_f64()?.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
