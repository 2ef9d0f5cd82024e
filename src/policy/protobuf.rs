//! A policy given as a protobuf `Struct`. Envoy 1.40 hands it over as wire bytes, although its API
//! says JSON.

use serde_json::Number;

use super::nesting::too_deep;
use super::tree::Tree;
use crate::error::{Error, Place};
use crate::limits::MAX_NESTING;
use crate::wire::{self, Field};

/// Whether the bytes are a `Struct`'s. It begins with the key of its first field, a line feed as
/// text, and holds the key of that field's value, a control character that JSON text never has.
pub(super) fn is_struct(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x0a) && bytes.contains(&0x12)
}

/// The object that a `Struct` stands for. A repeated field stays repeated, so that it is refused.
pub(super) fn tree(bytes: &[u8]) -> Result<Tree, Error> {
    object(bytes, 1)
}

/// `message Struct { map<string, Value> fields = 1; }`
fn object(mut message: &[u8], depth: usize) -> Result<Tree, Error> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let (1, Field::Bytes(mut entry)) = field(&mut message)? else {
            return Err(malformed());
        };
        let (mut key, mut value): (&[u8], &[u8]) = (b"", b"");
        while !entry.is_empty() {
            match field(&mut entry)? {
                (1, Field::Bytes(bytes)) => key = bytes,
                (2, Field::Bytes(bytes)) => value = bytes,
                _ => return Err(malformed()),
            }
        }
        fields.push((text(key)?, self::value(value, depth)?));
    }
    Ok(Tree::Object(fields))
}

/// `message ListValue { repeated Value values = 1; }`
fn list(mut message: &[u8], depth: usize) -> Result<Tree, Error> {
    let mut items = Vec::new();
    while !message.is_empty() {
        let (1, Field::Bytes(item)) = field(&mut message)? else {
            return Err(malformed());
        };
        items.push(value(item, depth)?);
    }
    Ok(Tree::List(items))
}

/// `message Value { oneof kind { NullValue = 1; double = 2; string = 3; bool = 4; Struct = 5; ListValue = 6; } }`
fn value(mut message: &[u8], depth: usize) -> Result<Tree, Error> {
    let below = depth.saturating_add(1);
    let kind = field(&mut message)?;
    if !message.is_empty() {
        return Err(malformed());
    }
    Ok(match kind {
        (1, Field::Number(_)) => Tree::Null,
        (2, Field::Number(bits)) => number(f64::from_bits(bits)),
        (3, Field::Bytes(bytes)) => Tree::Text(text(bytes)?),
        (4, Field::Number(truth)) => Tree::Truth(truth != 0),
        (5 | 6, Field::Bytes(_)) if below > MAX_NESTING => return Err(too_deep()),
        (5, Field::Bytes(fields)) => object(fields, below)?,
        (6, Field::Bytes(values)) => list(values, below)?,
        _ => return Err(malformed()),
    })
}

/// A number as its author wrote it: a whole one without a fraction. One that JSON cannot hold is
/// `null`, which is refused at its place.
fn number(number: f64) -> Tree {
    let minus_zero = number == 0.0 && number.is_sign_negative();
    let whole = number.fract() == 0.0 && !minus_zero;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what does not fit is no integer of 64 bits either"
    )]
    let integer = Number::from_i128(number as i128).filter(|_| whole);
    let any = integer.or_else(|| Number::from_f64(number));
    any.map_or(Tree::Null, Tree::Number)
}

fn text(bytes: &[u8]) -> Result<String, Error> {
    let text = str::from_utf8(bytes).map_err(|_| malformed())?;
    Ok(text.to_owned())
}

/// None of the three messages has a field of 32 bits.
fn field<'m>(message: &mut &'m [u8]) -> Result<(u64, Field<'m>), Error> {
    match wire::field(message) {
        Some((_, Field::Short)) | None => Err(malformed()),
        Some(field) => Ok(field),
    }
}

fn malformed() -> Error {
    Place::ROOT.error("is neither JSON nor a protobuf Struct; give one of them")
}
