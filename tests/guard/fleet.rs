//! Several proxies that tell each other what they have seen.

use std::iter;

use graylane::guard::{Announcement, Because, Fleet, State};
use graylane::policy::CloseWhen;
use serde_json::{Value, json};

use crate::proxy::{HEALTHY, Ills, Proxy, TICK, failing};

/// How often a proxy tells and hears, in milliseconds: as the module does where nothing else is
/// said.
const EVERY: u64 = 5_000;

/// Proxies of one fleet, and the centre between them.
struct Proxies {
    all: Vec<Proxy>,
    close_when: CloseWhen,
    /// What each has announced last.
    centre: Vec<Option<String>>,
    /// Which of them cannot reach the centre.
    cut_off: Vec<usize>,
}

impl Proxies {
    fn new(guard: &Value, count: usize, close_when: CloseWhen) -> Self {
        let seeds = 0..count as u64;
        Self {
            all: seeds.map(|seed| Proxy::new(guard, seed)).collect(),
            close_when,
            centre: vec![None; count],
            cut_off: Vec::new(),
        }
    }

    /// So many requests a second in each, for so many milliseconds; `ills` are those of the proxies
    /// in their order, and the last one's of all that follow.
    fn run(&mut self, milliseconds: u64, rate: f64, ills: &[Ills]) {
        for _ in 0..milliseconds / u64::from(TICK) {
            for at in 0..self.all.len() {
                let ills = ills.get(at).or(ills.last()).unwrap();
                self.all[at].run(TICK.into(), rate, *ills);
                self.talk(at);
            }
        }
    }

    /// Each has its own time within a period, as their polls are not in step.
    fn talk(&mut self, at: usize) {
        let shift = EVERY * at as u64 / self.all.len() as u64;
        let now = self.all[at].now;
        let due = (now + shift) % EVERY < u64::from(TICK);
        if !due || self.cut_off.contains(&at) {
            return;
        }
        self.centre[at] = Some(self.all[at].announcement());
        let others = self.centre.iter().enumerate();
        let others = others.filter(|(other, _)| *other != at);
        let others: Vec<_> = others.filter_map(|(_, own)| own.as_deref()).collect();
        let others = others.join("\n");
        self.all[at].fleet = Some(Fleet {
            close_when: self.close_when,
            every: EVERY,
            others: Announcement::of_lines(others.as_bytes()),
        });
    }

    fn states(&self) -> Vec<State> {
        self.all.iter().map(|own| own.standing.state).collect()
    }

    /// When each first stood so, in milliseconds since the beginning.
    fn since(&self, state: State) -> Vec<u64> {
        let first = |own: &Proxy| {
            let mut changes = own.changes.iter();
            changes
                .find(|(_, own, _)| *own == state)
                .map(|(at, ..)| *at)
        };
        self.all
            .iter()
            .map(|own| first(own).expect("so it stood"))
            .collect()
    }

    /// That none had changed at all.
    fn all_is_well(&self) {
        for own in &self.all {
            assert_eq!(own.changes, []);
        }
    }
}

fn guard() -> Value {
    json!({ "max_error_percent": 5 })
}

/// From the first to the last.
fn spread(moments: &[u64]) -> u64 {
    moments.iter().max().unwrap() - moments.iter().min().unwrap()
}

#[test]
fn what_each_has_too_little_of_they_see_together() {
    for close_when in [CloseWhen::Any, CloseWhen::Majority] {
        let mut alone = Proxy::new(&guard(), 0);
        alone.run(600_000, 0.2, failing(30.0));
        assert_eq!(alone.changes, [], "six answers in a window");

        let mut proxies = Proxies::new(&guard(), 100, close_when);
        proxies.run(60_000, 0.2, &[HEALTHY]);
        proxies.all_is_well();
        proxies.run(60_000, 0.2, &[failing(30.0)]);
        assert_eq!(proxies.states(), [State::Closed; 100]);
        let closed = proxies.since(State::Closed);
        assert!(spread(&closed) <= 2 * EVERY, "{close_when:?}: {closed:?}");
    }
}

#[test]
fn where_any_counts_one_closes_it_for_all_within_two_polls() {
    for seed in 0..10 {
        let mut proxies = Proxies::new(&guard(), 3 + seed, CloseWhen::Any);
        proxies.run(40_000, 20.0, &[HEALTHY]);
        proxies.run(30_000, 20.0, &[failing(100.0), HEALTHY]);
        let closed = proxies.since(State::Closed);
        assert!(spread(&closed) <= 2 * EVERY, "{closed:?}");
        let adopted = proxies.all.iter().flat_map(|own| &own.changes);
        let adopted = adopted.filter(|(.., because)| *because == Because::Fleet);
        assert!(adopted.count() > 0);
    }
}

#[test]
fn where_most_count_one_closes_it_for_its_own_users() {
    let mut proxies = Proxies::new(&guard(), 3, CloseWhen::Majority);
    proxies.run(40_000, 20.0, &[HEALTHY]);
    proxies.run(600_000, 20.0, &[failing(100.0), HEALTHY]);
    assert_eq!(proxies.states(), [State::Closed, State::Open, State::Open]);
    let changes = proxies.all.iter().map(|own| own.changes.len());
    assert_eq!(changes.collect::<Vec<_>>(), [1, 0, 0]);

    proxies.run(60_000, 20.0, &[HEALTHY, failing(50.0), HEALTHY]);
    assert_eq!(proxies.states(), [State::Closed; 3]);
}

/// None of them has enough answers to judge by itself, and one has a trouble of its own.
#[test]
fn a_few_answers_of_one_are_no_majority() {
    let states = |close_when| {
        let mut proxies = Proxies::new(&guard(), 3, close_when);
        proxies.run(120_000, 1.0, &[failing(100.0), HEALTHY]);
        proxies.states()
    };
    assert_eq!(states(CloseWhen::Majority), [State::Open; 3]);
    assert_eq!(states(CloseWhen::Any), [State::Closed; 3]);
}

#[test]
fn one_that_is_cut_off_judges_for_itself_and_agrees_when_it_is_back() {
    for close_when in [CloseWhen::Any, CloseWhen::Majority] {
        let mut proxies = Proxies::new(&guard(), 3, close_when);
        proxies.run(40_000, 20.0, &[HEALTHY]);
        proxies.cut_off = vec![2];
        proxies.run(60_000, 20.0, &[failing(50.0), failing(50.0), HEALTHY]);
        let closed = [State::Closed, State::Closed, State::Open];
        assert_eq!(proxies.states(), closed, "{close_when:?}");
        proxies.cut_off.clear();
        proxies.run(2 * EVERY, 20.0, &[HEALTHY]);
        assert_eq!(proxies.states(), [State::Closed; 3], "{close_when:?}");
    }
}

#[test]
fn one_that_restarts_hears_what_it_has_forgotten() {
    let mut proxies = Proxies::new(&guard(), 3, CloseWhen::Any);
    proxies.run(40_000, 20.0, &[HEALTHY]);
    proxies.run(20_000, 20.0, &[failing(50.0)]);
    assert_eq!(proxies.states(), [State::Closed; 3]);
    let now = proxies.all[0].now;
    proxies.all[0] = Proxy::new(&guard(), 9);
    proxies.all[0].now = now;
    proxies.run(2 * EVERY, 20.0, &[HEALTHY]);
    assert_eq!(proxies.states(), [State::Closed; 3]);
}

#[test]
fn they_do_not_go_back_and_forth_where_they_disagree() {
    let guard = json!({ "max_error_percent": 5, "retry_after": "2m" });
    for close_when in [CloseWhen::Any, CloseWhen::Majority] {
        let mut proxies = Proxies::new(&guard, 3, close_when);
        proxies.run(40_000, 20.0, &[HEALTHY]);
        let hour = 3_600_000;
        proxies.run(hour, 20.0, &[failing(50.0), HEALTHY]);
        // Each change is one that it takes: closed, and every two minutes tried and closed again.
        let most = usize::try_from(2 * hour / 120_000 + 1).unwrap();
        for (at, own) in proxies.all.iter().enumerate() {
            assert!(
                own.changes.len() <= most,
                "{close_when:?}, {at}: {:?}",
                own.changes
            );
            let both = own.changes.iter().zip(own.changes.iter().skip(1));
            for ((_, from, _), (_, to, because)) in both {
                assert_ne!(from, to, "{close_when:?}, {at}: {because:?}");
            }
        }
        if close_when == CloseWhen::Majority {
            assert_eq!(proxies.states()[1..], [State::Open; 2]);
        }
    }
}

#[test]
fn it_comes_back_in_all_when_it_is_well() {
    let guard = json!({ "max_error_percent": 5, "retry_after": "2m" });
    for close_when in [CloseWhen::Any, CloseWhen::Majority] {
        let mut proxies = Proxies::new(&guard, 3, close_when);
        proxies.run(40_000, 20.0, &[HEALTHY]);
        proxies.run(30_000, 20.0, &[failing(50.0)]);
        assert_eq!(proxies.states(), [State::Closed; 3], "{close_when:?}");
        proxies.run(300_000, 20.0, &[HEALTHY]);
        assert_eq!(proxies.states(), [State::Open; 3], "{close_when:?}");
    }
}

#[test]
fn a_version_at_half_its_limit_is_left_alone() {
    for (close_when, seed) in iter::zip([CloseWhen::Any, CloseWhen::Majority], 0..) {
        let mut proxies = Proxies::new(&guard(), 5 + seed, close_when);
        proxies.run(1_800_000, 10.0, &[failing(2.5)]);
        proxies.all_is_well();
    }
}
