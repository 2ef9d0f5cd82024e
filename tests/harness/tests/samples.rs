//! Every sample configuration starts as its reader gets it, with its own policy, and sends users
//! where that policy says. The module is needed: `make wasm`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use graylane_harness::client::{Connection, Issuer, Protocol, Visit};
use graylane_harness::envoy::{
    Atlas, Envoy, Form, Sample, Setup, Stripping, Values, render, wheel,
};
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
        "geo",
        "dynamic",
        "remote",
        "telemetry",
    ] {
        let envoy = lab.envoy(&Setup::of(sample), &backends).await.unwrap();
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let tester = Visit::of("tester").over(protocol);
            let tester = if sample == "jwt" {
                let issuer = Issuer::of_sample().unwrap();
                tester.signed(&issuer, &json!({ "roles": ["user", "tester"] }))
            } else {
                tester.with("x-qa", "on")
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
    let backends: BTreeMap<_, _> = [("v1", 8081), ("v2", 8082)]
        .map(|(version, port)| (version.to_owned(), ([127, 0, 0, 1], port).into()))
        .into();
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "standalone",
        "rescue",
        "assets",
        "header-routes",
        "subset",
        "mirror",
        "jwt",
        "geo",
        "dynamic",
        "remote",
        "telemetry",
    ] {
        let values = Values {
            listener: ([127, 0, 0, 1], 10_000).into(),
            admin: ([127, 0, 0, 1], 9_901).into(),
            folder: folder.path().to_str().unwrap(),
            module: module.to_str().unwrap(),
            policy: None,
            form: Form::Struct,
            backends: &backends,
            stripping: Stripping::All,
            hop_headers_removed: true,
            claims_in: None,
            clusters: &BTreeMap::new(),
            beside: &[],
            edit: None,
            node: None,
            raw: false,
            inbound: false,
        };
        let sample = render(Sample::load(name).unwrap(), &values).unwrap();
        for file in &sample.files {
            let path = folder.path().join(&file.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file.tree.to_string()).unwrap();
        }
        if Atlas::is_asked_by(&sample) {
            // Without its database Envoy would not start.
            validate(&envoy, &folder.path().join(&sample.files[0].path)).unwrap_err();
            let atlas = Atlas::of_the_run().unwrap();
            atlas.write_into(folder.path()).unwrap();
        }
        validate(&envoy, &folder.path().join(&sample.files[0].path)).unwrap();
    }
    let upstream = place::repository().unwrap().join("envoy/upstream.yaml");
    validate(&envoy, &upstream).unwrap();
    // And it can say no.
    let bad = folder.path().join("bad.yaml");
    fs::write(&bad, "static_resources: { listeners: [ { name: 1 } ] }").unwrap();
    validate(&envoy, &bad).unwrap_err();
}

fn validate(envoy: &Path, file: &Path) -> Result<(), String> {
    let output = Command::new(envoy)
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
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or(log)
}
