//! The command line: its documentation is true, its explanations agree with the core, its counts
//! with counts of another kind, its schema with what the core reads.

#![cfg(feature = "cli")]

#[path = "cli/admin.rs"]
mod admin;
#[path = "cli/changes.rs"]
mod changes;
#[path = "cli/check.rs"]
mod check;
#[path = "cli/closed.rs"]
mod closed;
#[path = "cli/copies.rs"]
mod copies;
#[path = "cli/diff.rs"]
mod diff;
#[path = "cli/dump.rs"]
mod dump;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/idle.rs"]
mod idle;
#[path = "cli/import.rs"]
mod import;
#[path = "cli/input.rs"]
mod input;
#[path = "cli/istio.rs"]
mod istio;
#[path = "cli/lanes.rs"]
mod lanes;
#[path = "cli/playground.rs"]
mod playground;
#[path = "cli/proxies.rs"]
mod proxies;
#[path = "cli/publish.rs"]
mod publish;
#[path = "cli/retire.rs"]
mod retire;
#[path = "cli/run.rs"]
mod run;
#[path = "cli/schema.rs"]
mod schema;
#[path = "cli/simulate.rs"]
mod simulate;
#[path = "cli/status.rs"]
mod status;
mod support;
#[path = "cli/usage.rs"]
mod usage;

use std::fs;

#[test]
fn the_commands_of_the_documentation_print_what_it_says() {
    fs::create_dir_all("target").unwrap();
    trycmd::TestCases::new()
        .case("docs/cli.md")
        .case("docs/import.md");
}

#[test]
fn the_example_is_the_policy_of_the_readme() {
    let readme = fs::read_to_string("README.md").unwrap();
    let example = fs::read_to_string("docs/examples/policy.yaml").unwrap();
    assert!(readme.contains(&example));
}

#[test]
fn exit_codes_are_as_documented() {
    let policy = "docs/examples/policy.yaml";
    for (arguments, code) in [
        (&["check", policy][..], 0),
        (&["check", "docs/examples/mistakes.yaml"], 0),
        (&["check", "--strict", "docs/examples/mistakes.yaml"], 1),
        (&["check", "docs/examples/wrong.yaml"], 1),
        (&["explain", "docs/examples/wrong.yaml"], 1),
        (&["check", "docs/examples/none.yaml"], 2),
        (&["check"], 2),
        (&["explain", policy, "-H", "no value"], 2),
        (&["explain", policy, "--at", "now"], 2),
        (&["simulate", policy, "--service", "none"], 2),
        (&["diff", policy, "docs/examples/next.yaml"], 0),
        (
            &[
                "diff",
                policy,
                "docs/examples/next.yaml",
                "--max-moved",
                "20.5%",
            ],
            0,
        ),
        (
            &[
                "diff",
                policy,
                "docs/examples/next.yaml",
                "--max-moved",
                "20.499%",
            ],
            3,
        ),
        (
            &[
                "retire",
                "checkout/v1",
                policy,
                "--admin=http://127.0.0.1:1",
            ],
            3,
        ),
        (
            &[
                "retire",
                "checkout/v0",
                policy,
                "--admin=http://127.0.0.1:1",
            ],
            2,
        ),
        (&["import", "docs/examples/import/ingress.yaml"], 0),
        (&["import", policy], 2),
        (&["completions", "bash"], 0),
    ] {
        assert_eq!(run::graylane(arguments, "").code, code, "{arguments:?}");
    }
}
