//! The contexts that Envoy calls: one root for each configuration, one filter for each request.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use log::{error, info};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

use super::host::{self, HostRequest};
use crate::{Error, Moment, Policy, Rules, decide, effects};

/// Tells the SDK what to create. Runs once in each VM.
pub(crate) fn start() {
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Root { rules: None }));
}

/// Holds the rules of one configuration.
struct Root {
    rules: Option<Arc<Rules>>,
}

impl Context for Root {}

impl RootContext for Root {
    /// Depends on nothing but the configuration and the node, so that all workers agree on it:
    /// Envoy asks each.
    fn on_configure(&mut self, _: usize) -> bool {
        match compile() {
            Ok(rules) => {
                info!("graylane {}: policy in force", env!("CARGO_PKG_VERSION"));
                self.rules = Some(Arc::new(rules));
                true
            }
            Err(error) => {
                error!("policy refused: {error}");
                false
            }
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter {
            rules: self.rules.clone(),
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

fn compile() -> Result<Rules, Error> {
    let policy = Policy::parse(&host::configuration())?;
    Rules::compile(policy, &host::node())
}

/// One request.
struct Filter {
    rules: Option<Arc<Rules>>,
}

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        if let Some(rules) = &self.rules {
            let request = HostRequest::default();
            let moment = Moment {
                random: if rules.needs_random() { random() } else { 0 },
                now: if rules.needs_clock() { host::now() } else { 0 },
            };
            let decision = decide(rules, &request, moment);
            effects(rules, &decision).for_each(host::apply);
        }
        Action::Continue
    }
}

/// Random bits: the standard library seeds its hasher from the host, and gives each one other keys.
fn random() -> u32 {
    let bits = RandomState::new().build_hasher().finish();
    (bits >> 32) as u32
}
