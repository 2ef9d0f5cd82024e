//! The shares in force, and what is switched off, in Envoy's statistics.

use super::count::{Gauge, tag};
use crate::rules::{Rule, Service, Version};
use crate::{Moment, Rules, SCALE};

/// Shares that are told: a policy of thousands of rules would be as many gauges.
const MAX_TOLD: usize = 200;

/// What is told of one policy.
#[derive(Debug)]
pub(super) struct Shares {
    /// By the service, the rule and the version's number.
    told: Vec<([usize; 3], Gauge)>,
    /// Versions that nobody gets, as the policy or a switch has it. They are told as long as this is.
    _switched: Vec<Gauge>,
}

impl Shares {
    pub(super) fn new(rules: &Rules) -> Self {
        let mut told = Vec::new();
        let mut switched = Vec::new();
        for (at, service) in rules.services().iter().enumerate() {
            for (rule, own) in service.rules().iter().enumerate() {
                let slices = own.split().map(|split| split.slices(Moment::at(0)));
                for slice in slices.into_iter().flatten() {
                    let version = slice.version();
                    let place = [at, rule, version.number()];
                    let known = told.iter().any(|(own, _)| *own == place);
                    if known || told.len() >= MAX_TOLD {
                        continue;
                    }
                    let rule = tag("rule", own.name());
                    let gauge = Gauge::new(&name(service, &rule, version, "share"));
                    told.extend(gauge.map(|gauge| (place, gauge)));
                }
            }
            for version in service.versions().filter(|version| !version.is_enabled()) {
                let gauge = Gauge::new(&name(service, "", version, "switched"));
                switched.extend(gauge.inspect(|gauge| gauge.set(1)));
            }
        }
        Self {
            told,
            _switched: switched,
        }
    }

    /// Tells the shares at a moment.
    pub(super) fn tell(&self, rules: &Rules, moment: Moment) {
        for ([service, rule, version], gauge) in &self.told {
            let service = rules.services().get(*service);
            let both = service.and_then(|service| Some((service, service.rules().get(*rule)?)));
            if let Some((service, rule)) = both {
                gauge.set(share(rules, service, rule, *version, moment));
            }
        }
    }
}

fn name(service: &Service, rule: &str, version: &Version, name: &str) -> String {
    let (service, version) = (
        tag("service", service.name()),
        tag("version", version.name()),
    );
    format!("{service}{rule}{version}graylane_{name}")
}

/// How many of the split's users get the version, in thousandths of a percent.
fn share(rules: &Rules, service: &Service, rule: &Rule, version: usize, moment: Moment) -> u64 {
    let off = !rules.enabled || !service.enabled || service.dry_run || rule.dry_run;
    let slices = rule.split().map(|split| split.slices(moment));
    let own = slices.into_iter().flatten().filter(|slice| {
        let own = slice.version();
        !off && own.number() == version && !own.is_closed(moment)
    });
    let buckets = own.map(|slice| {
        let all = u64::from(slice.share().buckets());
        let retry = slice.version().guard().and_then(|guard| guard.retry);
        match retry.filter(|_| slice.version().is_probing(moment)) {
            Some(retry) => {
                let few = all.saturating_mul(retry.share.buckets().into());
                few.checked_div(SCALE.into()).unwrap_or_default()
            }
            None => all,
        }
    });
    buckets.fold(0, u64::saturating_add)
}
