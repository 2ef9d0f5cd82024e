//! What the module is made of, as `CycloneDX` has it: what Cargo says that it compiled, held against
//! what it says that the module depends on.
//!
//! Tools that read a workspace's manifests name a third more: features that only its tests switch
//! on. The same build gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use base16ct::lower::encode_string;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The package whose module it is.
pub const PACKAGE: &str = "graylane";
/// What the module is compiled for.
pub const TARGET: &str = "wasm32-wasip1";

/// What is known of a build.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The module itself.
    pub module: &'a [u8],
    /// `cargo rustc --message-format json`.
    pub messages: &'a str,
    /// `cargo tree --prefix none --format {p}`, with build dependencies.
    pub tree: &'a str,
    /// `cargo metadata`.
    pub metadata: &'a str,
    /// `Cargo.lock`.
    pub lock: &'a str,
    /// `rustc -vV`.
    pub rustc: &'a str,
}

/// A crate's name and version.
type Crate = (String, String);

#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
    #[serde(default)]
    filenames: Vec<String>,
    success: Option<bool>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// The bill of materials, as JSON.
///
/// # Errors
/// If the build failed, if it is no build of the module, or if what was compiled is not what the
/// module depends on; with the first crate that only one of them has.
pub fn sbom(sources: &Sources<'_>) -> Result<String> {
    let metadata: Metadata =
        serde_json::from_str(sources.metadata).context("cargo metadata is not as expected")?;
    let lock: Lock = toml::from_str(sources.lock).context("Cargo.lock is not as expected")?;
    let compiled = compiled(sources.messages)?;
    let mut crates = BTreeMap::new();
    let mut own = None;
    for package in &metadata.packages {
        let Some(in_module) = compiled.get(&package.id) else {
            continue;
        };
        if package.name == PACKAGE && *in_module {
            own = Some(package);
        } else {
            let name = (package.name.clone(), package.version.clone());
            crates.insert(name, (package, *in_module));
        }
    }
    let own = own.context("the build has not compiled the module: run `make sbom`")?;
    agree(&crates.keys().collect(), sources.tree)?;
    let sum = |package: &Package| {
        let mut locked = lock.package.iter();
        let same =
            |locked: &&Locked| (&locked.name, &locked.version) == (&package.name, &package.version);
        locked.find(same)?.checksum.clone()
    };
    let mut components = Vec::new();
    for (package, in_module) in crates.values() {
        components.push(component(package, *in_module, sum(package))?);
    }
    components.push(library(sources.rustc)?);
    let module =
        json!([{ "alg": "SHA-256", "content": encode_string(&Sha256::digest(sources.module)) }]);
    let text = serde_json::to_string_pretty(&json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": PACKAGE,
                "name": PACKAGE,
                "version": own.version,
                "hashes": module,
                "licenses": licenses(own)?,
            },
            "properties": [{ "name": "cdx:rustc:sbom:target:triple", "value": TARGET }],
        },
        "components": components,
    }))?;
    Ok(text + "\n")
}

/// The packages that were compiled by their ids, and whether for the module: the others ran in the
/// compiler, as macros and build scripts.
fn compiled(messages: &str) -> Result<BTreeMap<String, bool>> {
    let mut compiled = BTreeMap::new();
    let mut finished = false;
    for line in messages.lines() {
        let message: Message =
            serde_json::from_str(line).context("a message of the build is not as expected")?;
        match (message.reason.as_str(), message.package_id) {
            ("compiler-artifact", Some(id)) => {
                let folder = format!("/{TARGET}/");
                let for_it = message.filenames.iter().any(|file| file.contains(&folder));
                *compiled.entry(id).or_default() |= for_it;
            }
            ("build-finished", _) => finished = message.success == Some(true),
            _ => {}
        }
    }
    ensure!(finished, "the build did not succeed");
    Ok(compiled)
}

/// Whether what was compiled is what the module depends on.
fn agree(compiled: &BTreeSet<&Crate>, tree: &str) -> Result<()> {
    let mut named = BTreeSet::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let (name, version) = words
            .next()
            .zip(words.next())
            .context("a line of cargo tree")?;
        let version = version.trim_start_matches('v').to_owned();
        if name != PACKAGE {
            named.insert((name.to_owned(), version));
        }
    }
    let named: BTreeSet<_> = named.iter().collect();
    if let Some((name, version)) = compiled.difference(&named).next() {
        bail!("{name} {version} was compiled, but cargo tree does not name it");
    }
    if let Some((name, version)) = named.difference(compiled).next() {
        bail!("cargo tree names {name} {version}, which was not compiled");
    }
    Ok(())
}

fn component(package: &Package, in_module: bool, sum: Option<String>) -> Result<Value> {
    let Package { name, version, .. } = package;
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    ensure!(
        package.source.as_deref() == Some(registry),
        "{name} {version} does not come from crates.io"
    );
    let sum = sum.with_context(|| format!("Cargo.lock has no sum of {name} {version}"))?;
    let purl = format!("pkg:cargo/{name}@{version}");
    Ok(json!({
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "scope": if in_module { "required" } else { "excluded" },
        "hashes": [{ "alg": "SHA-256", "content": sum }],
        "licenses": licenses(package)?,
        "purl": purl,
    }))
}

fn licenses(package: &Package) -> Result<Value> {
    let license = package.license.as_deref();
    let license = license.with_context(|| format!("{} names no licence", package.name))?;
    // As it was written before it was SPDX.
    Ok(json!([{ "expression": license.replace('/', " OR ") }]))
}

/// The standard library, which no manifest names: as the compiler's own project has built it, with
/// its crates and wasi-libc.
fn library(rustc: &str) -> Result<Value> {
    let told = |field: &str| {
        let mut lines = rustc.lines();
        let value = lines.find_map(|line| line.strip_prefix(field)?.strip_prefix(": "));
        value.with_context(|| format!("rustc -vV tells no {field}"))
    };
    let (release, commit) = (told("release")?, told("commit-hash")?);
    Ok(json!({
        "type": "library",
        "bom-ref": format!("rust-std@{release}"),
        "name": "rust-std",
        "version": release,
        "scope": "required",
        "licenses": [{ "expression": "MIT OR Apache-2.0" }],
        "properties": [{ "name": "commit", "value": commit }],
    }))
}

#[cfg(test)]
mod tests;
