//! How servers are asked.

use std::time::Duration;

use anyhow::Error;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// What asks servers, each with so much patience; any status is an answer.
pub(super) fn agent(patience: Duration) -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    let agent = Agent::config_builder()
        .timeout_global(Some(patience))
        .http_status_as_error(false)
        // Where it leads to is said, not followed: a password goes with each request.
        .max_redirects(0)
        .max_redirects_will_error(false)
        // Whoever sets `http_proxy` means the world outside.
        .proxy(None)
        .tls_config(tls.build());
    agent.build().into()
}

/// Why there was no answer.
pub(super) fn silence(error: ureq::Error) -> Error {
    let untrusted = error.to_string().contains("invalid peer certificate");
    let why = if untrusted {
        "its certificate is not trusted; name a file of those who sign by SSL_CERT_FILE"
    } else {
        "it does not answer"
    };
    Error::new(error).context(why)
}
