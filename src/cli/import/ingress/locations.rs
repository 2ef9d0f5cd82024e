//! The locations that Ingresses make: a host, a path, and the backend behind them.

use serde_json::Value;

use super::super::condition::Condition;
use super::super::notes::Notes;
use super::super::part::{Part, Read, Spot};
use super::super::tree::Tree;
use super::annotations;

/// A service's port in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Backend {
    pub(super) namespace: String,
    pub(super) service: String,
    pub(super) port: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Exact,
    Prefix,
    ImplementationSpecific,
}

#[derive(Clone)]
pub(super) struct Location<'m> {
    /// Empty for every host.
    pub(super) host: String,
    pub(super) path: String,
    pub(super) kind: Kind,
    pub(super) backend: Backend,
    /// The Ingress that it is of.
    pub(super) ingress: Part<'m>,
    pub(super) spot: Spot<'m>,
}

/// The locations of an Ingress. Where it has rules, its default backend is that of their hosts.
pub(super) fn of_main<'m>(ingress: &Part<'m>, notes: &mut Notes) -> Read<Vec<Location<'m>>> {
    let (mut locations, default) = read(ingress, notes)?;
    let Some(default) = default else {
        return Ok(locations);
    };
    let mut hosts: Vec<_> = locations
        .iter()
        .map(|location| location.host.clone())
        .collect();
    if hosts.is_empty() {
        return Ok(vec![default]);
    }
    hosts.sort_unstable();
    hosts.dedup();
    for host in hosts {
        if !locations
            .iter()
            .any(|own| own.host == host && own.path == "/")
        {
            locations.push(Location {
                host,
                ..default.clone()
            });
        }
    }
    Ok(locations)
}

/// The locations of a canary. Its default backend stands beside that of all hosts.
pub(super) fn of_canary<'m>(ingress: &Part<'m>, notes: &mut Notes) -> Read<Vec<Location<'m>>> {
    let (mut locations, default) = read(ingress, notes)?;
    locations.extend(default);
    Ok(locations)
}

/// What an Ingress lists, and where all else goes.
fn read<'m>(
    ingress: &Part<'m>,
    notes: &mut Notes,
) -> Read<(Vec<Location<'m>>, Option<Location<'m>>)> {
    let namespace = match ingress.get("metadata") {
        Some(metadata) => metadata.text_of("namespace")?.unwrap_or("default"),
        None => "default",
    };
    let spec = ingress.need("spec")?;
    let read = [
        "rules",
        "defaultBackend",
        "backend",
        "tls",
        "ingressClassName",
    ];
    notes.unread(&spec, &read)?;
    let mut locations = Vec::new();
    let location = |host: &str, path: &str, kind, part: &Part<'m>| {
        Ok::<_, anyhow::Error>(Location {
            host: host.to_ascii_lowercase(),
            path: path.to_owned(),
            kind,
            backend: backend(part, namespace)?,
            ingress: ingress.clone(),
            spot: part.spot.clone(),
        })
    };
    for rule in spec.items_of("rules")? {
        let host = rule.text_of("host")?.unwrap_or_default();
        let host = if host == "*" { "" } else { host };
        let Some(http) = rule.get("http") else {
            continue;
        };
        for each in http.items_of("paths")? {
            let path = each
                .text_of("path")?
                .filter(|path| !path.is_empty())
                .unwrap_or("/");
            let kind = match each.text_of("pathType")? {
                Some("Exact") => Kind::Exact,
                Some("Prefix") => Kind::Prefix,
                Some("ImplementationSpecific") | None => Kind::ImplementationSpecific,
                Some(_) => {
                    return Err(each.need("pathType")?.refuse(
                        "is none of Exact, Prefix and ImplementationSpecific; write one of them",
                    ));
                }
            };
            locations.push(location(host, path, kind, &each.need("backend")?)?);
        }
    }
    // Its name before `networking.k8s.io/v1` is the other.
    let default = spec.get("defaultBackend").or_else(|| spec.get("backend"));
    let default = default.map(|part| location("", "/", Kind::Prefix, &part));
    Ok((locations, default.transpose()?))
}

fn backend(of: &Part<'_>, namespace: &str) -> Read<Backend> {
    let (service, port) = match of.get("service") {
        Some(service) => {
            let port = service.need("port")?;
            let known = port.get("number").or_else(|| port.get("name"));
            (service.need("name")?.text()?, known.unwrap_or(port))
        }
        None if of.get("resource").is_some() => {
            let problem = "is a resource, which has no versions; leave it out of what is imported";
            return Err(of.refuse(problem));
        }
        None => (of.need("serviceName")?.text()?, of.need("servicePort")?),
    };
    let number = match port.value {
        Value::String(name) => name.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(port.refuse("is no port; write its number or its name")),
    };
    Ok(Backend {
        namespace: namespace.to_owned(),
        service: service.to_owned(),
        port: number,
    })
}

/// Whether a host's paths are regular expressions: all are, as soon as one is or is rewritten.
pub(super) fn are_patterns(locations: &[&Location<'_>]) -> Read<bool> {
    for location in locations {
        let rewrite = annotations::text(&location.ingress, "rewrite-target")?;
        if annotations::is_true(&location.ingress, "use-regex")?
            || rewrite.is_some_and(|target| target != location.path)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Location<'_> {
    /// What nginx asks first stands first.
    pub(super) fn order(&self, pattern: bool) -> impl Ord + use<> {
        let exact = !pattern && self.kind == Kind::Exact;
        let slash = usize::from(!pattern && self.kind == Kind::Prefix && !self.path.ends_with('/'));
        let path = std::cmp::Reverse(self.path.clone());
        (!exact, std::cmp::Reverse(self.path.len() + slash), path)
    }

    /// Who gets here, of those that no location before has taken; `None` for everybody.
    pub(super) fn condition(&self, pattern: bool) -> Option<Condition> {
        if pattern {
            return self.pattern();
        }
        match self.kind {
            Kind::Exact => Some(Condition::path("equals", &self.path)),
            _ if self.path == "/" => None,
            Kind::ImplementationSpecific => Some(Condition::path("prefix", &self.path)),
            Kind::Prefix => {
                let path = self.path.trim_end_matches('/');
                Some(Condition::Any(vec![
                    Condition::path("equals", path),
                    Condition::path("prefix", format!("{path}/")),
                ]))
            }
        }
    }

    /// nginx looks for it from the path's beginning on, whatever its case, and not to its end.
    fn pattern(&self) -> Option<Condition> {
        if ["/", "/.*", "/(.*)"].contains(&self.path.as_str()) {
            return None;
        }
        let path = &self.path;
        let whole = match path.strip_suffix('$') {
            Some(begun) if !begun.ends_with('\\') => format!("(?:{begun})"),
            _ if path.ends_with(".*") || path.ends_with("(.*)") => path.clone(),
            _ => format!("{path}.*"),
        };
        let tests = vec![
            ("matches", Tree::text(whole)),
            ("ignore_case", Tree::Flag(true)),
        ];
        Some(Condition::Text("path", None, tests))
    }

    /// Whether a request may fit both.
    pub(super) fn meets(&self, other: &Self, pattern: bool) -> bool {
        pattern
            || self.path.starts_with(&other.path)
            || other.condition(false).is_none()
            || self.path.starts_with(other.path.trim_end_matches('/'))
    }
}
