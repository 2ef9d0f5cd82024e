//! See [`graylane_image`].

use std::path::PathBuf;
use std::process::{self, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use graylane_image::{Access, Image, MAX_CREATED, Media, PACKAGE, Sources, TARGET};

/// Packs the module as an OCI image, and tells what it is made of: the same bytes each time.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// The module.
    #[arg(long, global = true, default_value = "target/graylane.wasm")]
    module: PathBuf,
    /// Whose media types the image has.
    #[arg(long, global = true, value_enum, default_value = "oci")]
    media: Media,
    /// When it was made, in seconds since 1970; by default it does not say.
    #[arg(long, global = true, env = "SOURCE_DATE_EPOCH", value_parser = clap::value_parser!(u64).range(..=MAX_CREATED))]
    created: Option<u64>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes it as a layout, and prints its digest.
    Write {
        /// The folder, in the place of which it goes.
        folder: PathBuf,
    },
    /// Pushes it to a registry, and prints its URL for Istio.
    Push {
        /// Where it goes, as in registry.example.com/team/graylane:1.0.
        image: String,
        #[command(flatten)]
        access: Access,
    },
    /// Writes what the module is made of, from the messages of its build on stdin.
    Sbom {
        /// The file.
        file: PathBuf,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<String> {
    let image = || {
        let module = std::fs::read(&cli.module)
            .with_context(|| format!("there is no module at {}", cli.module.display()))?;
        Image::new(&module, cli.media, cli.created)
    };
    match &cli.command {
        Command::Write { folder } => {
            let image = image()?;
            image.write(folder)?;
            Ok(image.digest().clone())
        }
        Command::Push {
            image: name,
            access,
        } => {
            let reference = graylane_image::parse(name)?;
            graylane_image::push(&image()?, &reference, access).await
        }
        Command::Sbom { file } => {
            let sbom = sbom(&std::fs::read(&cli.module)?)?;
            std::fs::write(file, sbom)
                .with_context(|| format!("{} cannot be written", file.display()))?;
            Ok(file.display().to_string())
        }
    }
}

fn sbom(module: &[u8]) -> Result<String> {
    let tree = ["tree", "--package", PACKAGE, "--target", TARGET];
    let tree = [
        &tree[..],
        &["--edges", "normal,build", "--prefix", "none", "--locked"],
    ]
    .concat();
    graylane_image::sbom(&Sources {
        module,
        messages: &std::io::read_to_string(std::io::stdin())?,
        tree: &said("cargo", &tree)?,
        metadata: &said("cargo", &["metadata", "--format-version", "1", "--locked"])?,
        lock: &std::fs::read_to_string("Cargo.lock").context("there is no Cargo.lock here")?,
        rustc: &said("rustc", &["-vV"])?,
    })
}

fn said(program: &str, arguments: &[&str]) -> Result<String> {
    let output = process::Command::new(program).args(arguments).output();
    let output = output.with_context(|| format!("{program} could not be started"))?;
    let failure = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{program} {}: {failure}",
        arguments.join(" ")
    );
    Ok(String::from_utf8(output.stdout)?)
}
