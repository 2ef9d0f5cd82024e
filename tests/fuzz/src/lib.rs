//! What must hold whatever bytes come, as functions of bytes that panic where it does not.
//!
//! libFuzzer calls them millions of times (`make fuzz`), and `tests/replay.rs` once for each seed
//! and each input that ever broke one. References are written here anew, as plainly as can be: what
//! they share with the code that they are held against, they cannot find.

mod asked;
mod policies;
mod sentence;
mod sound;
mod targets;
mod tree;

#[path = "../../support/mod.rs"]
mod support;

// What Envoy tells in protobuf is read by the module alone, so its source is built here once more.
#[path = "../../../src/decimal.rs"]
mod decimal;
#[path = "../../../src/property.rs"]
mod property;
#[path = "../../../src/wire.rs"]
#[expect(dead_code, reason = "what writes messages is the module's")]
mod wire;
mod rules {
    pub(crate) use graylane::Node;
}

/// One subject, and what must hold of it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its folders of seeds and finds.
    pub name: &'static str,
    /// Panics where something does not hold for these bytes.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "answer",
        run: targets::answer::run,
    },
    Target {
        name: "announcements",
        run: targets::announcements::run,
    },
    Target {
        name: "baggage",
        run: targets::baggage::run,
    },
    Target {
        name: "claims",
        run: targets::claims::run,
    },
    Target {
        name: "cookies",
        run: targets::cookies::run,
    },
    Target {
        name: "decide",
        run: targets::decide::run,
    },
    Target {
        name: "guard",
        run: targets::guard::run,
    },
    Target {
        name: "hosts",
        run: targets::hosts::run,
    },
    Target {
        name: "network",
        run: targets::network::run,
    },
    Target {
        name: "policy",
        run: targets::policy::run,
    },
    Target {
        name: "poller",
        run: targets::poller::run,
    },
    Target {
        name: "query",
        run: targets::query::run,
    },
    Target {
        name: "regex",
        run: targets::regex::run,
    },
    Target {
        name: "replies",
        run: targets::replies::run,
    },
    Target {
        name: "requests",
        run: targets::requests::run,
    },
    Target {
        name: "shares",
        run: targets::shares::run,
    },
    Target {
        name: "switches",
        run: targets::switches::run,
    },
    Target {
        name: "text",
        run: targets::text::run,
    },
];
