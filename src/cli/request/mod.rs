//! A request as a command line writes it.

#[cfg(feature = "cli")]
mod arguments;

use std::net::IpAddr;

use crate::Request;
#[cfg(feature = "cli")]
pub(super) use arguments::{Parts, Place, Proxy};

/// A request.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) host: String,
    /// In lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) source_ip: Option<IpAddr>,
    pub(super) claims: Vec<(String, String)>,
    pub(super) inbound: bool,
    /// Where a split draws, and for ids.
    pub(super) random: Option<u128>,
}

/// A name and a value, of a claim or a label.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A header's name in lower case, and its value.
pub(super) fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write it as `name: value`")?;
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err("not the name of a header; path, method and host have options".to_owned());
    }
    Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
}

impl Asked {
    /// The request with these headers. The first `host` of them is its host where it has none.
    pub(super) fn with(mut self, headers: Vec<(String, String)>) -> Self {
        let (hosts, headers): (Vec<_>, _) =
            headers.into_iter().partition(|(name, _)| name == "host");
        if self.host.is_empty() {
            let host = hosts.into_iter().next();
            self.host = host.map(|(_, value)| value).unwrap_or_default();
        }
        self.headers = headers;
        self
    }
}

impl Request<'_> for Asked {
    fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        match name {
            ":method" => see(self.method.as_bytes()),
            ":path" => see(self.path.as_bytes()),
            ":authority" => see(self.host.as_bytes()),
            _ => {
                let mut values = self.headers.iter().filter(|(own, _)| own == name);
                values.any(|(_, value)| see(value.as_bytes()))
            }
        }
    }

    fn source_ip(&self) -> Option<IpAddr> {
        self.source_ip
    }

    fn any_claim(&self, path: &[Box<str>], see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let name = path.get(1..).unwrap_or_default().join(".");
        let mut values = self.claims.iter().filter(|(own, _)| *own == name);
        values.any(|(_, value)| see(value.as_bytes()))
    }

    fn random(&self) -> Option<u128> {
        self.random
    }

    fn is_inbound(&self) -> bool {
        self.inbound
    }
}
