//! A configuration of traffic-tag, as its document has it.

use serde_json::Value;

use super::super::condition::{Condition, Key};
use super::super::notes::Notes;
use super::super::part::{Part, Read, Spot};
use super::super::pattern::found;

/// Hundredths that are dealt out.
pub(super) const HUNDRED: u64 = 100;

pub(super) struct Config<'m> {
    pub(super) groups: Vec<Group<'m>>,
    pub(super) weights: Vec<Weight<'m>>,
    /// What is written where nothing else is.
    pub(super) default: Option<Tag>,
}

/// A header and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tag {
    pub(super) header: String,
    pub(super) value: String,
}

pub(super) struct Group<'m> {
    pub(super) tag: Tag,
    /// Whether one of its tests is enough.
    pub(super) any: bool,
    pub(super) tests: Vec<Test>,
    pub(super) spot: Spot<'m>,
}

pub(super) enum Test {
    /// All of these hold.
    Holds(Vec<Condition>),
    /// The value is among the first of 100.
    Percentage(Key, u64),
}

pub(super) struct Weight<'m> {
    pub(super) tag: Tag,
    /// In hundredths.
    pub(super) share: u64,
    pub(super) spot: Spot<'m>,
}

impl<'m> Config<'m> {
    pub(super) fn read(part: &Part<'m>, notes: &mut Notes) -> Read<Self> {
        let read = [
            "conditionGroups",
            "weightGroups",
            "defaultTagKey",
            "defaultTagVal",
        ];
        notes.unread(part, &read)?;
        let groups = part.items_of("conditionGroups")?;
        let groups = groups
            .iter()
            .map(|group| Group::read(group, notes))
            .collect::<Read<_>>()?;
        let mut weights = Vec::new();
        let mut sum = 0;
        for weight in part.items_of("weightGroups")? {
            let weight = Weight::read(&weight)?;
            sum += weight.share;
            if sum > HUNDRED {
                let problem = format!("brings the weights to {sum}; they add up to at most 100");
                return Err(weight.spot.refuse(problem));
            }
            weights.push(weight);
        }
        let default = match (part.get("defaultTagKey"), part.get("defaultTagVal")) {
            (Some(header), Some(value)) => Some(Tag {
                header: said(&header)?,
                value: said(&value)?,
            }),
            (Some(one), None) | (None, Some(one)) => {
                notes.say(
                    &one.spot,
                    "counts only with both `defaultTagKey` and `defaultTagVal`, there as here",
                );
                None
            }
            (None, None) => None,
        };
        Ok(Self {
            groups,
            weights,
            default: default.filter(|tag| !tag.header.is_empty() && !tag.value.is_empty()),
        })
    }
}

/// A scalar as text: the plugin takes numbers and truth values for theirs.
fn said(part: &Part<'_>) -> Read<String> {
    match part.value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(part.value.to_string()),
        _ => Err(part.refuse("is no text; write one")),
    }
}

fn needed(part: &Part<'_>, name: &str) -> Read<String> {
    let field = part.need(name)?;
    let text = said(&field)?;
    if text.is_empty() {
        return Err(field.refuse("is empty; write a text"));
    }
    Ok(text)
}

fn tag(part: &Part<'_>) -> Read<Tag> {
    Ok(Tag {
        header: needed(part, "headerName")?,
        value: needed(part, "headerValue")?,
    })
}

impl<'m> Group<'m> {
    fn read(part: &Part<'m>, notes: &mut Notes) -> Read<Self> {
        notes.unread(part, &["headerName", "headerValue", "logic", "conditions"])?;
        let any = match needed(part, "logic")?.to_ascii_lowercase().as_str() {
            "and" => false,
            "or" => true,
            _ => {
                return Err(part
                    .need("logic")?
                    .refuse("is neither `and` nor `or`; write one of them"));
            }
        };
        let tests = part.items_of("conditions")?;
        let tests = tests.iter().map(|test| Test::read(test, notes));
        Ok(Self {
            tag: tag(part)?,
            any,
            tests: tests.collect::<Read<_>>()?,
            spot: part.spot.clone(),
        })
    }
}

impl Test {
    fn read(part: &Part<'_>, notes: &mut Notes) -> Read<Self> {
        notes.unread(part, &["conditionType", "key", "operator", "value"])?;
        let kind = part.need("conditionType")?;
        let field = match said(&kind)?.to_ascii_lowercase().as_str() {
            "header" => {
                notes.say(
                    &kind.spot,
                    "of a header that comes several times the first counts there; here any does in \
                     a test, and the first in a percentage",
                );
                "header"
            }
            "cookie" => "cookie",
            "parameter" => {
                notes.say(
                    &kind.spot,
                    "a parameter's name and value are decoded there (`%32` is `2`, `+` a space); here \
                     they are compared as they came",
                );
                "query"
            }
            _ => {
                return Err(
                    kind.refuse("is none of header, cookie and parameter; write one of them")
                );
            }
        };
        let key = needed(part, "key")?;
        let values = part.need("value")?;
        let list = match values.value {
            Value::Array(_) => values.items()?,
            _ => vec![values.clone()],
        };
        let texts = list.iter().map(said).collect::<Read<Vec<_>>>()?;
        let operator = part.need("operator")?;
        let name = said(&operator)?.to_ascii_lowercase();
        let one = || match &texts[..] {
            [one] => Ok(one.as_str()),
            _ => Err(values.refuse(format!("has {} values, and {name} takes one", texts.len()))),
        };
        let test = |operator, value: &str| Condition::named(field, &key, operator, value);
        let there = || Condition::present(field, &key, true);
        Ok(Self::Holds(match name.as_str() {
            "equal" => vec![test("equals", one()?)],
            "not_equal" => vec![there(), test("equals", one()?).not()],
            // Every value begins with nothing.
            "prefix" if one()?.is_empty() => vec![there()],
            "prefix" => vec![test("prefix", one()?)],
            "regex" => vec![test("matches", &found(one()?))],
            "in" | "not_in" if texts.is_empty() => {
                return Err(values.refuse("is empty; write at least one value"));
            }
            "in" => vec![Condition::one_of(field, &key, &texts)],
            "not_in" => vec![there(), Condition::one_of(field, &key, &texts).not()],
            "percentage" => {
                let percent = one()?.parse().ok().filter(|percent| *percent <= HUNDRED);
                let percent = percent
                    .ok_or_else(|| values.refuse("is no whole number from 0 to 100; write one"))?;
                return Ok(Self::Percentage(Key::Named(field, vec![key]), percent));
            }
            _ => {
                return Err(operator.refuse(
                    "is none of equal, not_equal, prefix, in, not_in, regex and percentage; write one \
                     of them",
                ));
            }
        }))
    }
}

impl<'m> Weight<'m> {
    fn read(part: &Part<'m>) -> Read<Self> {
        let weight = part.need("weight")?;
        let number = weight
            .value
            .as_u64()
            .or_else(|| weight.value.as_str()?.parse().ok());
        let number = number.filter(|number| *number <= HUNDRED);
        Ok(Self {
            tag: tag(part)?,
            share: number
                .ok_or_else(|| weight.refuse("is no whole number from 0 to 100; write one"))?,
            spot: part.spot.clone(),
        })
    }
}
