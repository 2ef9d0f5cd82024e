//! The tag as an entry of `baggage`, beside the entries of others.
//!
//! The format is [W3C Baggage](https://www.w3.org/TR/baggage/): members between commas, each a name,
//! `=`, a percent-encoded value, and perhaps properties behind `;`. Whatever is not ours is passed on
//! as it came, be it malformed.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::request::Request;

/// The header that holds the entries.
pub(crate) const HEADER: &str = "baggage";

/// Shows the value of the first entry of this name, decoded.
pub(crate) fn first_entry<'r>(request: &impl Request<'r>, name: &str, see: &mut dyn FnMut(&[u8])) {
    request.list(HEADER, &mut |members| {
        let entry = members
            .split(|&byte| byte == b',')
            .find_map(|each| value(each, name));
        if let Some(entry) = entry {
            let end = entry.iter().position(|&byte| byte == b';');
            let entry = entry.get(..end.unwrap_or(entry.len())).unwrap_or_default();
            let entry: Cow<'_, [u8]> = percent_decode(entry.trim_ascii()).into();
            see(&entry);
        }
        entry.is_some()
    });
}

/// What stands behind the `=` of a member, if it has this name.
fn value<'m>(member: &'m [u8], name: &str) -> Option<&'m [u8]> {
    let rest = member.trim_ascii().strip_prefix(name.as_bytes())?;
    rest.trim_ascii_start().strip_prefix(b"=")
}

/// The members with just one entry of this name, or with none, before the others. `None`: they are
/// so already. Empty: none is left, so the header goes.
///
/// A name and a value are of characters that need no encoding.
#[must_use]
pub fn rewritten(members: &[u8], name: &str, tag: Option<&str>) -> Option<Vec<u8>> {
    // In front: whoever has to cut a long list keeps its beginning.
    let entry = tag.map(|tag| format!("{name}={tag}"));
    let mut list = entry.unwrap_or_default().into_bytes();
    let (mut right, mut wrong) = (0u32, false);
    for member in members.split(|&byte| byte == b',') {
        let member = member.trim_ascii();
        match value(member, name) {
            Some(own) if tag.is_some_and(|tag| own == tag.as_bytes()) => {
                right = right.saturating_add(1);
            }
            Some(_) => wrong = true,
            None if member.is_empty() => {}
            None => {
                if !list.is_empty() {
                    list.push(b',');
                }
                list.extend_from_slice(member);
            }
        }
    }
    let is_so = !wrong && right == u32::from(tag.is_some());
    (!is_so).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::Written;

    fn tag(lines: &[&str]) -> Option<String> {
        let mut request = Written::default();
        for line in lines {
            request = request.with(HEADER, *line);
        }
        let mut tag = None;
        first_entry(&request, "gray", &mut |value| {
            tag = Some(String::from_utf8_lossy(value).into_owned());
        });
        tag
    }

    #[test]
    fn the_first_entry_of_the_name_is_found_among_others() {
        for (lines, found) in [
            (&["gray=v2"][..], Some("v2")),
            (&["a=1,gray=v2,b=2"], Some("v2")),
            (&[" a = 1 ;p=q , gray = v2 ; ttl=1 ; x , b=2"], Some("v2")),
            (&["a=1", "b=2,gray=v2"], Some("v2")),
            (&["gray=v2,gray=v3"], Some("v2")),
            (&["gray=v%32"], Some("v2")),
            (&["gray=%"], Some("%")),
            (&["gray="], Some("")),
            (&["gray"], None),
            (&["Gray=v2,xgray=v3,gray2=v4,a=gray=v5"], None),
            (&["a=1;gray=v2"], None),
            (&[",,"], None),
            (&[], None),
        ] {
            assert_eq!(tag(lines).as_deref(), found, "{lines:?}");
        }
    }

    #[test]
    fn others_stay_as_they_came() {
        for (members, tag, list) in [
            ("", Some("v2"), Some("gray=v2")),
            ("a=1;p=q,b=%20", Some("v2"), Some("gray=v2,a=1;p=q,b=%20")),
            (
                "a=1, gray=v1;ttl=1 ,b=2",
                Some("v2"),
                Some("gray=v2,a=1,b=2"),
            ),
            ("gray=v2,gray=v2", Some("v2"), Some("gray=v2")),
            ("a=1, gray=v2", Some("v2"), None),
            ("gray=v%32", Some("v2"), Some("gray=v2")),
            ("a=1, gray=v2, ,odd", None, Some("a=1,odd")),
            ("gray=v2", None, Some("")),
            ("a=1", None, None),
            ("", None, None),
        ] {
            let rewritten = rewritten(members.as_bytes(), "gray", tag);
            let rewritten = rewritten.map(|list| String::from_utf8(list).unwrap());
            assert_eq!(rewritten.as_deref(), list, "{members:?}");
        }
    }
}
