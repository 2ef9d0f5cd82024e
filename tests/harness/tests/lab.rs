//! The harness's own parts, against real Envoy: policies that change under load, gRPC, and
//! processes that end with it.
//!
//! They need the module: `make wasm`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use graylane_harness::backend::messages::Ask;
use graylane_harness::checks::{policy, with_user};
use graylane_harness::client::{Bounds, Caller, Connection, Load, Protocol, Record, Visit, fetch};
use graylane_harness::envoy::Setup;
use graylane_harness::lab::Lab;
use graylane_harness::place;

const PATIENCE: Duration = Duration::from_secs(10);
/// The counter of policies taken over, refused ones not among them.
const TAKEN: &str = "extension_config_discovery.http_filter.graylane.config_reload";

async fn lab() -> Lab {
    let module = place::module(None).unwrap();
    Lab::open(module, 1000).await.unwrap()
}

fn users() -> Arc<[Visit]> {
    (0..200)
        .map(|number| with_user(Visit::of(format!("user-{number}"))))
        .collect()
}

/// From nobody to everybody under load: nobody is refused, and nobody goes back.
async fn ramp(setup: Setup) {
    let lab = lab().await;
    let backends = lab.backends(&["v1", "v2"]).await.unwrap();
    let setup = setup.policy(&policy(&[("v2", 0.0)]));
    let envoy = lab.envoy(&setup, &backends).await.unwrap();
    let load = Load::start(envoy.address(), &users(), Bounds::default());
    let before = envoy.admin().stat(TAKEN).await.unwrap();
    for (step, percent) in [(1, 50.0), (2, 100.0)] {
        let file = envoy.policy_file().unwrap();
        file.replace(&policy(&[("v2", percent)])).unwrap();
        let taken = envoy
            .admin()
            .wait_stat(TAKEN, before + step, PATIENCE)
            .await;
        taken.unwrap_or_else(|error| panic!("{error}\n{}", envoy.log().tail()));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let offset = envoy.log().end();
    let file = envoy.policy_file().unwrap();
    file.replace(&policy(&[("v2", 120.0)])).unwrap();
    let refused = envoy.log().wait("percent", offset, PATIENCE).await.unwrap();
    assert!(refused.contains("120"), "{refused}");

    let records = load.stop().await.unwrap();
    assert!(records.len() > 1000, "{}", records.len());
    let failed: Vec<_> = records
        .iter()
        .filter(|record| !record.is_success())
        .collect();
    assert!(failed.is_empty(), "{:?}", failed.first());
    let version = |record: &Record| record.version.clone();
    assert_eq!(version(&records[0]).as_deref(), Some("v1"));
    assert_eq!(version(&records[records.len() - 1]).as_deref(), Some("v2"));
    for visit in users().iter() {
        let path: Vec<_> = records
            .iter()
            .filter(|record| record.user == visit.user)
            .filter_map(version)
            .collect();
        assert!(path.is_sorted(), "{}: {path:?}", visit.user);
    }
}

#[tokio::test]
async fn a_policy_changes_by_renaming_a_file() {
    ramp(Setup::of("dynamic")).await;
}

#[tokio::test]
async fn a_policy_changes_as_the_kubelet_swaps_links() {
    ramp(Setup::of("dynamic").kubelet()).await;
}

#[tokio::test]
async fn grpc_passes_with_its_metadata() {
    let lab = lab().await;
    let backends = lab.backends(&["v1", "v2"]).await.unwrap();
    let setup = Setup::of("standalone").policy(&policy(&[("v2", 10.0)]));
    let envoy = lab.envoy(&setup, &backends).await.unwrap();
    let mut caller = Caller::connect(envoy.address()).await.unwrap();
    let told = caller
        .say(&[("x-qa", "on"), ("x-a", "1"), ("x-a", "2")])
        .await
        .unwrap();
    assert_eq!(told.version, "v2");
    assert_eq!(told.metadata("x-gray-version"), [b"v2"]);
    assert_eq!(told.metadata("x-a"), [b"1", b"2"]);
    let ask = Ask {
        times: 5,
        pause_ms: 10,
    };
    let told = caller.watch(ask, &[("x-user-id", "nobody")]).await.unwrap();
    assert_eq!(told.len(), 5);
}

#[tokio::test]
async fn headers_arrive_byte_for_byte() {
    let lab = lab().await;
    let backends = lab.backends(&["v1", "v2"]).await.unwrap();
    let envoy = lab
        .envoy(&Setup::of("standalone"), &backends)
        .await
        .unwrap();
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut connection = Connection::open(envoy.address(), protocol).await.unwrap();
        let visit = Visit::of("odd")
            .over(protocol)
            .with("x-odd", b"\xff\x80 \\x41".as_slice())
            .with("x-odd", "second");
        let reply = connection.send(&visit).await.unwrap();
        assert_eq!(
            reply.seen("x-odd"),
            [b"\xff\x80 \\x41".as_slice(), b"second"]
        );
    }
}

/// Also by SIGKILL, after which the harness can clean up nothing.
#[tokio::test]
async fn envoy_ends_with_the_harness() {
    for signal in ["-KILL", "-INT", "-TERM"] {
        let mut harness = Command::new(env!("CARGO_BIN_EXE_graylane-harness"))
            .arg("run")
            .env("ENVOY_RUN", "local")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Read on until the end: a harness that cannot print would end by that.
        let mut lines = BufReader::new(harness.stdout.take().unwrap()).lines();
        let up = lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.contains("is up at"));
        let up = up.expect("it says where Envoy is");
        let admin = up.rsplit_once("http://").unwrap().1.parse().unwrap();
        fetch(admin, "/ready").await.unwrap();

        let pid = harness.id().to_string();
        Command::new("kill").args([signal, &pid]).status().unwrap();
        harness.wait().unwrap();
        let until = Instant::now() + PATIENCE;
        while fetch(admin, "/ready").await.is_ok() {
            assert!(Instant::now() < until, "Envoy outlives {signal}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
