//! What a check wants of an Envoy.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use graylane::Node;
use serde_json::Value;

use super::policy_file::Layout;
use super::render::{Form, Stripping};

/// How Envoy is started. [`Setup::of`] is the sample as users get it.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The sample's name: `standalone`, `dynamic`, …
    pub sample: String,
    /// The policy; `None` leaves the sample's own.
    pub policy: Option<Value>,
    /// The policy's form.
    pub form: Form,
    /// How the policy's folder is laid out.
    pub layout: Layout,
    /// What Envoy itself strips of a client's headers.
    pub stripping: Stripping,
    /// Whether Envoy removes the hop's own headers before the backend.
    pub hop_headers_removed: bool,
    /// Where Envoy puts a verified token; `None` leaves the sample's place.
    pub claims_in: Option<String>,
    /// Further clusters, and where each leads; see [`Setup::leading_to`].
    pub clusters: BTreeMap<String, SocketAddr>,
    /// Clusters beside the sample's own, as a bootstrap writes them.
    pub beside: Vec<Value>,
    /// Another module than the lab's.
    pub module: Option<PathBuf>,
    /// A change of each of the sample's files, after all others.
    pub edit: Option<fn(&mut Value)>,
    /// Envoy's workers.
    pub workers: u32,
    /// Where its listener listens; 0 is any port.
    pub port: u16,
    /// Further arguments of Envoy.
    pub arguments: Vec<String>,
    /// Envoy's node; `None` leaves the sample's.
    pub node: Option<Node>,
    /// Whether Envoy takes requests as they come: see [`Setup::raw`].
    pub raw: bool,
    /// Whether what comes is for the workload beside Envoy.
    pub inbound: bool,
}

impl Setup {
    /// The sample as it is.
    #[must_use]
    pub fn of(sample: &str) -> Self {
        Self {
            sample: sample.to_owned(),
            policy: None,
            form: Form::default(),
            layout: Layout::default(),
            stripping: Stripping::default(),
            hop_headers_removed: true,
            claims_in: None,
            clusters: BTreeMap::new(),
            beside: Vec::new(),
            module: None,
            edit: None,
            workers: 2,
            port: 0,
            arguments: Vec::new(),
            node: None,
            raw: false,
            inbound: false,
        }
    }

    /// With this policy.
    #[must_use]
    pub fn policy(mut self, policy: &Value) -> Self {
        self.policy = Some(policy.clone());
        self
    }

    /// With the policy in this form.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// With the policy's folder as the kubelet mounts it.
    #[must_use]
    pub fn kubelet(mut self) -> Self {
        self.layout = Layout::Kubelet;
        self
    }

    /// Without Envoy's `internal_only_headers`: only the module stands against forged headers.
    #[must_use]
    pub fn without_native_stripping(mut self) -> Self {
        self.stripping = Stripping::Nothing;
        self
    }

    /// With the tag off Envoy's `internal_only_headers`, as a policy needs it that trusts some.
    #[must_use]
    pub fn letting_tags_in(mut self) -> Self {
        self.stripping = Stripping::ButTheTag;
        self
    }

    /// Without `request_headers_to_remove`: the backend sees what this hop was routed by.
    #[must_use]
    pub fn showing_hop_headers(mut self) -> Self {
        self.hop_headers_removed = false;
        self
    }

    /// With a verified token's claims under this name: `payload_in_metadata`.
    #[must_use]
    pub fn claims_put_in(mut self, name: &str) -> Self {
        self.claims_in = Some(name.to_owned());
        self
    }

    /// With a cluster of this name that leads there: the sample's, or else one of HTTP/1.1.
    #[must_use]
    pub fn leading_to(mut self, cluster: &str, at: SocketAddr) -> Self {
        self.clusters.insert(cluster.to_owned(), at);
        self
    }

    /// With this cluster beside the sample's own, as a bootstrap writes it.
    #[must_use]
    pub fn beside(mut self, cluster: Value) -> Self {
        self.beside.push(cluster);
        self
    }

    /// With another module.
    #[must_use]
    pub fn module(mut self, module: impl Into<PathBuf>) -> Self {
        self.module = Some(module.into());
        self
    }

    /// With each file of the sample changed so, after all others.
    #[must_use]
    pub fn edited(mut self, edit: fn(&mut Value)) -> Self {
        self.edit = Some(edit);
        self
    }

    /// As this node.
    #[must_use]
    pub fn node(mut self, node: &Node) -> Self {
        self.node = Some(node.clone());
        self
    }

    /// With a listener for what comes in to the workload beside Envoy.
    #[must_use]
    pub fn inbound(mut self, inbound: bool) -> Self {
        self.inbound = inbound;
        self
    }

    /// Taking requests as they come: a client's address is what `x-forwarded-for` says, and its
    /// path is not normalised.
    #[must_use]
    pub fn raw(mut self) -> Self {
        self.raw = true;
        self
    }

    /// Listening on this port, where another Envoy did or does.
    #[must_use]
    pub fn at_port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// With these arguments of Envoy's. With `--restart-epoch` it hands over to a next one, or takes
    /// over.
    #[must_use]
    pub fn arguments<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments = arguments.map(str::to_owned).into();
        self
    }

    /// With so many workers.
    #[must_use]
    pub fn workers(mut self, workers: u32) -> Self {
        self.workers = workers;
        self
    }
}
