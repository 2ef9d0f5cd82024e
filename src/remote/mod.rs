//! Config centres: which request to send, and how to read the reply.
//!
//! No host, no clock, no HTTP client: the module and the command line bring these. One document is
//! followed by a [`Line`]:
//!
//! ```text
//! Line::ask ─▶ Call ─▶ (somebody sends it) ─▶ Reply ─▶ Line::hear ─▶ Heard
//! ```

mod announce;
mod apollo;
mod call;
mod check;
mod consul;
mod encode;
mod etcd;
mod http;
mod kept;
mod line;
mod members;
mod merged;
mod nacos;
mod pace;
mod poller;
#[cfg(feature = "cli")]
mod portal;
mod purpose;
mod said;
mod user;
#[cfg(feature = "cli")]
mod write;

pub use announce::Listed;
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
pub use poller::{Poller, Tick};
pub use purpose::{Event, Purpose};

pub use crate::policy::NacosApi;

use said::Said;

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

    /// What prose calls it.
    fn prose(&self) -> &'static str {
        match self {
            Self::Etcd(_) => "etcd",
            Self::Consul(_) => "Consul",
            Self::Nacos(_) => "Nacos",
            Self::Apollo(_) => "Apollo",
            Self::Http(_) => "the web server",
        }
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
        match self {
            Self::Etcd(etcd) => etcd.login(),
            Self::Nacos(nacos) => nacos.login(),
            Self::Consul(_) | Self::Apollo(_) | Self::Http(_) => None,
        }
    }

    /// The token in the reply to [`Centre::login`].
    ///
    /// # Errors
    ///
    /// A sentence that begins with a verb: what is wrong and the remedy. No secret is in it.
    pub fn token(&self, reply: &Reply) -> Result<String, String> {
        let secrets = self.secrets();
        let said = self.said(reply, &secrets);
        let token = match self {
            Self::Etcd(_) => Etcd::token(&said),
            Self::Nacos(_) => Nacos::token(&said),
            Self::Consul(_) | Self::Apollo(_) | Self::Http(_) => Err(said.unexpected()),
        }?;
        if token.is_empty() || !check::carried(&token) {
            return Err("gives a token that no header carries; see whether it is well".to_owned());
        }
        Ok(token)
    }

    fn said<'r>(&self, reply: &'r Reply, secrets: &'r [&'r str]) -> Said<'r> {
        Said::new(reply, self.prose(), secrets)
    }

    /// All that is not to be shown, of what was given and of what a login brought.
    fn secrets_and<'s>(&'s self, token: Option<&'s str>) -> Vec<&'s str> {
        let mut secrets = self.secrets();
        secrets.extend(token);
        secrets
    }

    /// All that is not to be shown, of what was given.
    fn secrets(&self) -> Vec<&str> {
        let own = match self {
            Self::Etcd(etcd) => etcd.user.as_ref().map(|user| &user.password),
            Self::Consul(consul) => consul.token.as_ref(),
            Self::Nacos(nacos) => nacos.user.as_ref().map(|user| &user.password),
            Self::Apollo(apollo) => apollo.secret.as_ref(),
            Self::Http(http) => http.token.as_ref(),
        };
        let own = own.into_iter();
        #[cfg(feature = "cli")]
        let own = own.chain(match self {
            Self::Apollo(apollo) => apollo.portal.as_ref().map(|portal| &portal.token),
            _ => None,
        });
        own.map(crate::Secret::expose).collect()
    }
}
