//! The context that Envoy calls for each request.

use std::rc::Rc;

use log::debug;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use super::annotate::annotate;
use super::count;
use super::host::{self, HostAnswer, HostRequest};
use super::in_force::InForce;
use super::watch::Watch;
use crate::rules::Rule;
use crate::{DryRun, Moment, NewCookie, decide, effects, settable};

/// One request.
pub(super) struct Filter {
    in_force: Option<Rc<InForce>>,
    /// What the answer is to set. Mostly nothing, which is dropped for less than an empty `Vec`.
    cookies: Option<Box<[NewCookie]>>,
    /// The number of the version that it was sent to.
    sent_to: Option<usize>,
    /// What guards see of it.
    watch: Option<Box<Watch>>,
}

impl Filter {
    /// A request that is decided by what is in force now.
    pub(super) fn new(in_force: Option<Rc<InForce>>) -> Self {
        Self {
            in_force,
            cookies: None,
            sent_to: None,
            watch: None,
        }
    }
}

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        #[cfg(feature = "trap")]
        super::trap::request();
        if let Some(in_force) = &self.in_force {
            let rules = &in_force.rules;
            let request = HostRequest::new(&in_force.habit);
            let standings = in_force.standings();
            let moment = Moment {
                now: if rules.needs_clock() { host::now() } else { 0 },
                standings: &standings,
            };
            let decision = decide(rules, &request, moment);
            if rules.annotates() {
                annotate(rules, &request, moment, &decision);
            }
            effects(rules, &decision).for_each(|effect| request.apply(effect));
            request.teach();
            decision.dry_runs().iter().for_each(tell);
            let cookies = decision.new_cookies();
            self.sent_to = in_force.begun(&decision);
            self.watch = self
                .sent_to
                .and_then(|number| Watch::begin(in_force, number));
            self.cookies = (!cookies.is_empty()).then(|| cookies.into());
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        #[cfg(feature = "trap")]
        super::trap::response();
        if let Some(cookies) = &self.cookies {
            let answer = HostAnswer::fetch();
            settable(cookies, &answer).for_each(host::set_cookie);
        }
        if let (Some(in_force), Some(watch)) = (&self.in_force, &mut self.watch) {
            watch.answered(in_force);
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        if let (Some(in_force), Some(number)) = (&self.in_force, self.sent_to) {
            in_force.ended(number);
            if let Some(watch) = self.watch.take() {
                watch.ended(in_force);
            }
        }
    }
}

fn tell(dry: &DryRun<'_>) {
    count::dry_run(dry);
    let by = dry.reason.rule().map_or(dry.reason.name(), Rule::name);
    debug!("dry run: {}: {by}: {}", dry.service, dry.version);
}
