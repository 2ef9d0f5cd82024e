//! A policy given as a protobuf `Struct`, turned into the JSON it stands for.
//!
//! Envoy 1.40 hands a `Struct` over as wire bytes, although its API says JSON. Going by way of JSON
//! text gives both ways of writing a policy one parser, and so the same errors.

use serde_json::Value;

use super::nesting::too_deep;
use crate::error::{Error, Place};
use crate::limits::MAX_NESTING;
use crate::wire::{self, Field};

/// Whether the bytes are a `Struct`'s. It begins with the key of its first field, a line feed as
/// text, and holds the key of that field's value, a control character that JSON text never has.
pub(super) fn is_struct(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x0a) && bytes.contains(&0x12)
}

/// The JSON object that a `Struct` stands for. A repeated field stays repeated, so that the parser
/// refuses it.
pub(super) fn struct_to_json(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut json = Vec::with_capacity(bytes.len());
    object(bytes, &mut json, 1)?;
    Ok(json)
}

/// `message Struct { map<string, Value> fields = 1; }`
fn object(mut message: &[u8], json: &mut Vec<u8>, depth: usize) -> Result<(), Error> {
    json.push(b'{');
    let mut separator: &[u8] = b"";
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
        json.extend_from_slice(separator);
        separator = b",";
        string(key, json)?;
        json.push(b':');
        self::value(value, json, depth)?;
    }
    json.push(b'}');
    Ok(())
}

/// `message ListValue { repeated Value values = 1; }`
fn list(mut message: &[u8], json: &mut Vec<u8>, depth: usize) -> Result<(), Error> {
    json.push(b'[');
    let mut separator: &[u8] = b"";
    while !message.is_empty() {
        let (1, Field::Bytes(item)) = field(&mut message)? else {
            return Err(malformed());
        };
        json.extend_from_slice(separator);
        separator = b",";
        value(item, json, depth)?;
    }
    json.push(b']');
    Ok(())
}

/// `message Value { oneof kind { NullValue = 1; double = 2; string = 3; bool = 4; Struct = 5; ListValue = 6; } }`
fn value(mut message: &[u8], json: &mut Vec<u8>, depth: usize) -> Result<(), Error> {
    if depth > MAX_NESTING {
        return Err(too_deep());
    }
    let below = depth.saturating_add(1);
    let kind = field(&mut message)?;
    if !message.is_empty() {
        return Err(malformed());
    }
    match kind {
        (1, Field::Number(_)) => json.extend_from_slice(b"null"),
        (2, Field::Number(bits)) => number(f64::from_bits(bits), json),
        (3, Field::Bytes(text)) => string(text, json)?,
        (4, Field::Number(0)) => json.extend_from_slice(b"false"),
        (4, Field::Number(_)) => json.extend_from_slice(b"true"),
        (5, Field::Bytes(fields)) => object(fields, json, below)?,
        (6, Field::Bytes(values)) => list(values, json, below)?,
        _ => return Err(malformed()),
    }
    Ok(())
}

/// Writes a whole number without a fraction, as its author did, and one that JSON cannot hold as
/// `null`, which the parser refuses at its place.
fn number(number: f64, json: &mut Vec<u8>) {
    let text = if number.is_finite() {
        number.to_string()
    } else {
        "null".to_owned()
    };
    json.extend_from_slice(text.as_bytes());
}

fn string(bytes: &[u8], json: &mut Vec<u8>) -> Result<(), Error> {
    let text = str::from_utf8(bytes).map_err(|_| malformed())?;
    json.extend_from_slice(Value::from(text).to_string().as_bytes());
    Ok(())
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
