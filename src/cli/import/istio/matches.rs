//! The matches of a route as conditions.

use super::super::condition::Condition;
use super::super::notes::Notes;
use super::super::part::{Part, Read};
use super::super::settings::Settings;
use super::super::tree::Tree;

/// What Istio writes before a claim where a header's name would stand.
const CLAIM: &str = "@request.auth.claims";

/// Istio's sign for "is there", which is no regular expression.
const THERE: &str = "*";

/// Whom a route is for: everybody, or those that one of these conditions holds for.
#[derive(Clone)]
pub(super) enum Whom {
    Everybody,
    These(Vec<Condition>),
}

impl Whom {
    /// One condition; `None` for everybody.
    pub(super) fn condition(self) -> Option<Condition> {
        match self {
            Self::Everybody => None,
            Self::These(conditions) => Some(Condition::any(conditions)),
        }
    }
}

/// Whom a route is for.
pub(super) fn whom(
    route: &Part<'_>,
    settings: &Settings<'_>,
    gateways: &[&str],
    notes: &mut Notes,
) -> Read<Whom> {
    let matches = route.items_of("match")?;
    if matches.is_empty() {
        return Ok(Whom::Everybody);
    }
    let mut ways = Vec::new();
    for each in matches {
        let Some(conditions) = conditions(&each, settings, gateways, notes)? else {
            continue;
        };
        match Condition::all(conditions) {
            Some(condition) => ways.push(condition),
            None => return Ok(Whom::Everybody),
        }
    }
    Ok(Whom::These(ways))
}

/// What has to hold; `None` where it never does in the proxies that the policy is for, or cannot be
/// said.
fn conditions(
    part: &Part<'_>,
    settings: &Settings<'_>,
    gateways: &[&str],
    notes: &mut Notes,
) -> Read<Option<Vec<Condition>>> {
    let own = part.items_of("gateways")?;
    if !own.is_empty() {
        let own = own.iter().map(Part::text).collect::<Read<Vec<_>>>()?;
        let all = gateways.iter().all(|gateway| own.contains(gateway));
        match settings.gateway {
            Some(gateway) if own.contains(&gateway) => {}
            Some(_) => return Ok(None),
            None if all => {}
            None => {
                return Err(part.need("gateways")?.refuse(
                    "is for some of the proxies alone; say which the policy is for by --gateway NAME, or \
                     --gateway mesh",
                ));
            }
        }
    }
    let ignore_case = part
        .get("ignoreUriCase")
        .map_or(Ok(false), |flag| flag.flag())?;
    let mut all = Vec::new();
    for (name, field) in part.fields()? {
        match name {
            "headers" => {
                for (name, value) in field.fields()? {
                    all.extend(header(name, &value, notes)?);
                }
            }
            "withoutHeaders" => {
                for (name, value) in field.fields()? {
                    if let Some(condition) = header(name, &value, notes)? {
                        all.push(without(condition, &value)?);
                    }
                }
            }
            "uri" => all.extend(uri(&field, ignore_case)?),
            "method" => all.push(text(&field, "method", None)?),
            "authority" => all.push(authority(&field, notes)?),
            "scheme" => {
                notes.say(
                    &field.spot,
                    "the scheme is taken from x-forwarded-proto, which Envoy writes for those whom it \
                     does not trust",
                );
                all.push(text(&field, "header", Some("x-forwarded-proto"))?);
            }
            "queryParams" => {
                for (name, value) in field.fields()? {
                    all.push(text(&value, "query", Some(name))?);
                }
                notes.say(
                    &field.spot,
                    "of a parameter that comes several times the first counts there, and any here",
                );
            }
            // Beside `gateways` Istio does not look at it.
            "sourceLabels" if own.is_empty() => {
                for (name, value) in field.fields()? {
                    all.push(Condition::Label(name.to_owned(), value.text()?.to_owned()));
                }
            }
            "sourceNamespace" | "port" => {
                let note = format!(
                    "`{name}` has no counterpart: this match is left out, and its requests go on to \
                     what stands after it"
                );
                notes.say(&field.spot, note);
                return Ok(None);
            }
            "sourceLabels" | "gateways" | "ignoreUriCase" | "name" | "statPrefix" => {}
            _ => {
                return Err(field.refuse(
                    "is no field of a match that is known here; leave it out, if it may be",
                ));
            }
        }
    }
    Ok(Some(all))
}

/// The one test of a `StringMatch`.
enum Test<'m> {
    Present,
    Text(&'static str, &'m str),
}

fn test<'m>(part: &Part<'m>) -> Read<Test<'m>> {
    let fields = part.fields()?;
    let [(kind, value)] = &fields[..] else {
        return if fields.is_empty() {
            Ok(Test::Present)
        } else {
            Err(part.refuse("has several of exact, prefix and regex; leave one"))
        };
    };
    let text = value.text()?;
    Ok(match *kind {
        "regex" if text == THERE => Test::Present,
        "exact" => Test::Text("equals", text),
        "prefix" if text.is_empty() => return Err(value.refuse("is empty; write a text")),
        "prefix" => Test::Text("prefix", text),
        "regex" => Test::Text("matches", text),
        _ => return Err(value.refuse("is none of exact, prefix and regex; write one of them")),
    })
}

fn text(part: &Part<'_>, field: &'static str, name: Option<&str>) -> Read<Condition> {
    let test = match test(part)? {
        Test::Present => ("present", Tree::Flag(true)),
        Test::Text(operator, text) => (operator, Tree::text(text)),
    };
    let way = name.map(|name| vec![name.to_owned()]);
    Ok(Condition::Text(field, way, vec![test]))
}

/// A header, or what Istio has in its place; `None` for names that it ignores.
fn header(name: &str, part: &Part<'_>, notes: &mut Notes) -> Read<Option<Condition>> {
    if let Some(rest) = name.strip_prefix(CLAIM)
        && let Some(way) = claim(rest)
    {
        let Condition::Text(_, _, tests) = text(part, "claim", None)? else {
            return Ok(None);
        };
        return Ok(Some(Condition::Text("claim", Some(way), tests)));
    }
    Ok(Some(match name {
        ":authority" | "host" => authority(part, notes)?,
        ":method" => text(part, "method", None)?,
        "uri" | "scheme" | "method" | "authority" => {
            notes.say(
                &part.spot,
                "Istio ignores a header of this name; it is left out",
            );
            return Ok(None);
        }
        _ => {
            notes.say(
                &part.spot,
                "of a header that comes several times Envoy compares all values as one, with commas \
                 between; here each is compared, and any may fit",
            );
            text(part, "header", Some(&name.to_ascii_lowercase()))?
        }
    }))
}

/// The names that lead to a claim: `.group.id`, or `[group][id]`.
fn claim(rest: &str) -> Option<Vec<String>> {
    let names = match rest.strip_prefix('.') {
        Some(names) => names.split('.').collect::<Vec<_>>(),
        None => rest
            .strip_prefix('[')?
            .strip_suffix(']')?
            .split("][")
            .collect(),
    };
    Some(names.into_iter().map(str::to_owned).collect())
}

/// What must not hold. Where nothing was sent, Envoy compares with an empty text.
fn without(condition: Condition, part: &Part<'_>) -> Read<Condition> {
    let empty = match test(part)? {
        Test::Text("equals", text) => text.is_empty(),
        Test::Text("matches", pattern) => {
            let whole = regex_lite::Regex::new(&format!("^(?:{pattern})$"));
            whole.is_ok_and(|whole| whole.is_match(""))
        }
        Test::Present | Test::Text(..) => false,
    };
    let missing = match &condition {
        Condition::Text("header", Some(way), _) if empty => {
            Some(Condition::present("header", &way[0], false))
        }
        _ => None,
    };
    let unwanted = std::iter::once(condition).chain(missing).collect();
    Ok(Condition::any(unwanted).not())
}

/// The path; `None` where every path fits.
fn uri(part: &Part<'_>, ignore_case: bool) -> Read<Option<Condition>> {
    Ok(match test(part)? {
        Test::Present | Test::Text("prefix", "/") | Test::Text("matches", ".*") => None,
        Test::Text(operator, text) => {
            let mut tests = vec![(operator, Tree::text(text))];
            if ignore_case && operator != "matches" {
                tests.push(("ignore_case", Tree::Flag(true)));
            }
            Some(Condition::Text("path", None, tests))
        }
    })
}

fn authority(part: &Part<'_>, notes: &mut Notes) -> Read<Condition> {
    notes.say(
        &part.spot,
        "here a host has no port, and its case does not matter",
    );
    Ok(match text(part, "host", None)? {
        Condition::Text(field, way, tests) => {
            let test = tests.into_iter().map(|(operator, value)| match value {
                Tree::Text(text) if operator == "equals" => (operator, Tree::text(portless(&text))),
                other => (operator, other),
            });
            Condition::Text(field, way, test.collect())
        }
        other => other,
    })
}

/// A host without its port.
fn portless(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}
