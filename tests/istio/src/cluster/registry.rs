//! A registry of images on the node.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use graylane_harness::client::fetch;
use graylane_image::{Access, Image, Media};

use super::{Ground, REGISTRY};
use crate::process::Running;

const PATIENCE: Duration = Duration::from_secs(30);
const REPOSITORY: &str = "team/graylane";

/// A running registry. It ends with this value.
#[derive(Debug)]
pub struct Registry {
    _process: Running,
    module: PathBuf,
}

impl Registry {
    /// Starts it; what is pushed to it is this module.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn start(ground: &Ground<'_>, module: &Path) -> Result<Self> {
        let folder = ground.folder.join("registry");
        fs::create_dir_all(&folder)?;
        let disk = folder.to_string_lossy().into_owned();
        let arguments = ["registry", "serve", "--address", REGISTRY, "--disk", &disk];
        let mut process = ground.program("crane", &arguments).start()?;
        let at = REGISTRY.parse()?;
        process
            .until(PATIENCE, || async { fetch(at, "/v2/").await.is_ok() })
            .await?;
        Ok(Self {
            _process: process,
            module: module.to_owned(),
        })
    }

    /// Pushes the module under this tag, as a build of its own.
    ///
    /// # Errors
    /// If it cannot be packed or pushed.
    pub async fn push(&self, tag: &str) -> Result<()> {
        let mut module = fs::read(&self.module)
            .with_context(|| format!("{} cannot be read", self.module.display()))?;
        module.extend(custom_section(tag)?);
        let image = Image::new(&module, Media::Oci, None)?;
        let reference = graylane_image::parse(&format!("{REGISTRY}/{REPOSITORY}:{tag}"))?;
        let access = Access {
            plain_http: true,
            ..Access::default()
        };
        graylane_image::push(&image, &reference, &access).await?;
        Ok(())
    }

    /// What belongs under `url` for this tag.
    #[must_use]
    pub fn url(tag: &str) -> String {
        format!("oci://{REGISTRY}/{REPOSITORY}:{tag}")
    }
}

/// A section of a wasm module that nobody reads: other bytes, and the same filter.
fn custom_section(name: &str) -> Result<Vec<u8>> {
    // Numbers below 128 are one byte each.
    let length = u8::try_from(name.len()).ok().filter(|length| *length < 127);
    let length = length.with_context(|| format!("the tag {name} is too long"))?;
    Ok([&[0, length + 1, length], name.as_bytes()].concat())
}
