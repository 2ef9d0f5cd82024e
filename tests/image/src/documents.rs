//! The config and the manifest.

use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Result, ensure};
use oci_spec::image::{
    ANNOTATION_DESCRIPTION, ANNOTATION_LICENSES, ANNOTATION_TITLE, ANNOTATION_VERSION, Arch,
    ConfigBuilder, Descriptor, Digest, ImageConfigurationBuilder, ImageManifestBuilder, MediaType,
    Os, RootFsBuilder, SCHEMA_VERSION,
};
use serde::Serialize;

use crate::Media;

/// The last second that an image can have been made in: the end of the year 9999.
pub const MAX_CREATED: u64 = 253_402_300_799;

const DESCRIPTION: &str =
    "Gray release for Envoy and Istio: a proxy-wasm filter that decides each request's version";

pub(super) fn config(diff_id: &Digest, created: Option<u64>) -> Result<Vec<u8>> {
    let mut config = ImageConfigurationBuilder::default()
        // As `docker build` writes it for any scratch image: Istio does not look, and Docker and
        // containerd pull no image of the platform that would be true, wasm.
        .architecture(Arch::Amd64)
        .os(Os::Linux)
        .config(ConfigBuilder::default().labels(facts()).build()?)
        .rootfs(
            RootFsBuilder::default()
                .typ("layers")
                .diff_ids([diff_id.to_string()])
                .build()?,
        );
    if let Some(seconds) = created {
        ensure!(
            seconds <= MAX_CREATED,
            "{seconds} is after the year 9999, when no image was made"
        );
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        config = config.created(humantime::format_rfc3339_seconds(time).to_string());
    }
    json(&config.build()?)
}

pub(super) fn manifest(media: Media, config: &Descriptor, layer: &Descriptor) -> Result<Vec<u8>> {
    let mut manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(media.name(MediaType::ImageManifest)?)
        .config(config.clone())
        .layers([layer.clone()]);
    // Docker's manifests have none.
    if media == Media::Oci {
        let mut annotations = facts();
        // Asked for by the specification of wasm images where a layer has the OCI's media type.
        annotations.insert("module.wasm.image/variant".into(), "compat".into());
        manifest = manifest.annotations(annotations);
    }
    json(&manifest.build()?)
}

fn facts() -> HashMap<String, String> {
    [
        (ANNOTATION_TITLE, "graylane"),
        (ANNOTATION_DESCRIPTION, DESCRIPTION),
        (ANNOTATION_VERSION, env!("CARGO_PKG_VERSION")),
        (ANNOTATION_LICENSES, env!("CARGO_PKG_LICENSE")),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}

/// By way of a value, whose maps are sorted: those of the documents have another order each time.
pub(super) fn json(document: &impl Serialize) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(&serde_json::to_value(document)?)?)
}
