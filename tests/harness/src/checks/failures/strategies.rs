//! What Envoy can be told to do when the module dies, and what that does to requests.

use serde_json::{Value, json};

use super::got::Got;
use super::got::Got::{Baseline, Canary, Status};

/// Where the module dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Request,
    Response,
    Tick,
}

impl At {
    pub(super) const ALL: [Self; 3] = [Self::Request, Self::Response, Self::Tick];
}

/// A failure policy, and what is written down of it.
pub(super) struct Strategy {
    pub(super) name: &'static str,
    /// Puts it into the sample.
    pub(super) edit: fn(&mut Value),
    /// What the request gets that kills the module: on its way, or with its answer.
    pub(super) itself: [Got; 2],
    /// Whether others in flight on its worker have their answers.
    pub(super) in_flight: bool,
    /// What later ones get, until it heals.
    pub(super) later: Got,
    /// Whether it heals by itself.
    pub(super) heals: bool,
}

const GONE: Got = Status(503);

pub(super) const STRATEGIES: [Strategy; 5] = [
    Strategy {
        name: "fail_open: true",
        // The samples' own.
        edit: |_| (),
        itself: [Baseline, Canary],
        in_flight: true,
        later: Baseline,
        heals: false,
    },
    Strategy {
        name: "FAIL_OPEN",
        edit: |tree| put(tree, json!({ "failure_policy": "FAIL_OPEN" })),
        itself: [GONE; 2],
        in_flight: false,
        later: Baseline,
        heals: false,
    },
    Strategy {
        name: "FAIL_CLOSED",
        edit: |tree| put(tree, json!({ "failure_policy": "FAIL_CLOSED" })),
        itself: [GONE; 2],
        in_flight: false,
        later: GONE,
        heals: false,
    },
    Strategy {
        name: "FAIL_RELOAD",
        edit: |tree| put(tree, json!({ "failure_policy": "FAIL_RELOAD" })),
        itself: [GONE; 2],
        in_flight: false,
        later: Canary,
        heals: true,
    },
    Strategy {
        name: "FAIL_RELOAD, 0.1 s",
        edit: |tree| {
            let backoff = json!({ "backoff": { "base_interval": "0.1s" } });
            put(
                tree,
                json!({ "failure_policy": "FAIL_RELOAD", "reload_config": backoff }),
            );
        },
        itself: [GONE; 2],
        in_flight: false,
        later: Canary,
        heals: true,
    },
];

/// Puts these fields in place of `fail_open`, where a filter's configuration is.
fn put(tree: &mut Value, fields: Value) {
    let config = tree.pointer_mut("/resources/0/typed_config/config");
    if let (Some(Value::Object(config)), Value::Object(fields)) = (config, fields) {
        config.remove("fail_open");
        config.extend(fields);
    }
}
