//! Pushing: what arrives, and what is refused.

use std::process::Command;

use graylane_image::{Access, Media};
use oci_client::Reference;

use crate::image as image_of;
use crate::registry::{PASSWORD, Registry, USER};

fn access(user: &str, password: &str) -> Access {
    Access {
        user: Some(user.to_owned()),
        password: Some(password.to_owned()),
        ..Access::default()
    }
}

fn reference(registry: &Registry) -> Reference {
    graylane_image::parse(&format!("{}/team/graylane:1.0", registry.address())).unwrap()
}

#[tokio::test]
async fn what_is_pushed_arrives() {
    for media in [Media::Oci, Media::Docker] {
        let registry = Registry::start().await;
        let image = image_of(media);
        let url = graylane_image::push(&image, &reference(&registry), &access(USER, PASSWORD))
            .await
            .unwrap();
        assert_eq!(
            url,
            format!(
                "oci://{}/team/graylane@{}",
                registry.address(),
                image.digest()
            )
        );
        let held = registry.held();
        let [layer, config, manifest] = image.blobs();
        assert_eq!(held.blobs.len(), 2);
        for blob in [layer, config] {
            assert_eq!(
                held.blobs[blob.descriptor().digest().as_ref()],
                blob.bytes()
            );
        }
        let (media, bytes) = &held.manifests["1.0"];
        assert_eq!(media, manifest.descriptor().media_type().as_ref());
        assert_eq!(bytes, manifest.bytes());
        assert_eq!(crate::digest(bytes), image.digest());
    }
}

#[tokio::test]
async fn a_registry_that_refuses_is_named() {
    let registry = Registry::start().await;
    let image = image_of(Media::Oci);
    let reference = reference(&registry);
    for access in [access(USER, "wrong"), access("", "")] {
        let error = graylane_image::push(&image, &reference, &access)
            .await
            .unwrap_err();
        let error = format!("{error:#}");
        assert!(
            error.starts_with(&format!("{reference} was not pushed: ")) && error.contains("401"),
            "{error}"
        );
    }
    let half = access(USER, "");
    let error = graylane_image::push(&image, &reference, &half)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("REGISTRY_PASSWORD"), "{error}");
    assert!(registry.held().blobs.is_empty());
}

#[test]
fn a_reference_names_all_of_it() {
    for good in [
        "registry.example.com/graylane:1.0",
        "registry.example.com:5000/team/graylane:1.0",
        "localhost/graylane:1.0",
        "127.0.0.1:5000/graylane:1.0",
    ] {
        assert_eq!(graylane_image::parse(good).unwrap().whole(), good);
    }
    let digest = format!("registry.example.com/graylane:1.0@{}", crate::digest(b""));
    for bad in [
        "",
        "graylane",
        "graylane:1.0",
        "team/graylane:1.0",
        "registry.example.com/graylane",
        "registry.example.com/:1.0",
        "registry.example.com/Graylane:1.0",
        "registry.example.com/graylane:",
        "https://registry.example.com/graylane:1.0",
        "registry.example.com/gray lane:1.0",
        &digest,
    ] {
        let error = graylane_image::parse(bad).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!(
                "`{bad}` is not of the form host[:port]/repository:tag"
            )),
            "{error}"
        );
    }
}

#[test]
fn the_command_refuses_with_a_sentence() {
    let output = Command::new(env!("CARGO_BIN_EXE_graylane-image"))
        .args(["push", "graylane"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("error: `graylane` is not of the form"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}
