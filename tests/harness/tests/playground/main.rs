//! The playground in a real browser: what it tells is what the command line tells, it asks nobody for
//! anything, and it can be used by whoever has a keyboard, a dark room or a narrow window.
//!
//! Needs the page and the command line: `make test-playground`.

mod asked;
mod site;

mod answers;
mod looks;
mod slides;
