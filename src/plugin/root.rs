//! The context that Envoy calls for each configuration, beside requests.

use std::rc::Rc;
use std::time::Duration;

use log::{error, info};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};

use super::filter::Filter;
use super::follow::Follow;
use super::in_force::InForce;
use super::notice::Notice;
use super::policy::{Source, counts};
use super::{alive, annotate, count, host};
use crate::{Error, Policy, Rules, revision};

/// Tells the SDK what to create. Runs once in each VM.
pub(crate) fn start() {
    proxy_wasm::set_log_level(LogLevel::Debug);
    proxy_wasm::set_root_context(|_| Box::new(Root::default()));
}

/// Holds what is in force of one configuration. Nothing where it was refused.
#[derive(Default)]
struct Root {
    in_force: Option<Rc<InForce>>,
    /// The config centre, where the configuration names one.
    follow: Option<Follow>,
    /// Who is told of verdicts.
    notice: Notice,
}

impl Root {
    /// Depends on nothing but the configuration and the node, so that all workers agree on it:
    /// Envoy asks each.
    fn configure(&mut self) -> Result<(), Error> {
        let own = host::configuration();
        let mut rules = Rules::compile(Policy::parse(&own)?, &host::node())?;
        let source = Source {
            revision: revision(&own),
            policy: own.clone(),
            configuration: Vec::new(),
            switches: Vec::new(),
            off: false,
        };
        self.notice.configure(rules.take_notify());
        self.follow = rules.take_remote().map(|remote| Follow::new(*remote, own));
        // What the centre had is in force from the first request on, not from the first tick.
        let heard = self.follow.as_mut().and_then(Follow::news);
        let version = env!("CARGO_PKG_VERSION");
        let build = option_env!("GRAYLANE_BUILD").filter(|build| !build.is_empty());
        let build = build.map(|build| format!(" ({build})")).unwrap_or_default();
        if heard.is_none() {
            let revision = source.revision;
            info!(
                "graylane {version}{build}: policy in force: revision {revision:08x}, {}",
                counts(&rules)
            );
        }
        self.put(heard.unwrap_or((rules, source)));
        Ok(())
    }

    fn put(&mut self, (mut rules, source): (Rules, Source)) {
        if rules.annotates() {
            annotate::declare();
        }
        self.notice.replace(rules.take_notify());
        self.in_force = Some(Rc::new(InForce::new(rules, source)));
    }
}

impl Drop for Root {
    /// Envoy keeps the timer of a configuration that is gone, and sets it anew whenever it fires.
    fn drop(&mut self) {
        if self.in_force.is_some() {
            let _ = hostcalls::set_tick_period(Duration::ZERO);
        }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, ticket: u32, headers: usize, body: usize, _: usize) {
        let follow = self.follow.as_mut();
        if !follow.is_some_and(|follow| follow.replied(ticket, headers, body)) {
            self.notice.replied(ticket, headers);
        }
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        if let Err(error) = self.configure() {
            count::refused();
            error!("policy refused: {error}");
            return false;
        }
        if let Some(in_force) = &self.in_force {
            let follows = self.follow.is_some();
            self.set_tick_period(in_force.tick_period(follows));
        }
        true
    }

    fn on_tick(&mut self) {
        #[cfg(feature = "trap")]
        super::trap::tick();
        let now = host::now();
        alive::tick(now);
        if let (Some(follow), Some(in_force)) = (&mut self.follow, &self.in_force) {
            let announcement = || in_force.announcement(now);
            if let Some(rules) = follow.tick(now, announcement) {
                self.put(rules);
            }
        }
        if let Some(in_force) = &self.in_force {
            let fleet = self.follow.as_ref().and_then(Follow::fleet);
            in_force.tick(now, fleet, &mut self.notice);
        }
        self.notice.post(now);
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter::new(self.in_force.clone())))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
