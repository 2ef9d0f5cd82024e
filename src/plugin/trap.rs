//! Dies where it is asked to, so that it can be seen what becomes of requests then. It is in a
//! module for tests alone, by the feature `trap`.

use std::cell::Cell;

use proxy_wasm::hostcalls;
use proxy_wasm::types::MapType;

/// Who asks: a request by `request`, `tick` (with the next one) or `loop` (it never ends), and an
/// answer by `response`.
const HEADER: &str = "x-graylane-trap";

thread_local! {
    static WITH_TICK: Cell<bool> = const { Cell::new(false) };
}

/// The headers of a request are there.
pub(super) fn request() {
    match asked(MapType::HttpRequestHeaders).as_slice() {
        b"request" => die("a request"),
        b"tick" => WITH_TICK.set(true),
        b"loop" => loop {
            std::hint::spin_loop();
        },
        _ => {}
    }
}

/// The headers of an answer are there.
pub(super) fn response() {
    if asked(MapType::HttpResponseHeaders) == b"response" {
        die("a response");
    }
}

/// A tick comes.
pub(super) fn tick() {
    if WITH_TICK.get() {
        die("a tick");
    }
}

fn asked(of: MapType) -> Vec<u8> {
    let value = hostcalls::get_map_value_bytes(of, HEADER);
    value.ok().flatten().unwrap_or_default()
}

#[expect(clippy::panic, reason = "that is what it is for")]
fn die(with: &str) -> ! {
    panic!("asked to die with {with}")
}
