//! Answers: they take our cookies along unless others may get a copy, and never one that they set
//! themselves.
//!
//! Each of the input's lines is a header, `name: value`.

use graylane::{Answer, NewCookie, settable};

use crate::asked::lines;

struct Told<'d>(Vec<(String, &'d [u8])>);

impl Answer for Told<'_> {
    fn any_header(&self, name: &str, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let mut own = self.0.iter().filter(|(own, _)| own == name);
        own.any(|(_, value)| see(value))
    }
}

impl Told<'_> {
    /// Every value of a header.
    fn values(&self, name: &str) -> Vec<String> {
        let own = self.0.iter().filter(|(own, _)| own == name);
        own.map(|(_, value)| text(value)).collect()
    }
}

/// Each byte as a character, so that nothing is lost.
fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

pub(crate) fn run(data: &[u8]) {
    let headers = lines(data).filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = text(&line[..colon]).to_ascii_lowercase();
        let value = &line[colon + 1..];
        Some((name, value.strip_prefix(b" ").unwrap_or(value)))
    });
    let answer = Told(headers.collect());
    let cookies = ["uid", "gray~s~r"].map(|name| NewCookie {
        name: name.to_owned(),
        line: format!("{name}=1"),
    });
    let own: Vec<_> = settable(&cookies, &answer)
        .map(|own| own.name.as_str())
        .collect();
    let set = answer.values("set-cookie");
    let set: Vec<_> = set
        .iter()
        .map(|line| line.split('=').next().unwrap_or_default())
        .collect();
    let free = ["uid", "gray~s~r"].into_iter().filter(|name| {
        let own = |set: &&str| set.trim_matches(SPACE) == *name;
        !set.iter().any(own)
    });
    let expected: Vec<_> = free.filter(|_| !is_public(&answer)).collect();
    assert_eq!(own, expected, "{:?}", answer.0);
}

const SPACE: [char; 5] = [' ', '\t', '\r', '\n', '\x0c'];

/// Whether a header has one of these directives, by its name and its argument.
fn has(answer: &Told<'_>, header: &str, is: impl Fn(&str, &str) -> bool) -> bool {
    let values = answer.values(header).join(",");
    values.split(',').any(|directive| {
        let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
        let argument = argument.trim_matches(SPACE);
        let bare = argument.strip_prefix('"').unwrap_or(argument);
        let bare = bare.strip_suffix('"').unwrap_or(bare);
        is(&name.trim_matches(SPACE).to_ascii_lowercase(), bare)
    })
}

/// Whether a cache may give the answer to others.
fn is_public(answer: &Told<'_>) -> bool {
    let aged = |name: &str, argument: &str| name == "max-age" && argument != "0";
    if has(answer, "surrogate-control", aged) || has(answer, "cdn-cache-control", aged) {
        return true;
    }
    if answer.values("cache-control").is_empty() {
        return answer
            .values("expires")
            .iter()
            .any(|date| date != "0" && date != "-1");
    }
    let closed = has(answer, "cache-control", |name, _| {
        ["private", "no-store"].contains(&name)
    });
    let open = has(answer, "cache-control", |name, argument| {
        ["public", "s-maxage"].contains(&name) || aged(name, argument)
    });
    open && !closed
}
