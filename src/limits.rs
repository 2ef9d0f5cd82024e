//! Bounds on what a policy may hold, and on what is looked at of a request, each with its reason.
//!
//! A policy is compiled on the worker that serves requests, and lives once in each worker; these
//! bounds keep both affordable. Nothing is cut to fit: what is over a bound is refused. A request is
//! never refused: what of it is over a bound is as if it were not there.

use std::ops::RangeInclusive;

/// Bytes of a policy, as JSON or as protobuf.
///
/// No ordinary carrier brings more: a gRPC message of a control plane holds 4 MiB, an etcd value
/// 1.5 MiB, a Kubernetes object 1 MiB.
pub const MAX_POLICY_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of a config centre's reply: a policy in base64, and JSON around it.
pub const MAX_REPLY_BYTES: usize = 6 * 1024 * 1024;

/// Other proxies of a fleet that are heard. Each is looked for among the others, and its words are
/// read by every worker.
pub const MAX_PROXIES: usize = 4_096;

/// Bytes of what the other proxies of a fleet tell, together; what is beyond is not heard. As much as
/// one reply brings.
pub const MAX_FLEET_BYTES: usize = MAX_REPLY_BYTES;

/// Bytes of a switch document: it is for a handful of names, and read anew with each change.
pub const MAX_SWITCHES_BYTES: usize = 64 * 1024;

/// How deep objects and lists may stand in each other in the document.
///
/// The parser recurses, on a stack of 1 MiB in the module. The language itself needs 11 levels, or
/// seven and two more for each level of [`MAX_CONDITION_DEPTH`].
pub const MAX_NESTING: usize = 48;

/// Services of a policy: each is a name in metrics.
pub const MAX_SERVICES: usize = 1_000;

/// Hosts of one service.
pub const MAX_HOSTS: usize = 1_000;

/// Bytes of a host's name, without its port: the longest that DNS has. A request whose host is
/// longer is for no service that lists hosts; each of its dots would be a look among suffixes.
pub const MAX_HOST_NAME_BYTES: usize = 253;

/// Versions of one service: each is a name in metrics, and a tag is compared with each.
pub const MAX_VERSIONS: usize = 64;

/// Lanes of a policy: each is a name in metrics.
pub const MAX_LANES: usize = 64;

/// Rules of a policy, over all of its services. A mesh of 1,000 services has ten for each.
pub const MAX_RULES: usize = 10_000;

/// How deep `all`, `any` and `not` may stand in each other: evaluation recurses.
pub const MAX_CONDITION_DEPTH: usize = 16;

/// Conditions below one `when`, counted with the `all`, `any` and `not` that hold them. A request
/// may have to try each; sets (`in`, `source_ip`) count as one.
pub const MAX_CONDITIONS: usize = 1_000;

/// Keys in one `split.by`: a request may have to look for each.
pub const MAX_KEYS: usize = 8;

/// Bytes of a name of a service, version or rule: it travels in a header and in metrics.
pub const MAX_NAME_BYTES: usize = 63;

/// Bytes of a cluster's name. The longest that Istio makes has a host of 253, a subset of 63, a
/// port and a direction.
pub const MAX_CLUSTER_BYTES: usize = 512;

/// Bytes of the name of a header, cookie or query parameter.
pub const MAX_KEY_NAME_BYTES: usize = 128;

/// Names on the way to a claim. Each costs the proxy a step into the token.
pub const MAX_CLAIM_DEPTH: usize = 8;

/// Bytes of a `salt`: it is hashed on every request. Holds `<service>/<rule>`.
pub const MAX_SALT_BYTES: usize = 256;

/// Bytes of the path of a cookie: browsers drop an attribute of more than 1,024.
pub const MAX_COOKIE_PATH_BYTES: usize = 1_024;

/// Bytes of a `prefix`, `suffix`, `contains` or `matches`: a request may be compared with each.
pub const MAX_PATTERN_BYTES: usize = 1_024;

/// Bytes that the compiled `matches` patterns of a service, and of `trust`, may take together: a
/// request may have to be compared with each. Matching costs this times the value's length.
pub const MAX_COMPILED_PATTERN_BYTES: usize = 64 * 1024;

/// Bytes of a request's values that one `matches` looks at; a longer value does not match, and of
/// several those behind it do not. Bounds the time that a client can make patterns take.
pub const MAX_MATCHED_BYTES: usize = 1024;

/// Bytes of a value of a request: a line of a header, the path, the query, a claim. A longer one is
/// as if it were not there. All headers of a request have at most 60 KiB together, unless Envoy is
/// told to take more.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;

/// Bytes of a request's cookies. A line of them that goes beyond, and those behind it, are as if
/// they were not there: each condition on a cookie, and each key, looks through all of them.
pub const MAX_COOKIE_BYTES: usize = 64 * 1024;

/// Cookies of a request; further ones are as if they were not there. Browsers keep fewer than 200
/// for a site.
pub const MAX_COOKIES: usize = 1_000;

/// Parameters of a query; further ones are as if they were not there. PHP and Tomcat take as many.
pub const MAX_PARAMETERS: usize = 1_000;

/// Milliseconds of a guard's window. It is judged four times a second; what is older than an hour
/// says little about a version now.
pub const GUARD_WINDOW: RangeInclusive<u64> = 1_000..=3_600_000;

/// Guards of a policy. Each worker tells the others four times a second what each of its guards has
/// seen, and reads what they tell.
pub const MAX_GUARDS: usize = 1_000;

/// Answers that a guard may wait for: a window that has as many is judged by a thousandth of them.
pub const MAX_GUARD_REQUESTS: u32 = 1_000_000;

/// Failures in a row that a guard may wait for: each worker remembers when they were.
pub const MAX_CONSECUTIVE_FAILURES: u32 = 100;

/// Milliseconds between two requests to a config centre that does not hold its answers. More often
/// than every second, a fleet of hundreds is a load; less often than every hour is no switch.
pub const REMOTE_EVERY: RangeInclusive<u64> = 1_000..=3_600_000;

/// Bytes of a server's name in requests: a host's, and a port.
pub const MAX_HOST_BYTES: usize = MAX_HOST_NAME_BYTES + 6;

/// Bytes of a path that verdicts are posted to.
pub const MAX_PATH_BYTES: usize = 2_048;
