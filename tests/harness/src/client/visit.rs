//! One request of one user: the same value goes over the wire and to the native core.

use std::net::{IpAddr, Ipv4Addr};

use hyper::body::Bytes;
use serde_json::{Value, json};

use super::Issuer;

/// How a request travels to Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS, by prior knowledge.
    Http2,
}

/// A request. Header names are in lower case and may repeat; values are bytes.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Who it is, for reports; not sent.
    pub user: String,
    /// How it travels.
    pub protocol: Protocol,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The host.
    pub authority: String,
    /// The headers, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Bytes,
    /// The address that Envoy sees.
    pub source_ip: IpAddr,
    /// What Envoy's `jwt_authn` writes down once it has verified the token: the claims, by its
    /// `payload_in_metadata`.
    pub verified: Value,
}

impl Visit {
    /// `GET /` by `user`, whom no header names yet.
    #[must_use]
    pub fn of(user: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            protocol: Protocol::Http1,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            authority: "checkout.example.com".to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            source_ip: Ipv4Addr::LOCALHOST.into(),
            verified: Value::Null,
        }
    }

    /// The same over another protocol.
    #[must_use]
    pub fn over(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// The same by another method, with a body of so many bytes.
    #[must_use]
    pub fn sending(mut self, method: &str, length: usize) -> Self {
        method.clone_into(&mut self.method);
        self.body = vec![b'.'; length].into();
        self
    }

    /// The same to another path.
    #[must_use]
    pub fn to(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// The same to another host.
    #[must_use]
    pub fn at(mut self, authority: &str) -> Self {
        authority.clone_into(&mut self.authority);
        self
    }

    /// The same from another address; it is not sent, Envoy sees where a client is.
    #[must_use]
    pub fn from_ip(mut self, source_ip: IpAddr) -> Self {
        self.source_ip = source_ip;
        self
    }

    /// The same with a token of these claims.
    #[must_use]
    pub fn signed(mut self, issuer: &Issuer, claims: &Value) -> Self {
        self.verified = json!({ "payload": Issuer::payload(claims) });
        self.bearing(&issuer.token(claims))
    }

    /// The same with a token that nobody is to believe.
    #[must_use]
    pub fn bearing(self, token: &str) -> Self {
        self.with("authorization", format!("Bearer {token}"))
    }

    /// The same, and the backend answers with this header.
    #[must_use]
    pub fn answered_with(self, name: &str, value: &str) -> Self {
        self.with("x-backend-answer", format!("{name}: {value}"))
    }

    /// The same as a browser asks for a page.
    #[must_use]
    pub fn for_a_page(self) -> Self {
        self.with("sec-fetch-mode", "navigate")
            .with("sec-fetch-dest", "document")
    }

    /// The same with one header more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The values of a header, in order.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<Vec<u8>> {
        let headers = self.headers.iter();
        let values = headers.filter(|(own, _)| own == name);
        values.map(|(_, value)| value.clone()).collect()
    }

    /// The same, with one entry of this name in `baggage`, or none.
    #[must_use]
    pub fn with_entry(mut self, name: &str, value: Option<&str>) -> Self {
        let entries = self.values("baggage").join(&b","[..]);
        let Some(entries) = graylane::rewritten(&entries, name, value) else {
            return self;
        };
        self.headers.retain(|(own, _)| own != "baggage");
        if entries.is_empty() {
            return self;
        }
        self.with("baggage", entries)
    }
}
