//! What the proxies of a fleet tell, put together by proxy and version.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::admin::Metric;

/// The numbers that are asked for.
pub(super) const NAMES: [&str; 5] = [
    REVISION,
    "remote_age_seconds",
    "share",
    "guard_state",
    "switched",
];

/// Which policy is in force: the one number that every proxy has.
pub(super) const REVISION: &str = "policy_revision";

/// What a guard's gauge says, from 0 on.
const STATES: [&str; 5] = ["open", "observed", "paused", "probing", "closed"];

/// A proxy, and what it has in force.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Proxy {
    #[serde(rename = "proxy")]
    pub(super) name: String,
    /// As eight hexadecimal digits; `None` where it tells none.
    pub(super) revision: Option<String>,
    /// Seconds since the centre answered as it should, by document. Empty: it asks none.
    pub(super) centre_age_seconds: BTreeMap<String, u64>,
    pub(super) versions: Vec<Version>,
    /// Why nothing is known of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trouble: Option<String>,
}

/// A service's version in that proxy.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Version {
    pub(super) service: String,
    #[serde(rename = "version")]
    pub(super) name: String,
    pub(super) shares: Vec<Share>,
    /// How its guard has it; `None` where it tells nothing, as one does that was never closed.
    pub(super) guard: Option<&'static str>,
    /// Whether a switch has closed it.
    pub(super) switched: bool,
}

/// What a rule gives to a version.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Share {
    pub(super) rule: String,
    pub(super) percent: f64,
}

impl Proxy {
    /// One that has told these.
    pub(super) fn of(name: String, metrics: Vec<Metric>) -> Self {
        let mut revision = None;
        let mut ages = BTreeMap::new();
        let mut versions = BTreeMap::new();
        for Metric {
            name: number,
            mut tags,
            value,
        } in metrics
        {
            match &*number {
                REVISION => revision = Some(format!("{value:08x}")),
                "remote_age_seconds" => {
                    let document = tags.remove("document").unwrap_or_default();
                    ages.insert(document, value);
                }
                _ => {
                    let (service, version) = (tags.remove("service"), tags.remove("version"));
                    let (Some(service), Some(version)) = (service, version) else {
                        continue;
                    };
                    let own = versions.entry((service, version));
                    let own: &mut Version = own.or_default();
                    own.hear(&number, tags.remove("rule").unwrap_or_default(), value);
                }
            }
        }
        let versions = versions.into_iter().map(|((service, name), told)| Version {
            service,
            name,
            ..told
        });
        Self {
            name,
            revision,
            centre_age_seconds: ages,
            versions: versions.collect(),
            trouble: None,
        }
    }

    /// One that has told nothing, for this reason.
    pub(super) fn silent(name: String, trouble: String) -> Self {
        Self {
            trouble: Some(trouble),
            ..Self::of(name, Vec::new())
        }
    }
}

impl Version {
    fn hear(&mut self, name: &str, rule: String, value: u64) {
        match name {
            "share" => {
                // In thousandths of a percent, of which there are 100,000.
                let thousandths = u32::try_from(value).unwrap_or(u32::MAX);
                self.shares.push(Share {
                    rule,
                    percent: f64::from(thousandths) / 1_000.0,
                });
            }
            "guard_state" => {
                let state = usize::try_from(value).ok();
                self.guard = state.and_then(|state| STATES.get(state)).copied();
            }
            "switched" => self.switched = value == 1,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str, tags: &[(&str, &str)], value: u64) -> Metric {
        let tags = tags
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Metric {
            name: name.to_owned(),
            tags: tags.collect(),
            value,
        }
    }

    #[test]
    fn what_a_proxy_tells_is_put_together_by_version() {
        let v2 = [("service", "checkout"), ("version", "v2")];
        let of_rule = [&v2[..], &[("rule", "ten-percent")]].concat();
        let proxy = Proxy::of(
            "a".to_owned(),
            vec![
                metric("policy_revision", &[], 0x1a2b),
                metric("remote_age_seconds", &[("document", "policy")], 2),
                metric("share", &of_rule, 10_500),
                metric("guard_state", &v2, 4),
                metric("switched", &v2, 1),
                metric("guard_state", &[("service", "pay"), ("version", "v7")], 0),
                metric("switched", &[("service", "none")], 1),
            ],
        );
        assert_eq!(proxy.revision.as_deref(), Some("00001a2b"));
        assert_eq!(proxy.centre_age_seconds, [("policy".to_owned(), 2)].into());
        let [checkout, pay] = &proxy.versions[..] else {
            panic!("{proxy:?}");
        };
        assert_eq!((checkout.guard, checkout.switched), (Some("closed"), true));
        assert_eq!(
            (&*checkout.shares[0].rule, checkout.shares[0].percent),
            ("ten-percent", 10.5)
        );
        assert_eq!(
            (&*pay.service, pay.guard, pay.switched),
            ("pay", Some("open"), false)
        );
    }
}
