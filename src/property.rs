//! What Envoy tells in protobuf: the claims of a verified token, and the node.
//!
//! Envoy would hand out each claim by itself as well, but then as bytes that do not say what they
//! are: eight may be text or a number, an object whose values are empty is a list, an empty text
//! nothing, and a `null` takes its whole list with it. In the message each value has its type.

use std::collections::BTreeMap;

use crate::decimal::Decimal;
use crate::rules::Node;
use crate::wire::{Field, field};

/// The only filter that writes what it has verified; it writes no other token there.
const VERIFIER: &str = "envoy.filters.http.jwt_authn";

/// Shows each value of a claim to `see`, as text, until it answers `true`; tells whether it did.
/// A list shows its members; an object, a list in a list and `null` nothing.
///
/// `metadata` is an `envoy.config.core.v3.Metadata`.
pub(crate) fn any_claim(
    metadata: &[u8],
    path: &[Box<str>],
    see: &mut dyn FnMut(&[u8]) -> bool,
) -> bool {
    match claim(metadata, path) {
        Some(Value::List(list)) => fields(list)
            .filter_map(|field| Value::read(bytes(&field, 1)?))
            .any(|member| member.show(see)),
        Some(value) => value.show(see),
        None => false,
    }
}

fn claim<'m>(metadata: &'m [u8], path: &[Box<str>]) -> Option<Value<'m>> {
    let verified = entry(metadata, VERIFIER)?;
    path.iter()
        .try_fold(Value::Object(verified), |value, name| match value {
            Value::Object(object) => Value::read(entry(object, name)?),
            _ => None,
        })
}

/// The node, from an `envoy.config.core.v3.Node`. Its labels are where Istio has them.
pub(crate) fn node(message: &[u8]) -> Node {
    let mut node = Node::default();
    for field in fields(message) {
        if let Some(id) = bytes(&field, 1) {
            node.id = text(id);
        } else if let Some(cluster) = bytes(&field, 2) {
            node.cluster = text(cluster);
        } else if let Some(metadata) = bytes(&field, 3) {
            node.labels = labels(metadata).unwrap_or_default();
        } else if let Some(locality) = bytes(&field, 4) {
            for field in fields(locality) {
                if let Some(region) = bytes(&field, 1) {
                    node.region = text(region);
                } else if let Some(zone) = bytes(&field, 2) {
                    node.zone = text(zone);
                }
            }
        }
    }
    node
}

fn labels(metadata: &[u8]) -> Option<BTreeMap<String, String>> {
    let Value::Object(labels) = Value::read(entry(metadata, "LABELS")?)? else {
        return None;
    };
    let mut texts = BTreeMap::new();
    for (name, value) in entries(labels) {
        if let Some(Value::Text(value)) = Value::read(value) {
            texts.insert(text(name), text(value));
        }
    }
    Some(texts)
}

/// Protobuf's text is UTF-8; what is none is no text.
fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap_or_default()
}

/// A `google.protobuf.Value`.
enum Value<'m> {
    Number(f64),
    Text(&'m [u8]),
    Truth(bool),
    Object(&'m [u8]),
    List(&'m [u8]),
}

impl<'m> Value<'m> {
    fn read(mut message: &'m [u8]) -> Option<Self> {
        Some(match field(&mut message)? {
            (2, Field::Number(bits)) => Self::Number(f64::from_bits(bits)),
            (3, Field::Bytes(text)) => Self::Text(text),
            (4, Field::Number(truth)) => Self::Truth(truth != 0),
            (5, Field::Bytes(object)) => Self::Object(object),
            (6, Field::Bytes(list)) => Self::List(list),
            _ => return None,
        })
    }

    fn show(&self, see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        match self {
            Self::Number(number) => see(Decimal(*number).to_string().as_bytes()),
            Self::Text(text) => see(text),
            Self::Truth(truth) => see(truth.to_string().as_bytes()),
            Self::Object(_) | Self::List(_) => false,
        }
    }
}

/// The value of a map's entry; the map is field 1 of `message`, as in a `Struct` and a `Metadata`.
fn entry<'m>(message: &'m [u8], name: &str) -> Option<&'m [u8]> {
    entries(message).find_map(|(key, value)| (key == name.as_bytes()).then_some(value))
}

fn entries(message: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    fields(message).filter_map(|field| {
        let (mut key, mut value): (&[u8], &[u8]) = (b"", b"");
        for field in fields(bytes(&field, 1)?) {
            key = bytes(&field, 1).unwrap_or(key);
            value = bytes(&field, 2).unwrap_or(value);
        }
        Some((key, value))
    })
}

/// The fields of a message, up to what is malformed.
fn fields(mut message: &[u8]) -> impl Iterator<Item = (u64, Field<'_>)> {
    std::iter::from_fn(move || field(&mut message))
}

/// The field's bytes, if it is this one.
fn bytes<'m>(field: &(u64, Field<'m>), number: u64) -> Option<&'m [u8]> {
    match field {
        (own, Field::Bytes(bytes)) if *own == number => Some(bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A length-delimited field.
    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        assert!(length < 128);
        [&[number << 3 | 2, length], content].concat()
    }

    fn pair(name: &str, value: &[u8]) -> Vec<u8> {
        field(1, &[field(1, name.as_bytes()), field(2, value)].concat())
    }

    fn number(number: f64) -> Vec<u8> {
        [&[2 << 3 | 1], &number.to_le_bytes()[..]].concat()
    }

    fn verified(claims: &[u8]) -> Vec<u8> {
        let payload = pair("payload", &field(5, claims));
        [pair("another", b""), pair(VERIFIER, &payload)].concat()
    }

    fn values(claims: &[u8], path: &[&str]) -> Vec<String> {
        let path: Vec<Box<str>> = path.iter().map(|&name| name.into()).collect();
        let mut values = Vec::new();
        any_claim(&verified(claims), &path, &mut |value| {
            values.push(String::from_utf8(value.to_vec()).unwrap());
            false
        });
        values
    }

    #[test]
    fn a_scalar_shows_itself() {
        for (value, shown) in [
            (field(3, b"premium"), "premium"),
            (field(3, b""), ""),
            (field(3, b"user1234"), "user1234"),
            (number(42.0), "42"),
            (number(-0.5), "-0.5"),
            (
                number(f64::from_le_bytes(*b"user123@")),
                "19.19606699921447",
            ),
            (vec![4 << 3, 1], "true"),
            (vec![4 << 3, 0], "false"),
        ] {
            assert_eq!(values(&pair("v", &value), &["payload", "v"]), [shown]);
        }
        assert_eq!(values(&pair("v", &[1 << 3, 0]), &["payload", "v"]), [""; 0]);
    }

    #[test]
    fn a_list_shows_its_members_until_one_will_do() {
        let members = [
            field(1, &field(3, b"a")),
            field(1, &[1 << 3, 0]),
            field(1, &number(2.0)),
            field(1, &field(6, &field(1, &field(3, b"deep")))),
            field(1, &field(5, &pair("deep", &field(3, b"")))),
            field(1, &field(3, b"")),
        ];
        let claims = pair("v", &field(6, &members.concat()));
        assert_eq!(values(&claims, &["payload", "v"]), ["a", "2", ""]);
        let path: [Box<str>; 2] = ["payload".into(), "v".into()];
        let mut seen = 0;
        assert!(any_claim(&verified(&claims), &path, &mut |_| {
            seen += 1;
            true
        }));
        assert_eq!(seen, 1);
    }

    #[test]
    fn names_lead_through_objects_only() {
        let inner = pair("roles", &field(3, b"admin"));
        let claims = pair("realm", &field(5, &inner));
        assert_eq!(values(&claims, &["payload", "realm", "roles"]), ["admin"]);
        assert_eq!(values(&claims, &["payload", "realm"]), [""; 0]);
        assert_eq!(values(&claims, &["payload", "roles"]), [""; 0]);
        assert_eq!(values(&claims, &["other", "realm", "roles"]), [""; 0]);
        let list = pair("v", &field(6, &field(1, &field(3, b"a"))));
        assert_eq!(values(&list, &["payload", "v", "0"]), [""; 0]);
        assert_eq!(values(&list, &["payload", "v", ""]), [""; 0]);
    }

    #[test]
    fn a_damaged_message_shows_nothing_else() {
        let claims = pair("v", &field(3, b"admin"));
        let whole = verified(&claims);
        let path: [Box<str>; 2] = ["payload".into(), "v".into()];
        for length in 0..whole.len() {
            let cut = whole.get(..length).unwrap();
            assert!(!any_claim(cut, &path, &mut |_| true), "{length}");
        }
    }

    #[test]
    fn a_node_is_read() {
        let labels = [
            pair("pool", &field(3, b"blue")),
            pair("empty", &field(3, b"")),
            pair("number", &number(1.0)),
        ];
        let message = [
            field(1, b"sidecar~1"),
            field(2, b"gateways"),
            field(3, &pair("LABELS", &field(5, &labels.concat()))),
            field(
                4,
                &[field(1, b"us"), field(2, b"us-1"), field(3, b"a")].concat(),
            ),
            field(6, b"envoy"),
        ];
        let node = node(&message.concat());
        assert_eq!(node.id, "sidecar~1");
        assert_eq!(
            (&*node.cluster, &*node.region, &*node.zone),
            ("gateways", "us", "us-1")
        );
        let labels: Vec<_> = node.labels.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(labels, [("empty", ""), ("pool", "blue")]);
    }
}
