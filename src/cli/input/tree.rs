//! YAML, and so JSON, as a tree that knows its lines.
//!
//! The tree finds the policies in a file and the line of a mistake. What a policy says is read from
//! the JSON that the tree is written as, by the core.

use std::rc::Rc;

use super::{scalar, yaml};

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Mark {
    pub(in crate::cli) line: usize,
    pub(in crate::cli) column: usize,
}

/// A scalar, list or map, and where it begins.
#[derive(Debug)]
pub(super) struct Node {
    mark: Option<Mark>,
    kind: Kind,
    /// Nodes in all, this one among them.
    pub(super) size: usize,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar {
        text: String,
        style: Style,
    },
    List(Vec<Rc<Node>>),
    /// In order, and with every repetition, so that the core sees and refuses it.
    Map(Vec<(Key, Rc<Node>)>),
}

/// How a scalar is written, as far as that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    /// As it is, line for line, behind a `|`.
    Literal,
    Quoted,
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) mark: Option<Mark>,
}

/// A tree of JSON that the YAML reader does not know: escapes of two halves (`\ud83d\ude00`).
pub(super) fn from_json(value: &serde_json::Value) -> Rc<Node> {
    let kind = match value {
        serde_json::Value::Array(items) => Kind::List(items.iter().map(from_json).collect()),
        serde_json::Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let key = Key {
                    text: name.clone(),
                    mark: None,
                };
                (key, from_json(value))
            });
            Kind::Map(fields.collect())
        }
        serde_json::Value::String(text) => Kind::Scalar {
            text: text.clone(),
            style: Style::Quoted,
        },
        other => Kind::Scalar {
            text: other.to_string(),
            style: Style::Plain,
        },
    };
    Rc::new(Node::new(kind, None))
}

impl Node {
    pub(super) fn new(kind: Kind, mark: Option<Mark>) -> Self {
        let below: usize = match &kind {
            Kind::Scalar { .. } => 0,
            Kind::List(items) => items.iter().map(|item| item.size).sum(),
            Kind::Map(fields) => fields.iter().map(|(_, value)| value.size).sum(),
        };
        Self {
            mark,
            kind,
            size: below + 1,
        }
    }

    /// The value of a map's field.
    pub(super) fn get(&self, name: &str) -> Option<&Rc<Node>> {
        let Kind::Map(fields) = &self.kind else {
            return None;
        };
        let field = fields.iter().find(|(key, _)| key.text == name);
        field.map(|(_, value)| value)
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// The document that is written in a scalar line for line, its marks those of the whole file.
    pub(super) fn inner(&self) -> Option<Rc<Node>> {
        let Kind::Scalar {
            text,
            style: Style::Literal,
        } = &self.kind
        else {
            return None;
        };
        let [document] = &yaml::parse_at(text, self.mark?).ok()?[..] else {
            return None;
        };
        Some(document.clone())
    }

    /// The nodes that it consists of.
    pub(super) fn children(&self) -> impl Iterator<Item = &Rc<Node>> {
        let (items, fields): (&[_], &[_]) = match &self.kind {
            Kind::Scalar { .. } => (&[], &[]),
            Kind::List(items) => (items, &[]),
            Kind::Map(fields) => (&[], fields),
        };
        items.iter().chain(fields.iter().map(|(_, value)| value))
    }

    /// Whether a scalar in it has this text in it.
    pub(super) fn mentions(&self, text: &str) -> bool {
        self.text().is_some_and(|own| own.contains(text))
            || self.children().any(|child| child.mentions(text))
    }

    /// The tree as JSON text, with every field that it repeats.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::new();
        self.write(&mut json);
        json
    }

    fn write(&self, json: &mut Vec<u8>) {
        match &self.kind {
            Kind::Scalar {
                text,
                style: Style::Plain,
            } => json.extend(scalar::plain(text).bytes()),
            Kind::Scalar { text, .. } => json.extend(scalar::quoted(text).bytes()),
            Kind::List(items) => {
                json.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    json.extend((index > 0).then_some(b','));
                    item.write(json);
                }
                json.push(b']');
            }
            Kind::Map(fields) => {
                json.push(b'{');
                for (index, (key, value)) in fields.iter().enumerate() {
                    json.extend((index > 0).then_some(b','));
                    json.extend(scalar::quoted(&key.text).bytes());
                    json.push(b':');
                    value.write(json);
                }
                json.push(b'}');
            }
        }
    }

    /// Where a place of the core, such as `services[0].rules[1].use`, stands: the name of the
    /// field, or the item of the list. Where the tree does not have all of it, the last that it has.
    pub(super) fn locate(&self, place: &str) -> Option<Mark> {
        let (mut node, mut mark, mut rest) = (self, self.mark, place);
        loop {
            let step = match &node.kind {
                Kind::Scalar { .. } => None,
                Kind::List(items) => index(rest).and_then(|(at, after)| {
                    let item = items.get(at)?;
                    Some((item, item.mark, after))
                }),
                Kind::Map(fields) => {
                    // An unknown field may have any name, also one with a dot: the longest fits.
                    let rest = rest.strip_prefix('.').unwrap_or(rest);
                    let named = fields.iter().filter_map(|(key, value)| {
                        let after = rest.strip_prefix(&*key.text)?;
                        let ends = after.is_empty() || after.starts_with(['.', '[']);
                        ends.then_some((value, key.mark, after))
                    });
                    named.min_by_key(|(_, _, after)| after.len())
                }
            };
            let Some((next, at, after)) = step else {
                return mark;
            };
            (node, mark, rest) = (next, at, after);
        }
    }
}

/// The `[12]` that a place begins with, and what follows it.
fn index(place: &str) -> Option<(usize, &str)> {
    let (number, after) = place.strip_prefix('[')?.split_once(']')?;
    Some((number.parse().ok()?, after))
}
