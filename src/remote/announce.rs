//! What proxies tell each other: small documents, one under a key for each of them.

use super::{Call, Centre, Consul, Etcd, Refused, Reply};

/// How far a list has come, and what is new in it: keys, whole, with what is under them.
pub type Listed = (String, Vec<(String, Vec<u8>)>);

impl Centre {
    /// Puts a small document under a key, whatever is there. `None`: only etcd and Consul do that.
    #[must_use]
    pub fn announce(&self, key: &str, document: &[u8], token: Option<&str>) -> Option<Call> {
        match self {
            Self::Etcd(_) => Some(Etcd::announce(key, document, token)),
            Self::Consul(consul) => Some(consul.announce(key, document)),
            Self::Nacos(_) | Self::Apollo(_) | Self::Http(_) => None,
        }
    }

    /// Deletes a key, whether it is there or not. `None`: only etcd and Consul do that.
    #[must_use]
    pub fn forget(&self, key: &str, token: Option<&str>) -> Option<Call> {
        match self {
            Self::Etcd(_) => Some(Etcd::forget(key, token)),
            Self::Consul(consul) => Some(consul.forget(key)),
            Self::Nacos(_) | Self::Apollo(_) | Self::Http(_) => None,
        }
    }

    /// Reads the reply to [`Centre::announce`] or [`Centre::forget`], which went with this token.
    ///
    /// # Errors
    ///
    /// It was not done; never [`Refused::Changed`].
    pub fn announced(&self, reply: &Reply, token: Option<&str>) -> Result<(), Refused> {
        let secrets = self.secrets_and(token);
        let said = self.said(reply, &secrets);
        match self {
            Self::Etcd(etcd) => etcd.announced(&said),
            Self::Consul(_) => Consul::announced(&said),
            Self::Nacos(_) | Self::Apollo(_) | Self::Http(_) => Err(said.unexpected().into()),
        }
    }

    /// Asks for all keys below `under/`, or those alone that have changed since the cursor, where
    /// the centre can tell that (etcd). Empty: from the beginning. What was deleted is not told.
    /// `None`: only etcd and Consul do that.
    #[must_use]
    pub fn list(&self, under: &str, cursor: &str, token: Option<&str>) -> Option<Call> {
        match self {
            Self::Etcd(_) => Some(Etcd::list(under, cursor, token)),
            Self::Consul(consul) => Some(consul.list(under)),
            Self::Nacos(_) | Self::Apollo(_) | Self::Http(_) => None,
        }
    }

    /// Reads the reply to [`Centre::list`] with this cursor and token. The next cursor is empty where all is
    /// to be listed again: always for Consul, and for an etcd that has begun anew.
    ///
    /// # Errors
    ///
    /// It was not told; never [`Refused::Changed`].
    pub fn listed(
        &self,
        cursor: &str,
        reply: &Reply,
        token: Option<&str>,
    ) -> Result<Listed, Refused> {
        let secrets = self.secrets_and(token);
        let said = self.said(reply, &secrets);
        match self {
            Self::Etcd(etcd) => etcd.listed(cursor, &said),
            Self::Consul(_) => Consul::listed(&said),
            Self::Nacos(_) | Self::Apollo(_) | Self::Http(_) => Err(said.unexpected().into()),
        }
    }
}
