//! Announcements, as they stand in a config centre: JSON that people can read.

use super::fleet::{Announcement, Member};
use super::report::{Entry, Told};
use super::standing::Standing;
use super::window::Counts;
use crate::json::quoted;
use crate::policy::tree::Tree;

/// How each begins.
const AT: &str = r#"{"at":"#;

impl Announcement {
    /// Whether there is nothing that others have to know.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let versions: Vec<_> = self.versions.iter().map(Member::to_json).collect();
        let versions = versions.join(",");
        format!(r#"{AT}{},"versions":[{versions}]}}"#, self.at)
    }

    /// From JSON. Of its versions those that are understood: another release may write otherwise.
    #[must_use]
    pub fn of_json(json: &[u8]) -> Option<Self> {
        Self::of_tree(&Tree::from_json(json).ok()?)
    }

    /// From several, each on a line of its own.
    #[must_use]
    pub fn of_lines(lines: &[u8]) -> Vec<Self> {
        let lines = lines.split(|byte| *byte == b'\n');
        lines.filter_map(Self::of_json).collect()
    }

    /// When one was told, in milliseconds since the Unix epoch, by its beginning alone: of hundreds
    /// that are listed, each is read whole only where it counts. `None`: it is something else.
    #[must_use]
    pub fn told_at(json: &[u8]) -> Option<u64> {
        let rest = json.strip_prefix(AT.as_bytes())?;
        let digits = rest.split(|byte| *byte == b',').next()?;
        str::from_utf8(digits).ok()?.parse().ok()
    }

    fn of_tree(tree: &Tree) -> Option<Self> {
        let versions = tree.field("versions")?.list()?.iter();
        Some(Self {
            at: tree.field("at")?.whole()?,
            versions: versions.filter_map(Member::of_tree).collect(),
        })
    }
}

impl Member {
    fn to_json(&self) -> String {
        let (own, hanging) = told(&self.seen.own);
        let (beside, beside_hanging) = told(&self.seen.beside);
        let standing = self.standing.words().map(|word| word.to_string()).join(",");
        format!(
            r#"{{"key":"{:016x}","version":{},"state":"{}","standing":[{standing}],"window":[{own}],"hanging":{hanging},"baseline":[{beside}],"baseline_hanging":{beside_hanging}}}"#,
            self.seen.key,
            quoted(&self.name),
            self.standing.state.name(),
        )
    }

    fn of_tree(tree: &Tree) -> Option<Self> {
        let standing = numbers(tree.field("standing")?)?;
        let standing = Standing::of_words(standing.try_into().ok()?)?;
        Some(Self {
            name: tree.field("version")?.text()?.to_owned(),
            standing,
            seen: Entry {
                key: u64::from_str_radix(tree.field("key")?.text()?, 16).ok()?,
                change: standing.change,
                own: heard(tree.field("window")?, tree.field("hanging")?)?,
                beside: heard(tree.field("baseline")?, tree.field("baseline_hanging")?)?,
                ..Entry::default()
            },
        })
    }
}

/// The parts of a window as lists, and what hangs.
fn told((parts, hanging): &Told) -> (String, u32) {
    let parts = parts.iter().map(|(part, counts)| {
        let Counts {
            answers,
            failed,
            slow,
        } = counts;
        format!("[{part},{answers},{failed},{slow}]")
    });
    let parts: Vec<_> = parts.collect();
    (parts.join(","), *hanging)
}

fn heard(parts: &Tree, hanging: &Tree) -> Option<Told> {
    let parts = parts.list()?.iter().map(|part| {
        let [part, answers, failed, slow] = numbers(part)?.try_into().ok()?;
        let count = |count| u32::try_from(count).ok();
        let counts = Counts {
            answers: count(answers)?,
            failed: count(failed)?,
            slow: count(slow)?,
        };
        Some((part, counts))
    });
    let hanging = u32::try_from(hanging.whole()?).ok()?;
    Some((parts.collect::<Option<_>>()?, hanging))
}

fn numbers(list: &Tree) -> Option<Vec<u64>> {
    list.list()?.iter().map(Tree::whole).collect()
}

#[cfg(test)]
mod tests {
    use super::super::standing::State;
    use super::*;

    fn announcement() -> Announcement {
        let counts = Counts {
            answers: 30,
            failed: 4,
            slow: 1,
        };
        let standing = Standing::default().becomes(State::Closed, 1_795_269_600_000);
        let member = |key| Member {
            name: "checkout/v2".to_owned(),
            standing,
            seen: Entry {
                key,
                change: 1,
                own: (vec![(598_423_200, counts), (598_423_201, counts)], 2),
                beside: (vec![(598_423_201, counts)], 0),
                ..Entry::default()
            },
        };
        Announcement {
            at: 1_795_269_600_250,
            versions: vec![member(7), member(u64::MAX)],
        }
    }

    #[test]
    fn what_is_announced_is_heard() {
        let own = announcement();
        let json = own.to_json();
        assert_eq!(
            Announcement::of_json(json.as_bytes()).as_ref(),
            Some(&own),
            "{json}"
        );
        assert_eq!(Announcement::told_at(json.as_bytes()), Some(own.at));
        let lines = format!("{json}\n{{\"at\":1}}\n7\n\n{json}");
        assert_eq!(
            Announcement::of_lines(lines.as_bytes()),
            [announcement(), own]
        );
        assert_eq!(Announcement::told_at(b"{\"a\":1}"), None);
        for length in 0..json.len() {
            assert_eq!(Announcement::of_json(&json.as_bytes()[..length]), None);
        }
    }

    /// Policies have no such names; another proxy's announcement may.
    #[test]
    fn a_name_of_quotes_and_line_feeds_stays_one() {
        let mut own = announcement();
        own.versions[0].name = "a\",\n\\".to_owned();
        let json = own.to_json();
        assert_eq!(Announcement::of_json(json.as_bytes()), Some(own), "{json}");
    }

    #[test]
    fn a_version_that_is_not_understood_is_left_out() {
        let json = announcement().to_json();
        for (from, to) in [
            ("\"standing\":[4", "\"standing\":[9"),
            ("\"key\":\"0", "\"key\":\"x"),
            ("[598423200,30", "[598423200,-30"),
            ("\"hanging\":2", "\"hanging\":99999999999"),
        ] {
            assert!(json.contains(from), "{from}");
            let heard = Announcement::of_json(json.replacen(from, to, 1).as_bytes()).unwrap();
            assert_eq!(heard.versions, announcement().versions[1..], "{to}");
        }
    }
}
