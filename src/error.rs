//! Where a policy is wrong and what to do about it, in one sentence.

use std::fmt::{self, Write as _};

/// Long enough for any sentence of ours; a mistyped value may quote a whole document.
const MAX_PROBLEM_CHARS: usize = 400;

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
    fn new(place: String, problem: &str) -> Self {
        let problem = one_line(problem, MAX_PROBLEM_CHARS).to_string();
        Self(Box::new(Told { place, problem }))
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
        Error::new(self.to_string(), &problem.into())
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
        let begun = beginning(value, MAX_QUOTED_CHARS, |own| own.escape_debug().len());
        let cut = if begun.len() < value.len() { "…" } else { "" };
        self.error(format!("{begun:?}{cut} {problem}"))
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
            // Seen to be a name, though it is an empty one.
            Step::Field("") if nested => f.write_str(".\"\""),
            Step::Field("") => f.write_str("\"\""),
            Step::Field(name) if nested => write!(f, ".{}", one_line(name, MAX_QUOTED_CHARS)),
            Step::Field(name) => one_line(name, MAX_QUOTED_CHARS).fmt(f),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// The beginning of a text as it may stand in a log: names of fields come from the document, and one
/// that held a line feed would write a line of its own.
fn one_line(text: &str, most: usize) -> impl fmt::Display {
    let shown = |own: char| own.is_control().then(|| own.escape_default());
    let begun = beginning(text, most, |own| {
        shown(own).map_or(1, |escaped| escaped.len())
    });
    fmt::from_fn(move |f| {
        for own in begun.chars() {
            match shown(own) {
                Some(escaped) => write!(f, "{escaped}")?,
                None => f.write_char(own)?,
            }
        }
        if begun.len() < text.len() {
            f.write_char('…')?;
        }
        Ok(())
    })
}

/// As much of a text as takes so many characters where it is written, each of these as many.
fn beginning(text: &str, most: usize, written: impl Fn(char) -> usize) -> &str {
    let mut room = most;
    let end = text.char_indices().find(|(_, own)| {
        let left = room.checked_sub(written(*own));
        room = left.unwrap_or_default();
        left.is_none()
    });
    end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
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
    fn a_field_without_a_name_has_a_place() {
        let unnamed = Place::ROOT.field("");
        assert_eq!(unnamed.to_string(), "\"\"");
        assert_eq!(unnamed.field("").to_string(), "\"\".\"\"");
    }

    #[test]
    fn a_name_from_the_document_stays_in_its_line() {
        let name = format!("a\r\n[critical] all is lost\u{1b}[2J{}", "x".repeat(10_000));
        let place = Place::ROOT.field(&name);
        let sentence = place.error(format!("unknown field `{name}`")).to_string();
        assert!(
            sentence.starts_with("a\\r\\n[critical] all is lost\\u{1b}[2Jx"),
            "{sentence}"
        );
        assert!(!sentence.contains(char::is_control));
        assert!(sentence.chars().count() < 600, "{}", sentence.len());
    }

    #[test]
    fn a_quoted_document_does_not_flood_the_log() {
        let problem = |chars| Place::ROOT.error("é".repeat(chars)).problem().to_owned();
        let most = "é".repeat(MAX_PROBLEM_CHARS);
        assert_eq!(problem(MAX_PROBLEM_CHARS), most);
        assert_eq!(problem(MAX_PROBLEM_CHARS + 1), format!("{most}…"));
        assert_eq!(problem(10_000), format!("{most}…"));
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
    fn what_is_escaped_counts_as_it_is_written() {
        let escaped = |text: &str, most| one_line(text, most).to_string();
        assert_eq!(escaped("\u{15}\u{15}", 12), "\\u{15}\\u{15}");
        assert_eq!(escaped("\u{15}\u{15}", 11), "\\u{15}…");
        let sentence = Place::ROOT.wrong(&"\u{15}".repeat(1_000), "is odd");
        let most = "\\u{15}".repeat(MAX_QUOTED_CHARS / 6);
        assert_eq!(sentence.problem(), format!("\"{most}\"… is odd"));
    }
}
