//! The module as it is built, but that a worker's VM dies with its first request: what ticks until
//! then, and ticks no more, is the real one.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wasmparser::{Parser, Payload, TypeRef};

use crate::place;

/// What Envoy calls with each request.
const ENTRY: &str = "proxy_on_request_headers";
const UNREACHABLE: u8 = 0x00;
const NOP: u8 = 0x01;
const END: u8 = 0x0b;

/// Makes one of this module; where it is.
pub(super) fn module(of: &Path) -> Result<PathBuf> {
    let mut wasm = fs::read(of).with_context(|| format!("{} cannot be read", of.display()))?;
    let body = entry(&wasm)?;
    let body = wasm.get_mut(body).context("a function without a body")?;
    let [locals, first, .., last] = body else {
        bail!("{ENTRY} is too short to die in")
    };
    // No locals, and whatever else there was is nothing.
    [*locals, *first, *last] = [0, UNREACHABLE, END];
    let rest = 2..body.len() - 1;
    body[rest].fill(NOP);
    let path = place::results()?.join("dying.wasm");
    fs::write(&path, wasm).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}

/// Where the body of the entry stands.
fn entry(wasm: &[u8]) -> Result<Range<usize>> {
    let (mut imported, mut bodies, mut entry) = (0, 0, None);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.name == ENTRY {
                        entry = Some(export.index);
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                if Some(imported + bodies) == entry {
                    let body = body.range();
                    return Ok(usize::try_from(body.start)?..usize::try_from(body.end)?);
                }
                bodies += 1;
            }
            _ => {}
        }
    }
    bail!("the module has no {ENTRY}")
}
