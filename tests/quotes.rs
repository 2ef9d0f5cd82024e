//! What documents quote from examples is what the examples say: those are compiled and tested.

mod support;

use std::fs;
use std::path::Path;

use support::ROOT;

/// The languages whose blocks are quotes, and where the examples in them are.
const QUOTED: [(&str, &str); 2] = [("go", "docs/examples/go"), ("java", "docs/examples/java")];

/// Without indentation: a method stands deeper in its class than on a page.
fn flush(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_start).collect();
    lines.join("\n") + "\n"
}

fn sources(folder: &Path, language: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, language, found);
        } else if path.extension().is_some_and(|kind| kind == language) {
            found.push(flush(&fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn quotes_are_the_text_of_the_examples() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/mesh.md")).unwrap();
    for (language, folder) in QUOTED {
        let mut examples = Vec::new();
        sources(&Path::new(ROOT).join(folder), language, &mut examples);
        let fence = format!("```{language}\n");
        let blocks: Vec<_> = page.split(&fence).skip(1).collect();
        assert!(!blocks.is_empty(), "{language}");
        for block in blocks {
            let (quote, _) = block.split_once("```").unwrap();
            assert!(
                examples.iter().any(|text| text.contains(&flush(quote))),
                "in no example:\n{quote}"
            );
        }
    }
}
