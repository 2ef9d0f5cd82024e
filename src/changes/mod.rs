//! What changes between two documents. Knows no field by its name but those that name things, so a
//! new field needs nothing here.

mod defaults;
#[cfg(any(all(target_arch = "wasm32", not(feature = "tools")), test))]
mod policy;

use std::fmt;

#[cfg(feature = "tools")]
pub(crate) use defaults::left_out;

#[cfg(all(target_arch = "wasm32", not(feature = "tools")))]
pub(crate) use policy::Told;

use crate::json::escaped;
use crate::policy::tree::Tree;
use crate::sort::sorted;

/// The fields by which things in a list are known, whatever their place in it.
const NAMES: [&str; 2] = ["name", "version"];

/// A longer value is cut.
const MAX_CHARS: usize = 100;

/// One change. Shown, it is a line.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(feature = "tools", derive(serde::Serialize))]
pub(crate) struct Edit {
    /// Where: names of fields and of things.
    pub(crate) place: String,
    pub(crate) what: What,
    /// What was there and what will be, as JSON.
    #[cfg_attr(feature = "tools", serde(skip_serializing_if = "Option::is_none"))]
    old: Option<String>,
    #[cfg_attr(feature = "tools", serde(skip_serializing_if = "Option::is_none"))]
    new: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "tools",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
pub(crate) enum What {
    Added,
    Removed,
    Changed,
    Reordered,
}

impl What {
    /// What stands before the line.
    pub(crate) fn mark(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed | Self::Reordered => '~',
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        f.write_str(match self.what {
            What::Reordered => ", in another order: ",
            _ => ": ",
        })?;
        let both = [&self.old, &self.new].into_iter().flatten();
        for (at, text) in both.enumerate() {
            f.write_str(if at > 0 { " → " } else { "" })?;
            f.write_str(text)?;
        }
        Ok(())
    }
}

/// Every change, in the new document's order. None is told of a field that is default on both
/// sides, written out on one.
pub(crate) fn edits(old: Tree, new: Tree) -> Vec<Edit> {
    let mut edits = Vec::new();
    compare("", &old, &new, &mut edits);
    let mut real = Vec::new();
    let (old, new) = (defaults::left_out(old), defaults::left_out(new));
    compare("", &old, &new, &mut real);
    let real = Index::new(real.iter().map(|edit| &*edit.place));
    edits.retain(|edit| {
        let within = below(&edit.place, "");
        let after = real.0.partition_point(|(place, _)| *place < &*within);
        let next = real.0.get(after);
        real.find(&edit.place).is_some() || next.is_some_and(|(next, _)| next.starts_with(&within))
    });
    edits
}

fn compare(place: &str, old: &Tree, new: &Tree, edits: &mut Vec<Edit>) {
    if same(old, new) {
        return;
    }
    match (named(old), named(new)) {
        (Some(before), Some(after)) if old.list().is_some() == new.list().is_some() => {
            let is_list = old.list().is_some();
            things(place, is_list, &before, &after, edits);
        }
        _ => edits.push(edit(place.to_owned(), What::Changed, Some(old), Some(new))),
    }
}

type Named<'t> = Vec<(&'t str, &'t Tree)>;

/// The fields of an object, or the things of a list by their names, if each has one of its own.
fn named(tree: &Tree) -> Option<Named<'_>> {
    match tree {
        Tree::Object(fields) => Some(fields.iter().map(|(name, own)| (&**name, own)).collect()),
        Tree::List(list) => list
            .iter()
            .map(|thing| Some((name(thing)?, thing)))
            .collect(),
        _ => None,
    }
}

fn name(thing: &Tree) -> Option<&str> {
    let mut names = NAMES.iter();
    names.find_map(|field| thing.field(field)?.text())
}

/// Names in their order, each with its place in a list.
struct Index<'t>(Vec<(&'t str, usize)>);

impl<'t> Index<'t> {
    fn new(names: impl Iterator<Item = &'t str>) -> Self {
        Self(sorted(
            names.enumerate().map(|(at, name)| (name, at)).collect(),
        ))
    }

    /// The place of a name; of several the first.
    fn find(&self, name: &str) -> Option<usize> {
        let at = self.0.partition_point(|(own, _)| *own < name);
        self.0
            .get(at)
            .filter(|(own, _)| *own == name)
            .map(|(_, at)| *at)
    }

    /// The places, by their names.
    #[cfg(any(all(target_arch = "wasm32", not(feature = "tools")), test))]
    fn places(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|(_, at)| *at)
    }
}

fn things(
    place: &str,
    is_list: bool,
    before: &Named<'_>,
    after: &Named<'_>,
    edits: &mut Vec<Edit>,
) {
    let [old, new] = [before, after].map(|own| Index::new(own.iter().map(|(name, _)| *name)));
    let within = |name: &str| {
        // A name of a switch is whatever stands there.
        let name = &escaped(name);
        if is_list {
            format!("{place} {name}")
        } else {
            below(place, name)
        }
    };
    for (name, thing) in before.iter().filter(|(name, _)| new.find(name).is_none()) {
        edits.push(edit(within(name), What::Removed, Some(thing), None));
    }
    for (name, thing) in after {
        match old.find(name).and_then(|at| before.get(at)) {
            Some((_, before)) => compare(&within(name), before, thing, edits),
            None => edits.push(edit(within(name), What::Added, None, Some(thing))),
        }
    }
    if !is_list {
        return;
    }
    let order = |own: &Named<'_>, other: &Index<'_>| -> Vec<String> {
        let names = own.iter().filter(|(name, _)| other.find(name).is_some());
        names.map(|(name, _)| escaped(name)).collect()
    };
    let (old, new) = (order(before, &new), order(after, &old));
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

fn edit(place: String, what: What, old: Option<&Tree>, new: Option<&Tree>) -> Edit {
    let text = |value: &Tree| {
        let mut text = value.to_json();
        if let Some((end, _)) = text.char_indices().nth(MAX_CHARS) {
            text.truncate(end);
            text.push('…');
        }
        text
    };
    Edit {
        place,
        what,
        old: old.map(text),
        new: new.map(text),
    }
}

/// A number may be written as text, and as a whole one with a fraction of zero.
fn same(old: &Tree, new: &Tree) -> bool {
    let number = |tree: &Tree| match tree {
        Tree::Number(number) => number.as_f64(),
        Tree::Text(text) => text.parse().ok(),
        _ => None,
    };
    let is_number = |tree: &Tree| matches!(tree, Tree::Number(_));
    let numbers = is_number(old) || is_number(new);
    old == new || (numbers && number(old).is_some() && number(old) == number(new))
}
