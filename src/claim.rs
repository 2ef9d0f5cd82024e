//! The values of a claim, from the bytes in which Envoy hands a property over.
//!
//! The bytes do not say what they are. Text is its UTF-8, a number a little-endian double, a truth
//! value one byte, a list the host's encoding of pairs, of which the values are the first halves
//! (Envoy's `serializeValue`). What no text would look like tells them apart: doubles of the size
//! that claims have, and lists, hold bytes below the space.

use std::collections::BTreeMap;

/// Shows each value to `see`, as text, until it answers `true`; tells whether it did. A list shows
/// its members; an object, and a list in a list, nothing.
pub(crate) fn any(bytes: &[u8], see: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    if let Some(text) = scalar(bytes) {
        return see(text.as_bytes());
    }
    let Some(members) = members(bytes) else {
        return false;
    };
    members.into_iter().any(|member| {
        let text = scalar(member);
        text.is_some_and(|text| see(text.as_bytes()))
    })
}

enum Scalar<'a> {
    Text(&'a [u8]),
    Number(String),
    Truth(bool),
}

impl Scalar<'_> {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.as_bytes(),
            Self::Truth(true) => b"true",
            Self::Truth(false) => b"false",
        }
    }
}

fn scalar(bytes: &[u8]) -> Option<Scalar<'_>> {
    let is_text = !bytes.iter().any(u8::is_ascii_control) && str::from_utf8(bytes).is_ok();
    match bytes {
        _ if is_text => Some(Scalar::Text(bytes)),
        [0] => Some(Scalar::Truth(false)),
        [1] => Some(Scalar::Truth(true)),
        _ => {
            let number = f64::from_le_bytes(bytes.try_into().ok()?);
            number
                .is_finite()
                .then(|| Scalar::Number(number.to_string()))
        }
    }
}

/// The members of a list: the first halves of pairs whose second halves are empty.
fn members(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let pairs = pairs(bytes)?.into_iter();
    pairs
        .map(|(member, none)| none.is_empty().then_some(member))
        .collect()
}

/// The host's encoding of pairs: a count, the lengths of each pair's halves, and the halves, each
/// with a NUL behind it.
fn pairs(bytes: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let (count, mut rest) = number(bytes)?;
    let mut lengths = Vec::new();
    for _ in 0..count {
        let (first, after) = number(rest)?;
        let (second, after) = number(after)?;
        lengths.push((first, second));
        rest = after;
    }
    let mut half = |length: u32| {
        let (half, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        rest = after.strip_prefix(b"\0")?;
        Some(half)
    };
    let pairs = lengths
        .into_iter()
        .map(|(first, second)| Some((half(first)?, half(second)?)));
    let pairs = pairs.collect::<Option<_>>()?;
    rest.is_empty().then_some(pairs)
}

/// The texts of an object, by name; of anything else none.
pub(crate) fn entries(bytes: &[u8]) -> BTreeMap<String, String> {
    let text = |half: &[u8]| String::from_utf8(half.to_vec()).ok();
    let pairs = pairs(bytes).unwrap_or_default().into_iter();
    pairs
        .filter_map(|(name, value)| Some((text(name)?, text(value)?)))
        .collect()
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(bytes: &[u8]) -> Vec<String> {
        let mut values = Vec::new();
        any(bytes, &mut |value| {
            values.push(String::from_utf8(value.to_vec()).unwrap());
            false
        });
        values
    }

    fn pairs(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
        let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        let mut bytes = number(pairs.len()).to_vec();
        for (first, second) in pairs {
            bytes.extend(number(first.len()));
            bytes.extend(number(second.len()));
        }
        for (first, second) in pairs {
            bytes.extend([*first, b"\0", *second, b"\0"].concat());
        }
        bytes
    }

    #[test]
    fn scalars_are_told_apart() {
        assert_eq!(values(b"premium"), ["premium"]);
        assert_eq!(values("小明".as_bytes()), ["小明"]);
        // Eight bytes of text are no double.
        assert_eq!(values(b"user1234"), ["user1234"]);
        assert_eq!(values(&42f64.to_le_bytes()), ["42"]);
        assert_eq!(values(&0f64.to_le_bytes()), ["0"]);
        assert_eq!(values(&1_732_190_400f64.to_le_bytes()), ["1732190400"]);
        assert_eq!(values(&(-0.5f64).to_le_bytes()), ["-0.5"]);
        assert_eq!(values(&[1]), ["true"]);
        assert_eq!(values(&[0]), ["false"]);
        assert_eq!(values(b"1"), ["1"]);
        assert_eq!(values(b""), [""]);
    }

    #[test]
    fn a_list_shows_its_members() {
        let two = 2f64.to_le_bytes();
        let list = pairs(&[(b"admin", b""), (&two, b""), (b"", b"")]);
        assert_eq!(values(&list), ["admin", "2", ""]);
        assert_eq!(values(&pairs(&[])), [""; 0]);
        let mut first = Vec::new();
        assert!(any(&list, &mut |value| {
            first.push(value.to_vec());
            value == b"admin"
        }));
        assert_eq!(first.len(), 1);
    }

    #[test]
    fn an_object_has_its_texts_by_name() {
        let labels = pairs(&[
            (b"app", b"checkout"),
            (b"version", b"v2"),
            (b"odd", b"\xff"),
        ]);
        let entries: Vec<_> = entries(&labels).into_iter().collect();
        let entry = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(entries, [entry("app", "checkout"), entry("version", "v2")]);
    }

    #[test]
    fn an_object_and_damaged_bytes_show_nothing() {
        assert_eq!(values(&pairs(&[(b"role", b"admin")])), [""; 0]);
        let list = pairs(&[(b"admin", b""), (b"b", b"")]);
        for length in 1..list.len() {
            let seen = values(&list[..length]);
            assert!(
                seen.iter().all(|value| value != "admin"),
                "{length}: {seen:?}"
            );
        }
        assert_eq!(values(&[0xff; 12]), [""; 0]);
        assert_eq!(values(&f64::NAN.to_le_bytes()), [""; 0]);
    }
}
