//! Apollo's config service.

use super::Wrong;
use crate::Secret;

/// Apollo. Its cursor is the notification's id, and the key of the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apollo {
    pub(super) app: String,
    pub(super) cluster: String,
    pub(super) secret: Option<Secret>,
    #[cfg(feature = "cli")]
    pub(super) portal: Option<Portal>,
}

/// How Apollo's portal is asked to write: `OpenAPI`, at another address than the config service.
#[cfg(feature = "cli")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portal {
    /// The environment's name, such as `DEV`.
    pub env: String,
    /// The token of a third-party application that may edit and release the namespace.
    pub token: Secret,
    /// The portal's user in whose name it is done.
    pub operator: String,
}

impl Apollo {
    /// `cluster`: absent, `default`. `secret`: the application's access key, where it has one.
    ///
    /// # Errors
    ///
    /// A name that Apollo does not take.
    pub fn new(
        app: String,
        cluster: Option<String>,
        secret: Option<Secret>,
    ) -> Result<Self, Wrong> {
        Ok(Self {
            app,
            cluster: cluster.unwrap_or_else(|| "default".to_owned()),
            secret,
            #[cfg(feature = "cli")]
            portal: None,
        })
    }

    /// The same, which can be written to: by its portal.
    ///
    /// # Errors
    ///
    /// A name that Apollo does not take, or a token that no header can carry.
    #[cfg(feature = "cli")]
    pub fn with_portal(self, portal: Portal) -> Result<Self, Wrong> {
        Ok(Self {
            portal: Some(portal),
            ..self
        })
    }
}
