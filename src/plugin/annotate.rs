//! Decisions, where access logs and traces find them: in Envoy's filter state.

use proxy_wasm::hostcalls;

use super::count;
use super::host::HostRequest;
use crate::{Annotation, Decision, Moment, Rules, drops_tag, wire};

/// The value's name here; outside, Envoy puts `wasm.` before it.
const NAME: &str = "graylane";

/// Tells Envoy what the value is, so that it shows it as an object, not as bytes. Told again, it is
/// the same. Only in a root context.
pub(super) fn declare() {
    // An `envoy.source.extensions.common.wasm.DeclarePropertyArguments`.
    let mut arguments = Vec::new();
    wire::delimited(&mut arguments, 1, NAME.as_bytes());
    // Field 3, of what type it is: 3, a message of protobuf.
    arguments.extend([3 << 3, 3]);
    wire::delimited(
        &mut arguments,
        4,
        b"type.googleapis.com/google.protobuf.Struct",
    );
    // A host that does not know it shows the bytes.
    let _ = hostcalls::call_foreign_function("declare_property", Some(&arguments));
}

/// Writes a decision, and counts a tag that was not believed. Before the tag is replaced.
pub(super) fn annotate<'r>(
    rules: &'r Rules,
    request: &HostRequest<'_, 'r>,
    moment: Moment<'_>,
    decision: &Decision<'r>,
) {
    let annotation = Annotation::from(decision).to_struct();
    // With a request under way its one error is a panic already.
    let _ = hostcalls::set_property(vec![NAME], Some(&annotation));
    if drops_tag(rules, request, moment) {
        count::tag_dropped();
    }
}
