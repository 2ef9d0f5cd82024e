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

/// Against bytes written by hand: the module takes more than Envoy gives, so it would not notice.
#[test]
fn values_are_handed_over_as_envoy_does() {
    let tree = serde_json::json!({
        "text": "a", "number": 18, "truth": true, "null": null, "list": ["a", 1.5], "odd": [null],
        "of.labels": { "k": "v" },
    });
    let at = |way: &[&str]| {
        at(
            &tree,
            &way.iter().map(|&name| name.to_owned()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(at(&["text"]).unwrap(), b"a");
    assert_eq!(at(&["number"]).unwrap(), b"\0\0\0\0\0\0\x32\x40");
    assert_eq!(at(&["truth"]).unwrap(), b"\x01");
    let list = b"\x02\0\0\0\x01\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0a\0\0\0\0\0\0\0\0\xf8\x3f\0\0";
    assert_eq!(at(&["list"]).unwrap(), list);
    let object = b"\x01\0\0\0\x01\0\0\0\x01\0\0\0k\0v\0";
    assert_eq!(at(&["of.labels"]).unwrap(), object);
    assert_eq!(at(&["null"]), Err(Status::SerializationFailure));
    assert_eq!(at(&["odd"]), Err(Status::SerializationFailure));
    assert_eq!(at(&["text", "more"]), Err(Status::NotFound));
    assert_eq!(at(&["of", "labels"]), Err(Status::NotFound));
}
