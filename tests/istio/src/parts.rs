//! The programs of the control plane, built from pinned Go modules into the cache folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use graylane_harness::{Progress, go, place};

/// Kubernetes, as `tests/istio/go/kube/go.mod` pins it.
const KUBERNETES: &str = "1.36.3";
/// Istio by its commit, as `tests/istio/go/istio/go.mod` pins it: its releases are not served as
/// Go modules.
const ISTIO: &str = "1.31-eed52ebb66ad";
/// The template of Envoy's bootstrap, which images of Istio's proxy hold beside Envoy.
const TEMPLATE: &str = "envoy_bootstrap.json";
/// The Gateway API, of the version that Istio's source depends on.
const GATEWAY_API: &str = "gateway-api.yaml";

/// A Go module of this project, which does nothing but pin what it builds.
struct Module {
    /// Its folder in `tests/istio/go`.
    name: &'static str,
    /// Each program, by the package that it is built from.
    programs: &'static [(&'static str, &'static str)],
    /// What the linker writes into them.
    values: fn() -> Vec<String>,
}

const MODULES: [Module; 2] = [
    Module {
        name: "istio",
        programs: &[
            (
                "pilot-discovery",
                "istio.io/istio/pilot/cmd/pilot-discovery",
            ),
            ("pilot-agent", "istio.io/istio/pilot/cmd/pilot-agent"),
            ("istioctl", "istio.io/istio/istioctl/cmd/istioctl"),
            // Istio's own way of fetching images depends on it already.
            ("crane", "github.com/google/go-containerregistry/cmd/crane"),
        ],
        values: || vec![format!("istio.io/istio/pkg/version.buildVersion={ISTIO}")],
    },
    Module {
        name: "kube",
        programs: &[
            ("etcd", "go.etcd.io/etcd/server/v3"),
            ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
            (
                "kube-controller-manager",
                "k8s.io/kubernetes/cmd/kube-controller-manager",
            ),
            ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
        ],
        values: kubernetes_version,
    },
];

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct Parts {
    folder: PathBuf,
}

impl Parts {
    /// Those in `.cache/istio`, built where they are missing or were pinned otherwise.
    ///
    /// # Errors
    /// If there is no Go, or a build fails.
    pub async fn bring() -> Result<Self> {
        let repository = place::repository()?;
        let parts = Self {
            folder: repository.join(".cache/istio"),
        };
        fs::create_dir_all(&parts.folder)
            .with_context(|| format!("{} cannot be made", parts.folder.display()))?;
        for module in &MODULES {
            let source = repository.join("tests/istio/go").join(module.name);
            parts.build(module, &source).await?;
        }
        Ok(parts)
    }

    /// Those in this folder.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A program.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The template from which pilot-agent writes Envoy's bootstrap.
    #[must_use]
    pub fn template(&self) -> PathBuf {
        self.folder.join(TEMPLATE)
    }

    /// The definitions of the Gateway API's resources, which waypoints are.
    #[must_use]
    pub fn gateway_api(&self) -> PathBuf {
        self.folder.join(GATEWAY_API)
    }

    async fn build(&self, module: &Module, source: &Path) -> Result<()> {
        let flags = linker_flags(module);
        let pins = pins(source, &flags)?;
        // Written last: where it stands and says the same, everything is there.
        let stamp = self.folder.join(format!("{}.pins", module.name));
        if fs::read_to_string(&stamp).is_ok_and(|built| built == pins) {
            return Ok(());
        }
        let title = format!(
            "{}: building {} Go programs, the first time for some minutes",
            module.name,
            module.programs.len()
        );
        let _progress = Progress::waiting(&title);
        for (program, package) in module.programs {
            // Beside its place, which it takes when it is whole.
            let partial = self.folder.join(format!("{program}.partial"));
            let target = partial.to_string_lossy().into_owned();
            go(
                source,
                &[
                    "build",
                    "-trimpath",
                    "-ldflags",
                    &flags,
                    "-o",
                    &target,
                    package,
                ],
            )
            .await?;
            fs::rename(&partial, self.program(program))?;
        }
        if module.name == "istio" {
            self.copy_files(source).await?;
        }
        fs::write(stamp, pins)?;
        Ok(())
    }

    /// What else of the modules is needed. The module cache is read-only, and so would copies be.
    async fn copy_files(&self, source: &Path) -> Result<()> {
        let istio = module_folder(source, "istio.io/istio").await?;
        let template = istio.join("tools/packaging/common").join(TEMPLATE);
        let text = fs::read(&template)
            .with_context(|| format!("{} cannot be read", template.display()))?;
        fs::write(self.template(), text)?;
        let definitions = module_folder(source, "sigs.k8s.io/gateway-api").await?;
        let definitions = definitions.join("config/crd/standard");
        let mut files: Vec<_> = definitions
            .read_dir()
            .with_context(|| format!("{} cannot be read", definitions.display()))?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        files.sort();
        let texts = files.iter().map(fs::read_to_string);
        let texts = texts.collect::<std::io::Result<Vec<_>>>()?;
        fs::write(self.gateway_api(), texts.join("\n---\n"))?;
        Ok(())
    }
}

/// What of each part is pinned, for people.
///
/// # Errors
/// If the pins cannot be read.
pub fn pinned() -> Result<Vec<String>> {
    let folder = place::repository()?.join("tests/istio/go");
    let mut lines = Vec::new();
    for (module, wanted) in [
        (
            "istio",
            &[
                "istio.io/istio",
                "istio.io/api",
                "istio.io/client-go",
                "github.com/envoyproxy/go-control-plane/envoy",
                "github.com/envoyproxy/go-control-plane/contrib",
                "github.com/google/go-containerregistry",
                "sigs.k8s.io/gateway-api",
            ][..],
        ),
        (
            "kube",
            &["k8s.io/kubernetes", "go.etcd.io/etcd/server/v3"][..],
        ),
    ] {
        let text = fs::read_to_string(folder.join(module).join("go.mod"))?;
        for name in wanted {
            let version = text.lines().find_map(|line| {
                let line = line.trim().trim_start_matches("require ");
                let version = line.strip_prefix(name)?.strip_prefix(' ')?;
                version.split_whitespace().next()
            });
            let version = version.with_context(|| format!("{module}/go.mod has no {name}"))?;
            lines.push(format!("{name} {version}"));
        }
    }
    Ok(lines)
}

fn linker_flags(module: &Module) -> String {
    let mut flags = "-s -w".to_owned();
    for value in (module.values)() {
        flags.push_str(" -X ");
        flags.push_str(&value);
    }
    flags
}

/// Without its version kube-apiserver says 0.0, and takes its features for those of that release.
fn kubernetes_version() -> Vec<String> {
    let minor = KUBERNETES.split('.').nth(1).unwrap_or_default();
    [
        "k8s.io/component-base/version",
        "k8s.io/client-go/pkg/version",
    ]
    .iter()
    .flat_map(|package| {
        [
            format!("{package}.gitVersion=v{KUBERNETES}"),
            format!("{package}.gitMajor=1"),
            format!("{package}.gitMinor={minor}"),
            format!("{package}.gitTreeState=clean"),
            format!("{package}.gitCommit=module-proxy"),
            format!("{package}.buildDate=1970-01-01T00:00:00Z"),
        ]
    })
    .collect()
}

/// Everything that the programs depend on, as text.
fn pins(source: &Path, flags: &str) -> Result<String> {
    let mut pins = format!("{flags}\n{TEMPLATE} {GATEWAY_API}\n");
    for file in ["go.mod", "go.sum", "tools.go"] {
        let path = source.join(file);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        pins.push_str(&text);
    }
    Ok(pins)
}

/// Where the module cache has a dependency.
async fn module_folder(source: &Path, module: &str) -> Result<PathBuf> {
    let folder = go(source, &["list", "-m", "-f", "{{.Dir}}", module]).await?;
    Ok(PathBuf::from(folder.trim()))
}
