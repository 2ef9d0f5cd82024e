//! ingress-nginx: the location by host and path, its backend, and that one's canary by header,
//! cookie and weight, in this order.

use serde_json::Value;

use super::{Shares, WHOLE, cookie, documents, fits, header, imported, request, same, shares};
use crate::support::Sent;

const PREFIX: &str = "nginx.ingress.kubernetes.io/";

fn annotation<'v>(ingress: &'v Value, name: &str) -> Option<&'v str> {
    let text = ingress["metadata"]["annotations"][format!("{PREFIX}{name}")].as_str();
    text.filter(|text| !text.is_empty())
}

/// Host, path, its kind, and the backend.
type Location = (String, String, String, String);

fn backend(of: &Value) -> String {
    let port = &of["service"]["port"];
    let port = port.get("number").or_else(|| port.get("name")).unwrap();
    let name = of["service"]["name"].as_str().unwrap();
    format!("{name}:{}", port.to_string().trim_matches('"'))
}

fn locations(ingress: &Value, is_canary: bool) -> Vec<Location> {
    let mut found = Vec::new();
    let spec = &ingress["spec"];
    for rule in spec["rules"].as_array().into_iter().flatten() {
        let host = rule["host"].as_str().unwrap_or_default();
        for path in rule["http"]["paths"].as_array().into_iter().flatten() {
            let text = |name: &str| path[name].as_str().unwrap().to_owned();
            found.push((
                host.to_owned(),
                text("path"),
                text("pathType"),
                backend(&path["backend"]),
            ));
        }
    }
    if let Some(default) = spec.get("defaultBackend") {
        let mut hosts: Vec<_> = found.iter().map(|(host, ..)| host.clone()).collect();
        if hosts.is_empty() || is_canary {
            hosts = vec![String::new()];
        }
        for host in hosts {
            if !found
                .iter()
                .any(|(own, path, ..)| *own == host && path == "/")
            {
                found.push((host, "/".to_owned(), "Prefix".to_owned(), backend(default)));
            }
        }
    }
    found
}

/// The location of a request among those of its host.
fn chosen<'l>(mains: &'l [(Location, &Value)], sent: &Sent) -> Option<&'l Location> {
    let has = |host: &str| {
        host == sent.host
            || host
                .strip_prefix('*')
                .is_some_and(|suffix| sent.host.ends_with(suffix))
    };
    // The name itself, else the longest wildcard, else all.
    let mut hosts: Vec<_> = mains.iter().map(|((host, ..), _)| host.as_str()).collect();
    hosts.retain(|host| has(host));
    hosts.sort_by_key(|host| (host.starts_with('*'), std::cmp::Reverse(host.len())));
    let host = hosts.first().copied().unwrap_or_default();
    let own: Vec<_> = mains.iter().filter(|((own, ..), _)| own == host).collect();
    let patterns = own.iter().any(|((_, path, ..), ingress)| {
        annotation(ingress, "use-regex") == Some("true")
            || annotation(ingress, "rewrite-target").is_some_and(|target| target != path)
    });
    let path = sent.path.split('?').next().unwrap();
    let mut own: Vec<_> = own.iter().map(|(location, _)| location).collect();
    own.sort_by_key(|(_, own, ..)| std::cmp::Reverse((own.len(), own.clone())));
    if patterns {
        return own
            .into_iter()
            .find(|(_, own, ..)| fits(&format!("(?i)^{own}"), path, false));
    }
    // A prefix is a location of its own with the slash, and one of its very name without.
    let is_prefix = |own: &Location| own.2 == "Prefix" && own.1 != "/";
    let exact = own.iter().find(|own| own.2 == "Exact" && own.1 == path);
    let named = own.iter().find(|own| is_prefix(own) && own.1 == path);
    let begun = own
        .iter()
        .filter(|own| own.2 != "Exact")
        .filter_map(|location| {
            let slash = if is_prefix(location) { "/" } else { "" };
            let text = format!("{}{slash}", location.1);
            path.starts_with(&text).then_some((text.len(), location))
        });
    let longest = begun.max_by_key(|(length, _)| *length);
    exact
        .or(named)
        .copied()
        .or(longest.map(|(_, location)| *location))
}

/// The shares of the backends.
pub(super) fn expected(ingresses: &[Value], sent: &Sent) -> Shares {
    let is_canary = |ingress: &&Value| annotation(ingress, "canary") == Some("true");
    let mains: Vec<_> = ingresses
        .iter()
        .filter(|ingress| !is_canary(ingress))
        .flat_map(|ingress| {
            locations(ingress, false)
                .into_iter()
                .map(move |own| (own, ingress))
        })
        .collect();
    let Some((_, _, _, primary)) = chosen(&mains, sent) else {
        return Shares::new();
    };
    let all = |name: &str| Shares::from([(name.to_owned(), WHOLE)]);
    // The first canary that stands beside the backend, wherever.
    let mut canaries = ingresses.iter().filter(is_canary).flat_map(|ingress| {
        locations(ingress, true)
            .into_iter()
            .map(move |own| (own, ingress))
    });
    let canary = canaries.find(|((host, path, kind, _), _)| {
        mains
            .iter()
            .any(|((own_host, own_path, own_kind, own), _)| {
                own == primary && (own_host, own_path, own_kind) == (host, path, kind)
            })
    });
    let Some(((.., canary), by)) = canary else {
        return all(primary);
    };
    if let Some(value) = annotation(by, "canary-by-header").and_then(|name| header(sent, name)) {
        if let Some(wanted) = annotation(by, "canary-by-header-value") {
            if value == wanted {
                return all(&canary);
            }
        } else if let Some(pattern) = annotation(by, "canary-by-header-pattern") {
            if fits(pattern, value, false) {
                return all(&canary);
            }
        } else if value == "always" {
            return all(&canary);
        } else if value == "never" {
            return all(primary);
        }
    }
    match annotation(by, "canary-by-cookie").and_then(|name| cookie(sent, name)) {
        Some("always") => return all(&canary),
        Some("never") => return all(primary),
        _ => {}
    }
    let number = |name: &str| annotation(by, name).and_then(|text| text.parse::<u64>().ok());
    let total = number("canary-weight-total").unwrap_or(100).max(100);
    let share = number("canary-weight").unwrap_or(0).min(total) * WHOLE / total;
    Shares::from([(canary, share), (primary.clone(), WHOLE - share)])
}

/// The cluster of a canary is its backend; the baseline is that of the location, whatever it is.
fn agree(file: &str, text: &str, ingresses: &[Value], lines: &[String]) -> usize {
    let rules = imported(text, &[]);
    let mut shared = 0;
    for line in lines {
        let sent = request(line).with("x-drawn", "7");
        let there = expected(ingresses, &sent);
        let mains = ingresses
            .iter()
            .filter(|each| annotation(each, "canary") != Some("true"));
        let mains: Vec<_> = mains
            .flat_map(|each| locations(each, false))
            .map(|own| own.3)
            .collect();
        let is_main = |backend: &str| mains.iter().any(|own| own == backend);
        // Baselines without a cluster are what the routes say.
        let here = shares(&rules, &sent, |name, cluster| {
            cluster.unwrap_or(name).to_owned()
        });
        let bare: Shares = there
            .iter()
            .fold(Shares::new(), |mut all, (backend, share)| {
                let service = backend.split(':').next().unwrap();
                let name = if here.contains_key("baseline") && is_main(backend) {
                    "baseline".to_owned()
                } else if backend == "fallback:9090" {
                    "fallback-9090".to_owned()
                } else {
                    service.to_owned()
                };
                *all.entry(name).or_default() += share;
                all
            });
        if here.is_empty() {
            // A host that no canary is on: nothing is decided.
            assert!(bare.len() <= 1, "{file}: {line}: {bare:?}");
            continue;
        }
        if bare.is_empty() {
            // nginx knows no such path: the routes answer, and here it is nobody's canary.
            assert_eq!(
                here.keys().collect::<Vec<_>>(),
                ["baseline"],
                "{file}: {line}"
            );
            continue;
        }
        assert!(
            same(&here, &bare),
            "{file}: {line}: {here:?}, there {bare:?}"
        );
        shared += 1;
    }
    shared
}

fn lines(hosts: &[&str], paths: &[&str], with: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for host in hosts {
        for path in paths {
            for with in with {
                lines.push(format!("GET {host}{path} {with}"));
            }
        }
    }
    lines
}

#[test]
fn the_same_requests_get_the_same_backends() {
    for (file, hosts, paths, with) in [
        (
            "docs/examples/import/ingress.yaml",
            &["shop.example.com"][..],
            &["/", "/cart?a=1"][..],
            &[
                "",
                "x-canary=always",
                "x-canary=never",
                "x-canary=ALWAYS",
                "x-canary=never cookie:canary=always",
                "x-canary=other cookie:canary=always",
                "cookie:canary=always",
                "cookie:canary=never",
                "cookie:canary=1",
                "cookie:other=always",
            ][..],
        ),
        (
            "tests/cli/import/ingress/paths.yaml",
            &[
                "www.example.com",
                "example.com",
                "plain.example.com",
                "other.example.com",
            ],
            &[
                "/",
                "/api",
                "/api/",
                "/apix",
                "/api/users",
                "/api/admin",
                "/api/admin/x",
                "/health",
                "/healthy",
                "/v1",
                "/v1/x",
                "/v10",
            ],
            &[
                "",
                "x-team=qa",
                "x-team=qa-1",
                "x-team=dev",
                "x-team=xdev",
                "x-team=design",
                "cookie:design=always",
                "x-team=qa cookie:design=never",
            ],
        ),
        (
            "tests/cli/import/ingress/rewritten.yaml",
            &[
                "a.example.com",
                "a.b.example.com",
                "fixed.example.com",
                "elsewhere.test",
            ],
            &[
                "/",
                "/shop",
                "/shop/",
                "/SHOP/cart",
                "/shopping",
                "/shop/pay",
                "/shop/pay/1",
                "/shop/payment",
                "/other",
            ],
            &["", "x-canary=always"],
        ),
    ] {
        let (text, ingresses) = documents(file);
        let lines = lines(hosts, paths, with);
        let shared = agree(file, &text, &ingresses, &lines);
        assert!(
            shared * 2 >= lines.len(),
            "{file}: {shared} of {}",
            lines.len()
        );
    }
}
