//! What the runners share: a request as data, a policy in both of its forms.

#![allow(dead_code, reason = "each runner uses a part")]

pub(crate) mod guards;
pub(crate) mod memory;
pub(crate) mod refusals;
pub(crate) mod vectors;

use std::net::IpAddr;

use graylane::{Error, HeaderEffect, Node, Policy, Request, Rules, rewritten};
use serde_json::Value;

/// The repository's root.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A request as a vector writes it. Its headers are in the order in which they are sent.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) headers: Vec<(String, Bytes)>,
    pub(crate) source_ip: Option<IpAddr>,
    /// The claims of a verified token.
    pub(crate) claims: Value,
    /// What the request draws.
    #[serde(skip)]
    pub(crate) random: Option<u128>,
    /// Whether it comes in to the workload beside the proxy.
    #[serde(skip)]
    pub(crate) inbound: bool,
}

/// A header's value: text, or a list of bytes where it is not UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum Bytes {
    Text(String),
    Raw(Vec<u8>),
}

impl Bytes {
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Raw(bytes) => bytes,
        }
    }
}

impl Default for Sent {
    fn default() -> Self {
        Self {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            host: "checkout.example.com".to_owned(),
            headers: Vec::new(),
            source_ip: None,
            claims: Value::Null,
            random: None,
            inbound: false,
        }
    }
}

impl Sent {
    /// Adds a header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let value = Bytes::Text(value.to_owned());
        self.headers.push((name.to_owned(), value));
        self
    }

    /// Every value of a header.
    pub(crate) fn values(&self, name: &str) -> Vec<&[u8]> {
        let of_name = self.headers.iter().filter(|(own, _)| own == name);
        of_name.map(|(_, value)| value.as_slice()).collect()
    }

    /// The request as it goes on.
    pub(crate) fn after<'r>(mut self, effects: impl Iterator<Item = HeaderEffect<'r>>) -> Self {
        for effect in effects {
            let (name, value) = match effect {
                HeaderEffect::Set(name, value) => (name, Some(Bytes::Text(value.to_owned()))),
                HeaderEffect::Remove(name) => (name, None),
                HeaderEffect::Entry(name, value) => {
                    let members = self.values("baggage").join(&b","[..]);
                    match rewritten(&members, name, value) {
                        None => continue,
                        Some(members) if members.is_empty() => ("baggage", None),
                        // What others wrote need not be text.
                        Some(members) => ("baggage", Some(Bytes::Raw(members))),
                    }
                }
                HeaderEffect::AddCookie(name, id) => {
                    let added = format!("{name}={id}");
                    let mut cookies = self.values("cookie");
                    cookies.insert(0, added.as_bytes());
                    // A client's cookies need not be text.
                    ("cookie", Some(Bytes::Raw(cookies.join(&b"; "[..]))))
                }
            };
            self.headers.retain(|(own, _)| own != name);
            if let Some(value) = value {
                self.headers.push((name.to_owned(), value));
            }
        }
        self
    }
}

impl Request<'_> for Sent {
    fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        match name {
            ":method" => see(self.method.as_bytes()),
            ":path" => see(self.path.as_bytes()),
            ":authority" => see(self.host.as_bytes()),
            _ => self.values(name).into_iter().any(see),
        }
    }

    fn source_ip(&self) -> Option<IpAddr> {
        self.source_ip
    }

    fn random(&self) -> Option<u128> {
        self.random
    }

    fn is_inbound(&self) -> bool {
        self.inbound
    }

    /// The token lies where Istio has it.
    fn any_claim(&self, path: &[Box<str>], see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let Some(("payload", names)) = path.split_first().map(|(first, rest)| (&**first, rest))
        else {
            return false;
        };
        let claim = names
            .iter()
            .fold(&self.claims, |claim, name| &claim[&**name]);
        let members = match claim {
            Value::Array(members) => &members[..],
            other => std::slice::from_ref(other),
        };
        members.iter().any(|member| match member {
            Value::String(text) => see(text.as_bytes()),
            Value::Number(_) | Value::Bool(_) => see(member.to_string().as_bytes()),
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        })
    }
}

/// The document as Envoy hands it over from a `StringValue`.
pub(crate) fn json(document: &Value) -> Vec<u8> {
    document.to_string().into_bytes()
}

/// The document as Envoy hands it over from a `Struct`: its wire bytes.
pub(crate) fn wire(document: &Value) -> Vec<u8> {
    fields(document.as_object().expect("a Struct is an object"))
}

fn fields(object: &serde_json::Map<String, Value>) -> Vec<u8> {
    let entries = object.iter().map(|(key, value)| entry(key, &kind(value)));
    entries.flatten().collect()
}

/// One entry of a `Struct`: a key and an encoded `Value`.
pub(crate) fn entry(key: &str, value: &[u8]) -> Vec<u8> {
    let entry = [delimited(1, key.as_bytes()), delimited(2, value)].concat();
    delimited(1, &entry)
}

/// A `google.protobuf.Value`.
pub(crate) fn kind(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![1 << 3, 0],
        Value::Number(number) => {
            let number = number.as_f64().expect("a double");
            [&[2 << 3 | 1], &number.to_le_bytes()[..]].concat()
        }
        Value::String(text) => delimited(3, text.as_bytes()),
        Value::Bool(truth) => vec![4 << 3, u8::from(*truth)],
        Value::Object(object) => delimited(5, &fields(object)),
        Value::Array(values) => {
            let values = values.iter().map(|value| delimited(1, &kind(value)));
            delimited(6, &values.flatten().collect::<Vec<_>>())
        }
    }
}

/// A length-delimited field of a message.
pub(crate) fn delimited(field: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![field << 3 | 2];
    let mut length = content.len();
    while length > 0x7f {
        bytes.push(low_bits(length) | 0x80);
        length >>= 7;
    }
    bytes.push(low_bits(length));
    bytes.extend_from_slice(content);
    bytes
}

fn low_bits(length: usize) -> u8 {
    u8::try_from(length & 0x7f).expect("seven bits")
}

/// Parses and compiles a policy, as the module does when Envoy loads it.
pub(crate) fn load(bytes: &[u8]) -> Result<Rules, Error> {
    Rules::compile(Policy::parse(bytes)?, &Node::default())
}

/// The sentence that a policy is refused with, in either form.
pub(crate) fn refusal(document: &Value) -> String {
    let sentence = |bytes: &[u8]| match load(bytes) {
        Ok(_) => "(accepted)".to_owned(),
        Err(error) => error.to_string(),
    };
    let as_json = sentence(&json(document));
    assert_eq!(
        as_json,
        sentence(&wire(document)),
        "as JSON, and as a Struct"
    );
    as_json
}

/// Asserts that a policy is accepted in both forms.
pub(crate) fn accept(document: &Value) {
    assert_eq!(refusal(document), "(accepted)");
}
