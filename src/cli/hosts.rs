//! Hosts by which a service is reached. Who has a host is the core's to say.

use serde_json::Value;

use crate::{Moment, Request, Rules, decide};

/// A label that nobody's host has, to stand for any.
const ANY_LABEL: &str = "some-label-of-graylane";

/// A request of which nothing but its host counts.
struct ToHost<'h>(&'h str);

impl Request<'_> for ToHost<'_> {
    fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        name == ":authority" && see(self.0.as_bytes())
    }

    fn source_ip(&self) -> Option<std::net::IpAddr> {
        None
    }
}

/// A service's hosts as its document lists them; without a list it has every one, which `*` stands
/// for.
pub(super) fn of(service: &Value) -> Vec<String> {
    let listed = service["hosts"].as_array().into_iter().flatten();
    let listed = listed.filter_map(|host| host.as_str().map(str::to_owned));
    let mut hosts: Vec<_> = listed.collect();
    if hosts.is_empty() {
        hosts.push("*".to_owned());
    }
    hosts
}

/// A host that is one of those that `host` stands for.
pub(super) fn example(host: &str) -> String {
    host.replacen('*', ANY_LABEL, 1)
}

/// The name of the service that answers a host.
pub(super) fn winner<'r>(rules: &'r Rules, host: &str) -> Option<&'r str> {
    decide(rules, &ToHost(host), Moment::default()).service()
}

/// The first of some hosts that the service answers itself.
pub(super) fn answered(rules: &Rules, service: usize, hosts: &[String]) -> Option<String> {
    let name = rules.services()[service].name();
    let mut hosts = hosts.iter().map(|host| example(host));
    hosts.find(|host| winner(rules, host) == Some(name))
}
