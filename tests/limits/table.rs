//! `docs/limits.md` lists every bound that the source has, with its present value and its tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::ROOT;

/// The text of each source below a folder, by its place in it.
fn sources(folder: &Path, within: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let own = format!("{within}{name}");
        if path.is_dir() {
            sources(&path, &format!("{own}/"), found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.insert(own, fs::read_to_string(&path).unwrap());
        }
    }
}

fn below(folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    sources(&Path::new(ROOT).join(folder), "", &mut found);
    found
}

/// The bounds of a source, each with what stands behind its `=`.
fn bounds(file: &str, text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(str::trim_start);
    let constants = lines.filter_map(|line| {
        let (before, rest) = line.split_once("const ")?;
        let (name, rest) = rest.split_once(": ")?;
        let value = rest.split_once(" = ")?.1.strip_suffix(';')?;
        let is_public = file == "limits.rs" && before == "pub ";
        (is_public || name.starts_with("MAX_")).then(|| (name.to_owned(), value.to_owned()))
    });
    constants.collect()
}

/// A whole number, a sum or a product of them, or another bound of `limits.rs`.
fn number(text: &str, named: &BTreeMap<String, String>) -> u64 {
    let sum = text.split(" + ").map(|part| {
        let product = part.split(" * ").map(|factor| match named.get(factor) {
            Some(other) => number(other, named),
            None => factor
                .replace('_', "")
                .parse()
                .unwrap_or_else(|_| panic!("{factor}")),
        });
        product.product::<u64>()
    });
    sum.sum()
}

/// With a comma before each three digits, as prose has it.
fn written(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn every_bound_stands_in_the_table_as_it_is() {
    let sources = below("src");
    let limits = bounds("limits.rs", &sources["limits.rs"]);
    let named: BTreeMap<_, _> = limits.iter().cloned().collect();
    let page = fs::read_to_string(Path::new(ROOT).join("docs/limits.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let rows = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    let rows: Vec<_> = rows.filter(|cells| cells[1] != "constant").collect();
    let mut expected = BTreeSet::new();
    for (file, text) in &sources {
        for (name, value) in bounds(file, text) {
            let value = match value.split_once("..=") {
                Some((least, most)) => {
                    let ends = [least, most].map(|end| written(number(end, &named)));
                    ends.join(" to ")
                }
                None => written(number(&value, &named)),
            };
            let place = match &**file {
                "limits.rs" => format!("`{name}`"),
                other => format!("`{other}` `{name}`"),
            };
            expected.insert((place, value));
        }
    }
    let told = rows
        .iter()
        .map(|cells| (cells[1].to_owned(), cells[2].to_owned()));
    assert_eq!(told.collect::<BTreeSet<_>>(), expected);
    assert_eq!(rows.len(), expected.len(), "a bound stands twice");
    assert!(expected.len() > 50, "{expected:?}");
}

#[test]
fn every_bound_has_tests_that_there_are() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/limits.md")).unwrap();
    let tests: Vec<_> = below("src")
        .into_values()
        .chain(below("tests").into_values())
        .collect();
    let rows = page.lines().filter_map(|line| line.strip_suffix(" |"));
    let rows = rows.filter(|row| row.contains("` | ") && row.starts_with("| "));
    for row in rows {
        let named = row.rsplit(" | ").next().unwrap();
        for name in named.split(", ") {
            let name = name.trim_matches('`');
            let test = format!("#[test]\nfn {name}() {{");
            let nested = format!("#[test]\n    fn {name}() {{");
            let is_there = |text: &String| text.contains(&test) || text.contains(&nested);
            assert!(tests.iter().any(is_there), "no test {name}: {row}");
        }
    }
}
