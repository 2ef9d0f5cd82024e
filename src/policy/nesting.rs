//! How deep a document nests, before a parser recurses into it.

use crate::error::{Error, Place};
use crate::limits::MAX_NESTING;

/// Refuses JSON text that nests deeper than [`MAX_NESTING`].
pub(super) fn check(json: &[u8]) -> Result<(), Error> {
    let mut depth = 0usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth = depth.saturating_add(1);
                if depth > MAX_NESTING {
                    return Err(too_deep());
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn too_deep() -> Error {
    Place::ROOT.error(format!(
        "nests deeper than {MAX_NESTING} levels; flatten its conditions"
    ))
}
