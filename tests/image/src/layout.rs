//! The image as a folder, as `skopeo`, `crane` and `oras` read it.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use oci_spec::image::{ImageIndexBuilder, MediaType, OciLayoutBuilder, SCHEMA_VERSION};

use crate::Image;
use crate::documents::json;

impl Image {
    /// Writes an OCI image layout to `folder`, in the place of whatever was there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        self.write_parts(folder)
            .with_context(|| format!("{} cannot be written", folder.display()))
    }

    fn write_parts(&self, folder: &Path) -> Result<()> {
        if let Err(error) = std::fs::remove_dir_all(folder)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error.into());
        }
        let blobs = folder.join("blobs/sha256");
        std::fs::create_dir_all(&blobs)?;
        for blob in self.blobs() {
            std::fs::write(blobs.join(blob.descriptor.digest().digest()), &blob.bytes)?;
        }
        let index = ImageIndexBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageIndex)
            .manifests([self.manifest.descriptor.clone()])
            .build()?;
        std::fs::write(folder.join("index.json"), json(&index)?)?;
        let layout = OciLayoutBuilder::default()
            .image_layout_version("1.0.0")
            .build()?;
        std::fs::write(folder.join("oci-layout"), json(&layout)?)?;
        Ok(())
    }
}
