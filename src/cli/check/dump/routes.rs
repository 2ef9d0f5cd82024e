//! A proxy's routes, as far as graylane's headers decide about them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::hosts::without_port;
use super::matchers::accepts;

/// Clusters of Istio behind which there is no service.
const NOWHERE: [&str; 3] = [
    "BlackHoleCluster",
    "InboundPassthroughCluster",
    "PassthroughCluster",
];

/// A route table, which Envoy calls a `RouteConfiguration`.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) hosts: Vec<VirtualHost>,
}

/// The routes of some domains.
pub(super) struct VirtualHost {
    pub(super) domains: Vec<String>,
    routes: Vec<Route>,
}

struct Route {
    /// What it asks of headers: their names in lower case, and the matcher.
    matchers: Vec<(String, Value)>,
    /// Whether it takes any path, and asks for nothing else but headers.
    any_path: bool,
    /// Headers that name its cluster, or that of its copies.
    named_by: BTreeSet<String>,
    /// Whether it leads to a service at all.
    leads: bool,
}

/// What routes do with a value of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// None looks at the header.
    Unseen,
    /// Some look, and none wants the value.
    Unmatched,
    /// The value has to be a cluster's name.
    Name,
    /// A route is there for it.
    Route,
}

impl Table {
    pub(super) fn of(table: &Value) -> Self {
        let name = table["name"].as_str().unwrap_or_default();
        let mut above = BTreeSet::new();
        named_by(&table["request_mirror_policies"], &mut above);
        let hosts = table["virtual_hosts"].as_array().into_iter().flatten();
        let hosts = hosts.map(|host| VirtualHost::of(host, name, &above));
        Self {
            hosts: hosts.collect(),
            name: name.to_owned(),
        }
    }
}

impl VirtualHost {
    fn of(host: &Value, table: &str, above: &BTreeSet<String>) -> Self {
        let domains = host["domains"].as_array().into_iter().flatten();
        let domains: Vec<_> = domains.filter_map(Value::as_str).collect();
        // Istio has tables for one service alone, with every domain; their names say whose.
        let alone = match table.strip_prefix("inbound-vip|") {
            Some(rest) => rest.rsplit('|').next(),
            None => {
                Some(table).filter(|table| host["name"] == **table && without_port(table) != *table)
            }
        };
        let mut above = above.clone();
        named_by(&host["request_mirror_policies"], &mut above);
        let mut routes = Vec::new();
        collect(host, &above, &mut routes);
        Self {
            domains: match (alone, &domains[..]) {
                (Some(service), ["*"]) => vec![service.to_owned()],
                _ => domains
                    .iter()
                    .map(|domain| domain.to_ascii_lowercase())
                    .collect(),
            },
            routes,
        }
    }

    /// Whether some route leads to a service.
    pub(super) fn leads(&self) -> bool {
        self.routes.iter().any(|route| route.leads)
    }

    /// What becomes of a header's value: the best that a route offers, up to the first that takes
    /// every request with it.
    pub(super) fn way(&self, header: &str, value: &str) -> Way {
        let mut best = Way::Unseen;
        for route in &self.routes {
            let way = route.way(header, value);
            best = best.max(way);
            if way != Way::Unmatched && route.asks_for_nothing_but(header) {
                break;
            }
        }
        best
    }

    /// The values of a header that some route wants just so.
    pub(super) fn values(&self, header: &str) -> impl Iterator<Item = &str> {
        let matchers = self.routes.iter().flat_map(|route| &route.matchers);
        let own = matchers.filter(move |(name, _)| name == header);
        own.filter_map(|(_, matcher)| {
            let exact = matcher["string_match"]
                .get("exact")
                .or(matcher.get("exact_match"));
            exact.and_then(Value::as_str)
        })
    }
}

impl Route {
    fn asks_for_nothing_but(&self, header: &str) -> bool {
        self.any_path && self.matchers.iter().all(|(name, _)| name == header)
    }

    fn way(&self, header: &str, value: &str) -> Way {
        let own = self.matchers.iter().filter(|(name, _)| name == header);
        let own: Vec<_> = own.collect();
        let named = self.named_by.contains(header);
        match (
            own.iter().all(|(_, matcher)| accepts(matcher, value)),
            named,
        ) {
            (false, _) => Way::Unmatched,
            (true, true) => Way::Name,
            (true, false) if own.is_empty() => Way::Unseen,
            (true, false) => Way::Route,
        }
    }
}

/// Adds every route in a virtual host: in its list, or in the tree of a `matcher`.
fn collect(node: &Value, above: &BTreeSet<String>, routes: &mut Vec<Route>) {
    match node {
        Value::Object(fields) => match (fields.get("match"), fields.get("route")) {
            (Some(asked), action) => {
                routes.push(Route::of(asked, action.unwrap_or(&Value::Null), above));
            }
            (None, _) => fields
                .values()
                .for_each(|field| collect(field, above, routes)),
        },
        Value::Array(items) => items.iter().for_each(|item| collect(item, above, routes)),
        _ => {}
    }
}

/// Adds the headers, in lower case, that name a cluster somewhere in a route's action.
fn named_by(node: &Value, headers: &mut BTreeSet<String>) {
    match node {
        Value::Object(fields) => {
            let header = fields.get("cluster_header").and_then(Value::as_str);
            headers.extend(header.map(str::to_ascii_lowercase));
            fields.values().for_each(|field| named_by(field, headers));
        }
        Value::Array(items) => items.iter().for_each(|item| named_by(item, headers)),
        _ => {}
    }
}

impl Route {
    fn of(asked: &Value, action: &Value, above: &BTreeSet<String>) -> Self {
        let matchers = asked["headers"].as_array().into_iter().flatten();
        let matchers = matchers.filter_map(|matcher| {
            let name = matcher["name"].as_str()?;
            Some((name.to_ascii_lowercase(), matcher.clone()))
        });
        let mut named = above.clone();
        named_by(action, &mut named);
        let nowhere = |cluster: &str| NOWHERE.contains(&cluster);
        Self {
            matchers: matchers.collect(),
            any_path: asked["prefix"] == "/"
                && asked.as_object().is_some_and(|asked| {
                    let mut fields = asked.keys();
                    fields.all(|field| ["headers", "prefix", "case_sensitive"].contains(&&**field))
                }),
            named_by: named,
            leads: action.is_object() && !action["cluster"].as_str().is_some_and(nowhere),
        }
    }
}
