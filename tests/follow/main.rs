//! A proxy of several workers that follows a config centre: in simulated time, with a server that
//! speaks plain HTTP.

mod logins;
#[path = "../support/memory.rs"]
mod memory;
mod site;

use std::rc::Rc;

use graylane::Shared;
use graylane::remote::{Event, Poller, Subject};

use site::{Site, remote};

#[test]
fn one_of_many_workers_asks_and_all_know() {
    let mut site = Site::new(17);
    site.server.put("one");
    site.run(60_000);
    assert_eq!(site.policy(), ("one".to_owned(), 1));
    assert_eq!((site.server.said(200), site.server.said(304)), (1, 11));
    site.server.put("two");
    site.run(5_250);
    assert_eq!(site.policy(), ("two".to_owned(), 2));
    assert_eq!(site.events, []);
}

#[test]
fn another_goes_on_where_one_was_lost() {
    let mut site = Site::new(3);
    site.server.put("one");
    for _ in 0..10 {
        site.run(20_000);
        // Its VM is gone, and has said nothing.
        let lost = site.asking();
        site.pollers.remove(lost);
        site.start();
    }
    site.run(20_000);
    // Nothing is fetched anew, and nothing is asked more often than it is due.
    assert_eq!(site.server.said(200), 1);
    let pauses = site.server.pauses();
    assert!(
        pauses.iter().all(|pause| (5_000..=9_000).contains(pause)),
        "{pauses:?}"
    );
}

#[test]
fn who_goes_in_order_is_followed_at_once() {
    let mut site = Site::new(3);
    site.server.put("one");
    for _ in 0..10 {
        site.run(20_000);
        let at = site.asking();
        let mut poller = site.pollers.remove(at);
        poller.release(&site.shared);
        site.start();
    }
    assert_eq!(site.server.said(200), 1);
    let pauses = site.server.pauses();
    assert!(
        pauses.iter().all(|pause| (5_000..=5_500).contains(pause)),
        "{pauses:?}"
    );
}

#[test]
fn what_is_no_good_is_refused_once_and_the_last_good_one_stays() {
    let mut site = Site::new(3);
    site.server.put("one");
    site.run(10_000);
    site.server.put("bad");
    site.run(60_000);
    assert_eq!(site.policy(), ("one".to_owned(), 1));
    let refused = Event::Refused(Subject::Policy, "is bad".to_owned());
    assert_eq!(site.events, [refused]);
    // The same as before, after what was no good.
    site.server.put("one");
    site.run(10_000);
    assert_eq!(site.policy(), ("one".to_owned(), 1));
    site.server.put("two");
    site.run(10_000);
    assert_eq!(site.policy(), ("two".to_owned(), 2));
}

#[test]
fn what_is_deleted_is_kept_and_told() {
    let mut site = Site::new(3);
    site.run(20_000);
    assert_eq!(site.policy(), (String::new(), 1), "there was none");
    site.server.put("one");
    site.run(10_000);
    site.server.file = None;
    site.run(60_000);
    assert_eq!(site.policy(), ("one".to_owned(), 3));
    let gone = || Event::Gone(Subject::Policy);
    assert_eq!(site.events, [gone(), gone()]);
    let state = site.pollers[0].kept().state(&site.shared, Subject::Policy);
    assert!(state.gone);
    site.server.put("one");
    site.run(10_000);
    assert_eq!(site.policy(), ("one".to_owned(), 4));
}

#[test]
fn a_centre_that_fails_is_asked_less_and_less_and_by_turns() {
    for trouble in ["500", "cut"] {
        let mut site = Site::new(4);
        site.server.put("one");
        site.run(20_000);
        site.server.trouble = Some(trouble);
        site.server.said.clear();
        site.run(600_000);
        let pauses = site.server.pauses();
        let doubling = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000];
        for (own, expected) in pauses.iter().zip(doubling) {
            assert!(
                (expected..=expected + 1_000).contains(own),
                "{trouble}: {pauses:?}"
            );
        }
        assert!(pauses.iter().all(|pause| *pause <= 61_000), "{pauses:?}");
        assert_eq!(site.policy(), ("one".to_owned(), 1));
        let state = site.pollers[0].kept().state(&site.shared, Subject::Policy);
        assert!(site.now - state.contact > 595_000, "its age is told");

        site.server.put("two");
        site.server.trouble = None;
        site.run(62_000);
        assert_eq!(site.policy(), ("two".to_owned(), 2));
        let state = site.pollers[0].kept().state(&site.shared, Subject::Policy);
        assert_eq!(state.failures, 0);
    }
}

/// One configuration may be of the past, with a token of the past.
#[test]
fn a_worker_that_fails_leaves_it_to_another() {
    let mut site = Site::new(2);
    site.server.put("one");
    site.server.trouble = Some("500");
    let mut asked = std::collections::BTreeSet::new();
    for _ in 0..240 {
        site.run(1_000);
        asked.extend(site.pollers.iter().position(Poller::asks));
    }
    assert_eq!(asked.len(), 2);
}

#[test]
fn replies_that_never_come_are_given_up() {
    let mut site = Site::new(1);
    site.server.put("one");
    site.deaf = true;
    site.run(60_000);
    assert!(site.server.said.len() > 2);
    assert!(!site.events.is_empty());
    site.deaf = false;
    site.run(62_000);
    assert_eq!(site.policy(), ("one".to_owned(), 1));
}

#[test]
fn a_clock_that_is_set_back_stops_nothing_for_long() {
    let mut site = Site::new(3);
    site.server.put("one");
    site.run(20_000);
    site.now -= 3_600_000;
    site.server.put("two");
    site.run(20_000);
    assert_eq!(site.policy(), ("two".to_owned(), 2));
}

/// A server that was set up anew may give another file the tag that the one before had.
#[test]
fn what_a_server_takes_for_the_same_is_read_anew_in_time() {
    let mut site = Site::new(3);
    site.server.put("one");
    site.run(20_000);
    site.server.file = Some(("two".to_owned(), 1));
    site.run(310_000);
    assert_eq!(site.policy(), ("two".to_owned(), 2));
    // And nothing changes where it is the same.
    site.run(900_000);
    assert_eq!(site.policy(), ("two".to_owned(), 2));
    assert_eq!(site.server.said(200), 5);
}

#[test]
fn another_place_is_another_matter() {
    let mut site = Site::new(1);
    site.server.put("one");
    site.run(10_000);
    let mut other = remote();
    other.policy = Some("/other".into());
    for (plugin, remote) in [(&b"graylane"[..], other), (b"another", remote())] {
        let poller = Poller::new(Rc::new(remote), plugin, 1);
        let kept = poller.kept().document(&site.shared, Subject::Policy);
        assert_eq!(kept, b"");
    }
    let same = Poller::new(Rc::new(remote()), b"graylane", 1);
    assert_eq!(same.kept().document(&site.shared, Subject::Policy), b"one");
    assert_eq!(site.shared.get("nothing").0, b"");
}

/// It asks again, and what it had asked before is answered late: to nobody.
#[test]
fn what_was_asked_before_another_took_over_is_not_heard() {
    let mut site = Site::new(1);
    site.server.put("one");
    site.deaf = true;
    site.run(250);
    let poller = &mut site.pollers[0];
    poller.release(&site.shared);
    assert_eq!(poller.take(7), None);
    site.deaf = false;
    site.run(250);
    assert_eq!(site.policy(), ("one".to_owned(), 1));
}
