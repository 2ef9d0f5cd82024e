//! A request as bytes: what libFuzzer changes is what the rules read.

use std::net::IpAddr;

use graylane::Request;

/// A request whose headers are parts of the input.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked<'d> {
    /// Names in lower case, `:method`, `:path` and `:authority` among them.
    pub(crate) headers: Vec<(&'d str, &'d [u8])>,
    pub(crate) source_ip: Option<IpAddr>,
    /// Whether a list comes as one value, as from a host that joins them.
    pub(crate) joined: bool,
}

impl<'d> Asked<'d> {
    /// Of one header, or of several of the same name.
    pub(crate) fn of(name: &'d str, values: impl IntoIterator<Item = &'d [u8]>) -> Self {
        Self {
            headers: values.into_iter().map(|value| (name, value)).collect(),
            ..Self::default()
        }
    }
}

impl<'r> Request<'r> for Asked<'_> {
    fn any_header(&self, name: &'r str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let mut own = self.headers.iter().filter(|(own, _)| *own == name);
        own.any(|(_, value)| see(value))
    }

    fn list(&self, name: &'r str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        if !self.joined {
            return self.any_header(name, see);
        }
        let own = self.headers.iter().filter(|(own, _)| *own == name);
        let values: Vec<_> = own.map(|(_, value)| *value).collect();
        !values.is_empty() && see(&values.join(&b","[..]))
    }

    fn source_ip(&self) -> Option<IpAddr> {
        self.source_ip
    }
}

/// A policy of one service whose rules are these, compiled; with versions `v1`, the baseline, to
/// `v4`.
pub(crate) fn rules(rules: &serde_json::Value) -> graylane::Rules {
    let versions = ["v1", "v2", "v3", "v4"].map(|name| serde_json::json!({ "name": name }));
    let service = serde_json::json!({
        "name": "s", "baseline": "v1", "versions": versions, "rules": rules,
    });
    let policy = serde_json::json!({ "schema": "graylane/v1", "services": [service] });
    crate::support::load(&crate::support::json(&policy)).expect("it is right")
}

/// The lines of an input, without what ends them.
pub(crate) fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|byte| *byte == b'\n')
}
