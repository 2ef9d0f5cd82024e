//! Regular expressions that are searched for elsewhere, and have to fit as a whole here.

use super::part::{Part, Read};

/// The pattern that fits a whole value where this one is found in it somewhere.
pub(super) fn found(pattern: &str) -> String {
    let alone = !pattern.contains('|');
    let begun = pattern.strip_prefix('^').filter(|_| alone);
    let body = begun.unwrap_or(pattern);
    let ended = body
        .strip_suffix('$')
        .filter(|rest| alone && !rest.ends_with('\\'));
    let body = ended.unwrap_or(body);
    let before = if begun.is_some() { "" } else { ".*" };
    let after = if ended.is_some() { "" } else { ".*" };
    let group = if alone {
        body.to_owned()
    } else {
        format!("(?:{body})")
    };
    format!("{before}{group}{after}")
}

/// A pattern in PCRE, which has more than a policy's.
pub(super) fn pcre<'m>(part: &Part<'m>) -> Read<&'m str> {
    let pattern = part.text()?;
    // `a++` gives nothing back; here it would read as a repetition of `a+`.
    let bytes = pattern.as_bytes();
    let possessive = bytes.windows(2).enumerate().any(|(at, pair)| {
        let escaped = bytes[..at]
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count()
            % 2
            == 1;
        !escaped && b"*+?}".contains(&pair[0]) && pair[1] == b'+'
    });
    if possessive {
        return Err(part.refuse(
            "has a possessive quantifier, which a policy's expressions lack; take one sign off it",
        ));
    }
    Ok(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_somewhere_fits_as_a_whole() {
        for (pattern, whole) in [
            ("qa", ".*qa.*"),
            ("^qa", "qa.*"),
            ("qa$", ".*qa"),
            ("^qa-[0-9]+$", "qa-[0-9]+"),
            ("a|b", ".*(?:a|b).*"),
            ("^a|b$", ".*(?:^a|b$).*"),
            (r"price\$", r".*price\$.*"),
        ] {
            assert_eq!(found(pattern), whole);
            for value in [
                "qa", "qa-7", "xqa", "a", "b", "ab", "ba", "xay", "price$", "", "c",
            ] {
                let there = regex_lite::Regex::new(pattern).unwrap();
                let here = regex_lite::Regex::new(&format!("^(?:{whole})$")).unwrap();
                assert_eq!(
                    there.is_match(value),
                    here.is_match(value),
                    "{pattern} {value}"
                );
            }
        }
    }
}
