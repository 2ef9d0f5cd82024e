//! The bucket of a user: the published contracts that decide who is in which share.
//!
//! | algorithm | bucket |
//! |---|---|
//! | `graylane-v1` | `(murmur3_x86_32(salt ":" key, seed 0) × 100,000) >> 32` |
//! | `unleash` | `murmur3_x86_32(salt ":" key, seed 0) % 100 × 1,000` |
//! | `unleash-variants` | `⌊murmur3_x86_32(salt ":" key, seed 86028157) % total × 100,000 ÷ total⌋`, of weights that add up to `total` |
//! | `flagd-v2` | `(murmur3_x86_32(salt key, seed 0) × 100,000) >> 32` |
//!
//! Integers only, so any implementation agrees to the last user. The multiply-and-shift reduction
//! is flagd's; unlike a remainder, it moves nobody when the scale is refined.

use crate::hash::hash;
use crate::policy::Algorithm;

/// Buckets in all: one is a share of 0.001 %.
pub const SCALE: u32 = 100_000;

/// Buckets that Unleash has: one is a share of 1 %.
const UNLEASH_SCALE: u32 = 100;

/// What Unleash seeds the hash with for variants, so that they are independent of the rollout.
const VARIANTS_SEED: u32 = 86_028_157;

/// Where a key falls, in `0..SCALE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket(u32);

impl Algorithm {
    /// Its name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GraylaneV1 => "graylane-v1",
            Self::Unleash => "unleash",
            Self::UnleashVariants => "unleash-variants",
            Self::FlagdV2 => "flagd-v2",
        }
    }

    /// From one bucket that it gives to the next; those between stay empty. Shares are whole
    /// multiples of it.
    #[must_use]
    pub fn step(self) -> u32 {
        match self {
            Self::GraylaneV1 | Self::FlagdV2 | Self::UnleashVariants => 1,
            Self::Unleash => SCALE / UNLEASH_SCALE,
        }
    }
}

/// How users become buckets: one draw for each salt, independent of those of other salts.
#[derive(Debug)]
pub struct Draw {
    algorithm: Algorithm,
    /// What is hashed before the key: the salt and what separates the two.
    before_key: Box<str>,
    /// What the weights add up to.
    total: u32,
}

impl Draw {
    /// The draw of a salt. `total` is what the weights add up to, in `1..=SCALE`, where the
    /// algorithm has some.
    #[must_use]
    pub fn new(algorithm: Algorithm, salt: &str, total: u32) -> Self {
        Self {
            algorithm,
            before_key: [salt, separator(algorithm)].concat().into(),
            total,
        }
    }

    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its salt.
    #[must_use]
    pub fn salt(&self) -> &str {
        let salt = self.before_key.strip_suffix(separator(self.algorithm));
        salt.unwrap_or_default()
    }

    /// What the weights add up to, of which a bucket is a part.
    #[cfg(feature = "tools")]
    pub(crate) fn total(&self) -> u32 {
        self.total
    }

    /// The bucket of a key.
    #[must_use]
    pub fn bucket(&self, key: &[u8]) -> Bucket {
        let hash = |seed| hash(self.before_key.as_bytes(), key, seed);
        match self.algorithm {
            // flagd gives its first variant, of weight w among W, to (hash × W) >> 32 < w: so if
            // hash / 2³² < w / W, whatever W is. Here W is the scale.
            // <https://github.com/open-feature/flagd>, core/pkg/evaluator/fractional.go
            Algorithm::GraylaneV1 | Algorithm::FlagdV2 => Bucket::project(hash(0)),
            // Unleash's `normalizedStrategyValue` is the remainder + 1, and a user is in a rollout
            // of p % if that is at most p: so if the remainder is below p.
            // <https://github.com/Unleash/unleash-client-node>, src/strategy/util.ts
            Algorithm::Unleash => {
                let remainder = hash(0) % UNLEASH_SCALE;
                Bucket(remainder.wrapping_mul(self.algorithm.step()))
            }
            // Unleash's value is the remainder + 1, and the variant is the first at which the sum of
            // the weights so far is at least that: so the first at which it is above the remainder.
            // Each remainder has a bucket of its own, since there are no more of them.
            // <https://github.com/Unleash/unleash-client-node>, src/variant.ts
            Algorithm::UnleashVariants => {
                let remainder = hash(VARIANTS_SEED).checked_rem(self.total);
                Bucket::of_part(remainder.unwrap_or_default(), self.total)
            }
        }
    }
}

fn separator(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::GraylaneV1 | Algorithm::Unleash | Algorithm::UnleashVariants => ":",
        Algorithm::FlagdV2 => "",
    }
}

impl Bucket {
    /// The bucket of `key` under `salt` by `graylane-v1`.
    #[must_use]
    pub fn of(salt: &str, key: &[u8]) -> Self {
        Draw::new(Algorithm::GraylaneV1, salt, SCALE).bucket(key)
    }

    /// Spreads 32 bits of a hash or of a random draw evenly over the buckets.
    #[must_use]
    pub fn project(bits: u32) -> Self {
        let scaled = u64::from(bits).wrapping_mul(u64::from(SCALE)) >> u32::BITS;
        Self(u32::try_from(scaled).unwrap_or(SCALE))
    }

    /// The first bucket of part `at` of `total`, which is at most [`SCALE`].
    pub(crate) fn of_part(at: u32, total: u32) -> Self {
        let scaled = u64::from(at).saturating_mul(u64::from(SCALE));
        let scaled = scaled.checked_div(u64::from(total)).unwrap_or_default();
        Self(u32::try_from(scaled).unwrap_or(SCALE))
    }

    /// The bucket of a random draw: of its low 32 bits.
    pub(crate) fn drawn(bits: u128) -> Self {
        let low = u32::try_from(bits & u128::from(u32::MAX));
        Self::project(low.unwrap_or_default())
    }

    /// The bucket's number, in `0..SCALE`.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_salt_colon_key() {
        for salt in ["", "s", "checkout/ten", "longer than one block of four"] {
            for key in [
                "",
                "k",
                "42",
                "user-1234567",
                "a key of many blocks, and a bit",
            ] {
                let hash = hash(format!("{salt}:{key}").as_bytes(), b"", 0);
                assert_eq!(Bucket::of(salt, key.as_bytes()), Bucket::project(hash));
            }
        }
    }

    #[test]
    fn projection_keeps_to_the_scale() {
        assert_eq!(Bucket::project(0).number(), 0);
        assert_eq!(Bucket::project(u32::MAX).number(), SCALE - 1);
        assert_eq!(Bucket::project(1 << 31).number(), SCALE / 2);
        // The last hash of the first bucket, and the first of the next.
        assert_eq!(Bucket::project(42_949).number(), 0);
        assert_eq!(Bucket::project(42_950).number(), 1);
    }
}
