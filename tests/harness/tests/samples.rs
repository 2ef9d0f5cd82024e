//! Every sample configuration starts as its reader gets it, with its own policy, and sends users
//! where that policy says. The module is needed: `make wasm`.

use std::process::Command;

use graylane_harness::client::{Connection, Protocol, Visit};
use graylane_harness::envoy::{Envoy, Setup, wheel};
use graylane_harness::lab::Lab;
use graylane_harness::place;

async fn version(envoy: &Envoy, visit: Visit) -> Option<String> {
    let mut connection = Connection::open(envoy.address(), visit.protocol)
        .await
        .unwrap();
    let reply = connection.send(&visit).await.unwrap();
    assert!(reply.is_success(), "{reply:?}\n{}", envoy.log().tail());
    // What routes this hop is no business of the application.
    assert!(reply.seen("x-gray-cluster").is_empty(), "{reply:?}");
    reply.version().map(str::to_owned)
}

#[tokio::test]
async fn every_sample_starts_with_its_own_policy() {
    let lab = Lab::open(place::module(None).unwrap(), 0).await.unwrap();
    let backends = lab.backends(&["v1", "v2"]).await.unwrap();
    for sample in ["standalone", "header-routes", "subset", "dynamic"] {
        let envoy = lab.envoy(&Setup::of(sample), &backends).await.unwrap();
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let tester = Visit::of("tester").over(protocol).with("x-qa", "on");
            assert_eq!(
                version(&envoy, tester).await.as_deref(),
                Some("v2"),
                "{sample}"
            );
            let nobody = Visit::of("nobody").over(protocol);
            assert_eq!(
                version(&envoy, nobody).await.as_deref(),
                Some("v1"),
                "{sample}"
            );
        }
    }
}

/// It has no filter to start; Envoy says whether it is one.
#[tokio::test]
async fn the_stand_in_application_is_valid() {
    let file = place::repository().unwrap().join("envoy/upstream.yaml");
    let output = Command::new(wheel().await.unwrap())
        .args([
            "--mode",
            "validate",
            "--disable-hot-restart",
            "--config-path",
        ])
        .arg(file)
        .env("VERSION", "v1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
