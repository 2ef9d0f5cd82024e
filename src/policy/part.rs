//! How parts of the document are read: fields with their names, words, lists.
//!
//! By hand, since what serde derives for each struct was a tenth of the module: here a struct is a
//! list of its fields, and one function reads them all.

use super::Text;
use super::tree::Tree;
use crate::error::{Error, Place};

/// A part of the document.
pub(super) trait Part {
    /// What stands there while nothing is given.
    fn absent() -> Self
    where
        Self: Sized;

    /// Reads what is given. A field that is there has a value: `null` is refused as of the wrong
    /// type, since an empty `when:` in YAML is a mistake, and no rule for everybody.
    fn read(&mut self, tree: Tree, place: &Place<'_>) -> Result<(), Error>;

    /// Whether it has to be given.
    fn required(&self) -> bool {
        false
    }
}

/// Reads what is given, as a value of its own.
pub(super) fn read<T: Part>(tree: Tree, place: &Place<'_>) -> Result<T, Error> {
    let mut part = T::absent();
    part.read(tree, place)?;
    Ok(part)
}

pub(super) fn mistyped(place: &Place<'_>, tree: &Tree, expected: &str) -> Error {
    place.error(format!("invalid type: {tree}, expected {expected}"))
}

impl<T: Part> Part for Option<T> {
    fn absent() -> Self {
        None
    }

    fn read(&mut self, tree: Tree, place: &Place<'_>) -> Result<(), Error> {
        *self = Some(read(tree, place)?);
        Ok(())
    }
}

impl<T: Part> Part for Box<T> {
    fn absent() -> Self {
        Self::new(T::absent())
    }

    fn read(&mut self, tree: Tree, place: &Place<'_>) -> Result<(), Error> {
        self.as_mut().read(tree, place)
    }
}

impl<T: Part> Part for Vec<T> {
    fn absent() -> Self {
        Self::new()
    }

    fn read(&mut self, tree: Tree, place: &Place<'_>) -> Result<(), Error> {
        if let Tree::List(items) = &tree {
            self.reserve_exact(items.len());
        }
        list(tree, place, &mut |item, place| {
            self.push(read(item, place)?);
            Ok(())
        })
    }

    fn required(&self) -> bool {
        true
    }
}

/// Reads a list, each item by `add`.
fn list(
    tree: Tree,
    place: &Place<'_>,
    add: &mut dyn FnMut(Tree, &Place<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let Tree::List(items) = tree else {
        return Err(mistyped(place, &tree, "a sequence"));
    };
    let mut items = items.into_iter().enumerate();
    items.try_for_each(|(index, item)| add(item, &place.index(index)))
}

impl Part for bool {
    fn absent() -> Self {
        false
    }

    fn read(&mut self, tree: Tree, place: &Place<'_>) -> Result<(), Error> {
        let Tree::Truth(truth) = tree else {
            return Err(mistyped(place, &tree, "a boolean"));
        };
        *self = truth;
        Ok(())
    }
}

/// A field of an object.
pub(super) struct Field<'p> {
    name: &'static str,
    part: &'p mut dyn Part,
    given: bool,
}

impl<'p> Field<'p> {
    /// The name as Rust has it: `r#in` is `in`.
    pub(super) fn new(name: &'static str, part: &'p mut dyn Part) -> Self {
        Self {
            name: name.strip_prefix("r#").unwrap_or(name),
            part,
            given: false,
        }
    }
}

/// Reads an object: each field in its turn, so that the first mistake is told first.
pub(super) fn object(
    what: &str,
    own: &mut [Field<'_>],
    tree: Tree,
    place: &Place<'_>,
) -> Result<(), Error> {
    let Tree::Object(fields) = tree else {
        return Err(mistyped(place, &tree, what));
    };
    for (name, value) in fields {
        let at = place.field(&name);
        let Some(field) = own.iter_mut().find(|field| field.name == name) else {
            let names: Vec<_> = own.iter().map(|field| field.name).collect();
            return Err(at.error(format!("unknown field `{name}`, {}", expected(&names))));
        };
        if field.given {
            return Err(place.error(format!("duplicate field `{name}`")));
        }
        field.given = true;
        field.part.read(value, &at)?;
    }
    match own.iter().find(|own| own.part.required() && !own.given) {
        Some(missing) => Err(place.error(format!("missing field `{}`", missing.name))),
        None => Ok(()),
    }
}

/// Reads one of several words: which of them it is.
pub(super) fn word(words: &[&str], tree: Tree, place: &Place<'_>) -> Result<usize, Error> {
    let Text(given) = read(tree, place)?;
    let known = words.iter().position(|word| *word == given);
    known.ok_or_else(|| place.error(format!("unknown variant `{given}`, {}", expected(words))))
}

fn expected(names: &[&str]) -> String {
    match names {
        [one] => format!("expected `{one}`"),
        [one, other] => format!("expected `{one}` or `{other}`"),
        _ => format!("expected one of `{}`", names.join("`, `")),
    }
}

/// Makes structs objects of the document: what each is, after "expected", and all of its fields,
/// with what they are while they are not given, where that is not what their type says.
macro_rules! objects {
    (@absent) => { $crate::policy::part::Part::absent() };
    (@absent $absent:literal) => { $absent };
    ($($name:ident: $what:literal { $($field:ident $(= $absent:literal)?),* $(,)? })*) => {$(
        impl $crate::policy::part::Part for $name {
            fn absent() -> Self {
                Self { $($field: objects!(@absent $($absent)?)),* }
            }

            fn read(
                &mut self,
                tree: $crate::policy::tree::Tree,
                place: &$crate::error::Place<'_>,
            ) -> Result<(), $crate::Error> {
                let Self { $($field),* } = self;
                let mut fields = [
                    $($crate::policy::part::Field::new(stringify!($field), $field)),*
                ];
                $crate::policy::part::object($what, &mut fields, tree, place)
            }
        }
    )*};
}

/// Makes enums words of the document.
macro_rules! words {
    ($($name:ident { $($word:literal = $variant:ident),* $(,)? })*) => {$(
        impl $crate::policy::part::Part for $name {
            fn absent() -> Self {
                Self::default()
            }

            fn read(
                &mut self,
                tree: $crate::policy::tree::Tree,
                place: &$crate::error::Place<'_>,
            ) -> Result<(), $crate::Error> {
                let word = $crate::policy::part::word(&[$($word),*], tree, place)?;
                if let Some(variant) = [$(Self::$variant),*].get(word) {
                    *self = *variant;
                }
                Ok(())
            }
        }
    )*};
}

pub(super) use {objects, words};
