//! `switch`.

use graylane_harness::centre::Kind;
use serde_json::json;

use crate::run::{Site, policy};

async fn switches(kind: Kind) {
    let Some(site) = Site::new(kind).await else {
        return;
    };
    let (name, to) = site.document("switches");
    let switch = async |arguments: &[&str]| {
        site.run(&[&["switch", "--to", &to], arguments].concat())
            .await
    };
    let ran = switch(&[]).await;
    let told = format!("{to}: as it was: nothing is switched\n");
    assert_eq!((ran.code, ran.out), (0, told), "{}", ran.err);
    assert_eq!(site.centre.read(&name).await.unwrap(), None);
    for (arguments, told, document) in [
        (
            &["checkout/v2=closed"][..],
            "switched: checkout/v2 closed",
            json!({ "checkout/v2": "closed" }),
        ),
        (
            &["checkout/v2=closed"],
            "as it was: checkout/v2 closed",
            json!({ "checkout/v2": "closed" }),
        ),
        (
            &["checkout/v2=", "pay/v7=2.5"],
            "switched: pay/v7 2.5 %",
            json!({ "pay/v7": 2.5 }),
        ),
        (&["--clear"], "switched: nothing is switched", json!({})),
    ] {
        let ran = switch(arguments).await;
        let told = format!("{to}: {told}\n");
        assert_eq!((ran.code, ran.out), (0, told), "{}", ran.err);
        assert_eq!(site.has(&name).await, document);
    }
}

#[tokio::test]
async fn etcd_has_what_is_switched() {
    switches(Kind::Etcd).await;
}

#[tokio::test]
async fn a_web_server_has_what_is_switched() {
    switches(Kind::Http).await;
}

#[tokio::test]
#[ignore = "its server is built by Go, for minutes: make test-centres"]
async fn consul_has_what_is_switched() {
    switches(Kind::Consul).await;
}

#[tokio::test]
#[ignore = "its server is brought by Maven: make test-centres"]
async fn nacos_has_what_is_switched() {
    switches(Kind::Nacos).await;
}

/// All at once: each has read what another then writes over, and has to read again.
async fn none_is_lost(kind: Kind) {
    let Some(site) = Site::new(kind).await else {
        return;
    };
    let (name, to) = site.document("switches");
    let edits: Vec<_> = (0..8)
        .map(|number| format!("checkout/v{number}=closed"))
        .collect();
    let mut running = Vec::new();
    for edit in &edits {
        running.push(
            site.command(&["switch", edit, "--to", &to])
                .spawn()
                .unwrap(),
        );
    }
    for mut child in running {
        assert!(child.wait().await.unwrap().success());
    }
    let document = site.has(&name).await;
    for edit in &edits {
        let name = edit.trim_end_matches("=closed");
        assert_eq!(document[name], "closed", "{document}");
    }
}

#[tokio::test]
async fn switches_of_several_at_once_are_all_in_etcd() {
    none_is_lost(Kind::Etcd).await;
}

#[tokio::test]
async fn switches_of_several_at_once_are_all_on_a_web_server() {
    none_is_lost(Kind::Http).await;
}

#[tokio::test]
#[ignore = "its server is built by Go, for minutes: make test-centres"]
async fn switches_of_several_at_once_are_all_in_consul() {
    none_is_lost(Kind::Consul).await;
}

#[tokio::test]
async fn a_policy_says_what_can_be_switched() {
    let Some(site) = Site::new(Kind::Etcd).await else {
        return;
    };
    let (name, to) = site.document("switches");
    let ran = site
        .run(&["publish", &policy("policy.yaml"), "--to", &site.to, "--yes"])
        .await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    for source in [policy("policy.yaml"), site.to.clone()] {
        for (edit, sentence) in [
            (
                "pay/v7=closed",
                "switches.pay/v7: is of no service of the policy",
            ),
            (
                "checkout/v9=5",
                "switches.checkout/v9: is no version of the service",
            ),
            ("blue=closed", "switches.blue: is no lane of the policy"),
        ] {
            let ran = site
                .run(&["switch", edit, "--policy", &source, "--to", &to])
                .await;
            let told = format!("error: {sentence}");
            assert!(ran.code == 2 && ran.err.starts_with(&told), "{}", ran.err);
        }
        let ran = site
            .run(&[
                "switch",
                "checkout/v2=100",
                "--policy",
                &source,
                "--to",
                &to,
            ])
            .await;
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
    assert_eq!(site.has(&name).await, json!({ "checkout/v2": 100 }));

    site.centre.publish(&name, b"nonsense").await.unwrap();
    let ran = site
        .run(&["switch", "checkout/v2=closed", "--to", &to])
        .await;
    let told = format!("error: {to}: put it right, or begin anew by --clear: switches: ");
    assert!(ran.code == 2 && ran.err.starts_with(&told), "{}", ran.err);
    let ran = site
        .run(&["switch", "checkout/v2=closed", "--clear", "--to", &to])
        .await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(site.has(&name).await, json!({ "checkout/v2": "closed" }));
}
