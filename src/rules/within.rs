//! A text somewhere in a value. The search is that of Knuth, Morris and Pratt: two looks at each
//! byte of the value at most, whatever a policy and a client make the two of.

/// A text that is looked for.
#[derive(Debug)]
pub(super) struct Part {
    text: Box<[u8]>,
    /// For each beginning of it, by its last byte: how much of the text's beginning also stands at
    /// that beginning's end.
    again: Vec<usize>,
}

impl Part {
    /// Where case is to be ignored, the text is in lower case.
    pub(super) fn new(text: Box<[u8]>) -> Self {
        let mut own = Self {
            again: Vec::with_capacity(text.len()),
            text,
        };
        let mut found = 0;
        for at in 0..own.text.len() {
            if let Some(&byte) = own.text.get(at).filter(|_| at > 0) {
                found = own.next(found, byte);
            }
            own.again.push(found);
        }
        own
    }

    /// Whether it stands anywhere in the value.
    pub(super) fn is_in(&self, value: &[u8], ignore_case: bool) -> bool {
        let mut found = 0;
        value.iter().any(|byte| {
            let lower = byte.to_ascii_lowercase();
            found = self.next(found, if ignore_case { lower } else { *byte });
            found == self.text.len()
        })
    }

    /// How much of the text is found with one byte more, of which so much was found before it.
    fn next(&self, mut found: usize, byte: u8) -> usize {
        loop {
            if self.text.get(found) == Some(&byte) {
                return found.saturating_add(1);
            }
            let Some(last) = found.checked_sub(1) else {
                return 0;
            };
            found = self.again.get(last).copied().unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All texts of two letters, up to a length.
    fn texts(length: usize) -> impl Iterator<Item = Vec<u8>> {
        (0..=length).flat_map(|length| {
            (0..1u32 << length).map(move |bits| {
                let letters = (0..length).map(|at| b"ab"[(bits >> at & 1) as usize]);
                letters.collect()
            })
        })
    }

    #[test]
    fn it_finds_what_is_there() {
        for text in texts(5).filter(|text| !text.is_empty()) {
            let part = Part::new(text.clone().into());
            for value in texts(9) {
                let expected = value.windows(text.len()).any(|own| own == text);
                assert_eq!(part.is_in(&value, false), expected);
                assert_eq!(part.is_in(&value.to_ascii_uppercase(), true), expected);
            }
        }
    }
}
