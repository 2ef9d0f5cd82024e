//! istioctl has nothing to say against any manifest or overlay.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use graylane_harness::place;
use graylane_harness::report::Row;

use crate::cluster::{documents, say};
use crate::mesh::{Mesh, folder, overlays};
use crate::parts::Parts;

const NAME: &str = "manifests";
/// What only other tools read.
const NO_RESOURCES: [&str; 3] = ["Kustomization", "Component", "IstioOperator"];

pub(super) async fn check(mesh: &Mesh) -> Result<Vec<Row>> {
    let istioctl = Parts::at(&mesh.site.parts).program("istioctl");
    let istio = place::repository()?.join("istio");
    let mut rows = Vec::new();
    for name in overlays()? {
        let path = istio.join("overlays").join(&name);
        let rendered = mesh
            .kubectl()
            .run(&["kustomize", &path.to_string_lossy()], "")
            .await?;
        let file = folder(&mesh.site.results, "rendered")?.join(format!("{name}.yaml"));
        std::fs::write(&file, rendered)?;
        let file = file.to_string_lossy();
        for command in [
            &["validate", "-f"][..],
            &["analyze", "--use-kube=false"][..],
        ] {
            let arguments: Vec<_> = command.iter().copied().chain([&*file]).collect();
            rows.push(judge(&istioctl, &format!("{} {name}", command[0]), &arguments).await?);
        }
    }
    let mut files = Vec::new();
    collect(&istio, &mut files)?;
    files.sort();
    let (mut total, mut faulty) = (0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(&file)?;
        let documents = documents(&text).with_context(|| format!("{}", file.display()))?;
        let skipped = |kind: &serde_json::Value| NO_RESOURCES.iter().any(|other| kind == other);
        if documents.iter().any(|document| skipped(&document["kind"])) {
            continue;
        }
        total += 1;
        let arguments = ["validate", "-f", &file.to_string_lossy()];
        let row = judge(&istioctl, &file.display().to_string(), &arguments).await?;
        if !row.passed {
            let short = file.strip_prefix(&istio).unwrap_or(&file).display();
            faulty.push(format!("{short}: {}", row.observed));
        }
    }
    let clean = faulty.is_empty() && total > 0;
    rows.push(Row::judged(
        NAME,
        format!("validate each of {total} files"),
        "clean",
        if clean {
            "clean".to_owned()
        } else {
            faulty.join("; ")
        },
        "exact",
        clean,
    ));
    Ok(rows)
}

async fn judge(istioctl: &Path, name: &str, arguments: &[&str]) -> Result<Row> {
    let said = say(istioctl, None, arguments, "").await?;
    let all = format!("{} {}", said.output, said.complaint);
    let lines: Vec<_> = all
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let is_complaint = |line: &&&str| {
        line.contains("Warning") || line.contains("Error") || line.contains("Info [")
    };
    let complaints: Vec<_> = lines.iter().filter(is_complaint).copied().collect();
    let clean = said.succeeded && complaints.is_empty();
    let observed = match (clean, complaints.is_empty()) {
        (true, _) => "clean".to_owned(),
        (false, false) => complaints.join("; "),
        (false, true) => lines.join("; "),
    };
    Ok(Row::judged(NAME, name, "clean", observed, "exact", clean))
}

/// The YAML files below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(path);
        }
    }
    Ok(())
}
