//! The hash of salts and keys.

use std::io::{self, Read};
use std::mem;

/// `MurmurHash3_x86_32` of two texts as one.
pub(crate) fn hash(first: &[u8], second: &[u8], seed: u32) -> u32 {
    let mut text = Joined { first, second };
    // Slices cannot fail to be read; the fallback only keeps the request path free of panics.
    murmur3::murmur3_32(&mut text, seed).unwrap_or(u32::MAX)
}

/// Two texts that are read as one. [`Read::chain`] would cost twice as much: it copies by lengths
/// that are not known before, and in a wasm VM each such copy is a call out of it.
struct Joined<'t> {
    first: &'t [u8],
    second: &'t [u8],
}

impl Read for Joined<'_> {
    /// A block of four, as the hash takes them, or else a byte.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let whole = <&mut [u8; 4]>::try_from(&mut *buffer);
        if let (Ok(buffer), Some((block, rest))) = (whole, self.first.split_first_chunk()) {
            *buffer = *block;
            self.first = rest;
            return Ok(block.len());
        }
        if self.first.is_empty() {
            self.first = mem::take(&mut self.second);
        }
        let next = buffer.first_mut().zip(self.first.split_first());
        let Some((slot, (&byte, rest))) = next else {
            return Ok(0);
        };
        *slot = byte;
        self.first = rest;
        Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_passes_the_verification_of_its_author() {
        // SMHasher's VerificationTest for MurmurHash3_x86_32.
        let bytes: Vec<u8> = (0..=254).collect();
        let mut hashes = Vec::new();
        for (length, seed) in (0..256usize).map(|i| (i, 256 - u32::try_from(i).unwrap())) {
            let (first, second) = bytes[..length].split_at(length / 3);
            hashes.extend(hash(first, second, seed).to_le_bytes());
        }
        assert_eq!(hash(&hashes, b"", 0), 0xB0F5_7EE3);
    }

    #[test]
    fn two_texts_hash_as_one() {
        let text: Vec<u8> = (0..64).collect();
        for length in 0..text.len() {
            let text = &text[..length];
            let whole = murmur3::murmur3_32(&mut &*text, 7).unwrap();
            for at in 0..=length {
                let (first, second) = text.split_at(at);
                assert_eq!(hash(first, second, 7), whole, "{length} bytes, cut at {at}");
            }
        }
    }
}
