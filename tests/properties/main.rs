//! What holds for every policy and every request.

mod decisions;
mod order;
mod policies;
mod requests;
mod shares;
#[path = "../support/mod.rs"]
mod support;
