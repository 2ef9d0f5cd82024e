//! A refused policy: `on_configure` answers 0, and the host's log has the sentence, word for word.

use serde_json::Value;

use crate::host::{ERROR, INFO, Line, Vm};
use crate::support::refusals::{Raw, Refusals, Report, Written};
use crate::support::{json, wire};

/// What a host sees of a configuration.
fn told(bytes: &[u8]) -> String {
    let (_, accepted, log) = Vm::start().configure(bytes);
    seen(accepted, &log)
}

fn seen(accepted: bool, log: &[Line]) -> String {
    format!("accepted: {accepted}, logged: {log:?}")
}

fn refused(sentence: &str) -> String {
    seen(false, &[(ERROR, format!("policy refused: {sentence}"))])
}

fn in_force(bytes: &[u8]) -> String {
    let line = format!(
        "policy in force: revision {:08x}",
        graylane::revision(bytes)
    );
    seen(true, &[(INFO, line)])
}

#[test]
fn the_base_is_accepted() {
    let base = Refusals::read().base;
    for bytes in [json(&base), wire(&base)] {
        let (_, accepted, mut log) = Vm::start().configure(&bytes);
        let (before, line) = log[0].1.split_once(": ").unwrap();
        let version = env!("CARGO_PKG_VERSION");
        assert!(
            before.starts_with(&format!("graylane {version}")),
            "{before}"
        );
        let (line, counts) = line.split_once(", ").unwrap();
        assert!(counts.starts_with("services: "), "{counts}");
        log[0].1 = line.to_owned();
        assert_eq!(seen(accepted, &log), in_force(&bytes));
    }
}

#[test]
fn what_is_refused_is_refused_with_its_sentence() {
    let Refusals {
        base,
        edits,
        texts,
        bytes,
    } = Refusals::read();
    let mut report = Report::default();
    let mut count = [0; 3];
    for edit in &edits {
        let document: Value = edit.of(&base);
        for form in [json(&document), wire(&document)] {
            report.expect(&edit.told(), &told(&form), &refused(&edit.error));
            count[0] += 1;
        }
    }
    for Written { text, error } in &texts {
        report.expect(text, &told(text.as_bytes()), &refused(error));
        count[1] += 1;
    }
    for Raw { name, bytes, error } in &bytes {
        report.expect(name, &told(bytes), &refused(error));
        count[2] += 1;
    }
    let [documents, texts, bytes] = count;
    println!("refused: {documents} documents in two forms, {texts} texts, {bytes} of bytes");
    assert!(documents > 200 && texts > 0 && bytes > 0);
}

#[test]
fn no_configuration_is_refused() {
    let (_, accepted, log) = Vm::start().configure(b"");
    assert!(!accepted);
    assert!(matches!(&log[..], [(ERROR, _)]), "{log:?}");
}
