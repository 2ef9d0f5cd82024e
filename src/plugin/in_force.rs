//! What is in force of one configuration: the rules, and what this worker knows of the versions.

use std::cell::{Cell, OnceCell, Ref, RefCell};
use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::types::Bytes;

use super::decisions::Decisions;
use super::headers::Habit;
use super::notice::Notice;
use super::policy::{InForcePolicy, Source};
use super::shares::Shares;
use super::traffic::{self, Traffic};
use super::{host, shared, verdict};
use crate::guard::{self, Fleet, Guarded, Record, Standing};
use crate::rules::{Guard, Service, Version};
use crate::{Decision, Moment, Reason, Rules};

/// How often guards judge, and metrics are told.
const JUDGED_EVERY: Duration = Duration::from_millis(250);

/// How often metrics are told where there is no guard.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// What every request is decided by.
pub(super) struct InForce {
    pub(super) rules: Rules,
    pub(super) habit: Habit,
    /// The plugin's name: another one's verdicts are its own.
    plugin: Bytes,
    /// By the versions' numbers; those without a guard are there once they have traffic.
    traffic: Box<[OnceCell<Rc<Traffic>>]>,
    standings: RefCell<Box<[Standing]>>,
    /// Baselines, and the guarded versions that are compared with them, by their numbers.
    compared: Box<[(usize, usize)]>,
    guards: bool,
    decisions: Decisions,
    policy: InForcePolicy,
    shares: Shares,
    /// The wall clock at the last tick, in milliseconds since the Unix epoch.
    clock: Cell<u64>,
}

impl InForce {
    /// Of rules, and what they are from.
    pub(super) fn new(rules: Rules, source: Source) -> Self {
        let services = rules.services().iter();
        let versions = services.clone().flat_map(Service::versions);
        let guards = versions.clone().filter_map(Version::guard);
        let compared = services.flat_map(|service| {
            let compares = |version: &&Version| version.guard().is_some_and(Guard::compares);
            let guarded = service.versions().filter(compares);
            guarded.map(|version| (service.baseline().number(), version.number()))
        });
        let compared = compared.collect();
        let guarded = guards.count() > 0;
        let count = versions.count();
        // What has no guard is open, and need not be there.
        let standings = vec![Standing::default(); if guarded { count } else { 0 }];
        let plugin = host::plugin();
        let own = Self {
            policy: InForcePolicy::new(&plugin, source, &rules),
            plugin,
            traffic: vec![OnceCell::new(); count].into(),
            standings: RefCell::new(standings.into()),
            compared,
            guards: guarded,
            decisions: Decisions::default(),
            shares: Shares::new(&rules),
            clock: Cell::new(host::now()),
            habit: Habit::default(),
            rules,
        };
        for service in own.rules.services() {
            let guarded = service.versions().filter(|own| own.guard().is_some());
            guarded.for_each(|version| {
                own.traffic(service, version);
            });
        }
        if own.guards {
            own.recall();
        }
        own
    }

    /// Has versions stand as they did under a policy before, or as other workers have it: a tick
    /// comes later than the first requests.
    fn recall(&self) {
        let guarded = self
            .traffic
            .iter()
            .enumerate()
            .filter_map(|(number, traffic)| {
                let traffic = traffic.get()?;
                traffic.record.as_ref().map(|_| (number, traffic.key))
            });
        let recalled = guard::recalled(&shared::HostShared, guarded.clone().map(|(_, key)| key));
        let mut standings = self.standings.borrow_mut();
        for ((number, _), recalled) in guarded.zip(recalled) {
            if let Some(standing) = standings.get_mut(number) {
                *standing = recalled;
            }
        }
    }

    /// How often there is something to be done that no request asks for; `follows`: also of a config
    /// centre, whose policies may have guards.
    pub(super) fn tick_period(&self, follows: bool) -> Duration {
        if self.guards || follows {
            JUDGED_EVERY
        } else {
            TOLD_EVERY
        }
    }

    /// How the versions stand, by their numbers.
    pub(super) fn standings(&self) -> Ref<'_, Box<[Standing]>> {
        self.standings.borrow()
    }

    /// The wall clock as of late, in milliseconds since the Unix epoch.
    pub(super) fn clock(&self) -> u64 {
        self.clock.get()
    }

    /// A request begins: the number of the version that it goes to, if it is this proxy that sends it
    /// there.
    pub(super) fn begun(&self, decision: &Decision<'_>) -> Option<usize> {
        self.decisions.count(decision);
        if matches!(decision.reason(), Reason::Inbound) {
            return None;
        }
        let (service, version) = decision.service.zip(decision.version)?;
        let number = version.number();
        let version = if number == service.baseline().number() {
            service.baseline()
        } else {
            version
        };
        self.traffic(service, version)?.begin();
        Some(number)
    }

    /// A request to the version of this number has ended.
    pub(super) fn ended(&self, number: usize) {
        if let Some(traffic) = self.at(number) {
            traffic.end();
        }
    }

    /// What guards have seen of the version of this number.
    pub(super) fn record(&self, number: usize) -> Option<&RefCell<Record>> {
        self.at(number)?.record.as_ref()
    }

    /// The traffic of the version of this number, if it has a guard.
    pub(super) fn guarded(&self, number: usize) -> Option<&Traffic> {
        self.at(number)
            .filter(|own| own.record.is_some())
            .map(Rc::as_ref)
    }

    /// The name of the version of this number.
    pub(super) fn name(&self, number: usize) -> &str {
        self.at(number).map_or("", |traffic| &traffic.version)
    }

    /// The versions that are compared with the baseline of this number.
    pub(super) fn compared(&self, number: usize) -> impl Iterator<Item = usize> {
        let own = self.compared.iter();
        own.filter(move |(baseline, _)| *baseline == number)
            .map(|(_, guarded)| *guarded)
    }

    fn at(&self, number: usize) -> Option<&Rc<Traffic>> {
        self.traffic.get(number)?.get()
    }

    fn traffic(&self, service: &Service, version: &Version) -> Option<&Rc<Traffic>> {
        let slot = self.traffic.get(version.number())?;
        Some(slot.get_or_init(|| traffic::of(&self.plugin, service.name(), version)))
    }

    /// Judges the guarded versions, with other proxies if there is a `fleet`, and tells what there
    /// is of new.
    pub(super) fn tick(&self, now: u64, fleet: Option<&Fleet>, notice: &mut Notice) {
        let before = self.clock.replace(now);
        if self.guards {
            self.judge(now, fleet, notice);
        }
        traffic::tell();
        self.decisions.tell(&self.rules);
        let second = |moment: u64| moment.checked_div(1_000);
        if second(before) != second(now) || self.policy.is_new() {
            let standings = self.standings();
            let moment = Moment {
                now,
                standings: &standings,
            };
            self.shares.tell(&self.rules, moment);
            self.policy.tell(now);
        }
    }

    /// What other proxies are to know, as JSON. `None`: nothing.
    pub(super) fn announcement(&self, now: u64) -> Option<String> {
        let versions = self.rules.services().iter().flat_map(|service| {
            let guarded = service
                .versions()
                .filter(|version| version.guard().is_some());
            guarded.map(move |version| (service, version))
        });
        let named = versions.filter_map(|(service, version)| {
            let key = self.at(version.number())?.key;
            Some((key, format!("{}/{}", service.name(), version.name())))
        });
        let own = guard::announcement(&shared::HostShared, now, named);
        (!own.is_empty()).then(|| own.to_json())
    }

    fn judge(&self, now: u64, fleet: Option<&Fleet>, notice: &mut Notice) {
        let all = traffic::all();
        let records = all
            .iter()
            .filter_map(|own| Some((own.key, own.record.as_ref()?)));
        let records: Vec<_> = records.collect();
        let versions = self.rules.services().iter().flat_map(|service| {
            let own = service.versions().filter_map(|version| {
                let guard = version.guard()?;
                Some((version, guard, self.at(version.number())?))
            });
            own.map(move |(version, guard, traffic)| (service, version, guard, traffic))
        });
        let versions: Vec<_> = versions.collect();
        let guarded = versions.iter().map(|(_, _, guard, traffic)| Guarded {
            key: traffic.key,
            guard,
        });
        let guarded: Vec<_> = guarded.collect();
        let judged = shared::worker(|worker| {
            worker.tick(&shared::HostShared, now, &records, &guarded, fleet)
        });
        let mut standings = self.standings.borrow_mut();
        for (judged, (service, version, guard, traffic)) in judged.iter().zip(&versions) {
            if let Some(standing) = standings.get_mut(version.number()) {
                *standing = judged.standing;
            }
            verdict::measure(&traffic.metrics, judged);
            verdict::tell(service, version, guard, judged, notice);
        }
    }
}

impl Drop for InForce {
    /// What it was the last to know is told before its VM goes, in which nothing ticks any more.
    fn drop(&mut self) {
        traffic::tell();
        self.decisions.tell(&self.rules);
    }
}
