//! Addresses of documents, as people write them: `etcd://host:2379/graylane/checkout`.

use anyhow::{Context, Result, bail, ensure};
use ureq::http::Uri;

use super::query::{Query, decoded};
use crate::remote::NacosApi;

/// How they are written, for sentences.
const KINDS: &str = "etcd://HOST/KEY, consul://HOST/KEY, nacos://HOST/DATAID, \
apollo://PORTAL/APP/NAMESPACE, http://HOST/PATH or k8s://NAMESPACE/NAME";

/// Where a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Centre(AtCentre),
    /// The policy of a `WasmPlugin`.
    Kubernetes {
        namespace: String,
        name: String,
    },
}

/// A document of a config centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AtCentre {
    /// `http://host:port`, or with TLS.
    pub(super) server: String,
    /// What the document is called there.
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// Which centre it is, and what tells documents of one name apart there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Etcd,
    Consul {
        datacenter: Option<String>,
    },
    Nacos {
        api: NacosApi,
        group: Option<String>,
        namespace: Option<String>,
    },
    Apollo {
        app: String,
        env: String,
        cluster: Option<String>,
    },
    Http,
}

/// An address without what may be a password in it, for sentences.
pub(super) fn shown(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => text.to_owned(),
    }
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self> {
        ensure!(
            !text.contains('@'),
            "has a user in it, for everybody to read; take it out, and use --user and \
             --password-file, or GRAYLANE_USER and GRAYLANE_PASSWORD"
        );
        let uri: Option<Uri> = text.parse().ok();
        let parts = uri.as_ref().and_then(|uri| {
            let (scheme, tls) = match uri.scheme_str()? {
                "http" => ("http", false),
                "https" => ("http", true),
                scheme => match scheme.strip_suffix("+https") {
                    Some(scheme) => (scheme, true),
                    None => (scheme, false),
                },
            };
            Some((scheme, tls, uri.authority()?.as_str()))
        });
        let Some((scheme, tls, authority)) = parts else {
            bail!("is no address; write it as {KINDS}");
        };
        let path = uri.as_ref().map_or("", Uri::path);
        let mut query = Query::of(uri.as_ref().and_then(Uri::query).unwrap_or_default())?;
        let server = |port: Option<u16>| {
            let scheme = if tls { "https" } else { "http" };
            let named = authority
                .rsplit_once(':')
                .is_some_and(|(_, port)| !port.ends_with(']'));
            match port.filter(|_| !named) {
                Some(port) => format!("{scheme}://{authority}:{port}"),
                None => format!("{scheme}://{authority}"),
            }
        };
        let (port, name, kind) = match scheme {
            "etcd" => (Some(2379), name(path)?, Kind::Etcd),
            "consul" => {
                let datacenter = query.take("datacenter");
                (Some(8500), name(path)?, Kind::Consul { datacenter })
            }
            "nacos" => (Some(8848), name(path)?, nacos(&mut query)?),
            "apollo" => {
                let (app, namespace) =
                    two(path).context("write it as apollo://PORTAL/APP/NAMESPACE")?;
                let env = query.take("env").unwrap_or("DEV".to_owned());
                let cluster = query.take("cluster");
                (None, namespace, Kind::Apollo { app, env, cluster })
            }
            "http" => (None, path.to_owned(), Kind::Http),
            "k8s" if !tls => {
                let name = name(path)?;
                ensure!(!name.contains('/'), "write it as k8s://NAMESPACE/NAME");
                query.is_used_up()?;
                let namespace = authority.to_owned();
                return Ok(Self::Kubernetes { namespace, name });
            }
            _ => bail!("is of no known kind; write it as {KINDS}, with TLS as etcd+https://…"),
        };
        query.is_used_up()?;
        Ok(Self::Centre(AtCentre {
            server: server(port),
            name,
            kind,
        }))
    }
}

fn nacos(query: &mut Query) -> Result<Kind> {
    Ok(Kind::Nacos {
        api: match query.take("api").as_deref() {
            None | Some("v1") => NacosApi::V1,
            Some("v3") => NacosApi::V3,
            Some(_) => bail!("says an `api` that Nacos has not; write v1 or v3"),
        },
        group: query.take("group"),
        namespace: query.take("namespace"),
    })
}

/// What follows the host.
fn name(path: &str) -> Result<String> {
    let name = path.strip_prefix('/').unwrap_or(path);
    ensure!(
        !name.is_empty(),
        "names no document; write its name behind the host"
    );
    decoded(name)
}

/// `/app/namespace`
fn two(path: &str) -> Option<(String, String)> {
    let (one, other) = path.strip_prefix('/')?.split_once('/')?;
    let (one, other) = (decoded(one).ok()?, decoded(other).ok()?);
    (!one.is_empty() && !other.is_empty() && !other.contains('/')).then_some((one, other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> (String, String, Kind) {
        match Address::parse(text).unwrap() {
            Address::Centre(at) => (at.server, at.name, at.kind),
            kubernetes @ Address::Kubernetes { .. } => panic!("{kubernetes:?}"),
        }
    }

    #[test]
    fn an_address_says_the_server_the_name_and_the_kind() {
        let consul = |datacenter: Option<&str>| Kind::Consul {
            datacenter: datacenter.map(str::to_owned),
        };
        let nacos = |api, group: Option<&str>, namespace: Option<&str>| Kind::Nacos {
            api,
            group: group.map(str::to_owned),
            namespace: namespace.map(str::to_owned),
        };
        let apollo = |env: &str, cluster: Option<&str>| Kind::Apollo {
            app: "graylane".to_owned(),
            env: env.to_owned(),
            cluster: cluster.map(str::to_owned),
        };
        for (text, server, name, kind) in [
            (
                "etcd://a:1/g/checkout",
                "http://a:1",
                "g/checkout",
                Kind::Etcd,
            ),
            ("etcd://a/g", "http://a:2379", "g", Kind::Etcd),
            ("etcd://[::1]/g", "http://[::1]:2379", "g", Kind::Etcd),
            ("etcd+https://[::1]:5/g", "https://[::1]:5", "g", Kind::Etcd),
            ("etcd://a/a%20b", "http://a:2379", "a b", Kind::Etcd),
            ("consul://a/g", "http://a:8500", "g", consul(None)),
            (
                "consul+https://a:1/g?datacenter=dc2",
                "https://a:1",
                "g",
                consul(Some("dc2")),
            ),
            (
                "nacos://a/g.json",
                "http://a:8848",
                "g.json",
                nacos(NacosApi::V1, None, None),
            ),
            (
                "nacos://a/g?api=v3&group=G&namespace=n-1",
                "http://a:8848",
                "g",
                nacos(NacosApi::V3, Some("G"), Some("n-1")),
            ),
            (
                "apollo://a/graylane/g.json",
                "http://a",
                "g.json",
                apollo("DEV", None),
            ),
            (
                "apollo+https://a/graylane/g.json?env=PRO&cluster=c",
                "https://a",
                "g.json",
                apollo("PRO", Some("c")),
            ),
            ("http://a:1/p/q.json", "http://a:1", "/p/q.json", Kind::Http),
            ("https://a/p%20q", "https://a", "/p%20q", Kind::Http),
        ] {
            assert_eq!(
                at(text),
                (server.to_owned(), name.to_owned(), kind),
                "{text}"
            );
        }
        assert_eq!(
            Address::parse("k8s://istio-system/checkout").unwrap(),
            Address::Kubernetes {
                namespace: "istio-system".to_owned(),
                name: "checkout".to_owned()
            }
        );
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_remedy() {
        let kinds = format!("is no address; write it as {KINDS}");
        let unknown =
            format!("is of no known kind; write it as {KINDS}, with TLS as etcd+https://…");
        for (text, sentence) in [
            ("checkout", &*kinds),
            ("etcd:/a", &kinds),
            ("zookeeper://a/b", &unknown),
            ("k8s+https://a/b", &unknown),
            (
                "etcd://a",
                "names no document; write its name behind the host",
            ),
            (
                "etcd://a/",
                "names no document; write its name behind the host",
            ),
            ("k8s://a/b/c", "write it as k8s://NAMESPACE/NAME"),
            ("apollo://a/b", "write it as apollo://PORTAL/APP/NAMESPACE"),
            (
                "nacos://a/b?api=v2",
                "says an `api` that Nacos has not; write v1 or v3",
            ),
            (
                "nacos://a/b?tenant=c",
                "says `tenant`, which it does not know; leave it out",
            ),
            (
                "http://a/b?c=d",
                "says `c`, which it does not know; leave it out",
            ),
            (
                "consul://a/b?datacenter",
                "has no value for `datacenter`; give one, or leave it out",
            ),
            (
                "nacos://a/b?group=a&group=b",
                "says `group` twice; keep one",
            ),
        ] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert_eq!(error, sentence, "{text}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_shown() {
        let text = "etcd://gray:s3cret@a:1/g";
        assert!(
            Address::parse(text)
                .unwrap_err()
                .to_string()
                .starts_with("has a user in it")
        );
        assert_eq!(shown(text), "etcd://…@a:1/g");
        assert_eq!(shown("etcd://gray:s3@cret@a:1/g"), "etcd://…@a:1/g");
    }
}
