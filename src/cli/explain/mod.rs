//! `graylane explain`: which version answers a request, and why.

mod closed;
#[cfg(feature = "cli")]
mod command;
mod show;
mod story;
mod words;

pub(super) use closed::standings;
#[cfg(feature = "cli")]
pub(super) use command::{Args, run};
pub(super) use show::human;
pub(super) use story::Story;

use std::hash::{BuildHasher, Hasher, RandomState};

use super::input::Loaded;
use super::request::Asked;
use crate::Moment;

/// Decides, and tells how.
pub(super) fn tell(policy: &Loaded, mut request: Asked, moment: Moment) -> Story {
    // As a proxy draws: such a request is not sticky there either.
    let [high, low] = [(); 2].map(|()| RandomState::new().build_hasher().finish());
    request.random = Some(u128::from(high) << 64 | u128::from(low));
    story::tell(policy, &request, moment)
}
