//! What carries a policy: a file of its own, a `WasmPlugin` or an `EnvoyExtensionPolicy`, a filter in
//! Envoy's configuration.

use std::rc::Rc;

use super::tree::Node;

/// What the type of Envoy's filter ends with, in a bootstrap, a listener, or an ECDS resource.
const FILTER: &str = "filters.http.wasm.v3.Wasm";

/// Fields that a policy does not have, and other things in such files have.
const FOREIGN: [&str; 6] = [
    "admin",
    "apiVersion",
    "configs",
    "dynamic_resources",
    "resources",
    "static_resources",
];

/// A policy in a file.
pub(super) struct Found {
    /// The name of what carries it.
    pub(super) name: Option<String>,
    /// The policy as the filter would get it.
    pub(super) bytes: Vec<u8>,
    /// Where it stands.
    pub(super) tree: Rc<Node>,
}

/// The policies in the documents of a file.
pub(super) fn policies(documents: &[Rc<Node>]) -> Vec<Found> {
    let mut carried = Vec::new();
    let mut alone = Vec::new();
    for document in documents {
        let before = carried.len();
        search(document, &mut carried);
        if carried.len() == before && !FOREIGN.iter().any(|name| document.get(name).is_some()) {
            alone.push(Found::of(document, None));
        }
    }
    // Other modules have filters too. Where none says that it is graylane's, all are taken for it:
    // its policy may be what is wrong.
    if carried.iter().any(|(ours, _)| *ours) {
        carried.retain(|(ours, _)| *ours);
    }
    alone.extend(carried.into_iter().map(|(_, found)| found));
    alone
}

/// Adds every policy that is carried in a node, and whether its carrier speaks of graylane.
fn search(node: &Rc<Node>, carried: &mut Vec<(bool, Found)>) {
    let text = |name| node.get(name).and_then(|value| value.text());
    let found = if text("kind") == Some("WasmPlugin") {
        wasm_plugin(node)
    } else if text("kind") == Some("EnvoyExtensionPolicy") {
        let modules = node.get("spec").and_then(|spec| spec.get("wasm"));
        for module in modules.into_iter().flat_map(|list| list.children()) {
            let found = Found::of_carried(module.get("config"), module, module.get("name"));
            carried.push((module.mentions("graylane"), found));
        }
        return;
    } else if text("@type").is_some_and(|url| url.ends_with(FILTER)) {
        filter(node, node)
    } else if text("type_url").is_some_and(|url| url.ends_with(FILTER)) {
        // A `TypedStruct`, as an `EnvoyFilter` has it.
        filter(node.get("value").unwrap_or(node), node)
    } else {
        node.children().for_each(|child| search(child, carried));
        return;
    };
    carried.push((node.mentions("graylane"), found));
}

fn wasm_plugin(node: &Rc<Node>) -> Found {
    let name = node
        .get("metadata")
        .and_then(|metadata| metadata.get("name"));
    let policy = node.get("spec").and_then(|spec| spec.get("pluginConfig"));
    Found::of_carried(policy, node, name)
}

fn filter(filter: &Rc<Node>, carrier: &Rc<Node>) -> Found {
    let config = filter.get("config").unwrap_or(filter);
    let configuration = config.get("configuration");
    // An `Any`: a `Struct` or a `StringValue`, both with their content in `value`.
    let policy = configuration.map(|any| any.get("value").unwrap_or(any));
    Found::of_carried(policy, carrier, config.get("name"))
}

impl Found {
    fn of(tree: &Rc<Node>, name: Option<&Rc<Node>>) -> Self {
        Self {
            name: name.and_then(|name| name.text()).map(str::to_owned),
            bytes: match tree.text() {
                // A policy as text, in a `StringValue`.
                Some(text) => text.as_bytes().to_vec(),
                None => tree.to_json(),
            },
            tree: tree.inner().unwrap_or_else(|| tree.clone()),
        }
    }

    /// Where the carrier has no policy, the core is handed nothing, and says what is missing.
    fn of_carried(policy: Option<&Rc<Node>>, carrier: &Rc<Node>, name: Option<&Rc<Node>>) -> Self {
        match policy {
            Some(policy) => Self::of(policy, name),
            None => Self {
                bytes: Vec::new(),
                ..Self::of(carrier, name)
            },
        }
    }
}
