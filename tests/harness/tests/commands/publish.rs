//! `publish` and `rollback`.

use std::process::Stdio;
use std::time::Duration;

use graylane_harness::centre::{Kind, SECRET};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

use crate::run::{Ran, Site, policy};

async fn goes_there_and_back(kind: Kind) {
    let Some(site) = Site::new(kind).await else {
        return;
    };
    let (first, next) = (policy("policy.yaml"), policy("next.yaml"));
    let to = ["--to", &*site.to];
    let run = async |arguments: &[&str]| site.run(&[arguments, &to[..]].concat()).await;
    let json = "--format=json";

    // Nothing is there: nothing can be taken back, nor compared with.
    let ran = run(&["rollback", "--yes"]).await;
    let told = "nobody has kept a document before this one";
    assert!(ran.code == 2 && ran.err.contains(told), "{}", ran.err);
    let ran = run(&["publish", &first, "--yes", "--max-moved=100%"]).await;
    let told = "--max-moved has no policy to compare with";
    assert!(ran.code == 2 && ran.err.contains(told), "{}", ran.err);
    // Nobody is there to say yes.
    let ran = run(&["publish", &first]).await;
    assert!(
        ran.code == 2 && ran.err.contains("give --yes"),
        "{}",
        ran.err
    );
    assert_eq!(site.centre.read(&site.name).await.unwrap(), None);

    let ran = run(&["publish", &first, "--yes", json]).await;
    let report = ran.json();
    let old = site.centre.read(&site.name).await.unwrap().unwrap();
    let revision = format!("{:08x}", graylane::revision(&old));
    assert_eq!(
        (
            ran.code,
            &report["outcome"],
            &report["revision"],
            &report["before"]
        ),
        (0, &json!("published"), &json!(revision), &json!(null)),
    );
    // Compact JSON, that the core takes.
    assert!(!old.contains(&b'\n') && graylane::Policy::parse(&old).is_ok());
    let ran = run(&["publish", &first, "--yes"]).await;
    let told = format!("{}: is there already, revision {revision}\n", site.to);
    assert!(
        ran.code == 0 && ran.out.ends_with(&told),
        "{}{}",
        ran.out,
        ran.err
    );

    // 20.5 % would move.
    let ran = run(&["publish", &next, "--yes", "--max-moved=20%"]).await;
    let told = format!("more than 20 % move\n\n{}: nothing was written\n", site.to);
    assert!(
        ran.code == 3 && ran.out.ends_with(&told),
        "{}{}",
        ran.out,
        ran.err
    );
    assert_eq!(
        site.centre.read(&site.name).await.unwrap().as_ref(),
        Some(&old)
    );
    let ran = run(&["publish", &next, "--yes", "--max-moved=20.5%"]).await;
    let new = site.centre.read(&site.name).await.unwrap().unwrap();
    let told = format!(
        "{}: published, revision {:08x}, before it {revision}\n",
        site.to,
        graylane::revision(&new)
    );
    assert!(
        ran.code == 0 && ran.out.ends_with(&told),
        "{}{}",
        ran.out,
        ran.err
    );
    assert_ne!(new, old);

    // Back, and back again: each takes the other's place, byte for byte.
    for document in [&old, &new] {
        let ran = run(&["rollback", "--yes"]).await;
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        assert_eq!(
            site.centre.read(&site.name).await.unwrap().as_ref(),
            Some(document)
        );
    }
    let ran = run(&["rollback", "--disable", "--yes"]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let mut off: serde_json::Value = serde_json::from_slice(&new).unwrap();
    off["enabled"] = false.into();
    assert_eq!(site.has(&site.name).await, off);
    assert_eq!(run(&["rollback", "--yes", json]).await.code, 0);
    assert_eq!(site.centre.read(&site.name).await.unwrap(), Some(new));

    // What no proxy takes is told, and replaced.
    site.centre.publish(&site.name, b"[]").await.unwrap();
    settles(&site, b"[]").await;
    let ran = run(&["publish", &first, "--yes"]).await;
    let told = "what is there is no policy that a proxy takes: ";
    assert!(
        ran.code == 0 && ran.out.contains(told),
        "{}{}",
        ran.out,
        ran.err
    );
    assert_eq!(site.centre.read(&site.name).await.unwrap(), Some(old));
}

/// Waits until a document is read as it was published, which takes Nacos a while.
async fn settles(site: &Site, document: &[u8]) {
    let read = async || {
        while site.centre.read(&site.name).await.unwrap().as_deref() != Some(document) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), read()).await.unwrap();
}

#[tokio::test]
async fn a_policy_goes_to_etcd_and_back() {
    goes_there_and_back(Kind::Etcd).await;
}

#[tokio::test]
async fn a_policy_goes_to_a_web_server_and_back() {
    goes_there_and_back(Kind::Http).await;
}

#[tokio::test]
#[ignore = "its server is built by Go, for minutes: make test-centres"]
async fn a_policy_goes_to_consul_and_back() {
    goes_there_and_back(Kind::Consul).await;
}

#[tokio::test]
#[ignore = "its server is brought by Maven: make test-centres"]
async fn a_policy_goes_to_nacos_and_back() {
    goes_there_and_back(Kind::Nacos).await;
}

/// Asked on a terminal, with this answer, and this done before it is given.
async fn asked(site: &Site, answer: &str, meanwhile: impl AsyncFnOnce()) -> Ran {
    let line = site.command(&["publish", &policy("next.yaml"), "--to", &site.to]);
    let words = std::iter::once(line.as_std().get_program()).chain(line.as_std().get_args());
    let words: Vec<_> = words.map(|word| word.to_str().unwrap()).collect();
    let mut child = Command::new("script")
        .args([
            "--quiet",
            "--return",
            "--command",
            &words.join(" "),
            "/dev/null",
        ])
        .env("GRAYLANE_USER", "gray")
        .env("GRAYLANE_PASSWORD", SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut out = Vec::new();
    let question = async {
        while !String::from_utf8_lossy(&out).contains("[y/N] ") {
            assert!(stdout.read_buf(&mut out).await.unwrap() > 0);
        }
    };
    timeout(Duration::from_secs(20), question).await.unwrap();
    meanwhile().await;
    stdin.write_all(answer.as_bytes()).await.unwrap();
    stdout.read_to_end(&mut out).await.unwrap();
    let status = child.wait().await.unwrap();
    Ran {
        code: status.code().unwrap(),
        out: String::from_utf8(out).unwrap(),
        err: String::new(),
    }
}

#[tokio::test]
async fn whoever_is_asked_may_say_no_or_be_too_late() {
    let Some(site) = Site::new(Kind::Etcd).await else {
        return;
    };
    let ran = site
        .run(&["publish", &policy("policy.yaml"), "--to", &site.to, "--yes"])
        .await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    let first = site.centre.read(&site.name).await.unwrap();

    let ran = asked(&site, "n\n", async || {}).await;
    assert!(
        ran.code == 2 && ran.out.contains("nothing was written"),
        "{}",
        ran.out
    );
    assert_eq!(site.centre.read(&site.name).await.unwrap(), first);

    let ran = asked(&site, "y\n", async || {
        site.centre.publish(&site.name, b"{}").await.unwrap();
    })
    .await;
    let told = "was changed meanwhile";
    assert!(ran.code == 4 && ran.out.contains(told), "{}", ran.out);
    assert_eq!(
        site.centre.read(&site.name).await.unwrap().as_deref(),
        Some(&b"{}"[..])
    );

    let ran = asked(&site, "y\n", async || {}).await;
    assert!(
        ran.code == 0 && ran.out.contains("published"),
        "{}",
        ran.out
    );
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_shown() {
    let Some(site) = Site::new(Kind::Etcd).await else {
        return;
    };
    let mut command = site.command(&["publish", &policy("policy.yaml"), "--to", &site.to, "--yes"]);
    let wrong = "0-wrong-0";
    let ran = Ran::of(
        command
            .env("GRAYLANE_PASSWORD", wrong)
            .output()
            .await
            .unwrap(),
    );
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(
        ran.err.starts_with(&format!("error: {}: etcd ", site.to)),
        "{}",
        ran.err
    );
    assert!(
        !ran.err.contains(wrong) && !ran.err.contains(SECRET),
        "{}",
        ran.err
    );
    assert_eq!(site.centre.read(&site.name).await.unwrap(), None);
}

#[tokio::test]
async fn what_a_centre_does_not_hold_is_not_sent() {
    let Some(site) = Site::new(Kind::Etcd).await else {
        return;
    };
    let ids: Vec<_> = (0..200_000).map(|id| format!("user-{id}")).collect();
    let policy = json!({ "schema": "graylane/v1", "services": [{
        "name": "s", "baseline": "v1", "versions": [{ "name": "v1" }, { "name": "v2" }],
        "rules": [{ "name": "r", "use": "v2", "when": { "header": { "name": "x-u", "in": ids } } }],
    }]});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.json");
    std::fs::write(&file, policy.to_string()).unwrap();
    let ran = site
        .run(&["publish", file.to_str().unwrap(), "--to", &site.to, "--yes"])
        .await;
    let told = format!(
        "error: {}: the policy has {} bytes, above 1570816: etcd's `--max-request-bytes`; split it \
         among several filters\n",
        site.to,
        policy.to_string().len()
    );
    assert_eq!((ran.code, ran.err), (2, told));
}
