//! See [`graylane_image`].

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use graylane_image::{Access, Image, MAX_CREATED, Media};

/// Packs the module as an OCI image, the same bytes each time.
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
    }
}
