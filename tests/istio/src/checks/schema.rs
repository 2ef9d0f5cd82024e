//! What the API refuses by Istio's schema of a `WasmPlugin`, with its own sentences.

use anyhow::Result;
use graylane_harness::report::Row;
use serde_json::{Value, json};

use crate::cluster::Registry;
use crate::mesh::{Mesh, Overlay, TAG};

const NAME: &str = "schema";

/// A mistake: what it is, the edit, and what of the API's sentence must be there.
type Mistake = (&'static str, fn(&mut Value), &'static str);

const MISTAKES: [Mistake; 9] = [
    (
        "no url",
        |spec| remove(spec, "url"),
        "spec.url: Required value",
    ),
    (
        "url: ftp://…",
        |spec| spec["url"] = "ftp://registry.example.com/a".into(),
        "url must have schema one of",
    ),
    (
        "phase: LAST",
        |spec| spec["phase"] = "LAST".into(),
        "spec.phase: Unsupported value",
    ),
    ("sha256: 1", |spec| spec["sha256"] = 1.into(), "spec.sha256"),
    (
        "failStrategy: FAIL",
        |spec| spec["failStrategy"] = "FAIL".into(),
        "spec.failStrategy: Unsupported value",
    ),
    (
        "match: mode: BOTH",
        |spec| spec["match"] = json!([{ "mode": "BOTH" }]),
        "mode: Unsupported value",
    ),
    (
        "match: port 0",
        |spec| spec["match"] = json!([{ "ports": [{ "number": 0 }] }]),
        "number",
    ),
    (
        "selector with targetRefs",
        |spec| {
            spec["selector"] = json!({ "matchLabels": { "app": "pay" } });
            spec["targetRefs"] =
                json!([{ "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "a" }]);
        },
        "only one of targetRefs or selector can be set",
    ),
    (
        "an unknown field",
        |spec| spec["policy"] = json!({}),
        "unknown field \"spec.policy\"",
    ),
];

pub(super) async fn check(mesh: &Mesh) -> Result<Vec<Row>> {
    let overlay = Overlay::render(mesh, "mesh", &Registry::url(TAG)).await?;
    let mut rows = Vec::new();
    for (name, edit, expected) in MISTAKES {
        let plugin = overlay.edited(edit)?;
        let said = dry_run(mesh, &plugin).await?;
        let refused = said.as_ref().is_some_and(|said| said.contains(expected));
        rows.push(Row::judged(
            NAME,
            name,
            format!("refused: … {expected} …"),
            said.unwrap_or_else(|| "taken".to_owned()),
            "contains it",
            refused,
        ));
    }
    let said = dry_run(mesh, overlay.plugin()?).await?;
    rows.push(Row::judged(
        NAME,
        "the overlay's own",
        "taken",
        said.clone().unwrap_or_else(|| "taken".to_owned()),
        "exact",
        said.is_none(),
    ));
    Ok(rows)
}

/// What the API says of it, if it refuses.
async fn dry_run(mesh: &Mesh, plugin: &Value) -> Result<Option<String>> {
    let arguments = ["apply", "--dry-run=server", "-f", "-"];
    let said = mesh
        .kubectl()
        .attempt(&arguments, &plugin.to_string())
        .await?;
    Ok((!said.succeeded).then(|| shortened(&said.complaint)))
}

fn remove(spec: &mut Value, field: &str) {
    if let Some(fields) = spec.as_object_mut() {
        fields.remove(field);
    }
}

/// In one line; of what repeats the whole document, the end.
fn shortened(complaint: &str) -> String {
    const LONGEST: usize = 600;
    let line = complaint.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = line.chars().count();
    if length <= LONGEST {
        return line;
    }
    let end: String = line.chars().skip(length - LONGEST / 6).collect();
    format!("… {end}")
}
