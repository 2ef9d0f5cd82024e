//! Conditions and keys: what a rule looks at.

use super::tree::Tree;

/// The name of a header, cookie or parameter, or the names that lead to a claim.
pub(super) type Way = Vec<String>;

/// A key of a split.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Key {
    Named(&'static str, Way),
    SourceIp,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// Of text: the field, the name of what it looks at, the operator and its value.
    Text(&'static str, Option<Way>, Vec<(&'static str, Tree)>),
    /// A label of the proxy's workload, and its value.
    Label(String, String),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

impl Condition {
    /// A test of what has a name: `header`, `cookie`, `query`.
    pub(super) fn named(
        field: &'static str,
        name: &str,
        operator: &'static str,
        value: impl Into<String>,
    ) -> Self {
        Self::Text(
            field,
            Some(vec![name.to_owned()]),
            vec![(operator, Tree::text(value))],
        )
    }

    pub(super) fn present(field: &'static str, name: &str, present: bool) -> Self {
        Self::Text(
            field,
            Some(vec![name.to_owned()]),
            vec![("present", Tree::Flag(present))],
        )
    }

    /// One of these texts.
    pub(super) fn one_of(field: &'static str, name: &str, values: &[String]) -> Self {
        Self::Text(
            field,
            Some(vec![name.to_owned()]),
            vec![("in", Tree::texts(values))],
        )
    }

    pub(super) fn path(operator: &'static str, value: impl Into<String>) -> Self {
        Self::Text("path", None, vec![(operator, Tree::text(value))])
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// All of them; `None` where there are none, which holds for everybody.
    pub(super) fn all(conditions: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut flat = Vec::new();
        for condition in conditions {
            match condition {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        let last = flat.pop()?;
        if flat.is_empty() {
            return Some(last);
        }
        flat.push(last);
        Some(Self::All(flat))
    }

    /// One of these, of which there is at least one.
    pub(super) fn any(conditions: Vec<Self>) -> Self {
        let mut flat = Vec::new();
        for condition in conditions {
            match condition {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.pop() {
            Some(only) if flat.is_empty() => only,
            last => {
                flat.extend(last);
                Self::Any(flat)
            }
        }
    }

    pub(super) fn tree(&self) -> Tree {
        let list = |conditions: &[Self]| Tree::List(conditions.iter().map(Self::tree).collect());
        match self {
            Self::Text(field, name, tests) => {
                let name = name.iter().map(|name| ("name", way(name)));
                let test = name.chain(tests.iter().cloned()).collect();
                Tree::Map(vec![(*field, Tree::Map(test))])
            }
            Self::Label(name, value) => {
                let label = vec![("name", Tree::text(name)), ("equals", Tree::text(value))];
                let label = Tree::Map(vec![("label", Tree::Map(label))]);
                Tree::Map(vec![("proxy", label)])
            }
            Self::All(conditions) => Tree::Map(vec![("all", list(conditions))]),
            Self::Any(conditions) => Tree::Map(vec![("any", list(conditions))]),
            Self::Not(condition) => Tree::Map(vec![("not", condition.tree())]),
        }
    }
}

fn way(names: &Way) -> Tree {
    match &names[..] {
        [name] => Tree::text(name),
        names => Tree::texts(names),
    }
}

impl Key {
    /// As people say it.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Named(kind, names) => format!("the {kind} {}", names.join(".")),
            Self::SourceIp => "the client's address".to_owned(),
        }
    }

    fn tree(&self) -> Tree {
        match self {
            Self::Named(kind, names) => Tree::Map(vec![(*kind, way(names))]),
            Self::SourceIp => Tree::Map(vec![("source_ip", Tree::Flag(true))]),
        }
    }
}

pub(super) fn keys(keys: &[Key]) -> Tree {
    Tree::List(keys.iter().map(Key::tree).collect())
}
