//! Where a policy is wrong and what to do about it, in one sentence.

use std::fmt;

/// Long enough for any sentence of ours, and for any place; a mistyped value may quote a whole
/// document, and the name of an unknown field be one.
const MAX_CHARS: usize = 400;

/// Enough of a value to know it again.
const MAX_QUOTED_CHARS: usize = 80;

/// Why a policy was refused: `services[0].rules[2].split.to[0].percent: 120 is above 100`.
///
/// The sentence begins with the place, as a path from the document's root. What concerns the
/// document as a whole has the place `policy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Told>);

/// In a box, since a result that may be an error is handed on in many places.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    place: String,
    problem: String,
}

impl Error {
    #[cold]
    fn new(place: String, problem: String) -> Self {
        Self(Box::new(Told {
            place: in_line(place),
            problem: in_line(problem),
        }))
    }

    /// The path from the document's root to what is wrong, or `policy` for the whole of it.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// What is wrong there, and the remedy.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.0.problem
    }
}

/// A part of one line in a log: cut, and with nothing in it that would begin another. A document
/// that is not the operator's names fields as it likes.
fn in_line(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    if text.contains(char::is_control) {
        text = text.replace(char::is_control, "\u{fffd}");
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.problem())
    }
}

impl std::error::Error for Error {}

/// A place in the policy while it is compiled. Costs nothing until an error needs its text.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Index(usize),
}

impl<'a> Place<'a> {
    pub(crate) const ROOT: Self = Self {
        parent: None,
        step: Step::Root,
    };

    pub(crate) fn field(&'a self, name: &'a str) -> Place<'a> {
        Place {
            parent: Some(self),
            step: Step::Field(name),
        }
    }

    pub(crate) fn index(&'a self, index: usize) -> Place<'a> {
        Place {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    pub(crate) fn error(&self, problem: impl Into<String>) -> Error {
        Error::new(self.to_string(), problem.into())
    }

    /// An error that begins with the value that stands there, in quotes; cut short, so that the
    /// reason behind it is still read.
    pub(crate) fn wrong(&self, value: &str, problem: impl fmt::Display) -> Error {
        self.quoted(value, &problem)
    }

    /// Once for all kinds of sentences.
    #[cold]
    #[inline(never)]
    fn quoted(&self, value: &str, problem: &dyn fmt::Display) -> Error {
        self.error(match value.char_indices().nth(MAX_QUOTED_CHARS) {
            Some((end, _)) => format!("{:?}… {problem}", value.get(..end).unwrap_or_default()),
            None => format!("{value:?} {problem}"),
        })
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nested = self
            .parent
            .is_some_and(|parent| !matches!(parent.step, Step::Root));
        if let (Some(parent), true) = (self.parent, nested) {
            write!(f, "{parent}")?;
        }
        match self.step {
            Step::Root => f.write_str("policy"),
            Step::Field(name) if nested => write!(f, ".{name}"),
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_path_from_the_root() {
        let services = Place::ROOT.field("services");
        let service = services.index(0);
        let hosts = service.field("hosts");
        assert_eq!(hosts.index(12).to_string(), "services[0].hosts[12]");
        assert_eq!(
            Place::ROOT.error("is empty").to_string(),
            "policy: is empty"
        );
    }

    #[test]
    fn a_quoted_document_does_not_flood_the_log() {
        let problem = |chars| Place::ROOT.error("é".repeat(chars)).problem().to_owned();
        let most = "é".repeat(MAX_CHARS);
        assert_eq!(problem(MAX_CHARS), most);
        assert_eq!(problem(MAX_CHARS + 1), format!("{most}…"));
        assert_eq!(problem(10_000), format!("{most}…"));
        let long = "x".repeat(10_000);
        let field = Place::ROOT.field(&long).error("unknown field");
        assert_eq!(field.place().chars().count(), MAX_CHARS + 1);
    }

    #[test]
    fn a_long_value_is_told_by_its_beginning() {
        let problem = |chars| {
            Place::ROOT
                .wrong(&"é".repeat(chars), "is odd")
                .problem()
                .to_owned()
        };
        let most = "é".repeat(MAX_QUOTED_CHARS);
        assert_eq!(problem(MAX_QUOTED_CHARS), format!("\"{most}\" is odd"));
        assert_eq!(problem(MAX_QUOTED_CHARS + 1), format!("\"{most}\"… is odd"));
    }

    #[test]
    fn a_sentence_is_one_line_whatever_fields_are_called() {
        let name = "a\n2026 [critical] \u{1b}[2Jb\u{85}";
        let field = Place::ROOT.field(name);
        let sentence = field.error(format!("unknown field `{name}`")).to_string();
        let shown = "a\u{fffd}2026 [critical] \u{fffd}[2Jb\u{fffd}";
        assert_eq!(sentence, format!("{shown}: unknown field `{shown}`"));
    }
}
