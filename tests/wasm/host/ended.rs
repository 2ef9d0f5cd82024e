//! How a request ends, and what of it can be read while it is logged.

use super::Headers;
use super::property::Properties;

/// What became of a request.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// The status of the answer. `None`: the client left before there was one.
    status: Option<u32>,
    headers: Vec<(String, String)>,
    trailers: Option<Headers>,
    /// What the proxy says went wrong: one of Envoy's response flags, by the number of its bit.
    flag: Option<u32>,
    /// Where the answer is from, in Envoy's words.
    details: &'static str,
    /// The version that the endpoint says it is.
    by: Option<&'static str>,
    /// Whether the route says that another version may answer.
    borrows: bool,
}

impl Ended {
    /// An answer of the version.
    pub(crate) fn with(status: u32) -> Self {
        Self {
            status: Some(status),
            headers: Vec::new(),
            trailers: None,
            flag: None,
            details: "via_upstream",
            by: None,
            borrows: false,
        }
    }

    /// An answer of the proxy itself, for the reason of a response flag.
    pub(crate) fn by_proxy(status: u32, flag: u32, details: &'static str) -> Self {
        Self {
            flag: Some(flag),
            details,
            ..Self::with(status)
        }
    }

    /// The client did not wait for an answer.
    pub(crate) fn left() -> Self {
        Self {
            status: None,
            flag: Some(14),
            details: "downstream_remote_disconnect",
            ..Self::with(0)
        }
    }

    /// A gRPC call's, whose status is in the trailers.
    pub(crate) fn grpc(status: u8) -> Self {
        let mut trailers = Headers::default();
        trailers.add("grpc-status", status.to_string().as_bytes());
        Self {
            trailers: Some(trailers),
            ..Self::with(200)
        }
    }

    /// A gRPC call's that has no message, and its status in the headers.
    pub(crate) fn grpc_at_once(status: u8) -> Self {
        Self::with(200).header("grpc-status", &status.to_string())
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// By an endpoint that says it is of this version.
    pub(crate) fn by(self, version: &'static str) -> Self {
        Self {
            by: Some(version),
            ..self
        }
    }

    /// By a route on which any version may answer.
    pub(crate) fn borrowed(self) -> Self {
        Self {
            borrows: true,
            ..self
        }
    }

    /// The headers of the answer, if there is one.
    pub(super) fn headers(&self) -> Option<Headers> {
        let mut headers = Headers::default();
        headers.add(":status", self.status?.to_string().as_bytes());
        for (name, value) in &self.headers {
            headers.add(name, value.as_bytes());
        }
        Some(headers)
    }

    pub(super) fn trailers(&self) -> Option<Headers> {
        self.trailers.clone()
    }

    /// What Envoy knows at the end, beside headers and trailers.
    pub(super) fn properties(&self) -> Properties {
        let long = |number: i64| number.to_ne_bytes().to_vec();
        let flags = self.flag.map_or(0, |flag| 1 << flag);
        let metadata =
            |whose: &str, name: &str| format!("xds.{whose}.filter_metadata.graylane.{name}");
        let mut properties = Properties::from([
            ("response.flags".to_owned(), long(flags)),
            ("response.code_details".to_owned(), self.details.into()),
        ]);
        if let Some(status) = self.status {
            properties.insert("response.code".to_owned(), long(status.into()));
        }
        if let Some(version) = self.by {
            let name = metadata("upstream_host_metadata", "version");
            properties.insert(name, version.into());
        }
        if self.borrows {
            properties.insert(metadata("route_metadata", "borrow"), vec![1]);
        }
        properties
    }
}
