//! Whose fault an answer was.

/// A request that has ended. Its parts are fetched when they are asked for.
pub trait Ended {
    /// The status of the answer; 0 where there was none.
    fn code(&self) -> u64;

    /// What the proxy says went wrong: the bits of Envoy's response flags.
    fn flags(&self) -> u64;

    /// Whether the answer came from where the request was sent, rather than from the proxy.
    fn is_from_upstream(&self) -> bool;

    /// The status of a gRPC answer, in its trailers or its headers.
    fn grpc_status(&self) -> Option<u8>;

    /// Whether an endpoint answered that says it is of another version, and the route does not say
    /// that this is as it should be.
    fn is_by_other(&self, version: &str) -> bool;
}

/// What an answer says of the version that the request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The version did what it should.
    Good,
    /// It did not.
    Failed,
    /// It was not asked, or nobody waited for it.
    Nothing,
}

/// Envoy's response flags for which the version is to blame, as bits: no healthy upstream (1),
/// request timeout (2), remote reset (4), connection failure (5) and termination (6), protocol
/// error (23), no cluster (24), no address (26).
///
/// <https://www.envoyproxy.io/docs/envoy/latest/api-v3/data/accesslog/v3/accesslog.proto>
const BLAME: u64 = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 23 | 1 << 24 | 1 << 26;

/// gRPC statuses by which a server says that it failed: unknown, deadline exceeded, unimplemented,
/// internal, unavailable, data loss. The others are about what the client asked for.
///
/// <https://opentelemetry.io/docs/specs/semconv/rpc/grpc/>
const GRPC_FAILURES: [u8; 6] = [2, 4, 12, 13, 14, 15];

/// What the end of a request says of the version that it was for.
pub fn outcome(ended: &impl Ended, version: &str) -> Outcome {
    let code = ended.code();
    if code == 0 {
        return Outcome::Nothing;
    }
    // A WebSocket: either side may end it, which the proxy calls a connection that broke.
    if code == 101 {
        return Outcome::Good;
    }
    if ended.flags() & BLAME > 0 {
        return Outcome::Failed;
    }
    let grpc = ended.grpc_status();
    let failed = code >= 500 || grpc.is_some_and(|status| GRPC_FAILURES.contains(&status));
    // The proxy's own: no route, a limit, an authorization, an injected fault.
    if (failed || code >= 400) && !ended.is_from_upstream() {
        return Outcome::Nothing;
    }
    if failed || ended.is_by_other(version) {
        return Outcome::Failed;
    }
    Outcome::Good
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake {
        code: u64,
        flags: u64,
        from_upstream: bool,
        grpc: Option<u8>,
        by: &'static str,
    }

    impl Ended for Fake {
        fn code(&self) -> u64 {
            self.code
        }

        fn flags(&self) -> u64 {
            self.flags
        }

        fn is_from_upstream(&self) -> bool {
            self.from_upstream
        }

        fn grpc_status(&self) -> Option<u8> {
            self.grpc
        }

        fn is_by_other(&self, version: &str) -> bool {
            !self.by.is_empty() && self.by != version
        }
    }

    const FINE: Fake = Fake {
        code: 200,
        flags: 0,
        from_upstream: true,
        grpc: None,
        by: "",
    };

    fn of(fake: &Fake) -> Outcome {
        outcome(fake, "v2")
    }

    #[test]
    fn a_version_is_blamed_for_what_it_did() {
        assert_eq!(of(&FINE), Outcome::Good);
        assert_eq!(of(&Fake { code: 404, ..FINE }), Outcome::Good);
        assert_eq!(of(&Fake { code: 499, ..FINE }), Outcome::Good);
        assert_eq!(of(&Fake { code: 500, ..FINE }), Outcome::Failed);
        assert_eq!(of(&Fake { code: 101, ..FINE }), Outcome::Good);
        assert_eq!(of(&Fake { by: "v2", ..FINE }), Outcome::Good);
        assert_eq!(of(&Fake { by: "v1", ..FINE }), Outcome::Failed);
    }

    #[test]
    fn what_the_proxy_does_is_not_the_versions_fault() {
        let own = |code, flag: u32| Fake {
            code,
            flags: 1 << flag,
            from_upstream: false,
            ..FINE
        };
        for flag in [1, 2, 4, 5, 6, 23, 24, 26] {
            assert_eq!(of(&own(503, flag)), Outcome::Failed, "{flag}");
        }
        // An overflow, an injected fault, a rate limit, an authorization, an overloaded proxy.
        for flag in [7, 10, 11, 12, 13, 25] {
            for code in [403, 429, 503] {
                assert_eq!(of(&own(code, flag)), Outcome::Nothing, "{flag}");
            }
        }
        assert_eq!(of(&own(0, 14)), Outcome::Nothing);
        // An answer that broke off.
        assert_eq!(of(&own(200, 6)), Outcome::Failed);
        // A client that left while it was answered.
        assert_eq!(of(&own(200, 14)), Outcome::Good);
        // A WebSocket that its server closed.
        assert_eq!(of(&own(101, 6)), Outcome::Good);
    }

    #[test]
    fn grpc_says_it_in_its_own_status() {
        for status in 0..=17 {
            let failed = [2, 4, 12, 13, 14, 15].contains(&status);
            let grpc = Fake {
                grpc: Some(status),
                ..FINE
            };
            let expected = if failed {
                Outcome::Failed
            } else {
                Outcome::Good
            };
            assert_eq!(of(&grpc), expected, "{status}");
        }
        // A rate limit's, which Envoy answers a gRPC call with.
        let own = Fake {
            grpc: Some(14),
            flags: 1 << 11,
            from_upstream: false,
            ..FINE
        };
        assert_eq!(of(&own), Outcome::Nothing);
    }
}
