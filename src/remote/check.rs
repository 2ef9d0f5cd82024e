//! What may be said about a centre: names and values that are sent to it.

use std::fmt;

use super::Centre;
use crate::Secret;

/// Bytes of a name or a value. Of all centres, none takes longer ones everywhere.
const MAX_BYTES: usize = 512;

/// A value that a centre cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Which value: the name of its field in the policy, below the centre's own.
    pub field: &'static str,
    /// What is wrong with it and the remedy: a sentence without the place. No secret is in it.
    pub problem: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}

impl std::error::Error for Wrong {}

impl Centre {
    /// Whether a document there can have this name: a key of etcd or Consul, a dataId of Nacos, a
    /// namespace of Apollo, a path.
    ///
    /// # Errors
    ///
    /// A sentence without the place: what is wrong with it and the remedy.
    pub fn check_name(&self, name: &str) -> Result<(), String> {
        plain(name)?;
        match self {
            Self::Etcd(_) | Self::Consul(_) => key(name),
            Self::Nacos(_) | Self::Apollo(_) => word(name),
            Self::Http(_) => web_path(name),
        }
    }
}

/// Any value that is not a secret.
pub(super) fn value(field: &'static str, value: &str) -> Result<(), Wrong> {
    plain(value).map_err(|problem| Wrong { field, problem })
}

/// A name that Nacos or Apollo give to their own things.
pub(super) fn name(field: &'static str, name: &str) -> Result<(), Wrong> {
    let checked = plain(name).and_then(|()| word(name));
    checked.map_err(|problem| Wrong { field, problem })
}

/// A secret of any characters.
pub(super) fn secret(field: &'static str, secret: &Secret) -> Result<(), Wrong> {
    if secret.expose().is_empty() {
        let problem = "is empty; leave it out, or give one".to_owned();
        return Err(Wrong { field, problem });
    }
    Ok(())
}

/// A secret that a header carries.
pub(super) fn token(field: &'static str, token: &Secret) -> Result<(), Wrong> {
    secret(field, token)?;
    if carried(token.expose()) {
        return Ok(());
    }
    let problem = "has spaces or characters that are not of ASCII, which no header carries; \
                   give the token alone"
        .to_owned();
    Err(Wrong { field, problem })
}

/// Whether a header can carry the text.
pub(super) fn carried(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn plain(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("is empty; leave it out, or give a value".to_owned());
    }
    if text.len() > MAX_BYTES {
        let length = text.len();
        return Err(format!("has {length} bytes, above {MAX_BYTES}; shorten it"));
    }
    if text.chars().any(char::is_control) {
        return Err("has control characters; take them out".to_owned());
    }
    Ok(())
}

/// A key, which is also a path where Consul has it.
fn key(name: &str) -> Result<(), String> {
    if name.starts_with('/') || name.ends_with('/') {
        return Err("begins or ends with a slash; write it without".to_owned());
    }
    let odd = |part: &str| matches!(part, "" | "." | "..");
    if let Some(part) = name.split('/').find(|part| odd(part)) {
        return Err(format!(
            "has a part {part:?}, which a path loses on its way; take it out"
        ));
    }
    Ok(())
}

fn word(name: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if name.bytes().all(allowed) {
        return Ok(());
    }
    Err("has other characters than letters, digits and - _ . :, which are all it takes".to_owned())
}

fn web_path(name: &str) -> Result<(), String> {
    if !name.starts_with('/') {
        return Err("is no path; begin it with a slash".to_owned());
    }
    if !carried(name) || name.contains('#') {
        return Err(
            "has spaces, `#` or characters that are not of ASCII; write them as %20 and so on"
                .to_owned(),
        );
    }
    Ok(())
}
