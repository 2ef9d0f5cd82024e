//! Whole numbers of any size.

use std::cmp::Ordering;

/// So many digits, and that power of ten, fit into 64 bits.
pub(super) const MAX_STEP: usize = 19;

/// A whole number of any size, the least of its parts first and the last of them not 0.
pub(super) struct Whole(Vec<u32>);

impl Whole {
    pub(super) fn of(number: u64) -> Self {
        let mut whole = Self(Vec::new());
        whole.times_and(1, number);
        whole
    }

    pub(super) fn times_and(&mut self, factor: u64, more: u64) {
        let mut carry = u128::from(more);
        for part in &mut self.0 {
            carry = u128::from(*part)
                .wrapping_mul(factor.into())
                .wrapping_add(carry);
            *part = low(carry);
            carry >>= 32;
        }
        while carry > 0 {
            self.0.push(low(carry));
            carry >>= 32;
        }
    }

    /// Times ten to the power, whatever its sign.
    pub(super) fn times_ten(&mut self, power: i64) {
        let mut left = power.unsigned_abs();
        while left > 0 {
            let step = left.min(MAX_STEP as u64);
            self.times_and((0..step).fold(1, |factor, _| factor.wrapping_mul(10)), 0);
            left = left.saturating_sub(step);
        }
    }

    /// Times two to the power, if that is positive.
    pub(super) fn shifted(&self, power: i32) -> Self {
        let power = usize::try_from(power).unwrap_or(0);
        let mut parts = vec![0; power / 32];
        parts.extend_from_slice(&self.0);
        let mut shifted = Self(parts);
        shifted.times_and(1 << (power % 32), 0);
        shifted
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let (own, other) = (&self.0, &other.0);
        let length = own.len().cmp(&other.len());
        length.then_with(|| own.iter().rev().cmp(other.iter().rev()))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the rest is carried")]
fn low(carry: u128) -> u32 {
    carry as u32
}
