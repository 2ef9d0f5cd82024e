//! Policies: any bytes are read, and refused by one sentence or compiled; and a document means the
//! same as JSON and as a protobuf `Struct`.

use graylane::{Node, Policy, revision};
use serde_json::Value;

use crate::{sentence, support};

pub(crate) fn run(data: &[u8]) {
    let read = support::load(data);
    match &read {
        Ok(rules) => {
            let again = support::load(data).map(|rules| format!("{rules:?}"));
            assert_eq!(
                again.as_ref(),
                Ok(&format!("{rules:?}")),
                "the same rules twice"
            );
        }
        Err(error) => sentence::of_refusal(error),
    }
    // A centre's may name no other centre; that is all the difference.
    let remote = Policy::parse_remote(data);
    let compiled = remote.and_then(|policy| graylane::Rules::compile(policy, &Node::default()));
    match (&read, &compiled) {
        (Ok(rules), Err(error)) => {
            sentence::of_refusal(error);
            assert!(rules.remote().is_some(), "{error}");
        }
        (Err(_), Ok(_)) => panic!("refused, but not from a centre"),
        _ => {}
    }
    let _ = revision(data);
    if let Ok(document @ Value::Object(_)) = serde_json::from_slice(data) {
        is_the_same_as_a_struct(&document);
    }
}

fn is_the_same_as_a_struct(document: &Value) {
    let json = support::json(document);
    // Numbers as the text says them, which may round once more.
    let Ok(document) = serde_json::from_slice::<Value>(&json) else {
        panic!("JSON is read back")
    };
    if document.as_object().is_none_or(serde_json::Map::is_empty) {
        return;
    }
    let wire = support::wire(&document);
    match (support::load(&json), support::load(&wire)) {
        (Ok(json), Ok(wire)) => assert_eq!(format!("{json:?}"), format!("{wire:?}")),
        (Err(json), Err(wire)) => {
            sentence::of_refusal(&wire);
            assert_eq!(json.place(), wire.place(), "{json}");
        }
        (json, wire) => panic!("as JSON {:?}, as a Struct {:?}", json.err(), wire.err()),
    }
    let nests_too_deep = Policy::parse(&wire).is_err_and(|error| error.problem().contains("nests"));
    if !nests_too_deep {
        assert_eq!(revision(&json), revision(&wire), "{document}");
    }
}
