//! A policy as text: YAML that is laid out as people write it.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::super::input::plain;

/// A line is not longer, where it can be helped.
const WIDTH: usize = 100;

/// A value of a policy. Its fields keep the order that the documentation has.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    Text(String),
    /// In thousandths.
    Percent(u32),
    Flag(bool),
    List(Vec<Tree>),
    Map(Vec<(&'static str, Tree)>),
}

impl Tree {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    pub(super) fn json(&self) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Percent(thousandths) => {
                if thousandths % 1_000 == 0 {
                    (thousandths / 1_000).into()
                } else {
                    (f64::from(*thousandths) / 1_000.0).into()
                }
            }
            Self::Flag(flag) => (*flag).into(),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Map(fields) => {
                let fields = fields.iter();
                let fields = fields.map(|(name, value)| ((*name).to_owned(), value.json()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// The whole as YAML.
    pub(super) fn yaml(&self) -> String {
        let mut text = String::new();
        self.block(0, &mut text);
        text
    }

    /// Whether it is taken apart, line by line, however short it is.
    fn is_broken(name: &str) -> bool {
        ["services", "versions", "rules", "mirror", "split"].contains(&name)
    }

    /// In one line, braces and all.
    fn flow(&self) -> String {
        match self {
            Self::Text(text) => scalar(text),
            Self::Percent(_) | Self::Flag(_) => self.json().to_string(),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::flow).collect();
                let items = items.join(", ");
                // Lists of maps have room around them, as the maps have.
                if items.starts_with('{') {
                    format!("[ {items} ]")
                } else {
                    format!("[{items}]")
                }
            }
            Self::Map(fields) => {
                let fields = fields.iter();
                let fields: Vec<_> = fields
                    .map(|(name, value)| format!("{name}: {}", value.flow()))
                    .collect();
                format!("{{ {} }}", fields.join(", "))
            }
        }
    }

    /// Line by line, from a column on; the first line begins where the text ends.
    fn block(&self, column: usize, text: &mut String) {
        match self {
            Self::Map(fields) => {
                for (index, (name, value)) in fields.iter().enumerate() {
                    if index > 0 {
                        text.extend(std::iter::repeat_n(' ', column));
                    }
                    let _ = write!(text, "{name}:");
                    value.after(name, column, text);
                }
            }
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        text.extend(std::iter::repeat_n(' ', column));
                    }
                    text.push_str("- ");
                    item.item(column + 2, text);
                }
            }
            Self::Text(_) | Self::Percent(_) | Self::Flag(_) => {
                let _ = writeln!(text, "{}", self.flow());
            }
        }
    }

    /// What stands behind a field's name.
    fn after(&self, name: &str, column: usize, text: &mut String) {
        let flow = self.flow();
        let fits = column + name.len() + 2 + flow.len() <= WIDTH;
        match self {
            Self::List(_) if Self::is_broken(name) || !fits => {
                text.push('\n');
                text.extend(std::iter::repeat_n(' ', column));
                self.block(column, text);
            }
            Self::Map(_) if Self::is_broken(name) || !fits => {
                text.push('\n');
                text.extend(std::iter::repeat_n(' ', column + 2));
                self.block(column + 2, text);
            }
            _ => {
                let _ = writeln!(text, " {flow}");
            }
        }
    }

    fn item(&self, column: usize, text: &mut String) {
        let flow = self.flow();
        let broken = |(name, _): &(&str, Tree)| Self::is_broken(name) || *name == "when";
        let is_short = column + flow.len() <= WIDTH;
        match self {
            // A service or a rule.
            Self::Map(fields) if fields.iter().any(broken) || !is_short => self.block(column, text),
            Self::Map(fields) if fields.iter().any(|(name, _)| *name == "use") => {
                self.block(column, text);
            }
            _ if is_short => {
                let _ = writeln!(text, "{flow}");
            }
            _ => self.block(column, text),
        }
    }
}

/// A text, in quotes where it would be read as something else without.
fn scalar(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./|".contains(&byte);
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/');
    if begins && text.bytes().all(safe) && plain(text) == quoted && !is_date(text) {
        text.to_owned()
    } else {
        quoted
    }
}

/// Whether some reader of YAML takes it for a day or for a number in another notation.
fn is_date(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.starts_with(|first: char| first.is_ascii_digit())
        && digits + text.matches(['-', '_', '.', 'x', 'o', 'e']).count() == text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_yaml_reads_otherwise_is_quoted() {
        for (text, written) in [
            ("v2", "v2"),
            ("checkout.example.com", "checkout.example.com"),
            (
                "outbound|80|v2|reviews.default",
                "outbound|80|v2|reviews.default",
            ),
            ("/api/", "/api/"),
            ("on", "\"on\""),
            ("NO", "\"NO\""),
            ("1.10", "\"1.10\""),
            ("2026-11-21", "\"2026-11-21\""),
            ("1_000", "\"1_000\""),
            ("", "\"\""),
            ("*.example.com", "\"*.example.com\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("(a|b)", "\"(a|b)\""),
            ("a\"b\\", "\"a\\\"b\\\\\""),
        ] {
            assert_eq!(scalar(text), written, "{text}");
        }
    }
}
