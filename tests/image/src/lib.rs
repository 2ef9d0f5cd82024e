//! An OCI image of the module, as Istio's `WasmPlugin` fetches it from a registry: one layer, and in
//! it one file. The same module gives the same bytes.

mod documents;
mod layer;
mod layout;
mod push;
mod reference;
mod sbom;

pub use documents::MAX_CREATED;
pub use layer::FILE;
pub use push::{Access, push};
pub use reference::parse;
pub use sbom::{PACKAGE, Sources, TARGET, sbom};

use anyhow::Result;
use clap::ValueEnum;
use oci_spec::image::{Descriptor, MediaType, Sha256Digest, ToDockerV2S2};
use sha2::{Digest, Sha256};

/// Whose names the parts of the image bear; Istio takes both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Media {
    /// Those of the OCI.
    Oci,
    /// Docker's, for registries that know no others.
    Docker,
}

impl Media {
    fn name(self, part: MediaType) -> Result<MediaType> {
        Ok(match self {
            Self::Oci => part,
            Self::Docker => part.to_docker_v2s2()?.into(),
        })
    }
}

/// A part of an image: what it holds, and how others refer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    bytes: Vec<u8>,
    descriptor: Descriptor,
}

impl Blob {
    fn new(bytes: Vec<u8>, media: MediaType) -> Result<Self> {
        let descriptor = Descriptor::new(media, bytes.len() as u64, digest(&bytes)?);
        Ok(Self { bytes, descriptor })
    }

    /// What it holds.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its media type, digest and size.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }
}

/// The image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    layer: Blob,
    config: Blob,
    manifest: Blob,
}

impl Image {
    /// An image of `module`; made at no time, or at `created` in seconds since 1970.
    ///
    /// # Errors
    /// If `created` is beyond [`MAX_CREATED`].
    pub fn new(module: &[u8], media: Media, created: Option<u64>) -> Result<Self> {
        let tar = layer::tar(module)?;
        let config = documents::config(&digest(&tar)?, created)?;
        let layer = Blob::new(layer::gzip(&tar)?, media.name(MediaType::ImageLayerGzip)?)?;
        let config = Blob::new(config, media.name(MediaType::ImageConfig)?)?;
        let manifest = Blob::new(
            documents::manifest(media, &config.descriptor, &layer.descriptor)?,
            media.name(MediaType::ImageManifest)?,
        )?;
        Ok(Self {
            layer,
            config,
            manifest,
        })
    }

    /// Its parts, each after those that it refers to: the manifest is the last.
    #[must_use]
    pub fn blobs(&self) -> [&Blob; 3] {
        [&self.layer, &self.config, &self.manifest]
    }

    /// The digest of its manifest, by which it is known.
    #[must_use]
    pub fn digest(&self) -> String {
        self.manifest.descriptor.digest().to_string()
    }
}

fn digest(bytes: &[u8]) -> Result<oci_spec::image::Digest> {
    let hex = base16ct::lower::encode_string(&Sha256::digest(bytes));
    Ok(hex.parse::<Sha256Digest>()?.into())
}
