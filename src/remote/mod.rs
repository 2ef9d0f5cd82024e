//! Config centres: which request to send, and how to read the reply.
//!
//! No host, no clock, no HTTP client: the module and the command line bring these. One document is
//! followed by a [`Line`]:
//!
//! ```text
//! Line::ask ─▶ Call ─▶ (somebody sends it) ─▶ Reply ─▶ Line::hear ─▶ Heard
//! ```

mod apollo;
mod call;
mod check;
mod consul;
mod etcd;
mod http;
mod kept;
mod line;
mod members;
mod merged;
mod nacos;
mod pace;
mod poller;
mod user;
#[cfg(feature = "cli")]
mod write;

pub use apollo::Apollo;
#[cfg(feature = "cli")]
pub use apollo::Portal;
pub use call::{Call, Heard, Refused, Reply};
pub use check::Wrong;
pub use consul::Consul;
pub use etcd::Etcd;
pub use http::Http;
pub use kept::{Kept, State, Subject};
pub use line::Line;
pub use merged::{Merged, Sources};
pub use nacos::Nacos;
pub use pace::patience;
pub use poller::{Event, Poller, Purpose, Tick};

pub use crate::policy::NacosApi;

/// A centre, as a policy or an address names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Centre {
    /// etcd, by its JSON gateway.
    Etcd(Etcd),
    /// Consul's key/value store.
    Consul(Consul),
    /// Nacos.
    Nacos(Nacos),
    /// Apollo.
    Apollo(Apollo),
    /// A file of any web server.
    Http(Http),
}

impl Centre {
    /// What it is called in the policy: `etcd`, `consul`, `nacos`, `apollo` or `http`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Etcd(_) => "etcd",
            Self::Consul(_) => "consul",
            Self::Nacos(_) => "nacos",
            Self::Apollo(_) => "apollo",
            Self::Http(_) => "http",
        }
    }

    /// Whether a document there can have this name: a key of etcd or Consul, a dataId of Nacos, a
    /// namespace of Apollo, a path.
    ///
    /// # Errors
    ///
    /// A sentence without the place: what is wrong with it and the remedy.
    pub fn check_name(&self, name: &str) -> Result<(), String> {
        let _ = name;
        todo!()
    }

    /// Whether it holds its answer until something changes: Consul, Nacos by v1, Apollo. The others
    /// are asked again and again.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self {
            Self::Consul(_) | Self::Apollo(_) => true,
            Self::Nacos(nacos) => nacos.api == NacosApi::V1,
            Self::Etcd(_) | Self::Http(_) => false,
        }
    }

    /// The request that logs in, to be sent before anything else and whenever a reply asks for it.
    /// `None`: it has no login, or no user was given.
    #[must_use]
    pub fn login(&self) -> Option<Call> {
        todo!()
    }

    /// The token in the reply to [`Centre::login`].
    ///
    /// # Errors
    ///
    /// A sentence that begins with a verb: what is wrong and the remedy. No secret is in it.
    pub fn token(&self, reply: &Reply) -> Result<String, String> {
        let _ = reply;
        todo!()
    }

    /// Puts a small document under a key, whatever is there. `None`: only etcd and Consul do that.
    #[must_use]
    pub fn announce(&self, key: &str, document: &[u8], token: Option<&str>) -> Option<Call> {
        let _ = (key, document, token);
        todo!()
    }

    /// Reads the reply to [`Centre::announce`] or [`Centre::forget`].
    ///
    /// # Errors
    ///
    /// It was not done; never [`Refused::Changed`].
    pub fn announced(&self, reply: &Reply) -> Result<(), Refused> {
        let _ = reply;
        todo!()
    }

    /// Deletes a key, whether it is there or not. `None`: only etcd and Consul do that.
    #[must_use]
    pub fn forget(&self, key: &str, token: Option<&str>) -> Option<Call> {
        let _ = (key, token);
        todo!()
    }

    /// Asks for all keys below `under/`, or those alone that have changed since the cursor, where
    /// the centre can tell that (etcd). Empty: from the beginning. What was deleted is not told.
    /// `None`: only etcd and Consul do that.
    #[must_use]
    pub fn list(&self, under: &str, cursor: &str, token: Option<&str>) -> Option<Call> {
        let _ = (under, cursor, token);
        todo!()
    }

    /// Reads the reply to [`Centre::list`] with this cursor: the next cursor, and the keys, whole,
    /// with what is under them. The next cursor is empty where all is to be listed again: always for
    /// Consul, and for an etcd that has begun anew.
    ///
    /// # Errors
    ///
    /// It was not told; never [`Refused::Changed`].
    #[expect(clippy::type_complexity, reason = "keys and documents")]
    pub fn listed(
        &self,
        cursor: &str,
        reply: &Reply,
    ) -> Result<(String, Vec<(String, Vec<u8>)>), Refused> {
        let _ = (cursor, reply);
        todo!()
    }
}
