//! The blocks of code in a page of the documentation.

use anyhow::{Result, ensure};

/// A block of code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block<'p> {
    pub(super) language: &'p str,
    pub(super) text: &'p str,
}

/// The blocks between a heading, written as in the page, and the next one of its level or above.
pub(super) fn blocks<'p>(page: &'p str, heading: &str) -> Result<Vec<Block<'p>>> {
    let level = heading.len() - heading.trim_start_matches('#').len();
    let mut blocks = Vec::new();
    let (mut inside, mut block) = (false, None);
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let begin = at;
        at += line.len();
        match (line.strip_prefix("```"), block) {
            (Some(language), None) => block = Some((language.trim(), at)),
            (Some(_), Some((language, from))) => {
                let text = page.get(from..begin).unwrap_or_default();
                if inside {
                    blocks.push(Block { language, text });
                }
                block = None;
            }
            (None, None) if line.starts_with('#') => {
                let own = line.len() - line.trim_start_matches('#').len();
                inside = line.trim_end() == heading || inside && own > level;
            }
            (None, _) => {}
        }
    }
    ensure!(
        !blocks.is_empty(),
        "the page has no block below {heading:?}"
    );
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A\n```sh\none\n```\n## B\n```yaml\n# two\n```\n### C\n```sh\nthree\n```\n## D\n```sh\nfour\n```\n";

    #[test]
    fn blocks_are_those_below_a_heading() {
        let of = |heading| {
            let blocks = blocks(PAGE, heading).unwrap();
            let texts = blocks.iter().map(|block| block.text);
            texts.collect::<String>()
        };
        assert_eq!(of("# A"), "one\n# two\nthree\nfour\n");
        assert_eq!(of("## B"), "# two\nthree\n");
        assert_eq!(of("### C"), "three\n");
        assert_eq!(of("## D"), "four\n");
        assert!(blocks(PAGE, "## E").is_err());
    }
}
