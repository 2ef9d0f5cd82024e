//! graylane decides which version of a service answers a request.
//!
//! Data flows one way, and each module uses only those before it:
//!
//! ```text
//! bytes ─policy─▶ Policy ─rules─▶ Rules ─decide─▶ Decision ─effects─▶ Effects ─plugin─▶ Envoy
//! ```
//!
//! Everything but `plugin` is pure and runs natively: the same [`decide()`] answers in Envoy and in
//! whatever checks Envoy. Only `plugin`, which exists in the wasm module alone, can name the host.
//! The command line, `cli`, is beside all this, and never in the module; nor is the part of it that
//! the playground uses, the feature `tools`.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]
#![cfg_attr(
    all(target_arch = "wasm32", feature = "tools"),
    allow(dead_code, reason = "some is for `plugin`, which is not there then")
)]

mod annotation;
mod answer;
mod baggage;
mod bucket;
#[cfg(feature = "chance")]
pub mod chance;
#[cfg(any(feature = "tools", target_arch = "wasm32", test))]
mod changes;
#[cfg(feature = "tools")]
pub mod cli;
mod decide;
mod decimal;
mod decision;
mod effects;
mod error;
pub mod guard;
mod hash;
mod json;
pub mod limits;
mod moment;
mod navigation;
pub mod notify;
pub mod policy;
#[cfg(any(all(target_arch = "wasm32", not(feature = "tools")), test))]
mod property;
pub mod remote;
mod request;
mod revision;
pub mod rules;
mod secret;
mod shared;
mod sort;
mod wire;

// With the tools it is no module, but a program that a browser runs.
#[cfg(all(target_arch = "wasm32", not(feature = "tools")))]
mod plugin;

pub use annotation::Annotation;
pub use answer::{Answer, NewCookie, settable};
pub use baggage::rewritten;
pub use bucket::{Bucket, Draw, SCALE};
pub use decide::{decide, drops_tag};
pub use decision::{Decision, DryRun, Id, Reason, Tag};
pub use effects::{HeaderEffect, effects};
pub use error::Error;
pub use moment::Moment;
pub use policy::Policy;
pub use request::Request;
pub use revision::revision;
pub use rules::{Node, Rules};
pub use secret::Secret;
pub use shared::Shared;

#[cfg(all(target_arch = "wasm32", not(feature = "tools")))]
mod entry {
    proxy_wasm::main! {{
        crate::plugin::start();
    }}
}
