//! What documents quote from examples is what the examples say: those are compiled and tested.

mod support;

use std::fs;
use std::path::Path;

use support::ROOT;

/// Where the blocks of a language are quotes, and of what: a page, its part from a heading to the
/// next, or all of it, the language, and how the names of the examples end and in which folder they are.
const QUOTED: [(&str, &str, &str, &str, &str); 6] = [
    ("import", "", "yaml", "yaml", "import"),
    ("mesh", "", "go", "go", "go"),
    ("mesh", "", "java", "java", "java"),
    ("pipeline", "", "sh", "sh", "pipeline"),
    ("pipeline", "", "yaml", "yaml", "pipeline"),
    ("remote", "## An alert", "yaml", "yml", "alert"),
];

/// Without indentation: a method stands deeper in its class than on a page.
fn flush(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_start).collect();
    lines.join("\n") + "\n"
}

fn sources(folder: &Path, ending: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, ending, found);
        } else if path.extension().is_some_and(|kind| kind == ending) {
            found.push(flush(&fs::read_to_string(&path).unwrap()));
        }
    }
}

/// What stands below a heading that begins so, up to the next of its level; without one, the page.
fn part<'p>(page: &'p str, heading: &str) -> &'p str {
    let Some((hashes, _)) = heading.split_once(' ') else {
        return page;
    };
    let (_, rest) = page.split_once(heading).unwrap();
    rest.split(&format!("\n{hashes} ")).next().unwrap()
}

#[test]
fn quotes_are_the_text_of_the_examples() {
    for (page, heading, language, ending, folder) in QUOTED {
        let path = Path::new(ROOT).join(format!("docs/{page}.md"));
        let page = fs::read_to_string(path).unwrap();
        let mut examples = Vec::new();
        let folder = Path::new(ROOT).join("docs/examples").join(folder);
        sources(&folder, ending, &mut examples);
        let fence = format!("```{language}\n");
        let blocks: Vec<_> = part(&page, heading).split(&fence).skip(1).collect();
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

#[test]
fn the_example_in_json_is_the_one_in_yaml() {
    let read = |name: &str| fs::read_to_string(Path::new(ROOT).join("docs/examples").join(name));
    let yaml: serde_json::Value = yaml_serde::from_str(&read("policy.yaml").unwrap()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&read("policy.json").unwrap()).unwrap();
    assert_eq!(json, yaml);
}
