use super::*;

const METADATA: &str = r#"{"packages":[
    {"id":"path#graylane","name":"graylane","version":"0.1.0","license":"Apache-2.0","source":null},
    {"id":"index#log","name":"log","version":"0.4.1","license":"MIT/Apache-2.0","source":"registry+https://github.com/rust-lang/crates.io-index"},
    {"id":"index#derive","name":"derive","version":"1.0.0","license":"MIT","source":"registry+https://github.com/rust-lang/crates.io-index"},
    {"id":"index#tokio","name":"tokio","version":"1.0.0","license":"MIT","source":"registry+https://github.com/rust-lang/crates.io-index"}
]}"#;
const LOCK: &str = "[[package]]\nname = \"log\"\nversion = \"0.4.1\"\nchecksum = \"aa\"\n\
                    [[package]]\nname = \"derive\"\nversion = \"1.0.0\"\nchecksum = \"bb\"\n";
const TREE: &str =
    "graylane v0.1.0 (/here)\nlog v0.4.1\nderive v1.0.0 (proc-macro)\nlog v0.4.1 (*)\n";
const RUSTC: &str = "rustc 1.95.0\nbinary: rustc\ncommit-hash: abc\nrelease: 1.95.0\n";

fn artifact(id: &str, file: &str) -> String {
    json!({ "reason": "compiler-artifact", "package_id": id, "filenames": [file] }).to_string()
}

fn messages() -> String {
    [
        artifact("index#derive", "/t/module/deps/libderive.so"),
        artifact("index#log", "/t/wasm32-wasip1/module/deps/liblog.rlib"),
        artifact("path#graylane", "/t/wasm32-wasip1/module/libgraylane.a"),
        r#"{"reason":"build-finished","success":true}"#.to_owned(),
    ]
    .join("\n")
}

fn of(messages: &str, tree: &str, metadata: &str, lock: &str) -> Result<Value, String> {
    let sources = Sources {
        module: b"module",
        messages,
        tree,
        metadata,
        lock,
        rustc: RUSTC,
    };
    let text = sbom(&sources).map_err(|error| error.to_string())?;
    Ok(serde_json::from_str(&text).unwrap())
}

#[test]
fn names_what_was_compiled_and_what_for() {
    let sbom = of(&messages(), TREE, METADATA, LOCK).unwrap();
    let components: Vec<_> = sbom["components"].as_array().unwrap().iter().collect();
    let told: Vec<_> = components
        .iter()
        .map(|one| {
            (
                one["name"].as_str().unwrap(),
                one["scope"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("derive", "excluded"),
        ("log", "required"),
        ("rust-std", "required"),
    ];
    assert_eq!(told, expected);
    assert_eq!(components[1]["hashes"][0]["content"], "aa");
    assert_eq!(
        components[1]["licenses"][0]["expression"],
        "MIT OR Apache-2.0"
    );
    let module = &sbom["metadata"]["component"]["hashes"][0]["content"];
    assert_eq!(*module, encode_string(&Sha256::digest(b"module")));
}

#[test]
fn refuses_what_is_not_the_whole() {
    let all = messages();
    let without = |part: &str| {
        let lines = all.lines().filter(|line| !line.contains(part));
        lines.collect::<Vec<_>>().join("\n")
    };
    let git = METADATA.replace(
        "registry+https://github.com/rust-lang/crates.io-index",
        "git+x",
    );
    let more = format!("{TREE}tokio v1.0.0\n");
    for (messages, tree, metadata, lock, sentence) in [
        ("", TREE, METADATA, LOCK, "the build did not succeed"),
        (
            &without("index#log"),
            TREE,
            METADATA,
            LOCK,
            "cargo tree names log 0.4.1, which was not compiled",
        ),
        (
            &all,
            &more,
            METADATA,
            LOCK,
            "cargo tree names tokio 1.0.0, which was not compiled",
        ),
        (
            &all,
            "graylane v0.1.0\nlog v0.4.1",
            METADATA,
            LOCK,
            "derive 1.0.0 was compiled, but cargo tree does not name it",
        ),
        (
            &without("path#graylane"),
            TREE,
            METADATA,
            LOCK,
            "the build has not compiled the module: run `make sbom`",
        ),
        (
            &all,
            TREE,
            &git,
            LOCK,
            "derive 1.0.0 does not come from crates.io",
        ),
        (
            &all,
            TREE,
            METADATA,
            "package = []",
            "Cargo.lock has no sum of derive 1.0.0",
        ),
    ] {
        assert_eq!(of(messages, tree, metadata, lock).unwrap_err(), sentence);
    }
}
