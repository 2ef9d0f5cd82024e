//! YAML, and so JSON, as a tree that knows its lines.
//!
//! The tree finds the policies in a file and the line of a mistake. What a policy says is read from
//! the JSON that the tree is written as, by the core.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, SpannedEventReceiver, Tag};

use super::scalar;

/// Deeper than any configuration; the tree is walked by recursion.
const MAX_DEPTH: usize = 256;

/// More than any configuration has; aliases can make much out of little.
const MAX_NODES: usize = 4_000_000;

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    size: usize,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar { text: String, plain: bool },
    List(Vec<Rc<Node>>),
    /// In order, and with every repetition, so that the core sees and refuses it.
    Map(Vec<(Key, Rc<Node>)>),
}

#[derive(Debug)]
pub(super) struct Key {
    text: String,
    mark: Option<Mark>,
}

/// What is not YAML, and where.
pub(super) struct Syntax {
    pub(super) mark: Option<Mark>,
    pub(super) problem: String,
}

/// The documents of a text.
pub(super) fn parse(text: &str) -> Result<Vec<Rc<Node>>, Syntax> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    parser.load(&mut builder, true).map_err(|error| Syntax {
        mark: Some(Mark::of(*error.marker())),
        problem: error.info().to_owned(),
    })?;
    match builder.problem {
        Some(syntax) => Err(syntax),
        None => Ok(builder.documents),
    }
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
            plain: false,
        },
        other => Kind::Scalar {
            text: other.to_string(),
            plain: true,
        },
    };
    Rc::new(Node::new(kind, None))
}

impl Mark {
    fn of(marker: Marker) -> Self {
        Self {
            line: marker.line(),
            column: marker.col() + 1,
        }
    }
}

impl Node {
    fn new(kind: Kind, mark: Option<Mark>) -> Self {
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
            Kind::Scalar { text, plain: true } => json.extend(scalar::plain(text).bytes()),
            Kind::Scalar { text, plain: false } => json.extend(scalar::quoted(text).bytes()),
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

/// Makes trees out of the parser's events.
#[derive(Default)]
struct Builder {
    documents: Vec<Rc<Node>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    nodes: usize,
    problem: Option<Syntax>,
}

/// A list or map that has not ended.
struct Open {
    mark: Mark,
    anchor: usize,
    holds: Holds,
}

enum Holds {
    Items(Vec<Rc<Node>>),
    Fields(Vec<(Key, Rc<Node>)>, Option<Key>),
}

impl<'i> SpannedEventReceiver<'i> for Builder {
    fn on_event(&mut self, event: Event<'i>, span: Span) {
        if self.problem.is_some() {
            return;
        }
        let mark = Mark::of(span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !is_string(tag.as_ref());
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    plain,
                };
                self.add(Rc::new(Node::new(kind, Some(mark))), anchor, mark);
            }
            Event::SequenceStart(anchor, _) => self.open(mark, anchor, Holds::Items(Vec::new())),
            Event::MappingStart(anchor, _) => {
                self.open(mark, anchor, Holds::Fields(Vec::new(), None));
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => self.add(node.clone(), 0, mark),
                None => self.refuse(mark, "an alias stands inside of what it names"),
            },
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }
}

impl Builder {
    fn refuse(&mut self, mark: Mark, problem: &str) {
        self.problem.get_or_insert(Syntax {
            mark: Some(mark),
            problem: problem.to_owned(),
        });
    }

    fn open(&mut self, mark: Mark, anchor: usize, holds: Holds) {
        if self.open.len() >= MAX_DEPTH {
            return self.refuse(mark, "nests too deep");
        }
        self.open.push(Open {
            mark,
            anchor,
            holds,
        });
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let kind = match open.holds {
            Holds::Items(items) => Kind::List(items),
            Holds::Fields(fields, _) => Kind::Map(fields),
        };
        let node = Rc::new(Node::new(kind, Some(open.mark)));
        self.add(node, open.anchor, open.mark);
    }

    fn add(&mut self, node: Rc<Node>, anchor: usize, mark: Mark) {
        self.nodes = self.nodes.saturating_add(node.size);
        // A list counts its items again, so a file may have a few times less than the bound.
        if self.nodes > MAX_NODES {
            return self.refuse(mark, "its aliases make it too large");
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.holds) {
            None => self.documents.push(node),
            Some(Holds::Items(items)) => items.push(node),
            Some(Holds::Fields(fields, key)) => match key.take() {
                Some(key) => fields.push((key, node)),
                None => {
                    *key = Some(Key {
                        text: match node.text() {
                            Some(text) => text.to_owned(),
                            None => String::from_utf8_lossy(&node.to_json()).into_owned(),
                        },
                        mark: Some(mark),
                    });
                }
            },
        }
    }
}

fn is_string(tag: Option<&Cow<'_, Tag>>) -> bool {
    tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str")
}
