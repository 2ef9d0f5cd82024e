//! Every sentence that a policy is refused with, word for word, in both forms of a policy.

mod support;

use serde_json::json;
use support::refusals::{Raw, Refusals, Report, Written};
use support::{entry, kind, load, refusal, wire};

fn sentence(bytes: &[u8]) -> String {
    match load(bytes) {
        Ok(_) => "(accepted)".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_base_is_accepted() {
    support::accept(&Refusals::read().base);
}

#[test]
fn an_edit_is_refused_in_both_forms() {
    let Refusals { base, edits, .. } = Refusals::read();
    let mut report = Report::default();
    assert!(edits.len() > 100);
    for edit in edits {
        report.expect(&edit.told(), &refusal(&edit.of(&base)), &edit.error);
    }
}

#[test]
fn a_text_is_refused() {
    let mut report = Report::default();
    for Written { text, error } in Refusals::read().texts {
        report.expect(&text, &sentence(text.as_bytes()), &error);
    }
}

#[test]
fn bytes_are_refused() {
    let mut report = Report::default();
    for Raw { name, bytes, error } in Refusals::read().bytes {
        report.expect(&name, &sentence(&bytes), &error);
    }
}

#[test]
fn a_field_that_a_struct_repeats_is_refused() {
    let base = wire(&Refusals::read().base);
    let twice = [&base[..], &entry("enabled", &kind(&json!(true)))].concat();
    assert!(load(&twice).is_ok(), "it stands once yet");
    let twice = [&twice[..], &entry("enabled", &kind(&json!(false)))].concat();
    assert_eq!(sentence(&twice), "policy: duplicate field `enabled`");
}

#[test]
fn a_number_that_is_none_is_refused_where_it_stands() {
    let mut document = Refusals::read().base;
    let percent = "/services/0/rules/1/split/to/0/percent";
    *document.pointer_mut(percent).unwrap() = json!(12.5);
    let bytes = wire(&document);
    let at = bytes
        .windows(8)
        .position(|window| window == 12.5f64.to_le_bytes())
        .unwrap();
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut bytes = bytes.clone();
        bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
        assert_eq!(
            sentence(&bytes),
            "services[0].rules[1].split.to[0].percent: \
             invalid type: null, expected a number such as 12.5"
        );
    }
}

#[test]
fn a_struct_cut_anywhere_is_refused() {
    let bytes = wire(&Refusals::read().base);
    for end in 0..bytes.len() {
        assert!(load(&bytes[..end]).is_err(), "the first {end} bytes");
    }
    let malformed = "policy: is neither JSON nor a protobuf Struct; give one of them";
    assert_eq!(sentence(&bytes[..bytes.len() - 1]), malformed);
}

#[test]
fn a_json_text_cut_anywhere_is_refused() {
    let text = support::json(&Refusals::read().base);
    for end in 0..text.len() {
        assert!(load(&text[..end]).is_err(), "the first {end} bytes");
    }
}
