//! Every sample configuration starts as its reader gets it, with its own policy, and sends users
//! where that policy says. The module is needed: `make wasm`.

use std::fs;
use std::time::{Duration, Instant};

use graylane_harness::client::{Connection, Issuer, Protocol, Visit};
use graylane_harness::envoy::{Envoy, SAMPLES, Setup, lay_out, validate, wheel};
use graylane_harness::lab::Lab;
use graylane_harness::place;
use serde_json::json;

/// How long a host may take to be found healthy.
const PATIENCE: Duration = Duration::from_secs(10);

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
    for sample in [
        "standalone",
        "rescue",
        "header-routes",
        "subset",
        "jwt",
        "authorisation",
        "geo",
        "dynamic",
        "remote",
        "telemetry",
    ] {
        let envoy = lab.envoy(&Setup::of(sample), &backends).await.unwrap();
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let tester = Visit::of("tester").over(protocol);
            let issuer = Issuer::of_sample().unwrap();
            let tester = match sample {
                "jwt" => tester.signed(&issuer, &json!({ "roles": ["user", "tester"] })),
                "authorisation" => tester
                    .signed(&issuer, &json!({ "roles": "tester" }))
                    .with("x-qa", "on"),
                _ => tester.with("x-qa", "on"),
            };
            // A host that is asked for its health gets nothing before its first good answer.
            let until = Instant::now() + PATIENCE;
            while sample == "rescue"
                && version(&envoy, tester.clone()).await.as_deref() != Some("v2")
                && Instant::now() < until
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
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

/// Envoy itself says whether a configuration is one, with the policy in it.
#[tokio::test]
async fn every_configuration_is_valid() {
    let envoy = wheel().await.unwrap();
    let module = place::module(None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in SAMPLES {
        let bootstrap = lay_out(name, &module, folder.path()).unwrap();
        assert_eq!(validate(&envoy, &bootstrap).unwrap(), None, "{name}");
    }
    // Without its database Envoy would not start.
    let geo = lay_out("geo", &module, folder.path()).unwrap();
    fs::remove_file(folder.path().join("city.mmdb")).unwrap();
    assert!(validate(&envoy, &geo).unwrap().is_some());
    let upstream = place::repository().unwrap().join("envoy/upstream.yaml");
    assert_eq!(validate(&envoy, &upstream).unwrap(), None);
    // And it can say no.
    let bad = folder.path().join("bad.yaml");
    fs::write(&bad, "static_resources: { listeners: [ { name: 1 } ] }").unwrap();
    assert!(validate(&envoy, &bad).unwrap().is_some());
}
