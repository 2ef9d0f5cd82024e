//! What is in force where, against admin interfaces and a Prometheus that answer as the real ones.

use serde_json::{Value, json};

use crate::admin::{Admin, Answer};
use crate::run::{Ran, graylane};

/// An admin interface of a proxy with these numbers.
fn proxy(numbers: &[(&str, u64)]) -> Admin {
    let stats = numbers
        .iter()
        .map(|(name, value)| json!({ "name": format!("wasmcustom.{name}"), "value": value }));
    let stats = json!({ "stats": stats.collect::<Vec<_>>() }).to_string();
    let stats: &'static str = stats.leak();
    Admin::new(move |_| Answer::Text(stats))
}

const V2: &str = "gray_service=.=checkout;.;gray_version=.=v2;.;";

fn status(arguments: &[&str]) -> Ran {
    graylane(&[&["status"], arguments].concat(), "")
}

#[test]
fn a_fleet_is_told_by_proxy_and_version() {
    let share =
        "gray_service=.=checkout;.;gray_rule=.=ten-percent;.;gray_version=.=v2;.;graylane_share";
    let one = proxy(&[
        ("graylane_policy_revision", 0x1a2b_3c4d),
        ("gray_document=.=policy;.;graylane_remote_age_seconds", 2),
        ("gray_document=.=switches;.;graylane_remote_age_seconds", 4),
        (share, 10_500),
        (&format!("{V2}graylane_guard_state"), 4),
        (&format!("{V2}graylane_switched"), 1),
        (
            "gray_service=.=pay;.;gray_version=.=v7;.;graylane_guard_state",
            0,
        ),
    ]);
    let other = proxy(&[("graylane_policy_revision", 7)]);
    let (a, b) = (&*one.url, &*other.url);
    let ran = status(&["--admin", a, "--admin", b]);
    let width = a.len();
    let told = format!(
        " {:width$}  revision  asked    version      share               guard   switch\n \
         {a:width$}  1a2b3c4d  4 s ago  checkout/v2  ten-percent 10.5 %  closed  closed\n \
         {:width$}                     pay/v7                           open\n \
         {b:width$}  00000007  –\n",
        "proxy", ""
    );
    assert_eq!((ran.code, ran.out, &*ran.err), (0, told, ""));
    let filter = "%5Ewasmcustom%5C..*graylane_(policy_revision%7Cremote_age_seconds%7Cshare%7Cguard_state%7Cswitched)%24";
    assert_eq!(
        one.asked(),
        [format!("GET /stats?format=json&filter={filter} HTTP/1.1")]
    );

    let ran = status(&["--admin", a, "--format=json"]);
    let version = |name: &str, shares: Value, guard: &str, switched: bool| {
        let (service, version) = name.split_once('/').unwrap();
        json!({ "service": service, "version": version, "shares": shares, "guard": guard, "switched": switched })
    };
    let share = json!([{ "rule": "ten-percent", "percent": 10.5 }]);
    let expected = json!({ "proxies": [{
        "proxy": a,
        "revision": "1a2b3c4d",
        "centre_age_seconds": { "policy": 2, "switches": 4 },
        "versions": [
            version("checkout/v2", share, "closed", true),
            version("pay/v7", json!([]), "open", false),
        ],
    }]});
    assert_eq!(ran.json(), expected);
}

#[test]
fn every_proxy_has_to_have_what_is_expected() {
    let (one, other) = (
        proxy(&[("graylane_policy_revision", 7)]),
        proxy(&[("graylane_policy_revision", 8)]),
    );
    let (a, b) = (&*one.url, &*other.url);
    let ran = status(&["--admin", a, "--expect=00000007"]);
    assert_eq!(
        (ran.code, ran.out.lines().last()),
        (0, Some("every proxy has 00000007"))
    );
    let ran = status(&["--admin", a, "--admin", b, "--expect=00000007"]);
    let told = format!("not every proxy has 00000007: not {b}");
    assert_eq!((ran.code, ran.out.lines().last()), (3, Some(&*told)));
    let nobody = Admin::nobody();
    let ran = status(&[
        "--admin",
        a,
        "--admin",
        &nobody,
        "--expect=00000007",
        "--format=json",
    ]);
    assert_eq!(
        (ran.code, &ran.json()["expected"]["lacking"]),
        (3, &json!([nobody]))
    );
}

#[test]
fn proxies_are_waited_for() {
    let late = Admin::new(|look| {
        let revision = if look < 2 { 7 } else { 8 };
        let stat = json!({ "name": "wasmcustom.graylane_policy_revision", "value": revision });
        Answer::Text(json!({ "stats": [stat] }).to_string().leak())
    });
    let ran = status(&["--admin", &late.url, "--expect=00000008", "--wait=60s"]);
    assert_eq!(
        (ran.code, late.asked().len()),
        (0, 3),
        "{}{}",
        ran.out,
        ran.err
    );
    let never = proxy(&[("graylane_policy_revision", 7)]);
    let ran = status(&["--admin", &never.url, "--expect=00000008", "--wait=2s"]);
    assert_eq!(ran.code, 3);
    assert!(never.asked().len() > 1);
}

#[test]
fn a_proxy_that_cannot_be_asked_is_told() {
    let (nobody, none) = (Admin::nobody(), proxy(&[]));
    let ran = status(&["--admin", &nobody, "--admin", &none.url]);
    let told = format!(
        "\ntrouble: {nobody} does not answer: io: Connection refused (os error 111)\n\
         \ntrouble: {} tells no revision: its proxy has not the filter, or one of an older version, \
         or no policy was ever in force there\n",
        none.url
    );
    assert_eq!(
        (ran.code, ran.out.ends_with(&told)),
        (2, true),
        "{}",
        ran.out
    );
}

#[test]
fn a_prometheus_is_asked_for_the_whole_fleet() {
    let series = json!([
        { "metric": { "__name__": "graylane_policy_revision", "instance": "a:9090" }, "value": [1.5, "7"] },
        { "metric": { "__name__": "graylane_policy_revision", "pod": "b" }, "value": [1.5, "4294967295"] },
    ]);
    let answer =
        json!({ "status": "success", "data": { "resultType": "vector", "result": series } });
    let answer: &'static str = answer.to_string().leak();
    let prometheus = Admin::new(move |_| Answer::Text(answer));
    let ran = status(&["--prometheus", &prometheus.url]);
    let told = " proxy   revision  asked  version  share  guard  switch\n a:9090  00000007  –\n b       ffffffff  –\n";
    assert_eq!((ran.code, &*ran.out), (0, told));
    for (answer, sentence) in [
        (
            r#"{"status":"success","data":{"result":[]}}"#,
            "has no series of graylane's; have it scrape the proxies' /stats/prometheus",
        ),
        (r#"{"status":"error","error":"bad query"}"#, ": bad query"),
        (
            "<html>",
            "is not Prometheus: expected value at line 1 column 1",
        ),
    ] {
        let prometheus = Admin::new(move |_| Answer::Text(answer));
        let ran = status(&["--prometheus", &prometheus.url]);
        let space = if sentence.starts_with(':') { "" } else { " " };
        let told = format!("error: {}{space}{sentence}\n", prometheus.url);
        assert_eq!((ran.code, ran.err), (2, told));
    }
}

#[test]
fn a_revision_is_eight_digits() {
    for wrong in ["7", "1a2b3c4", "1a2b3c4g", "+a2b3c4d"] {
        let ran = status(&["--admin=http://a", "--expect", wrong]);
        let told = format!(
            "error: invalid value '{wrong}' for '--expect <REVISION|URL>': write it as 1a2b3c4d, eight \
             hexadecimal digits"
        );
        assert_eq!((ran.code, ran.err.lines().next()), (2, Some(&*told)));
    }
}
