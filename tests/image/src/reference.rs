//! Where an image goes.

use std::net::IpAddr;

use anyhow::{Result, bail};
use oci_client::Reference;

/// Reads `host[:port]/repository:tag`.
///
/// # Errors
/// If it is anything else.
pub fn parse(text: &str) -> Result<Reference> {
    match text.parse::<Reference>() {
        // What is left out would be Docker's registry, or `latest`: nothing to guess at.
        Ok(reference) if reference.whole() == text && reference.digest().is_none() => Ok(reference),
        _ => bail!(
            "`{text}` is not of the form host[:port]/repository:tag, as registry.example.com/team/graylane:1.0 is"
        ),
    }
}

/// Whether the registry is on this machine, by its name alone.
pub(super) fn is_loopback(reference: &Reference) -> bool {
    let registry = reference.registry();
    let host = registry.split_once(':').map_or(registry, |(host, _)| host);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
}
