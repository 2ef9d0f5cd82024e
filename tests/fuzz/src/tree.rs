//! Values such as tokens and documents hold, out of bytes; and how protobuf has them.

use arbitrary::{Result, Unstructured};
use serde_json::{Map, Value};

/// Words that the targets look for, so that they are found.
const WORDS: [&str; 6] = ["", "a", "roles", "sub", "é", "LABELS"];

/// A value that nests so deep at most.
pub(crate) fn value(bytes: &mut Unstructured<'_>, depth: u8) -> Result<Value> {
    let kinds = if depth == 0 { 5 } else { 8 };
    Ok(match bytes.int_in_range(0..=kinds)? {
        0 => Value::Null,
        1 => bytes.arbitrary::<bool>()?.into(),
        2 => bytes.arbitrary::<i32>()?.into(),
        // What is no number in JSON is `null` there.
        3 => bytes.arbitrary::<f64>()?.into(),
        4 => (*bytes.choose(&WORDS)?).into(),
        5 => bytes.arbitrary::<&str>()?.into(),
        6 => {
            let mut items = Vec::new();
            for _ in 0..bytes.int_in_range(0..=3)? {
                items.push(value(bytes, depth - 1)?);
            }
            items.into()
        }
        _ => {
            let mut fields = Map::new();
            for _ in 0..bytes.int_in_range(0..=3)? {
                let name = *bytes.choose(&WORDS)?;
                fields.insert(name.to_owned(), value(bytes, depth - 1)?);
            }
            fields.into()
        }
    })
}
