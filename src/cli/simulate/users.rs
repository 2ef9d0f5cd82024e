//! Generated users: requests that differ in who sends them.

use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use serde_json::Value;

use crate::Request;
use crate::cli::request::Asked;

/// A part of the request that says who the user is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// In lower case.
    Header(String),
    Cookie(String),
    Query(String),
    /// The names on the way to it, with dots between them.
    Claim(String),
    SourceIp,
}

impl FromStr for Carrier {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "source_ip" => Ok(Self::SourceIp),
            Some(("header", name)) if !name.is_empty() => {
                Ok(Self::Header(name.to_ascii_lowercase()))
            }
            Some(("cookie", name)) if !name.is_empty() => Ok(Self::Cookie(name.to_owned())),
            Some(("query", name)) if !name.is_empty() => Ok(Self::Query(name.to_owned())),
            Some(("claim", name)) if !name.is_empty() => Ok(Self::Claim(name.to_owned())),
            _ => Err("write it as header:NAME, cookie:NAME, query:NAME, claim:NAME or source_ip"),
        }
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Cookie(name) => write!(f, "cookie:{name}"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Claim(name) => write!(f, "claim:{name}"),
            Self::SourceIp => f.write_str("source_ip"),
        }
    }
}

/// Every key of a policy's splits that a user can be given.
pub(super) fn keys(document: &Value) -> Vec<Carrier> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let services = list(&document["services"]);
    let rules = services.iter().flat_map(|service| list(&service["rules"]));
    let keys = rules.flat_map(|rule| list(&rule["split"]["by"]));
    let fields = keys.filter_map(|key| key.as_object()?.clone().into_iter().next());
    let mut carriers = Vec::new();
    for (kind, body) in fields {
        let names = body.as_array().into_iter().flatten();
        let names: Vec<_> = names.filter_map(Value::as_str).collect();
        let text = match body.as_str() {
            Some(name) => format!("{kind}:{name}"),
            None if names.is_empty() => kind,
            None => format!("{kind}:{}", names.join(".")),
        };
        if let Ok(carrier) = text.parse()
            && !carriers.contains(&carrier)
        {
            carriers.push(carrier);
        }
    }
    carriers
}

/// Users, of whom one stands before the policy at a time: texts are written again, not anew.
pub(super) struct Crowd<'a> {
    base: &'a Asked,
    keys: &'a [Carrier],
    seed: u32,
    id: String,
    cookie: String,
    path: String,
    address: IpAddr,
    bits: u64,
}

impl<'a> Crowd<'a> {
    pub(super) fn new(base: &'a Asked, keys: &'a [Carrier], seed: u32) -> Self {
        Self {
            base,
            keys,
            seed,
            id: String::new(),
            cookie: String::new(),
            path: base.path.clone(),
            address: Ipv4Addr::UNSPECIFIED.into(),
            bits: 0,
        }
    }

    /// Has this user step forward.
    pub(super) fn call(&mut self, number: u64) {
        let bits = mixed(number ^ (u64::from(self.seed) << 32));
        self.id.clear();
        let _ = write!(self.id, "user-{}-{number}", self.seed);
        self.cookie.clear();
        self.path.clone_from(&self.base.path);
        for key in self.keys {
            match key {
                Carrier::Header(_) | Carrier::Claim(_) => {}
                Carrier::Cookie(name) => {
                    let _ = write!(self.cookie, "{name}={};", self.id);
                }
                Carrier::Query(name) => {
                    let joint = if self.path.contains('?') { '&' } else { '?' };
                    let _ = write!(self.path, "{joint}{name}={}", self.id);
                }
                Carrier::SourceIp => self.address = Ipv4Addr::from_bits((bits >> 32) as u32).into(),
            }
        }
        self.bits = bits;
    }
}

/// Sebastiano Vigna's splitmix64: one step.
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

impl Request<'_> for Crowd<'_> {
    fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        match name {
            ":path" => return see(self.path.as_bytes()),
            "cookie" if !self.cookie.is_empty() && see(self.cookie.as_bytes()) => return true,
            _ => {}
        }
        let own = |key: &Carrier| matches!(key, Carrier::Header(own) if own == name);
        (self.keys.iter().any(own) && see(self.id.as_bytes())) || self.base.any_header(name, see)
    }

    fn source_ip(&self) -> Option<IpAddr> {
        let given = self.base.source_ip();
        given.or_else(|| {
            self.keys
                .contains(&Carrier::SourceIp)
                .then_some(self.address)
        })
    }

    fn any_claim(&self, path: &[Box<str>], see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let name = path.get(1..).unwrap_or_default().join(".");
        let own = |key: &Carrier| matches!(key, Carrier::Claim(own) if *own == name);
        (self.keys.iter().any(own) && see(self.id.as_bytes())) || self.base.any_claim(path, see)
    }

    /// Where a split draws, and for ids.
    fn random(&self) -> Option<u128> {
        let more = mixed(!self.bits);
        Some(u128::from(more) << 64 | u128::from(self.bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_carries_the_id_wherever_a_key_is() {
        let keys: Vec<Carrier> = [
            "header:X-Id",
            "cookie:a",
            "cookie:b",
            "query:q",
            "source_ip",
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
        let base = Asked {
            path: "/p?x=1".to_owned(),
            ..Asked::default()
        };
        let mut crowd = Crowd::new(&base, &keys, 7);
        let mut seen = Vec::new();
        for number in [1, 2] {
            crowd.call(number);
            for name in ["x-id", "cookie", ":path"] {
                crowd.any_header(name, &mut |value| {
                    seen.push(String::from_utf8(value.to_vec()).unwrap());
                    false
                });
            }
        }
        assert_eq!(
            seen,
            [
                "user-7-1",
                "a=user-7-1;b=user-7-1;",
                "/p?x=1&q=user-7-1",
                "user-7-2",
                "a=user-7-2;b=user-7-2;",
                "/p?x=1&q=user-7-2",
            ]
        );
        let first = crowd.source_ip();
        crowd.call(3);
        assert!(first.is_some() && first != crowd.source_ip());
        assert!(Crowd::new(&base, &[], 7).source_ip().is_none());
    }
}
