//! Trees out of YAML text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, SpannedEventReceiver, Tag};

use super::tree::{Key, Kind, Mark, Node, Style};

/// Deeper than any configuration; the tree is walked by recursion.
const MAX_DEPTH: usize = 128;

/// More than any configuration has; aliases can make much out of little.
const MAX_NODES: usize = 4_000_000;

/// What is not YAML, and where.
pub(super) struct Syntax {
    pub(super) mark: Option<Mark>,
    pub(super) problem: String,
}

/// The documents of a text.
pub(super) fn parse(text: &str) -> Result<Vec<Rc<Node>>, Syntax> {
    parse_at(text, Mark { line: 1, column: 1 })
}

/// The documents of a text that begins there, each of its lines in that column.
pub(super) fn parse_at(text: &str, beginning: Mark) -> Result<Vec<Rc<Node>>, Syntax> {
    let mut builder = Builder {
        beginning,
        ..Builder::default()
    };
    let mut parser = Parser::new_from_str(text);
    let loaded = parser.load(&mut builder, true);
    // Where the parser gives up as well, it does so later, and says less.
    if let Some(syntax) = builder.problem {
        return Err(syntax);
    }
    loaded.map_err(|error| Syntax {
        mark: Some(beginning.and(*error.marker())),
        problem: error.info().to_owned(),
    })?;
    Ok(builder.documents)
}

impl Mark {
    /// Where a place of a text is, if the text begins here.
    fn and(self, marker: Marker) -> Self {
        Self {
            line: self.line + marker.line() - 1,
            column: self.column + marker.col(),
        }
    }
}

/// Makes trees out of the parser's events.
#[derive(Default)]
struct Builder {
    beginning: Mark,
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
        let mark = self.beginning.and(span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain if !is_string(tag.as_ref()) => Style::Plain,
                    ScalarStyle::Literal => Style::Literal,
                    _ => Style::Quoted,
                };
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    style,
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
                None => self.refuse(
                    mark,
                    "an alias stands inside of what it names; write it out",
                ),
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
            return self.refuse(
                mark,
                &format!("nests deeper than {MAX_DEPTH} levels; flatten it"),
            );
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
            return self.refuse(
                mark,
                "its aliases make it too large; write out what is meant",
            );
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
