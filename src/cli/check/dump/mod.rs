//! What an Envoy has in force, by its admin interface's `/config_dump`: whether it has a route and a
//! cluster for what a policy writes.

mod hosts;
mod look;
mod matchers;
mod routes;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::bail;
use serde_json::Value;

pub(super) use look::look;
use routes::Table;

use crate::cli::input::{self, Source};

/// A proxy's configuration, as far as a policy has to fit it.
pub(super) struct Dump {
    kind: Kind,
    /// Clusters that serve.
    clusters: BTreeSet<String>,
    /// Clusters that wait for their endpoints or certificates.
    warming: BTreeSet<String>,
    tables: Vec<Table>,
    /// Route tables that listeners ask a control plane for, and that have not come.
    absent: BTreeSet<String>,
}

/// Whose configuration it is, which decides what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An Envoy of one's own.
    Alone,
    /// A gateway of Istio.
    Gateway,
    /// One of Istio's sidecars.
    Sidecar,
    /// One of Istio's waypoints.
    Waypoint,
}

/// A section of the dump: the lists in it that have one of these names.
fn lists<'d>(dump: &'d Value, section: &str, names: &[&str]) -> Vec<&'d Value> {
    let sections = dump["configs"].as_array().into_iter().flatten();
    let sections = sections.filter(|config| {
        let url = config["@type"].as_str().unwrap_or_default();
        url.ends_with(section)
    });
    let lists = sections.flat_map(|config| names.iter().map(|name| &config[*name]));
    lists.filter_map(Value::as_array).flatten().collect()
}

/// The names of the clusters in these lists.
fn clusters(dump: &Value, names: &[&str]) -> BTreeSet<String> {
    let clusters = lists(dump, ".ClustersConfigDump", names).into_iter();
    let names = clusters.filter_map(|entry| entry["cluster"]["name"].as_str());
    names.map(str::to_owned).collect()
}

/// Adds the route tables that something in the listeners asks for by name.
fn asked_for(node: &Value, names: &mut BTreeSet<String>) {
    match node {
        Value::Object(fields) => {
            if let Some(name) = fields
                .get("rds")
                .and_then(|rds| rds["route_config_name"].as_str())
            {
                names.insert(name.to_owned());
            }
            fields.values().for_each(|field| asked_for(field, names));
        }
        Value::Array(items) => items.iter().for_each(|item| asked_for(item, names)),
        _ => {}
    }
}

impl Dump {
    /// Reads a dump, and where they are asked for the policies that are in force by it.
    pub(super) fn read(path: &Path, in_force: bool) -> anyhow::Result<(Self, Vec<Source>)> {
        let (file, dump) = input::json(path)?;
        let clusters = clusters(&dump, &["static_clusters", "dynamic_active_clusters"]);
        let kind = Kind::of(&dump, &clusters);
        let names: &[_] = match kind {
            // The others are for what comes in, which its caller has routed, and for probes.
            Kind::Gateway | Kind::Sidecar => &["dynamic_route_configs"],
            Kind::Alone | Kind::Waypoint => &["static_route_configs", "dynamic_route_configs"],
        };
        let tables = lists(&dump, ".RoutesConfigDump", names);
        if clusters.is_empty() || tables.is_empty() {
            let lacks = if clusters.is_empty() {
                "clusters"
            } else {
                "routes"
            };
            bail!(
                "{file} has no {lacks}, and so is no whole dump of a proxy that serves; take it from \
                 /config_dump, without `resource` and `mask`"
            );
        }
        let tables: Vec<_> = tables
            .iter()
            .map(|table| Table::of(&table["route_config"]))
            .collect();
        let mut absent = BTreeSet::new();
        for listener in lists(
            &dump,
            ".ListenersConfigDump",
            &["static_listeners", "dynamic_listeners"],
        ) {
            asked_for(listener, &mut absent);
        }
        for table in &tables {
            absent.remove(&table.name);
        }
        let policies = if in_force {
            input::in_dump(&file, &dump)
        } else {
            Vec::new()
        };
        if in_force && policies.is_empty() {
            bail!("{}", nothing_in_force(&file, &dump));
        }
        Ok((
            Self {
                kind,
                warming: self::clusters(&dump, &["dynamic_warming_clusters"]),
                clusters,
                tables,
                absent,
            },
            policies,
        ))
    }
}

impl Kind {
    /// Istio says it in the node's id, and otherwise its names of clusters do.
    fn of(dump: &Value, clusters: &BTreeSet<String>) -> Self {
        let mut configs = dump["configs"].as_array().into_iter().flatten();
        let id = configs.find_map(|config| config["bootstrap"]["node"]["id"].as_str());
        let named = |prefix| clusters.iter().any(|name| name.starts_with(prefix));
        match id.unwrap_or_default().split('~').next() {
            Some("waypoint") => Self::Waypoint,
            Some("sidecar") => Self::Sidecar,
            Some("router") => Self::Gateway,
            _ if named("inbound-vip|") => Self::Waypoint,
            _ if named("inbound|") => Self::Sidecar,
            _ if named("outbound|") => Self::Gateway,
            _ => Self::Alone,
        }
    }
}

/// Why there is no policy in a dump.
fn nothing_in_force(file: &str, dump: &Value) -> String {
    let filters = lists(dump, ".EcdsConfigDump", &["ecds_filters"]).into_iter();
    let mut stand_ins = filters
        .map(|filter| &filter["ecds_filter"])
        .filter(|filter| {
            let url = filter["typed_config"]["@type"].as_str().unwrap_or_default();
            url.ends_with("filters.http.rbac.v3.RBAC")
        });
    match stand_ins.next().and_then(|filter| filter["name"].as_str()) {
        Some(name) => format!(
            "{file} has no graylane filter: {name} is an RBAC filter there, which Istio's agent puts \
             in place of a module that it cannot fetch; look into its log"
        ),
        None => format!(
            "{file} has no graylane filter; give the policy beside it, or take it again once the proxy \
             has one"
        ),
    }
}
