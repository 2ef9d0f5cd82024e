//! The command line: what a policy means, before it is in force.
//!
//! Nothing here decides. Each command reads policies as the module does, and asks
//! [`crate::decide()`]. What needs neither files nor a network nor a terminal is the feature `tools`:
//! the playground runs it in a browser.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a mistake here ends a command, not a proxy"
)]
#![cfg_attr(
    not(feature = "cli"),
    allow(dead_code, reason = "some is for the other commands")
)]

mod check;
mod clock;
mod diff;
mod explain;
mod hosts;
mod input;
mod keys;
mod layout;
mod output;
pub mod playground;
mod request;

#[cfg(feature = "cli")]
mod admin;
#[cfg(feature = "cli")]
mod centre;
#[cfg(feature = "cli")]
mod commands;
#[cfg(feature = "cli")]
mod http;
#[cfg(feature = "cli")]
mod import;
#[cfg(feature = "cli")]
mod on_alert;
#[cfg(feature = "cli")]
mod publish;
#[cfg(feature = "cli")]
mod retire;
#[cfg(feature = "cli")]
mod schema;
#[cfg(feature = "cli")]
mod simulate;
#[cfg(feature = "cli")]
mod status;
#[cfg(feature = "cli")]
mod switch;

#[cfg(feature = "cli")]
pub use commands::main;
