//! The annotations of a canary, as ingress-nginx takes them.

use super::super::condition::Condition;
use super::super::draft::shares;
use super::super::notes::Notes;
use super::super::part::{Part, Read, Spot};
use super::super::pattern::{found, pcre};

/// What ingress-nginx' annotations begin with.
const PREFIX: &str = "nginx.ingress.kubernetes.io/";

/// The least total of weights that counts.
const TOTAL: u64 = 100;

/// Whom a canary takes.
#[derive(Clone)]
pub(super) struct Shaping<'m> {
    header: Option<(Header, Spot<'m>)>,
    cookie: Option<(String, Spot<'m>)>,
    /// In thousandths of a percent, where there is a weight.
    pub(super) share: Option<(u32, Spot<'m>)>,
    pub(super) spot: Spot<'m>,
}

#[derive(Clone, PartialEq)]
enum Header {
    /// `always` and `never`.
    Either(String),
    /// A condition of its own.
    Fits(Condition),
}

/// One way to be decided.
pub(super) struct Way<'m> {
    pub(super) name: &'static str,
    pub(super) condition: Condition,
    /// Whether the canary gets it.
    pub(super) is_canary: bool,
    pub(super) spot: Spot<'m>,
}

impl PartialEq for Shaping<'_> {
    fn eq(&self, other: &Self) -> bool {
        // What they say; where they say it does not matter.
        let parts = |each: &Self| {
            (
                each.header.as_ref().map(|(header, _)| header.clone()),
                each.cookie.as_ref().map(|(cookie, _)| cookie.clone()),
                each.share.as_ref().map(|(share, _)| *share),
            )
        };
        parts(self) == parts(other)
    }
}

/// An annotation of ingress-nginx.
pub(super) fn get<'m>(ingress: &Part<'m>, name: &str) -> Option<Part<'m>> {
    ingress
        .get("metadata")?
        .get("annotations")?
        .get(&format!("{PREFIX}{name}"))
}

/// Its text; none where it is empty, which counts as absent.
pub(super) fn text<'m>(ingress: &Part<'m>, name: &str) -> Read<Option<&'m str>> {
    let text = get(ingress, name).map(|part| part.text()).transpose()?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// Whether it is true, as Go reads truth.
pub(super) fn is_true(ingress: &Part<'_>, name: &str) -> Read<bool> {
    let text = text(ingress, name)?.unwrap_or_default();
    Ok(["1", "t", "T", "true", "TRUE", "True"].contains(&text))
}

/// The names of all annotations of ingress-nginx.
pub(super) fn names<'m>(ingress: &Part<'m>) -> Read<Vec<(&'m str, Part<'m>)>> {
    let Some(metadata) = ingress.get("metadata") else {
        return Ok(Vec::new());
    };
    let all = metadata.fields_of("annotations")?.into_iter();
    Ok(all
        .filter_map(|(name, part)| Some((name.strip_prefix(PREFIX)?, part)))
        .collect())
}

impl<'m> Shaping<'m> {
    pub(super) fn read(ingress: &Part<'m>, notes: &mut Notes) -> Read<Self> {
        let known = [
            "canary",
            "canary-by-header",
            "canary-by-header-value",
            "canary-by-header-pattern",
            "canary-by-cookie",
            "canary-weight",
            "canary-weight-total",
        ];
        for (name, part) in names(ingress)? {
            if !known.contains(&name) {
                let note = if name.starts_with("canary") {
                    format!("`{name}` is no annotation of ingress-nginx; it is left out")
                } else {
                    format!("`{name}` of a canary says nothing about versions; it is left out")
                };
                notes.say(&part.spot, note);
            }
        }
        Ok(Self {
            header: header(ingress, notes)?,
            cookie: cookie(ingress, notes)?,
            share: share(ingress, notes)?,
            spot: ingress.spot.clone(),
        })
    }

    /// Whom it takes or leaves before any weight, in this order.
    pub(super) fn ways(&self) -> Vec<Way<'m>> {
        let mut ways = Vec::new();
        let mut add = |name, condition, is_canary, spot: &Spot<'m>| {
            ways.push(Way {
                name,
                condition,
                is_canary,
                spot: spot.clone(),
            });
        };
        match &self.header {
            Some((Header::Fits(condition), spot)) => add("header", condition.clone(), true, spot),
            Some((Header::Either(name), spot)) => {
                let is = |value| Condition::named("header", name, "equals", value);
                add("header-always", is("always"), true, spot);
                add("header-never", is("never"), false, spot);
            }
            None => {}
        }
        if let Some((name, spot)) = &self.cookie {
            let is = |value| Condition::named("cookie", name, "equals", value);
            add("cookie-always", is("always"), true, spot);
            add("cookie-never", is("never"), false, spot);
        }
        ways
    }
}

fn header<'m>(ingress: &Part<'m>, notes: &mut Notes) -> Read<Option<(Header, Spot<'m>)>> {
    let [value, pattern] = ["canary-by-header-value", "canary-by-header-pattern"];
    let name = text(ingress, "canary-by-header")?;
    let (Some(name), Some(part)) = (name, get(ingress, "canary-by-header")) else {
        for alone in [value, pattern] {
            if let Some(part) = get(ingress, alone) {
                notes.say(
                    &part.spot,
                    "counts only beside canary-by-header, there as here",
                );
            }
        }
        return Ok(None);
    };
    let name = name.to_ascii_lowercase();
    notes.say(
        &part.spot,
        "a header that comes several times is one value there, with commas between; here each is \
         compared, and any may fit",
    );
    let has_pattern = text(ingress, pattern)?.is_some();
    let pattern = get(ingress, pattern).filter(|_| has_pattern);
    let wanted = text(ingress, value)?;
    if let (Some(wanted), Some(value)) = (wanted, get(ingress, value)) {
        if let Some(part) = pattern {
            notes.say(
                &part.spot,
                "does not count beside canary-by-header-value, there as here",
            );
        }
        let equals = Condition::named("header", &name, "equals", wanted);
        return Ok(Some((Header::Fits(equals), value.spot)));
    }
    if let Some(part) = pattern {
        notes.say(
            &part.spot,
            "is found anywhere in the value there, so `.*` stands around it here; and it is PCRE there: \
             values that are not UTF-8, or have more than 4,096 bytes, never match here",
        );
        let whole = found(pcre(&part)?);
        let matches = Condition::named("header", &name, "matches", whole);
        return Ok(Some((Header::Fits(matches), part.spot)));
    }
    Ok(Some((Header::Either(name), part.spot)))
}

fn cookie<'m>(ingress: &Part<'m>, notes: &mut Notes) -> Read<Option<(String, Spot<'m>)>> {
    let name = text(ingress, "canary-by-cookie")?;
    let (Some(name), Some(part)) = (name, get(ingress, "canary-by-cookie")) else {
        return Ok(None);
    };
    notes.say(
        &part.spot,
        "of cookies the first of the name counts there, whatever the name's case; here any does, and \
         case matters",
    );
    Ok(Some((name.to_owned(), part.spot)))
}

fn share<'m>(ingress: &Part<'m>, notes: &mut Notes) -> Read<Option<(u32, Spot<'m>)>> {
    let Some(part) = get(ingress, "canary-weight") else {
        return Ok(None);
    };
    let weight = if let Ok(weight) = part.text()?.parse::<i64>() {
        u64::try_from(weight).unwrap_or(0)
    } else {
        notes.say(
            &part.spot,
            "is no whole number, and counts as 0, there as here",
        );
        0
    };
    let total = match get(ingress, "canary-weight-total") {
        None => TOTAL,
        Some(part) => match part.text()?.parse::<u64>() {
            Ok(total) if total >= TOTAL => total,
            _ => {
                notes.say(
                    &part.spot,
                    "is no whole number from 100 on, and counts as 100, there as here",
                );
                TOTAL
            }
        },
    };
    Ok(Some((shares(&[weight], total)[0], part.spot)))
}
