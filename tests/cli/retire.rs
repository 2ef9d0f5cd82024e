//! Waiting for a version to be idle, against admin interfaces that change from look to look.

use serde_json::{Value, json};

use crate::admin::{Admin, Answer, Counted};
use crate::run::{Ran, graylane};

/// Waits for `checkout/v1` with a short quiet time.
fn retire(admins: &[&str], timeout: &str) -> Ran {
    let admins = admins.iter().flat_map(|admin| ["--admin", admin]);
    let arguments = ["retire", "checkout/v1", "--quiet=2s", timeout];
    graylane(&arguments.into_iter().chain(admins).collect::<Vec<_>>(), "")
}

/// One that counts the same from its first look to its last.
fn steady(counted: &'static [Counted]) -> Admin {
    Admin::new(|_| Answer::Counts(counted.to_vec()))
}

#[test]
fn what_is_open_is_waited_for() {
    let closing = Admin::new(|look| Answer::Counts(vec![("v1", if look < 4 { 2 } else { 0 }, 9)]));
    let idle = steady(&[("v1", 0, 4), ("v2", 7, 7)]);
    let ran = retire(&[&closing.url, &idle.url], "--timeout=1m");
    assert_eq!(
        (ran.code, &*ran.out, &*ran.err),
        (
            0,
            "checkout/v1 is idle: nothing open and no request for 2s in 2 proxies\n",
            ""
        )
    );
    // Four looks with something open, then two seconds without.
    assert!(closing.asked().len() >= 4 + 2 && idle.asked().len() >= 4 + 2);
    let filter = "%5Ewasmcustom%5C..*graylane_(open_streams%7Crequests_total)%24";
    for asked in closing.asked() {
        assert_eq!(
            asked,
            format!("GET /stats?format=json&filter={filter} HTTP/1.1")
        );
    }
}

#[test]
fn a_request_that_came_and_went_begins_the_quiet_time_anew() {
    let admin = Admin::new(|look| Answer::Counts(vec![("v1", 0, look.min(2) as u64)]));
    let ran = retire(&[&admin.url], "--timeout=1m");
    let told = format!(
        "checkout/v1 is idle: nothing open and no request for 2s in {}\n",
        admin.url
    );
    assert_eq!((ran.code, ran.out), (0, told));
    assert!(admin.asked().len() >= 2 + 3, "{:?}", admin.asked());
}

#[test]
fn what_is_still_open_is_told_with_its_place() {
    let open = steady(&[("v1", 1_200, 5_000)]);
    let busy = Admin::new(|look| Answer::Counts(vec![("v1", 1, 3 + u64::from(look > 0))]));
    let taken = Admin::new(|look| Answer::Counts(vec![("v1", 0, look as u64)]));
    let idle = steady(&[("v2", 1, 1)]);
    let ran = retire(
        &[&open.url, &busy.url, &taken.url, &idle.url],
        "--timeout=3s",
    );
    let came = taken.asked().len() - 1;
    let told = format!(
        "checkout/v1 is not idle after 3s: {}: 1,200 open; {}: 1 open, 1 request came meanwhile; \
         {}: {came} requests came meanwhile\n",
        open.url, busy.url, taken.url
    );
    assert_eq!((ran.code, ran.out), (3, told));
}

#[test]
fn a_proxy_that_goes_away_is_waited_for_and_told() {
    let idle = steady(&[("v1", 0, 5)]);
    let gone = Admin::new(|look| match look {
        0 => Answer::Counts(vec![("v1", 0, 5)]),
        _ => Answer::Gone,
    });
    let ran = retire(&[&idle.url, &gone.url], "--timeout=4s");
    let silent = format!("{} does not answer: io: Connection refused", gone.url);
    assert_eq!(ran.code, 3);
    assert!(
        ran.out
            .starts_with(&format!("checkout/v1 is not idle after 4s: {silent}")),
        "{}",
        ran.out
    );
    assert!(
        ran.err.starts_with(&format!("warning: {silent}")),
        "{}",
        ran.err
    );
    let remedy = "it is asked again, since streams may be open there; if it is gone for good, leave it out\n";
    assert!(
        ran.err.ends_with(remedy) && ran.err.lines().count() == 1,
        "{}",
        ran.err
    );
}

#[test]
fn a_proxy_that_cannot_be_asked_is_no_idle_one() {
    let other = steady(&[("v2", 0, 1), ("v3", 0, 1)]);
    let none = steady(&[]);
    let page = Admin::new(|_| Answer::Text("<html>"));
    let nobody = Admin::nobody();
    for (admin, sentence) in [
        (
            &other.url,
            "no proxy has decided a request for checkout/v1 since it started, only for v2, v3; if \
             the name is right, nothing is open there"
                .to_owned(),
        ),
        (
            &none.url,
            format!(
                "{} has no count of graylane's: its proxy has not the filter, or has decided \
                     nothing since it started; leave it out, or name the admin interface of another",
                none.url
            ),
        ),
        (
            &page.url,
            format!(
                "{} is not Envoy's admin interface: expected value at line 1 column 1",
                page.url
            ),
        ),
        (
            &nobody,
            format!("{nobody} does not answer: io: Connection refused (os error 111)"),
        ),
    ] {
        let ran = retire(&[admin], "--timeout=1m");
        assert_eq!((ran.code, ran.err), (2, format!("error: {sentence}\n")));
    }
}

fn policy(v1: &Value) -> String {
    let versions =
        ["v0", "v1", "v2"].map(|name| json!({ "name": name, "cluster": format!("c-{name}") }));
    let mut service = json!({ "name": "checkout", "baseline": "v2", "versions": versions });
    for (field, value) in v1.as_object().unwrap() {
        service[field] = value.clone();
    }
    json!({ "schema": "graylane/v1", "services": [service] }).to_string()
}

fn split(to: &Value, keep: bool) -> Value {
    json!({ "rules": [{ "name": "some", "split": { "by": [{ "header": "x-u" }], "to": [to], "keep": keep } }] })
}

/// The policy is asked before any proxy: where it lets the version go, nobody answers.
#[test]
fn a_policy_that_may_still_send_users_there_is_refused() {
    let ramp = |start: &str, first: u32, last: u32| {
        let steps = json!([{ "percent": first, "for": "1h" }, { "percent": last }]);
        split(
            &json!({ "version": "v1", "ramp": { "start": start, "steps": steps } }),
            false,
        )
    };
    let (past, to_come) = ("2020-01-01T00:00:00Z", "9999-01-01T00:00:00Z");
    let share = |percent: f64, keep| split(&json!({ "version": "v1", "percent": percent }), keep);
    let mirror =
        json!({ "mirror": [{ "version": "v1", "percent": 5, "by": [{ "header": "x-u" }] }] });
    for (v1, how) in [
        (
            json!({ "baseline": "v1" }),
            Some("it is the baseline of checkout"),
        ),
        (
            json!({ "rules": [{ "name": "testers", "use": "v1" }] }),
            Some("testers uses it"),
        ),
        (share(0.001, false), Some("some gives it 0.001 %")),
        (ramp(past, 0, 20), Some("some gives it 20 %")),
        (
            ramp(to_come, 0, 20),
            Some("some has a ramp that will give it some"),
        ),
        (
            share(0.0, true),
            Some("some keeps users on it; take it out of `to`"),
        ),
        (mirror, Some("a mirror gives it 5 %")),
        (share(0.0, false), None),
        (ramp(past, 20, 0), None),
        (
            json!({ "rules": [{ "name": "testers", "use": "v0" }] }),
            None,
        ),
        (
            json!({ "versions": [{ "name": "v2", "cluster": "c" }] }),
            None,
        ),
    ] {
        let nobody = Admin::nobody();
        let arguments = ["retire", "checkout/v1", "-", "--admin", &nobody];
        let ran = graylane(&arguments, &policy(&v1));
        let told = match how {
            Some(how) => (
                3,
                format!("checkout/v1 may still get users by -: {how}; change the policy first\n"),
            ),
            None => (2, String::new()),
        };
        assert_eq!((ran.code, ran.out), told, "{v1} {}", ran.err);
        assert_eq!(
            ran.err.contains("does not answer"),
            how.is_none(),
            "{}",
            ran.err
        );
    }
    let ran = graylane(
        &["retire", "cart/v1", "-", "--admin=http://127.0.0.1:1"],
        &policy(&json!({})),
    );
    let told = "error: - has no service \"cart\", but checkout; name one of them\n";
    assert_eq!((ran.code, &*ran.err), (2, told));
}
