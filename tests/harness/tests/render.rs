//! Samples are edited where a run needs it, and nowhere else; what has another shape is refused
//! by name. No Envoy is needed.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use graylane_harness::envoy::{Form, Sample, Stripping, Values, render};
use serde_json::{Value, json};

const SAMPLES: [&str; 8] = [
    "standalone",
    "rescue",
    "header-routes",
    "subset",
    "jwt",
    "geo",
    "dynamic",
    "remote",
];

fn backends(versions: &[&str]) -> BTreeMap<String, SocketAddr> {
    (7001_u16..)
        .zip(versions)
        .map(|(port, version)| ((*version).to_owned(), ([127, 0, 0, 1], port).into()))
        .collect()
}

fn rendered(
    sample: Sample,
    versions: &[&str],
    policy: &Value,
    form: Form,
) -> Result<String, anyhow::Error> {
    let values = Values {
        listener: ([127, 0, 0, 1], 0).into(),
        admin: ([127, 0, 0, 1], 0).into(),
        folder: "/run/here",
        module: "/run/module.wasm",
        policy: Some(policy),
        form,
        backends: &backends(versions),
        claims_in: None,
        clusters: &BTreeMap::new(),
        beside: &[],
        edit: None,
        node: None,
        raw: false,
        inbound: false,
        stripping: Stripping::Nothing,
        hop_headers_removed: true,
    };
    let files = render(sample, &values)?.files;
    Ok(files.iter().map(|file| file.tree.to_string()).collect())
}

#[test]
fn every_sample_is_made_ready() {
    let policy = json!({ "here": "policy" });
    for name in SAMPLES {
        let sample = Sample::load(name).unwrap();
        let text = rendered(sample, &["v1", "v2"], &policy, Form::Struct).unwrap();
        for gone in [
            "0.0.0.0",
            "9901",
            "10000",
            "/etc/envoy",
            "internal_only_headers",
            "8080",
        ] {
            assert!(!text.contains(gone), "{name} still says {gone}");
        }
        for (there, times) in [
            ("/run/module.wasm", 1),
            (r#"{"here":"policy"}"#, 1),
            ("7001", 1),
            ("7002", 1),
        ] {
            assert_eq!(text.matches(there).count(), times, "{name}: {there}");
        }
    }
}

#[test]
fn the_dynamic_sample_leads_to_its_rendered_files() {
    let sample = Sample::load("dynamic").unwrap();
    let text = rendered(sample, &["v1", "v2"], &json!({}), Form::Struct).unwrap();
    for path in [
        "/run/here/lds.yaml",
        "/run/here/cds.yaml",
        "/run/here/policy/ecds.yaml",
    ] {
        assert!(text.contains(&format!(r#""{path}""#)), "{path}");
    }
    for watched in ["/run/here", "/run/here/policy"] {
        assert!(
            text.contains(&format!(r#"{{"path":"{watched}"}}"#)),
            "{watched}"
        );
    }
}

#[test]
fn a_further_version_gets_what_the_others_have() {
    for name in SAMPLES {
        let sample = Sample::load(name).unwrap();
        let text = rendered(sample, &["v1", "v2", "v3"], &json!({}), Form::Struct).unwrap();
        let times = |text: &str, what: &str| text.matches(what).count();
        // The last backend is there, and where a canary has a route, the new one has too.
        assert_eq!(times(&text, "7003"), 1, "{name}");
        let (v2, v3) = (
            times(&text, r#":"checkout-v2""#),
            times(&text, r#":"checkout-v3""#),
        );
        assert_eq!(v2, v3, "{name}");
    }
}

#[test]
fn a_policy_can_be_text() {
    let sample = Sample::load("standalone").unwrap();
    let text = rendered(sample, &["v1", "v2"], &json!({ "a": 1 }), Form::Json).unwrap();
    assert!(text.contains(r#""value":"{\"a\":1}""#), "{text}");
}

#[test]
fn an_unknown_shape_is_refused_by_file_and_key() {
    let refusal = |edit: &dyn Fn(&mut Value)| {
        let mut sample = Sample::load("standalone").unwrap();
        edit(&mut sample.files[0].tree);
        let error = rendered(sample, &["v1", "v2"], &json!({}), Form::Struct).unwrap_err();
        format!("{error:#}")
    };
    assert_eq!(
        refusal(&|tree| tree["admin"] = json!({})),
        "envoy/standalone: standalone.yaml: admin.address is missing; the harness must learn this shape"
    );
    assert_eq!(
        refusal(&|tree| tree["static_resources"]["listeners"] = json!([])),
        "envoy/standalone: 0 listeners; the harness knows samples with one"
    );
    assert_eq!(
        refusal(&|tree| tree["static_resources"]["clusters"] = json!([])),
        "envoy/standalone: no cluster takes the backend of v1"
    );
    let missing = format!("{:#}", Sample::load("nowhere").unwrap_err());
    assert!(
        missing.starts_with("there is no sample nowhere"),
        "{missing}"
    );
}
