//! Protobuf's wire format: what a message is made of.

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const LENGTH_DELIMITED: u8 = 2;
const FIXED32: u8 = 5;

/// A field's content.
pub(crate) enum Field<'m> {
    Number(u64),
    /// Of 32 bits, which nothing here reads.
    Short,
    Bytes(&'m [u8]),
}

/// Takes the next field off the message: its number and its content. `None`: it is malformed, or
/// of a kind that is not written any more.
pub(crate) fn field<'m>(message: &mut &'m [u8]) -> Option<(u64, Field<'m>)> {
    let key = varint(message)?;
    let content = match key.to_le_bytes()[0] & 7 {
        VARINT => Field::Number(varint(message)?),
        FIXED64 => Field::Number(u64::from_le_bytes(chunk(message)?)),
        FIXED32 => {
            chunk::<4>(message)?;
            Field::Short
        }
        LENGTH_DELIMITED => {
            let length = usize::try_from(varint(message)?).ok()?;
            let (bytes, rest) = message.split_at_checked(length)?;
            *message = rest;
            Field::Bytes(bytes)
        }
        _ => return None,
    };
    Some((key >> 3, content))
}

fn chunk<const N: usize>(message: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = message.split_first_chunk()?;
    *message = rest;
    Some(*bytes)
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        number |= u64::from(byte & 0x7f).wrapping_shl(shift);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// What [`double`] adds, in bytes.
pub(crate) const DOUBLE: usize = 9;

/// Adds bytes, or text, to a message, as the field of this number, at most 15.
pub(crate) fn delimited(message: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    head(message, number, bytes.len());
    message.extend_from_slice(bytes);
}

/// What [`delimited`] adds for so many bytes.
pub(crate) fn size(mut length: usize) -> usize {
    let mut size = length.saturating_add(2);
    while length > 0x7f {
        size = size.saturating_add(1);
        length >>= 7;
    }
    size
}

/// Begins what [`delimited`] adds, of so many bytes.
pub(crate) fn head(message: &mut Vec<u8>, number: u8, mut length: usize) {
    message.push(number << 3 | LENGTH_DELIMITED);
    // Seven bits at a time, the lowest first.
    while length > 0x7f {
        message.push(0x80 | length.to_le_bytes()[0]);
        length >>= 7;
    }
    message.push(length.to_le_bytes()[0]);
}

/// Adds a `double` to a message, as the field of this number, at most 15.
pub(crate) fn double(message: &mut Vec<u8>, number: u8, value: f64) {
    message.push(number << 3 | FIXED64);
    message.extend_from_slice(&value.to_le_bytes());
}
