//! `on-alert`.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use graylane_harness::centre::Kind;
use graylane_harness::client::{Connection, Protocol, Visit};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::run::{Site, policy};

const PATIENCE: Duration = Duration::from_secs(20);
const TOKEN: &str = "listen-to-me";

/// The command as it listens.
struct Listening {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    at: SocketAddr,
}

impl Listening {
    async fn new(site: &Site, arguments: &[&str]) -> Self {
        let arguments = [&["on-alert", "--listen=127.0.0.1:0"], arguments].concat();
        let mut command = site.command(&arguments);
        let command = command
            .env("GRAYLANE_LISTEN_TOKEN", TOKEN)
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = timeout(PATIENCE, lines.next_line())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        let (_, at) = first.split_once(" listening on http://").unwrap();
        let at = at.trim_end_matches('/').parse().unwrap();
        Self { child, lines, at }
    }

    /// The answer to a notification, which is also what it says itself.
    async fn told(&mut self, token: &str, body: &str) -> (u16, String) {
        let mut visit = Visit::of("").bearing(token);
        "POST".clone_into(&mut visit.method);
        visit.body = body.to_owned().into();
        let mut connection = Connection::open(self.at, Protocol::Http1).await.unwrap();
        let reply = timeout(PATIENCE, connection.send(&visit))
            .await
            .unwrap()
            .unwrap();
        let sentence = String::from_utf8(reply.body.to_vec()).unwrap();
        let line = timeout(PATIENCE, self.lines.next_line())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert!(
            line.ends_with(&format!(" {} {}", reply.status, sentence.trim_end())),
            "{line}"
        );
        (reply.status, sentence.trim_end().to_owned())
    }
}

/// As Alertmanager 0.25 sends it.
fn webhook(alerts: &[(&str, &str)]) -> String {
    let alerts = alerts.iter().map(|(status, version)| {
        json!({
            "status": status,
            "labels": { "alertname": "TooManyErrors", "gray_service": "checkout", "gray_version": version },
            "annotations": { "summary": "bad" },
            "startsAt": "2026-11-22T04:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus/graph",
            "fingerprint": "6f2d1cd4c8c8d6ae",
        })
    });
    json!({
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "graylane",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "alerts": alerts.collect::<Value>(),
    })
    .to_string()
}

#[tokio::test]
async fn an_alert_closes_its_version_once_and_for_all() {
    let Some(mut site) = Site::new(Kind::Etcd).await else {
        return;
    };
    let (name, to) = site.document("switches");
    let ran = site.run(&["switch", "blue=5", "--to", &to]).await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut listening = Listening::new(&site, &["--to", &to]).await;
    let fires = webhook(&[("firing", "v2"), ("firing", "v2")]);
    let closed = json!({ "blue": 5, "checkout/v2": "closed" });
    let in_force = "; in force: blue 5 %, checkout/v2 closed";

    let (status, _) = listening.told("another", &fires).await;
    assert_eq!((status, site.has(&name).await), (401, json!({ "blue": 5 })));
    let told = listening.told(TOKEN, &fires).await;
    assert_eq!(told, (200, format!("closed checkout/v2{in_force}")));
    assert_eq!(site.has(&name).await, closed);
    let told = listening.told(TOKEN, &fires).await;
    assert_eq!(
        told,
        (200, format!("closed already: checkout/v2{in_force}"))
    );
    let told = listening.told(TOKEN, &webhook(&[("resolved", "v2")])).await;
    let nothing = "nothing to close; 1 resolved, which opens nothing";
    assert_eq!(told, (200, nothing.to_owned()));
    let (status, sentence) = listening.told(TOKEN, "{}").await;
    assert_eq!(status, 400, "{sentence}");
    assert_eq!(site.has(&name).await, closed);

    // The centre is gone: to be sent again. Then it is back.
    site.centre.kill().await;
    let fires = webhook(&[("firing", "v3")]);
    let (status, sentence) = listening.told(TOKEN, &fires).await;
    let told = format!("checkout/v3 not closed: {to}: it does not answer: ");
    assert!(status == 503 && sentence.starts_with(&told), "{sentence}");
    site.centre.restart().await.unwrap();
    let (status, sentence) = listening.told(TOKEN, &fires).await;
    assert_eq!(status, 200, "{sentence}");
    assert_eq!(site.has(&name).await["checkout/v3"], "closed");

    let id = listening.child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .arg(id)
            .status()
            .await
            .unwrap()
            .success()
    );
    let ended = timeout(PATIENCE, listening.child.wait())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test]
async fn an_alert_on_a_baseline_closes_nothing_where_the_policy_is_known() {
    let Some(mut site) = Site::new(Kind::Etcd).await else {
        return;
    };
    let (name, to) = site.document("switches");
    let ran = site
        .run(&["publish", &policy("policy.yaml"), "--to", &site.to, "--yes"])
        .await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    let known = ["--policy", &site.to.clone(), "--to", &to];
    let mut listening = Listening::new(&site, &known).await;
    for (version, sentence) in [
        (
            "v1",
            "checkout/v1 cannot be closed: switches.checkout/v1: is the baseline, behind which \
             there is nothing; close others",
        ),
        (
            "v9",
            "checkout/v9 cannot be closed: switches.checkout/v9: is no version of the service",
        ),
    ] {
        let told = listening
            .told(TOKEN, &webhook(&[("firing", version)]))
            .await;
        assert_eq!(told, (400, sentence.to_owned()));
    }
    assert_eq!(site.centre.read(&name).await.unwrap(), None);
    let (status, _) = listening.told(TOKEN, &webhook(&[("firing", "v2")])).await;
    assert_eq!(
        (status, site.has(&name).await),
        (200, json!({ "checkout/v2": "closed" }))
    );
    // A policy that cannot be had says nothing about a version: it is to be sent again.
    site.centre.kill().await;
    let (status, sentence) = listening.told(TOKEN, &webhook(&[("firing", "v1")])).await;
    let told = format!("checkout/v1 not closed: {}: it does not answer: ", site.to);
    assert!(status == 503 && sentence.starts_with(&told), "{sentence}");
}
