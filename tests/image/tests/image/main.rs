//! The module's image: its parts fit together, the same module gives the same bytes, and what is
//! pushed arrives.

mod push;
mod registry;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use graylane_image::{FILE, Image, MAX_CREATED, Media};
use oci_spec::image::{ImageConfiguration, ImageIndex, ImageManifest, OciLayout};
use sha2::{Digest, Sha256};

const MODULE: &[u8] = b"\0asm\x01\0\0\0 and whatever follows";

fn digest(bytes: &[u8]) -> String {
    let hex = base16ct::lower::encode_string(&Sha256::digest(bytes));
    format!("sha256:{hex}")
}

fn image(media: Media) -> Image {
    Image::new(MODULE, media, None).unwrap()
}

/// Every file of a folder, by its path in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let inside = files(&path).into_iter();
            found.extend(inside.map(|(rest, bytes)| (format!("{name}/{rest}"), bytes)));
        } else {
            found.insert(name, std::fs::read(path).unwrap());
        }
    }
    found
}

fn unzipped(layer: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    GzDecoder::new(layer).read_to_end(&mut tar).unwrap();
    tar
}

#[test]
fn a_layout_is_the_same_each_time_and_leaves_nothing_of_the_one_before() {
    let scratch = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| scratch.path().join(name));
    image(Media::Oci).write(&first).unwrap();
    image(Media::Docker).write(&second).unwrap();
    image(Media::Oci).write(&second).unwrap();
    assert_eq!(files(&first), files(&second));
    assert_eq!(files(&first).len(), 5);
}

#[test]
fn all_that_is_referred_to_is_there() {
    for (media, [manifest_type, config_type, layer_type]) in [
        (
            Media::Oci,
            [
                "application/vnd.oci.image.manifest.v1+json",
                "application/vnd.oci.image.config.v1+json",
                "application/vnd.oci.image.layer.v1.tar+gzip",
            ],
        ),
        (
            Media::Docker,
            [
                "application/vnd.docker.distribution.manifest.v2+json",
                "application/vnd.docker.container.image.v1+json",
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
            ],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let image = image(media);
        image.write(folder.path()).unwrap();
        OciLayout::from_file(folder.path().join("oci-layout")).unwrap();
        let index = ImageIndex::from_file(folder.path().join("index.json")).unwrap();
        let blob = |descriptor: &oci_spec::image::Descriptor, media: &str| {
            let name = descriptor.digest().digest();
            let bytes = std::fs::read(folder.path().join("blobs/sha256").join(name)).unwrap();
            assert_eq!(digest(&bytes), descriptor.digest().as_ref());
            assert_eq!(bytes.len() as u64, descriptor.size());
            assert_eq!(descriptor.media_type().as_ref(), media);
            bytes
        };
        let [manifest] = &index.manifests()[..] else {
            panic!("one image")
        };
        assert_eq!(manifest.digest().as_ref(), image.digest());
        let bytes = blob(manifest, manifest_type);
        let manifest = ImageManifest::from_reader(&bytes[..]).unwrap();
        assert_eq!(
            manifest.media_type().as_ref().unwrap().as_ref(),
            manifest_type
        );
        let [layer] = &manifest.layers()[..] else {
            panic!("one layer")
        };
        let config = blob(manifest.config(), config_type);
        let config = ImageConfiguration::from_reader(&config[..]).unwrap();
        let tar = unzipped(&blob(layer, layer_type));
        assert_eq!(config.rootfs().diff_ids()[..], [digest(&tar)]);
    }
}

#[test]
fn the_layer_holds_the_module_alone() {
    let image = image(Media::Oci);
    let tar = unzipped(image.blobs()[0].bytes());
    let mut archive = tar::Archive::new(&tar[..]);
    let mut entries = archive.entries().unwrap();
    let mut entry = entries.next().unwrap().unwrap();
    assert_eq!(entry.path_bytes(), FILE.as_bytes());
    let header = entry.header();
    assert_eq!(header.entry_type(), tar::EntryType::Regular);
    assert_eq!(header.mode().unwrap(), 0o644);
    assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
    assert_eq!(header.mtime().unwrap(), 0);
    let mut module = Vec::new();
    entry.read_to_end(&mut module).unwrap();
    assert_eq!(module, MODULE);
    assert!(entries.next().is_none());
}

#[test]
fn it_says_what_it_is_and_its_age_only_if_told() {
    let config = |created| {
        let image = Image::new(MODULE, Media::Oci, created).unwrap();
        ImageConfiguration::from_reader(image.blobs()[1].bytes()).unwrap()
    };
    assert_eq!(config(None).created(), &None);
    assert_eq!(
        config(Some(1_000_000_000)).created().as_deref(),
        Some("2001-09-09T01:46:40Z")
    );
    assert!(Image::new(MODULE, Media::Oci, Some(MAX_CREATED + 1)).is_err());

    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let config = config(None);
    for (key, field) in [
        ("title", "name"),
        ("description", "description"),
        ("version", "version"),
        ("licenses", "license"),
    ] {
        let label = config.get_config_annotation(&format!("org.opencontainers.image.{key}"));
        let line = format!("{field} = \"{}\"\n", label.unwrap());
        assert!(manifest.contains(&line), "{line}");
    }
}
