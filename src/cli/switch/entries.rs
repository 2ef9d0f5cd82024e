//! The entries of a switch document: what is asked for, and what there is then.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::error::Place;
use crate::policy::{Algorithm, Switches};
use crate::rules::{Share, is_name};

/// What becomes of one name.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cli) struct Edit {
    /// `checkout/v2`, or a lane.
    pub(in crate::cli) name: String,
    /// `None` takes it out.
    value: Option<Value>,
}

/// All that is switched.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub(in crate::cli) struct Entries(Map<String, Value>);

impl Edit {
    pub(in crate::cli) fn close(name: &str) -> Result<Self, &'static str> {
        is_switched(name).then_some(()).ok_or(NAME)?;
        Ok(Self {
            name: name.to_owned(),
            value: Some(Value::from("closed")),
        })
    }
}

const NAME: &str = "write it as checkout/v2=closed, or with a lane's name; names have 1 to 63 of A-Z \
a-z 0-9 _ . -";

/// Whether it can be a version of a service, or a lane.
fn is_switched(name: &str) -> bool {
    match name.split_once('/') {
        Some((service, version)) => is_name(service) && is_name(version),
        None => is_name(name),
    }
}

impl FromStr for Edit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or(NAME)?;
        let edit = Self::close(name)?;
        let value = match value {
            "" => None,
            "closed" => return Ok(edit),
            percent => Some(Value::Number(share(percent)?)),
        };
        Ok(Self { value, ..edit })
    }
}

/// A percentage, as the document has it.
fn share(text: &str) -> Result<Number, String> {
    let number: f64 = text.trim_end_matches('%').parse().map_err(|_| {
        "write `closed`, a percentage such as 5, or nothing, which takes it out".to_owned()
    })?;
    let percent = crate::policy::Number(number);
    let share = Share::from_percent(&Place::ROOT, percent, Algorithm::GraylaneV1);
    share.map_err(|error| error.problem().to_owned())?;
    // As people write it: 5, not 5.0.
    let number = match text.trim_end_matches('%').parse::<u64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => Number::from_f64(number.abs()),
    };
    number.ok_or_else(|| "is no number".to_owned())
}

impl Entries {
    /// Those of a document, which may not be there.
    pub(super) fn read(document: Option<&[u8]>) -> Result<Self> {
        let bytes = document.unwrap_or_default().trim_ascii();
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        Switches::parse(bytes)?;
        Ok(Self(serde_json::from_slice(bytes).context("is not JSON")?))
    }

    pub(super) fn edit(&mut self, edits: &[Edit]) {
        for Edit { name, value } in edits {
            match value {
                Some(value) => drop(self.0.insert(name.clone(), value.clone())),
                None => drop(self.0.remove(name)),
            }
        }
    }

    /// As it is written.
    pub(super) fn document(&self) -> Result<Vec<u8>> {
        Ok(serde_json::to_vec(&self.0)?)
    }
}

/// `checkout/v2 closed, pay/v7 5 %`
impl fmt::Display for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.0.iter().map(|(name, value)| match value {
            Value::Number(percent) => format!("{name} {percent} %"),
            _ => format!("{name} closed"),
        });
        match &entries.collect::<Vec<_>>()[..] {
            [] => f.write_str("nothing is switched"),
            entries => f.write_str(&entries.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(texts: &[&str]) -> String {
        let edits: Vec<Edit> = texts.iter().map(|text| text.parse().unwrap()).collect();
        let mut entries = Entries::read(Some(br#"{"blue":"closed","pay/v7":2.5}"#)).unwrap();
        entries.edit(&edits);
        String::from_utf8(entries.document().unwrap()).unwrap()
    }

    #[test]
    fn entries_are_set_and_taken_out() {
        for (texts, document) in [
            (&[][..], r#"{"blue":"closed","pay/v7":2.5}"#),
            (
                &["checkout/v2=closed", "blue="],
                r#"{"checkout/v2":"closed","pay/v7":2.5}"#,
            ),
            (&["pay/v7=5%", "blue=0.001"], r#"{"blue":0.001,"pay/v7":5}"#),
            (&["blue=", "pay/v7="], "{}"),
            (&["none="], r#"{"blue":"closed","pay/v7":2.5}"#),
        ] {
            assert_eq!(edit(texts), document, "{texts:?}");
        }
    }

    #[test]
    fn what_is_no_switch_is_refused() {
        let no_value = "write `closed`, a percentage such as 5, or nothing, which takes it out";
        for (text, sentence) in [
            ("checkout/v2", NAME),
            ("=closed", NAME),
            ("checkout/v2/x=closed", NAME),
            ("check out=closed", NAME),
            ("checkout/v2=open", no_value),
            ("checkout/v2=101", "101 is above 100"),
            ("checkout/v2=-1", "-1 is below 0"),
            (
                "checkout/v2=0.0001",
                "0.0001 has more than three decimals; the smallest step is 0.001",
            ),
        ] {
            assert_eq!(text.parse::<Edit>().unwrap_err(), sentence, "{text}");
        }
        assert!("blue=NaN".parse::<Edit>().is_err());
    }

    #[test]
    fn what_there_is_is_told_in_a_line() {
        let shown = |document: &str| {
            Entries::read(Some(document.as_bytes()))
                .unwrap()
                .to_string()
        };
        assert_eq!(
            shown(r#"{"pay/v7":5,"blue":"closed"}"#),
            "blue closed, pay/v7 5 %"
        );
        assert_eq!(shown(" "), "nothing is switched");
        assert_eq!(
            Entries::read(None).unwrap().to_string(),
            "nothing is switched"
        );
    }
}
