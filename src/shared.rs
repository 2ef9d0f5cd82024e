//! What the workers of a proxy share: values by their keys.

/// No value was ever written so often: what is written on condition of this is written only where
/// nothing is.
pub(crate) const NOTHING_YET: u32 = u32::MAX;

/// What all workers share: values by their keys.
pub trait Shared {
    /// The value, empty where there is none, and the number of the write it is from.
    fn get(&self, key: &str) -> (Vec<u8>, Option<u32>);

    /// Writes a value; with `since`, unless there was a write after that one. Tells whether it did.
    fn set(&self, key: &str, value: &[u8], since: Option<u32>) -> bool;
}

/// The numbers of 64 bits that a value is, one after another.
pub(crate) fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let words = bytes.chunks_exact(size_of::<u64>());
    words.map(|word| word.try_into().map_or(0, u64::from_le_bytes))
}

/// The value that numbers are.
pub(crate) fn bytes(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
