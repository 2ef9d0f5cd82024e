//! Config centres, as they are written.

use super::Text;
use super::part::{objects, words};
use crate::Secret;

/// A config centre, which policies and switches come from while the proxy runs.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema), schemars(deny_unknown_fields, extend("oneOf" = [{"required": ["etcd"]}, {"required": ["consul"]}, {"required": ["nacos"]}, {"required": ["apollo"]}, {"required": ["http"]}], "anyOf" = [{"required": ["policy"]}, {"required": ["switches"]}, {"required": ["announce"]}])))]
pub struct Remote {
    /// The proxy's cluster that leads to the centre.
    pub cluster: Text,
    /// What the centre is called in requests: their `Host`. Absent: as the cluster is.
    pub host: Option<Text>,
    /// It is etcd, by its JSON gateway.
    pub etcd: Option<Etcd>,
    /// It is Consul, by its key-value store.
    pub consul: Option<Consul>,
    /// It is Nacos.
    pub nacos: Option<Nacos>,
    /// It is Apollo.
    pub apollo: Option<Apollo>,
    /// It is any HTTP server.
    pub http: Option<Http>,
    /// The name that the policy has there. Absent: the policy is the one that stands here.
    pub policy: Option<Text>,
    /// The name that the switches have there. Absent: there are none.
    pub switches: Option<Text>,
    /// What guards have seen is told to the other proxies. Absent: each judges for itself.
    pub announce: Option<Announce>,
    /// How often a centre is asked that does not hold its answer until something changes, from `1s`
    /// to `1h`. Absent: `5s`.
    pub every: Option<Text>,
    /// What it means that there is no policy of that name.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub on_delete: OnDelete,
}

/// etcd.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Etcd {
    /// Who logs in. Absent: nobody does.
    pub user: Option<Text>,
    /// The user's password.
    pub password: Option<Secret>,
}

/// Consul.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Consul {
    /// Its ACL token. Absent: none is sent.
    pub token: Option<Secret>,
    /// Whose keys they are. Absent: those of the datacenter that is asked.
    pub datacenter: Option<Text>,
}

/// Nacos.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Nacos {
    /// Which of its interfaces is asked.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub api: NacosApi,
    /// The group. Absent: `DEFAULT_GROUP`.
    pub group: Option<Text>,
    /// The id of the namespace, which it calls a tenant. Absent: the public one.
    pub namespace: Option<Text>,
    /// Who logs in. Absent: nobody does.
    pub user: Option<Text>,
    /// The user's password.
    pub password: Option<Secret>,
}

/// An interface of Nacos.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(rename_all = "lowercase")
)]
pub enum NacosApi {
    /// `/nacos/v1/cs/configs`, which 0.8 to 3.0 have: it holds its answer until something changes.
    #[default]
    V1,
    /// `/nacos/v3/client/cs/config`, of 3 and later: it answers at once, and is asked every so often.
    V3,
}

/// Apollo.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Apollo {
    /// The id of the application.
    pub app: Text,
    /// The cluster, in Apollo's sense. Absent: `default`.
    pub cluster: Option<Text>,
    /// The application's access key. Absent: requests are not signed.
    pub secret: Option<Secret>,
}

/// Any HTTP server.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Http {
    /// Sent as `Authorization: Bearer`. Absent: nothing is.
    pub token: Option<Secret>,
}

/// What guards have seen, told to the other proxies of a fleet.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Announce {
    /// The key below which each proxy has its own.
    pub under: Text,
    /// Whose verdict holds for all.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub close_when: CloseWhen,
}

/// Whose verdict holds for a whole fleet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(rename_all = "lowercase")
)]
pub enum CloseWhen {
    /// Any proxy's.
    #[default]
    Any,
    /// That of more than half of those who have seen the version's answers.
    Majority,
}

/// What it means that a centre has no policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(rename_all = "lowercase")
)]
pub enum OnDelete {
    /// Nothing: the last good one stays in force.
    #[default]
    Keep,
    /// Everybody gets the baselines.
    Baseline,
}

objects! {
    Remote: "a config centre: an object" { cluster, host, etcd, consul, nacos, apollo, http, policy, switches, announce, every, on_delete }
    Etcd: "what etcd asks for: an object" { user, password }
    Consul: "what Consul asks for: an object" { token, datacenter }
    Nacos: "what Nacos asks for: an object" { api, group, namespace, user, password }
    Apollo: "what Apollo asks for: an object" { app, cluster, secret }
    Http: "what the server asks for: an object" { token }
    Announce: "where it is told: an object" { under, close_when }
}

words! {
    NacosApi { "v1" = V1, "v3" = V3 }
    CloseWhen { "any" = Any, "majority" = Majority }
    OnDelete { "keep" = Keep, "baseline" = Baseline }
}
