//! What a command cannot carry out, told in one sentence.

use crate::run::graylane;

#[test]
fn an_option_that_is_wrong_is_told_with_its_remedy() {
    let policy = "docs/examples/policy.yaml";
    let svg = "--svg=docs/examples/policy.yaml/shares.svg";
    for (arguments, sentence) in [
        (
            &["explain", policy, "-Hx-a"][..],
            "invalid value 'x-a' for '--header <NAME: VALUE>': write it as `name: value`",
        ),
        (
            &["explain", policy, "-H:path: /"],
            "invalid value ':path: /' for '--header <NAME: VALUE>': not the name of a header; \
             path, method and host have options",
        ),
        (
            &["explain", policy, "--label=a"],
            "invalid value 'a' for '--label <NAME=VALUE>': write it as name=value",
        ),
        (
            &["explain", policy, "--claim=a"],
            "invalid value 'a' for '--claim <NAME=VALUE>': write it as name=value",
        ),
        (
            &["check", policy, "--at=tomorrow"],
            "--at tomorrow: not a moment since 1970; write it as 2026-11-21T20:00:00+08:00",
        ),
        (
            &["simulate", policy, "--key=x-a"],
            "invalid value 'x-a' for '--key <KEY>': write it as header:NAME, cookie:NAME, \
             query:NAME, claim:NAME or source_ip",
        ),
        (
            &["simulate", policy, "--service=none"],
            "no such service is reached; see `graylane check`",
        ),
        (
            &["simulate", policy, "--users=10", svg],
            "docs/examples/policy.yaml/shares.svg cannot be written: Not a directory (os error 20)",
        ),
        (
            &["diff", policy, policy, "--max-moved=ten"],
            "invalid value 'ten' for '--max-moved <PERCENT>': write it as 10%",
        ),
        (
            &["diff", policy, policy, "--max-moved=101"],
            "invalid value '101' for '--max-moved <PERCENT>': use 0% to 100%",
        ),
        (
            &["retire", "checkout", "--admin=http://127.0.0.1:1"],
            "invalid value 'checkout' for '<SERVICE/VERSION>': write it as checkout/v1",
        ),
        (
            &["retire", "checkout/v1", "--admin=https://127.0.0.1:1"],
            "invalid value 'https://127.0.0.1:1' for '--admin <URL>': write it as \
             http://127.0.0.1:9901, without TLS",
        ),
        (
            &["retire", "checkout/v1", "--admin=http://a", "--quiet=1s"],
            "invalid value '1s' for '--quiet <TIME>': use 2s or more; proxies tell what is open \
             once a second",
        ),
        (
            &["retire", "checkout/v1", "--admin=http://a", "--timeout=ten"],
            "invalid value 'ten' for '--timeout <TIME>': write it as 10s or 5m",
        ),
        (
            &["retire", "checkout/v1", "--admin=http://a", "--timeout=5s"],
            "--timeout 5s is shorter than --quiet 10s; make it longer",
        ),
        (
            &["diff", policy, "docs/examples/none.yaml"],
            "docs/examples/none.yaml cannot be read: No such file or directory (os error 2)",
        ),
    ] {
        let ran = graylane(arguments, "");
        let told = ran.err.lines().next().unwrap_or_default();
        let sentence = format!("error: {sentence}");
        assert_eq!((ran.code, told), (2, &*sentence), "{arguments:?}");
    }
}
