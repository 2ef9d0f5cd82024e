//! Pushing to a registry.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

use crate::Image;
use crate::reference::is_loopback;

const TO_CONNECT: Duration = Duration::from_secs(10);
const TO_ANSWER: Duration = Duration::from_mins(1);

/// How a registry is reached.
#[derive(Debug, Clone, Default, Args)]
pub struct Access {
    /// Plain HTTP, which is taken for loopback addresses anyhow.
    #[arg(long)]
    pub plain_http: bool,
    /// Who pushes; nobody in particular by default.
    #[arg(long, env = "REGISTRY_USER", hide_env_values = true)]
    pub user: Option<String>,
    /// By the environment only: arguments are for everybody to see.
    #[arg(skip = std::env::var("REGISTRY_PASSWORD").ok())]
    pub password: Option<String>,
}

impl Access {
    fn protocol(&self, reference: &Reference) -> ClientProtocol {
        if self.plain_http || is_loopback(reference) {
            ClientProtocol::Http
        } else {
            ClientProtocol::Https
        }
    }

    fn credentials(&self) -> Result<RegistryAuth> {
        // Where CI has no secret, its variable is there and empty.
        let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        match (given(&self.user), given(&self.password)) {
            (Some(user), Some(password)) => Ok(RegistryAuth::Basic(user, password)),
            (None, None) => Ok(RegistryAuth::Anonymous),
            _ => bail!("REGISTRY_USER and REGISTRY_PASSWORD go together, and one is not set"),
        }
    }
}

/// Pushes the image; the URL by which a `WasmPlugin` names exactly this one.
///
/// # Errors
/// If the registry is not reached, or refuses.
pub async fn push(image: &Image, reference: &Reference, access: &Access) -> Result<String> {
    let credentials = access.credentials()?;
    // It may be set already, by an earlier push of this process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::try_from(ClientConfig {
        protocol: access.protocol(reference),
        connect_timeout: Some(TO_CONNECT),
        read_timeout: Some(TO_ANSWER),
        ..ClientConfig::default()
    })?;
    client
        .store_auth_if_needed(reference.resolve_registry(), &credentials)
        .await;
    upload(&client, image, reference)
        .await
        .with_context(|| format!("{reference} was not pushed"))?;
    Ok(format!(
        "oci://{}/{}@{}",
        reference.registry(),
        reference.repository(),
        image.digest()
    ))
}

async fn upload(client: &Client, image: &Image, reference: &Reference) -> Result<()> {
    for blob in [&image.layer, &image.config] {
        let digest = blob.descriptor.digest().as_ref();
        match client
            .push_blob(reference, blob.bytes.clone(), digest)
            .await
        {
            // Some registries, such as crane's, have it and do not say where.
            Err(OciDistributionError::RegistryNoLocationError)
                if client.blob_exists(reference, digest).await? => {}
            pushed => {
                pushed?;
            }
        }
    }
    // As it is, since its digest is that of its bytes.
    let manifest = &image.manifest;
    let media = manifest.descriptor.media_type().to_string().parse()?;
    client
        .push_manifest_raw(reference, manifest.bytes.clone(), media)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_are_spoken_to_in_plain_text_unless_told() {
        for (host, plain_http, plain) in [
            ("registry.example.com", false, false),
            ("registry.example.com", true, true),
            ("127.0.0.1:5000", false, true),
            ("localhost:5000", false, true),
            ("127.0.0.1.example.com", false, false),
            ("localhost.example.com", false, false),
        ] {
            let reference = crate::parse(&format!("{host}/team/graylane:1.0")).unwrap();
            let access = Access {
                plain_http,
                ..Access::default()
            };
            let http = matches!(access.protocol(&reference), ClientProtocol::Http);
            assert_eq!(http, plain, "{host} {plain_http}");
        }
    }
}
