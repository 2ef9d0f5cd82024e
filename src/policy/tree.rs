//! A document before its fields are known: what JSON and a protobuf `Struct` have in common.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::nesting;
use crate::error::{Error, Place};
#[cfg(any(feature = "tools", target_arch = "wasm32", test))]
use crate::json::quoted;

/// A value of the document. Of the parser's own it differs in one thing: a field that stands twice
/// stays so, and is refused where it stands.
#[derive(Clone, PartialEq)]
pub(crate) enum Tree {
    Null,
    Truth(bool),
    Number(Number),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, Error> {
        nesting::check(json)?;
        serde_json::from_slice(json)
            .map_err(|error| Place::ROOT.error(format!("is not JSON: {error}")))
    }

    /// The value of an object's field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        let Self::Object(fields) = self else {
            return None;
        };
        let field = fields.iter().find(|(own, _)| own == name);
        field.map(|(_, value)| value)
    }

    /// The items of a list.
    pub(crate) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text that it is.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number that it is, 0 or above.
    pub(crate) fn whole(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_u64(),
            _ => None,
        }
    }
}

/// What telling of changes needs.
#[cfg(any(feature = "tools", target_arch = "wasm32", test))]
impl Tree {
    /// As [`Self::field`], to be changed.
    pub(crate) fn field_mut(&mut self, name: &str) -> Option<&mut Self> {
        let Self::Object(fields) = self else {
            return None;
        };
        let field = fields.iter_mut().find(|(own, _)| own == name);
        field.map(|(_, value)| value)
    }

    /// Leaves out an object's fields for which this is not so.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str, &Self) -> bool) {
        if let Self::Object(fields) = self {
            fields.retain(|(name, value)| keep(name, value));
        }
    }

    /// The value as JSON, without blanks.
    pub(crate) fn to_json(&self) -> String {
        let mut json = String::new();
        self.write(&mut json);
        json
    }

    fn write(&self, json: &mut String) {
        match self {
            Self::Null => json.push_str("null"),
            Self::Truth(true) => json.push_str("true"),
            Self::Truth(false) => json.push_str("false"),
            Self::Number(number) => json.push_str(&number.to_string()),
            Self::Text(text) => json.push_str(&quoted(text)),
            Self::List(items) => {
                let mut before = '[';
                for item in items {
                    json.push(before);
                    item.write(json);
                    before = ',';
                }
                json.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(fields) => {
                let mut before = '{';
                for (name, value) in fields {
                    json.push(before);
                    json.push_str(&quoted(name));
                    json.push(':');
                    value.write(json);
                    before = ',';
                }
                json.push_str(if fields.is_empty() { "{}" } else { "}" });
            }
        }
    }
}

/// What the value is, as a sentence on a wrong one calls it.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Truth(truth) => write!(f, "boolean `{truth}`"),
            Self::Number(number) if number.is_f64() => write!(f, "floating point `{number}`"),
            Self::Number(number) => write!(f, "integer `{number}`"),
            Self::Text(text) => write!(f, "string {text:?}"),
            Self::List(_) => f.write_str("sequence"),
            Self::Object(_) => f.write_str("map"),
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Tree, E> {
        Ok(Tree::Truth(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Number::from_f64(number).map_or(Tree::Null, Tree::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = object.next_entry()? {
            fields.push(field);
        }
        Ok(Tree::Object(fields))
    }
}
