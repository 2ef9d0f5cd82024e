//! Properties: a tree of values, of which a module asks for one by the way to it, and the bytes in
//! which Envoy hands it over.

use serde_json::Value;

use super::state::Status;

/// What is at the end of a way. Of a null Envoy has no bytes; nor of what holds one.
pub(super) fn at(tree: &Value, way: &[String]) -> Result<Vec<u8>, Status> {
    let found = way.iter().try_fold(tree, |tree, name| tree.get(name));
    bytes(found.ok_or(Status::NotFound)?).ok_or(Status::SerializationFailure)
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(truth) => vec![u8::from(*truth)],
        Value::Number(number) => number.as_f64()?.to_le_bytes().to_vec(),
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Array(list) => {
            let members = list.iter().map(|member| Some((bytes(member)?, Vec::new())));
            pairs(&members.collect::<Option<Vec<_>>>()?)
        }
        Value::Object(object) => {
            let fields = object.iter();
            let fields =
                fields.map(|(name, value)| Some((name.as_bytes().to_vec(), bytes(value)?)));
            pairs(&fields.collect::<Option<Vec<_>>>()?)
        }
    })
}

/// Several things in one, as the ABI has it: how many, the sizes, and the bytes of each with a zero
/// behind them.
pub(super) fn pairs<A: AsRef<[u8]>, B: AsRef<[u8]>>(all: &[(A, B)]) -> Vec<u8> {
    let size = |length: usize| u32::try_from(length).expect("it is short").to_le_bytes();
    let mut pairs = size(all.len()).to_vec();
    for (first, second) in all {
        pairs.extend([size(first.as_ref().len()), size(second.as_ref().len())].concat());
    }
    for (first, second) in all {
        pairs.extend([first.as_ref(), b"\0", second.as_ref(), b"\0"].concat());
    }
    pairs
}
