//! Which document it is that is in force.

use crate::hash::hash;

/// What tells one policy's document from another, as eight hexadecimal digits where it is shown:
/// the hash of its bytes (murmur3, 32 bits, seed 0). Not a protection against forgery.
#[must_use]
pub fn revision(document: &[u8]) -> u32 {
    hash(b"", document, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash's own published values.
    #[test]
    fn a_revision_is_the_hash_of_the_bytes() {
        assert_eq!(revision(b""), 0);
        assert_eq!(format!("{:08x}", revision(b"hello")), "248bfa47");
    }
}
