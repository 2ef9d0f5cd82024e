//! Bounds that only the module has, or that it has to hold where Envoy hands it more: what is just
//! within each, and one more. Those of the core are in `tests/limits/`.

mod requests;
mod told;
