//! What a sentence of ours looks like, whatever it is about.

use graylane::Error;

/// Characters of the longest sentence: a place and a problem, each cut.
const MAX_CHARS: usize = 1_000;

/// A refusal says where and what, in one line that a log can hold.
pub(crate) fn of_refusal(error: &Error) {
    let sentence = error.to_string();
    assert!(!error.place().is_empty(), "no place: {sentence:?}");
    assert!(!error.problem().is_empty(), "no problem: {sentence:?}");
    assert_eq!(
        sentence,
        format!("{}: {}", error.place(), error.problem()),
        "it begins with its place"
    );
    is_one_line(&sentence);
}

/// One line of a log: not empty, not long, and without what ends a line or moves a cursor.
pub(crate) fn is_one_line(sentence: &str) {
    assert!(!sentence.trim().is_empty(), "empty");
    let length = sentence.chars().count();
    assert!(length <= MAX_CHARS, "{length} characters: {sentence:?}");
    assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
}
