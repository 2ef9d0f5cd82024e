//! A policy as far as a log may tell of it.

use std::mem;

use super::{Edit, Index, edits};
use crate::hash::hash;
use crate::policy::Policy;
use crate::policy::tree::Tree;

/// Fields with servers, passwords, tokens and addresses that are secrets: they are told by their
/// names alone.
const SECRET: [&str; 2] = ["remote", "notify"];

/// What holds: a policy, and switches over it. Without what is secret, of which it only knows whether
/// it is the same.
#[cfg_attr(test, derive(Clone))]
pub(crate) struct Told(Tree);

impl Told {
    /// Of documents that were read before; `configuration` is what a policy from elsewhere stands
    /// in for, or empty; `off`: everybody is sent to the baselines. `None`: it is none.
    pub(crate) fn new(
        policy: &[u8],
        configuration: &[u8],
        switches: &[u8],
        off: bool,
    ) -> Option<Self> {
        let Tree::Object(mut fields) = Policy::tree(policy).ok()? else {
            return None;
        };
        // Which go on to hold.
        if let Ok(Tree::Object(mut own)) = Policy::tree(configuration) {
            own.retain(|(name, _)| {
                is_secret(name) && fields.iter().all(|(other, _)| other != name)
            });
            fields.append(&mut own);
        }
        if off {
            fields.retain(|(name, _)| name != "enabled");
            fields.push(("enabled".to_owned(), Tree::Truth(false)));
        }
        for (_, value) in fields.iter_mut().filter(|(name, _)| is_secret(name)) {
            // They may stand in another order, and mean the same.
            sort(value);
            let half = |seed| hash(b"", value.to_json().as_bytes(), seed);
            *value = Tree::Text(format!("{:08x}{:08x}", half(0), half(1)));
        }
        if !switches.is_empty() {
            fields.push(("switches".to_owned(), Tree::from_json(switches).ok()?));
        }
        let mut policy = Tree::Object(fields);
        sort(&mut policy);
        Some(Self(policy))
    }

    /// It as text, from which [`Self::of_text`] has it again.
    pub(crate) fn to_text(&self) -> String {
        self.0.to_json()
    }

    pub(crate) fn of_text(text: &[u8]) -> Option<Self> {
        Tree::from_json(text).ok().map(Self)
    }

    /// What has changed since another, each as a line.
    pub(crate) fn since(self, other: Self) -> impl ExactSizeIterator<Item = String> {
        edits(other.0, self.0).into_iter().map(|edit| line(&edit))
    }
}

fn line(edit: &Edit) -> String {
    let mark = edit.what.mark();
    if is_secret(&edit.place) {
        format!("{mark} {}", edit.place)
    } else {
        format!("{mark} {edit}")
    }
}

fn is_secret(field: &str) -> bool {
    SECRET.contains(&field)
}

/// Puts fields in order: a protobuf has none.
fn sort(tree: &mut Tree) {
    match tree {
        Tree::Object(fields) => {
            let places: Vec<_> = Index::new(fields.iter().map(|(name, _)| &**name))
                .places()
                .collect();
            let mut old: Vec<_> = mem::take(fields).into_iter().map(Some).collect();
            let taken = places.into_iter().filter_map(|at| old.get_mut(at)?.take());
            *fields = taken.collect();
            for (_, value) in fields {
                sort(value);
            }
        }
        Tree::List(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_CHARS;
    use super::*;

    fn told(policy: &str, switches: &str, off: bool) -> Told {
        Told::new(policy.as_bytes(), b"", switches.as_bytes(), off).unwrap()
    }

    fn lines(old: &Told, new: &Told) -> Vec<String> {
        // As the module keeps it in between.
        let old = Told::of_text(old.to_text().as_bytes()).unwrap();
        new.clone().since(old).collect()
    }

    const POLICY: &str = r#"{"schema": "graylane/v1", "services": []}"#;

    #[test]
    fn a_long_value_is_cut() {
        // A quote stands before it and behind it.
        for (chars, shown) in [
            (MAX_CHARS - 2, format!("\"{}\"", "é".repeat(MAX_CHARS - 2))),
            (MAX_CHARS - 1, format!("\"{}…", "é".repeat(MAX_CHARS - 1))),
        ] {
            let before = told(POLICY, "", false);
            let policy = POLICY.replacen('{', &format!(r#"{{"a": "{}", "#, "é".repeat(chars)), 1);
            let after = told(&policy, "", false);
            assert_eq!(lines(&before, &after), [format!("+ a: {shown}")]);
        }
    }

    #[test]
    fn switches_and_a_policy_that_is_gone_are_told() {
        let before = told(POLICY, "", false);
        let closed = r#"{"pay/v2": "closed"}"#;
        let switched = told(POLICY, closed, false);
        assert_eq!(
            lines(&before, &switched),
            [r#"+ switches: {"pay/v2":"closed"}"#]
        );
        let half = told(POLICY, r#"{"pay/v2": 50}"#, true);
        let changes = ["+ enabled: false", r#"~ switches › pay/v2: "closed" → 50"#];
        assert_eq!(lines(&switched, &half), changes);
        assert_eq!(lines(&half, &half), [""; 0]);
    }

    #[test]
    fn a_name_that_is_none_stays_in_its_line() {
        let before = told(POLICY, "", false);
        let odd = told(POLICY, r#"{"a\n[critical] b/v2": "closed"}"#, false);
        let more = told(
            POLICY,
            r#"{"a\n[critical] b/v2": 5, "c\u001b[2J": 7}"#,
            false,
        );
        for told in [
            lines(&before, &odd),
            lines(&odd, &more),
            lines(&more, &before),
        ] {
            assert!(!told.is_empty());
            assert!(!told.concat().contains(char::is_control), "{told:?}");
        }
        let first = &lines(&odd, &more)[0];
        assert_eq!(
            first,
            r#"~ switches › a\u000a[critical] b/v2: "closed" → 5"#
        );
    }

    #[test]
    fn of_what_is_secret_is_told_that_it_changes() {
        let with = |field: &str| {
            let policy = r#"{"schema": "graylane/v1", FIELD, "services": []}"#;
            told(&policy.replace("FIELD", field), "", false)
        };
        let one = with(r#""remote": {"cluster": "a", "http": {"token": "sesame"}}"#);
        let same = with(r#""remote": {"http": {"token": "sesame"}, "cluster": "a"}"#);
        let other = with(r#""remote": {"cluster": "a", "http": {"token": "open"}}"#);
        let notify = with(r#""notify": {"cluster": "chat", "path": "/open"}"#);
        assert_eq!(lines(&one, &same), [""; 0]);
        assert_eq!(lines(&one, &other), ["~ remote"]);
        assert_eq!(lines(&other, &notify), ["- remote", "+ notify"]);
        for told in [one, other, notify] {
            let text = told.to_text();
            assert!(!text.contains("sesame") && !text.contains("open"), "{text}");
        }
    }
}
