//! What changes between two documents. Knows no field by its name but those that name things, so a
//! new field needs nothing here.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::defaults;

/// The fields by which things in a list are known, whatever their place in it.
const NAMES: [&str; 2] = ["name", "version"];

/// A longer value is cut.
const MAX_CHARS: usize = 100;

/// One change.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Edit {
    /// Where: names of fields and of things.
    pub(super) place: String,
    pub(super) what: What,
    /// What was there and what will be, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) old: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) new: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Added,
    Removed,
    Changed,
    Reordered,
}

/// Every change, in the new document's order. None is told of a field that is default on both
/// sides, written out on one.
pub(super) fn edits(old: &Value, new: &Value) -> Vec<Edit> {
    let compared = |old: &Value, new: &Value| {
        let mut edits = Vec::new();
        compare("", old, new, &mut edits);
        edits
    };
    let real = compared(&defaults::left_out(old), &defaults::left_out(new));
    let real: BTreeSet<_> = real.into_iter().map(|edit| edit.place).collect();
    let mut edits = compared(old, new);
    edits.retain(|edit| {
        let within = below(&edit.place, "");
        let mut after = real.range(within.clone()..);
        real.contains(&edit.place) || after.next().is_some_and(|next| next.starts_with(&within))
    });
    edits
}

fn compare(place: &str, old: &Value, new: &Value, edits: &mut Vec<Edit>) {
    if same(old, new) {
        return;
    }
    match (old, new) {
        (Value::Object(before), Value::Object(after)) => {
            let gone = before
                .iter()
                .filter(|(field, _)| !after.contains_key(*field));
            for (field, value) in gone {
                edits.push(edit(&below(place, field), What::Removed, Some(value), None));
            }
            for (field, value) in after {
                let place = below(place, field);
                match before.get(field) {
                    Some(before) => compare(&place, before, value, edits),
                    None => edits.push(edit(&place, What::Added, None, Some(value))),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => match (named(before), named(after)) {
            (Some(before), Some(after)) => lists(place, &before, &after, edits),
            _ => edits.push(edit(place, What::Changed, Some(old), Some(new))),
        },
        _ => edits.push(edit(place, What::Changed, Some(old), Some(new))),
    }
}

type Named<'v> = Vec<(&'v str, &'v Value)>;

/// The things of a list by their names, if each has one of its own.
fn named(list: &[Value]) -> Option<Named<'_>> {
    let name = |thing: &'_ Value| {
        NAMES
            .iter()
            .find(|field| thing[**field].is_string())
            .copied()
    };
    let things: Option<Named<'_>> = list
        .iter()
        .map(|thing| Some((thing[name(thing)?].as_str()?, thing)))
        .collect();
    things
}

fn lists(place: &str, before: &Named<'_>, after: &Named<'_>, edits: &mut Vec<Edit>) {
    let find = |list: &Named<'_>, name: &str| list.iter().position(|(own, _)| *own == name);
    for (name, thing) in before {
        if find(after, name).is_none() {
            edits.push(edit(
                &format!("{place} {name}"),
                What::Removed,
                Some(thing),
                None,
            ));
        }
    }
    for (name, thing) in after {
        let place = format!("{place} {name}");
        match find(before, name) {
            Some(at) => compare(&place, before[at].1, thing, edits),
            None => edits.push(edit(&place, What::Added, None, Some(thing))),
        }
    }
    let order = |own: &Named<'_>, other: &Named<'_>| -> Vec<String> {
        let names = own.iter().map(|(name, _)| (*name).to_owned());
        names.filter(|name| find(other, name).is_some()).collect()
    };
    let (old, new) = (order(before, after), order(after, before));
    if old != new {
        edits.push(Edit {
            place: place.to_owned(),
            what: What::Reordered,
            old: Some(old.join(", ")),
            new: Some(new.join(", ")),
        });
    }
}

fn below(place: &str, field: &str) -> String {
    if place.is_empty() {
        field.to_owned()
    } else {
        format!("{place} › {field}")
    }
}

fn edit(place: &str, what: What, old: Option<&Value>, new: Option<&Value>) -> Edit {
    let text = |value: &Value| {
        let mut text = value.to_string();
        if let Some((end, _)) = text.char_indices().nth(MAX_CHARS) {
            text.truncate(end);
            text.push('…');
        }
        text
    };
    Edit {
        place: place.to_owned(),
        what,
        old: old.map(text),
        new: new.map(text),
    }
}

/// A number may be written as text, and as a whole one with a fraction of zero.
fn same(old: &Value, new: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let numbers = old.is_number() || new.is_number();
    old == new || (numbers && number(old).is_some() && number(old) == number(new))
}
