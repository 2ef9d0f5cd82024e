//! Objects of the document, which are written with their fields' names.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

/// A struct that is an object of the document.
///
/// What serde derives takes a list of the values as well, so that `["v2", 10]` were a target and
/// `[]` a condition; here it is refused.
pub(super) trait Object: Sized {
    /// What it is, after "expected".
    const WHAT: &'static str;

    /// Reads the fields.
    fn fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

pub(super) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Object,
{
    struct ObjectVisitor<T>(PhantomData<T>);

    impl<'de, T: Object> Visitor<'de> for ObjectVisitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::WHAT)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::fields(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(ObjectVisitor(PhantomData))
}

/// Makes structs, whose derived reader is their own, objects of the document.
macro_rules! objects {
    ($($name:ident: $what:literal,)*) => {$(
        impl super::object::Object for $name {
            const WHAT: &'static str = $what;

            fn fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize(deserializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                super::object::object(deserializer)
            }
        }
    )*};
}
pub(super) use objects;
