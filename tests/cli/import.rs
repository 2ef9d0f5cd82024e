//! What is imported decides as it did: each system's published rules, written down a second time,
//! answer the same requests.

use std::collections::BTreeMap;
use std::fs;

use graylane::{Moment, Node, Policy, Reason, Rules, SCALE, decide};
use serde_json::Value;

use crate::run::{Ran, graylane};
use crate::support::Sent;

#[path = "import/higress.rs"]
mod higress;
#[path = "import/ingress.rs"]
mod ingress;
#[path = "import/istio.rs"]
mod istio;
#[path = "import/random.rs"]
mod random;
#[path = "import/refusals.rs"]
mod refusals;

/// Versions, or what stands for them, each with its share of 1,000,000.
pub(crate) type Shares = BTreeMap<String, u64>;

/// All requests of one kind.
pub(crate) const WHOLE: u64 = 1_000_000;

/// The documents of a file.
pub(crate) fn documents(file: &str) -> (String, Vec<Value>) {
    let text = fs::read_to_string(file).unwrap();
    let documents = yaml(&text);
    (text, documents)
}

pub(crate) fn yaml(text: &str) -> Vec<Value> {
    let documents = text.split("\n---\n");
    documents
        .map(|document| yaml_serde::from_str(document).unwrap())
        .collect()
}

/// Imports a text; by a key that these requests have.
pub(crate) fn import(text: &str, options: &[&str]) -> Ran {
    let arguments = [&["import", "-", "--by=header:x-drawn"], options].concat();
    graylane(&arguments, text)
}

/// The rules of what is imported.
pub(crate) fn imported(text: &str, options: &[&str]) -> Rules {
    let ran = import(text, &[options, &["--format=json"]].concat());
    assert_eq!(ran.code, 0, "{}{text}", ran.err);
    let policy = ran.json()["policy"].to_string();
    // What people read says the same.
    let written: Value = yaml_serde::from_str(&import(text, options).out).unwrap();
    assert_eq!(written, ran.json()["policy"]);
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    Rules::compile(
        policy,
        &Node {
            labels: [("app".to_owned(), "web".to_owned())].into(),
            ..Node::default()
        },
    )
    .unwrap()
}

#[test]
fn manifests_of_every_kind_say_what_they_said() {
    trycmd::TestCases::new().case("tests/cli/import/manifests.md");
}

/// What share of requests of this kind goes to each version, by what names it here.
pub(crate) fn shares(
    rules: &Rules,
    sent: &Sent,
    named: impl Fn(&str, Option<&str>) -> String,
) -> Shares {
    let decision = decide(rules, sent, Moment::at(0));
    let service = decision
        .service()
        .and_then(|name| rules.services().iter().find(|own| own.name() == name));
    let Some(service) = service else {
        return Shares::new();
    };
    let mut shares = Shares::new();
    let mut add = |version: &graylane::rules::Version, buckets: u32| {
        let share = u64::from(buckets) * WHOLE / u64::from(SCALE);
        if share > 0 {
            *shares
                .entry(named(version.name(), version.cluster()))
                .or_default() += share;
        }
    };
    let split = match decision.reason() {
        Reason::Rule(rule) => rule.split(),
        _ => None,
    };
    let Some(split) = split else {
        let version = service
            .versions()
            .find(|own| Some(own.name()) == decision.version());
        add(version.unwrap(), SCALE);
        return shares;
    };
    let mut left = SCALE;
    for slice in split.slices_at(0) {
        let buckets = slice.buckets();
        left -= buckets.end - buckets.start;
        add(slice.version(), buckets.end - buckets.start);
    }
    add(service.baseline(), left);
    shares
}

/// The requests that a table of words stands for: `GET www.example.com/path x-a=1 cookie:b=2`.
pub(crate) fn request(line: &str) -> Sent {
    let mut words = line.split_whitespace();
    let method = words.next().unwrap().to_owned();
    let (host, path) = words.next().unwrap().split_once('/').unwrap();
    let mut sent = Sent {
        method,
        host: host.to_owned(),
        path: format!("/{path}"),
        ..Sent::default()
    };
    let mut cookies = Vec::new();
    for word in words {
        let (name, value) = word.split_once('=').unwrap();
        match (name.strip_prefix("cookie:"), name.strip_prefix("claim:")) {
            (Some(name), _) => cookies.push(format!("{name}={value}")),
            (_, Some(way)) => {
                let claim = way.rsplit('.').fold(Value::from(value), |inner, name| {
                    Value::Object([(name.to_owned(), inner)].into_iter().collect())
                });
                sent.claims = claim;
            }
            _ => sent = sent.with(name, value),
        }
    }
    if cookies.is_empty() {
        sent
    } else {
        sent.with("cookie", &cookies.join("; "))
    }
}

/// The first value of a header.
pub(crate) fn header<'s>(sent: &'s Sent, name: &str) -> Option<&'s str> {
    let value = sent.values(&name.to_ascii_lowercase()).into_iter().next()?;
    Some(std::str::from_utf8(value).unwrap())
}

/// The value of a cookie.
pub(crate) fn cookie<'s>(sent: &'s Sent, name: &str) -> Option<&'s str> {
    let all = header(sent, "cookie")?.split(';');
    all.filter_map(|each| each.trim().split_once('='))
        .find(|(own, _)| *own == name)
        .map(|(_, value)| value)
}

/// The value of a parameter.
pub(crate) fn parameter<'s>(sent: &'s Sent, name: &str) -> Option<&'s str> {
    let (_, query) = sent.path.split_once('?')?;
    let all = query
        .split('&')
        .map(|each| each.split_once('=').unwrap_or((each, "")));
    all.into_iter()
        .find(|(own, _)| *own == name)
        .map(|(_, value)| value)
}

/// Whether a pattern is found, or fits as a whole.
pub(crate) fn fits(pattern: &str, value: &str, whole: bool) -> bool {
    let pattern = if whole {
        format!("^(?:{pattern})$")
    } else {
        pattern.to_owned()
    };
    regex_lite::Regex::new(&pattern).unwrap().is_match(value)
}

/// Shares that are the same, up to what a thousandth of a percent cuts off.
pub(crate) fn same(one: &Shares, other: &Shares) -> bool {
    let near = |name: &String| {
        let [one, other] = [one, other].map(|shares| shares.get(name).copied().unwrap_or(0));
        one.abs_diff(other) <= 10
    };
    one.keys().chain(other.keys()).all(near)
}
