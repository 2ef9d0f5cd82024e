//! How a service's cookies are set: RFC 6265, and what browsers demand beyond it.

use super::clock::duration;
use crate::error::{Error, Place};
use crate::limits::MAX_COOKIE_PATH_BYTES;
use crate::policy::{self, SameSite, Text};
use crate::request::{Request, first_header, host_only};

/// A year, in seconds: browsers keep none longer than 400 days.
const YEAR: u64 = 365 * 24 * 60 * 60;

/// How a service's cookies are set.
#[derive(Debug)]
pub(crate) struct Cookies {
    domain: Option<Box<str>>,
    secure: Secure,
    /// What follows the value, but for `Secure`.
    attributes: Box<str>,
    /// Whether the prefix `__Host-` is true of them.
    of_one_host: bool,
}

/// When they are `Secure`: sent over TLS alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secure {
    /// They are, and where the client is not on TLS there is no cookie.
    Always,
    Never,
    /// Where the client is on TLS.
    AsTheRequest,
}

impl Cookies {
    pub(super) fn compile(place: &Place<'_>, document: &policy::Cookies) -> Result<Self, Error> {
        let domain = document.domain.as_ref();
        let domain = domain.map(|text| domain_name(&place.field("domain"), text));
        let domain = domain.transpose()?;
        let path = match &document.path {
            Some(text) => path(&place.field("path"), text)?,
            None => "/",
        };
        let max_age = match &document.max_age {
            Some(text) => max_age(&place.field("max_age"), text)?,
            None => YEAR,
        };
        let secure = match (document.secure, document.same_site) {
            (Some(false), SameSite::None) => {
                return Err(place
                    .field("secure")
                    .error("browsers drop what is `same_site: none` without it; make it true"));
            }
            (Some(true), _) | (None, SameSite::None) => Secure::Always,
            (Some(false), _) => Secure::Never,
            (None, _) => Secure::AsTheRequest,
        };
        let mut attributes = format!("; Path={path}; Max-Age={max_age}");
        if let Some(domain) = &domain {
            attributes.push_str("; Domain=");
            attributes.push_str(domain);
        }
        if document.http_only.unwrap_or(true) {
            attributes.push_str("; HttpOnly");
        }
        attributes.push_str(match document.same_site {
            SameSite::Lax => "; SameSite=Lax",
            SameSite::Strict => "; SameSite=Strict",
            SameSite::None => "; SameSite=None",
        });
        Ok(Self {
            of_one_host: domain.is_none() && path == "/",
            domain,
            secure,
            attributes: attributes.into(),
        })
    }

    /// Refuses a name that promises what these cookies do not hold: browsers would drop it.
    pub(super) fn check_name(&self, place: &Place<'_>, name: &[u8]) -> Result<(), Error> {
        let begins = |prefix: &[u8]| {
            let start = name.get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let of_host = begins(b"__Host-");
        if (of_host || begins(b"__Secure-")) && self.secure != Secure::Always {
            return Err(place.error(
                "the prefix of this cookie's name wants `secure: true` among the service's `cookies`",
            ));
        }
        if of_host && !self.of_one_host {
            return Err(place.error(
                "the prefix `__Host-` of this cookie's name allows no `domain`, and no `path` but \
                 `/`, among the service's `cookies`",
            ));
        }
        Ok(())
    }

    /// Whether a browser would keep a cookie that the answer to this request sets, and if so,
    /// whether it is `Secure`.
    pub(crate) fn kept_by<'r>(&'r self, request: &impl Request<'r>) -> Option<bool> {
        if let Some(domain) = &self.domain {
            let domain = domain.as_bytes();
            let within = |host: &[u8]| below(&host_only(host), domain);
            first_header(request, ":authority", within).filter(|within| *within)?;
        }
        // Envoy writes it, or believes whom it trusts.
        let https = |scheme: &[u8]| scheme.eq_ignore_ascii_case(b"https");
        let on_tls = || first_header(request, "x-forwarded-proto", https).unwrap_or_default();
        match self.secure {
            Secure::Never => Some(false),
            Secure::AsTheRequest => Some(on_tls()),
            Secure::Always => on_tls().then_some(true),
        }
    }

    /// The value of `set-cookie`.
    pub(crate) fn line(&self, name: &str, value: &str, secure: bool) -> String {
        let secure = if secure { "; Secure" } else { "" };
        format!("{name}={value}{}{secure}", self.attributes)
    }
}

/// Whether a host is the domain, or below it.
fn below(host: &[u8], domain: &[u8]) -> bool {
    let above = host.strip_suffix(domain);
    above.is_some_and(|labels| labels.is_empty() || labels.ends_with(b"."))
}

fn domain_name(place: &Place<'_>, Text(text): &Text) -> Result<Box<str>, Error> {
    let lower = text.to_ascii_lowercase();
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let label = |label: &str| !label.is_empty() && label.bytes().all(valid);
    let number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    let last = lower.rsplit('.').next().unwrap_or_default();
    if lower.split('.').all(label) && lower.contains('.') && !number(last) {
        Ok(lower.into())
    } else {
        Err(place.wrong(
            text,
            "is not a domain; write it as example.com, without a dot before it",
        ))
    }
}

fn path<'t>(place: &Place<'_>, Text(text): &'t Text) -> Result<&'t str, Error> {
    let valid = |byte: u8| byte.is_ascii_graphic() && byte != b';';
    if text.len() <= MAX_COOKIE_PATH_BYTES && text.starts_with('/') && text.bytes().all(valid) {
        Ok(text)
    } else {
        Err(place.wrong(
            text,
            format!(
                "is not a path; begin it with /, and use at most {MAX_COOKIE_PATH_BYTES} visible \
                 ASCII characters other than ;"
            ),
        ))
    }
}

fn max_age(place: &Place<'_>, text: &Text) -> Result<u64, Error> {
    let milliseconds = duration(place, text)?;
    if milliseconds.is_multiple_of(1_000) {
        Ok(milliseconds / 1_000)
    } else {
        Err(place.wrong(&text.0, "is not of whole seconds; browsers count no finer"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::Written;

    fn cookies(document: &policy::Cookies) -> Cookies {
        Cookies::compile(&Place::ROOT, document).unwrap()
    }

    #[test]
    fn the_host_is_of_the_domain_or_below_it() {
        let document = policy::Cookies {
            domain: Some(Text("Example.com".to_owned())),
            ..policy::Cookies::default()
        };
        let cookies = cookies(&document);
        for (host, kept) in [
            ("example.com", true),
            ("Shop.Example.com:443", true),
            ("a.b.example.com", true),
            ("badexample.com", false),
            ("example.com.evil.org", false),
            ("com", false),
        ] {
            let request = Written::default().with(":authority", host);
            assert_eq!(cookies.kept_by(&request).is_some(), kept, "{host}");
        }
    }

    #[test]
    fn over_plain_text_nothing_is_secure() {
        for (secure, plain, tls) in [
            (None, Some(false), Some(true)),
            (Some(true), None, Some(true)),
            (Some(false), Some(false), Some(false)),
        ] {
            let cookies = cookies(&policy::Cookies {
                secure,
                ..policy::Cookies::default()
            });
            let over = |scheme| Written::default().with("x-forwarded-proto", scheme);
            assert_eq!(cookies.kept_by(&Written::default()), plain);
            assert_eq!(cookies.kept_by(&over("http")), plain);
            assert_eq!(cookies.kept_by(&over("HTTPS")), tls);
        }
    }
}
