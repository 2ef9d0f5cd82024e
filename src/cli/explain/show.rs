//! A story for people.

use std::fmt::Write;

use super::story::{Asked, Condition, Outcome, Split, Story};
use crate::cli::output::{BAD, BOLD, DIM, GOOD, WARN, grouped, styled};

pub(in crate::cli) fn human(story: &Story, names_host: bool) -> String {
    let mut out = String::new();
    let answer = match (&story.service, &story.version) {
        (Some(service), Some(version)) => format!("{service} → {version}"),
        _ => "no version".to_owned(),
    };
    let by = match &story.rule {
        Some(rule) => format!("{rule}: {}", story.why),
        None => story.why.to_owned(),
    };
    let _ = writeln!(out, "{}   {by}", styled(BOLD, answer));
    if story.service.is_none() && !names_host {
        let _ = writeln!(out, "{}", styled(DIM, "no host was given: --host NAME"));
    }
    if !story.rules.is_empty() {
        let _ = writeln!(out, "\nrules");
    }
    let width = story.rules.iter().map(|rule| rule.name.len()).max();
    for rule in &story.rules {
        asked(&mut out, rule, width.unwrap_or_default());
    }
    if !story.headers.is_empty() {
        let _ = writeln!(out, "\nheaders");
    }
    for header in &story.headers {
        let _ = match &header.value {
            Some(value) => writeln!(out, "  {}: {value}", header.name),
            None => writeln!(out, "  {} {}", header.name, styled(DIM, "is removed")),
        };
    }
    if !story.cookies.is_empty() {
        let unless = styled(DIM, "unless it is publicly cacheable, or sets them itself");
        let _ = writeln!(out, "\nthe answer, {unless}");
    }
    for cookie in &story.cookies {
        let _ = writeln!(out, "  set-cookie: {cookie}");
    }
    out
}

fn asked(out: &mut String, rule: &Asked, width: usize) {
    let (style, outcome) = match rule.outcome {
        Outcome::NotConcerned => (DIM, "does not concern the request"),
        Outcome::PassedOn => (DIM, "concerns it, and leaves it to the next"),
        Outcome::DryRun => (WARN, "concerns it, and is only counted"),
        Outcome::Decides => (GOOD, "decides"),
        Outcome::NotAsked => (DIM, "is not asked"),
    };
    let would = match &rule.would {
        Some(version) => format!(" (would decide on {version})"),
        None => String::new(),
    };
    let outcome = styled(style, outcome);
    let _ = writeln!(out, "  {:width$}  {outcome}{would}", rule.name);
    match &rule.when {
        Some(when) => condition(out, when, 4),
        None if rule.outcome == Outcome::NotAsked => {}
        None => {
            let _ = writeln!(out, "    {} everybody", mark(true));
        }
    }
    if let Some(split) = &rule.split {
        shares(out, split);
    }
}

fn mark(holds: bool) -> String {
    if holds {
        styled(GOOD, "✓")
    } else {
        styled(BAD, "✗")
    }
}

fn condition(out: &mut String, condition: &Condition, indent: usize) {
    let had = match &condition.had {
        Some(had) => format!("   {}", styled(DIM, values(had))),
        None => String::new(),
    };
    let mark = mark(condition.holds);
    let _ = writeln!(out, "{:indent$}{mark} {}{had}", "", condition.text);
    for part in &condition.parts {
        self::condition(out, part, indent + 2);
    }
}

fn values(had: &[String]) -> String {
    match had {
        [] => "the request has none".to_owned(),
        [one] => format!("the request has {one:?}"),
        several => format!("the request has {several:?}"),
    }
}

fn shares(out: &mut String, split: &Split) {
    for key in &split.keys {
        let had = styled(DIM, values(&key.had));
        let _ = writeln!(out, "    {} key {}   {had}", mark(key.used), key.name);
    }
    if let Some(cookie) = &split.kept {
        let _ = writeln!(out, "    {} kept by the cookie {cookie}", mark(true));
    }
    if let Some(id) = &split.minted {
        let _ = writeln!(out, "    {} gets the id {id}", mark(true));
    }
    let Some(bucket) = split.bucket else { return };
    let how = if split.drawn {
        "drawn for this request alone".to_owned()
    } else {
        format!("under the salt {}", split.salt)
    };
    let _ = writeln!(out, "    bucket {} {how}", grouped(bucket.into()));
    let width = split.slices.iter().map(|slice| slice.version.len()).max();
    let width = width.unwrap_or_default();
    for slice in &split.slices {
        let range = format!(
            "{} to {}",
            grouped(slice.first.into()),
            grouped(slice.last.into())
        );
        let line = format!("{:width$}  {range}", slice.version);
        let _ = if slice.has_user {
            writeln!(out, "    {} {}", styled(GOOD, "▸"), styled(BOLD, line))
        } else {
            writeln!(out, "      {line}")
        };
    }
}
