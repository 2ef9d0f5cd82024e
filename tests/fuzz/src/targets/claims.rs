//! Claims: what is read of a verified token is what stands in it; any other bytes are read without a
//! panic, and show nothing that is not in them.
//!
//! The input is a token's values where it begins with 0, and else the metadata's bytes themselves.

use arbitrary::Unstructured;
use serde_json::{Value, json};

use crate::property::{any_claim, node};
use crate::{support, tree};

/// Ways into a token, as a policy names them.
const PATHS: [&[&str]; 5] = [&[], &["a"], &["roles"], &["a", "roles"], &["sub", "", "é"]];

pub(crate) fn run(data: &[u8]) {
    match data.split_first() {
        Some((0, bits)) => {
            let token = tree::value(&mut Unstructured::new(bits), 3);
            is_read(&token.unwrap_or_default());
        }
        _ => is_survived(data),
    }
}

fn way(path: &[&str]) -> Vec<Box<str>> {
    let names = std::iter::once(&"payload").chain(path);
    names.map(|name| Box::from(*name)).collect()
}

fn values(metadata: &[u8], path: &[&str]) -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    any_claim(metadata, &way(path), &mut |value| {
        values.push(value.to_vec());
        false
    });
    values
}

fn is_read(token: &Value) {
    let verified = support::wire(&json!({ "payload": token }));
    let other = support::delimited(1, &support::delimited(1, b"another"));
    let own = [
        support::delimited(1, b"envoy.filters.http.jwt_authn"),
        support::delimited(2, &verified),
    ];
    let metadata = [other, support::delimited(1, &own.concat())].concat();
    for path in PATHS {
        let claim = path.iter().try_fold(token, |claim, name| claim.get(*name));
        let members = match claim {
            Some(Value::Array(members)) => &members[..],
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let shown = values(&metadata, path);
        let scalars = members
            .iter()
            .filter(|member| !matches!(member, Value::Null | Value::Array(_) | Value::Object(_)));
        let scalars: Vec<_> = scalars.collect();
        assert_eq!(shown.len(), scalars.len(), "{token} {path:?}");
        for (shown, member) in shown.iter().zip(&scalars) {
            is_shown(member, shown);
        }
        // The first that will do is the last that is shown.
        let mut seen = 0;
        let found = any_claim(&metadata, &way(path), &mut |_| {
            seen += 1;
            true
        });
        assert_eq!((found, seen), (!scalars.is_empty(), usize::from(found)));
    }
    // The same as a node's labels.
    let node = node(&support::delimited(
        3,
        &support::wire(&json!({ "LABELS": token })),
    ));
    let texts = token.as_object().into_iter().flatten();
    let texts = texts.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    let labels = node
        .labels
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    assert!(texts.eq(labels), "{token}");
}

/// A value's text is the value: of a number the decimal that is read as it again, no longer than the
/// standard library writes it.
fn is_shown(value: &Value, text: &[u8]) {
    let text = str::from_utf8(text).expect("it is of text");
    match value {
        Value::Number(number) => {
            let number = number.as_f64().expect("it is a double");
            assert_eq!(
                text.parse::<f64>().map(f64::to_bits),
                Ok(number.to_bits()),
                "{text}"
            );
            assert!(
                text.len() <= number.to_string().len() && !text.contains('e'),
                "{text}"
            );
        }
        Value::Bool(truth) => assert_eq!(text, truth.to_string()),
        other => assert_eq!(Some(text), other.as_str()),
    }
}

fn is_survived(metadata: &[u8]) {
    for path in PATHS {
        let shown = values(metadata, path);
        // No message holds more members than bytes, nor a number that is longer than this.
        assert!(shown.len() <= metadata.len());
        assert!(
            shown
                .iter()
                .all(|value| value.len() <= metadata.len().max(400))
        );
    }
    let node = node(metadata);
    assert!(node.labels.len() <= metadata.len());
    assert!(node.id.len() <= metadata.len());
}
