//! Services, and hosts of services, that an earlier service takes.

use super::Finding;
use crate::cli::input::Loaded;
use crate::{Moment, Request, decide};

/// A label that nobody's host has, to stand for any.
const ANY_LABEL: &str = "some-label-of-graylane-check";

/// A request of which nothing but its host counts.
struct ToHost(String);

impl Request for ToHost {
    fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        name == ":authority" && see(self.0.as_bytes())
    }

    fn source_ip(&self) -> Option<std::net::IpAddr> {
        None
    }
}

/// The core is asked who answers each host.
pub(super) fn look(policy: &Loaded) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, service) in policy.rules.services().iter().enumerate() {
        let place = format!("services[{index}]");
        let hosts = hosts(&policy.document["services"][index]);
        let taken = hosts.iter().map(|host| {
            let request = ToHost(host.replacen('*', ANY_LABEL, 1));
            let winner = decide(&policy.rules, &request, Moment::default()).service();
            (host, winner.filter(|winner| *winner != service.name()))
        });
        let taken: Vec<_> = taken.collect();
        if let Some((_, Some(winner))) = taken.first()
            && taken.iter().all(|(_, winner)| winner.is_some())
        {
            findings.push(Finding::warning(
                place,
                format!(
                    "{} is never reached: {winner} stands before it and has its hosts; \
                     put it before {winner}",
                    service.name()
                ),
            ));
            continue;
        }
        for (at, (host, winner)) in taken.into_iter().enumerate() {
            if let Some(winner) = winner {
                findings.push(Finding::warning(
                    format!("{place}.hosts[{at}]"),
                    format!("{winner} stands before this service and has {host}; remove one"),
                ));
            }
        }
    }
    findings
}

/// A service's hosts; without a list it has every one, and `*` stands for that.
pub(in crate::cli) fn hosts(service: &serde_json::Value) -> Vec<String> {
    let listed = service["hosts"].as_array().into_iter().flatten();
    let listed: Vec<_> = listed
        .filter_map(|host| host.as_str().map(str::to_owned))
        .collect();
    if listed.is_empty() {
        vec!["*".to_owned()]
    } else {
        listed
    }
}
