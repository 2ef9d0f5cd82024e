//! Switches: what holds over a policy, in a small document of its own.

use super::Number;
use super::tree::Tree;
use crate::error::{Error, Place};
use crate::limits::MAX_SWITCHES_BYTES;

/// What is switched, by name, in the document's order. Empty: nothing is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Switches(pub Vec<(String, Switch)>);

/// What becomes of a version, or of a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Switch {
    /// Nobody gets it.
    Closed,
    /// Its share, in percent, in place of the policy's.
    Percent(Number),
}

impl Switches {
    /// Reads a switch document: an object that has, by `<service>/<version>` or a lane's name,
    /// `"closed"` or a percentage. What is empty switches nothing.
    ///
    /// # Errors
    ///
    /// What is too large, not JSON, no object, has a name twice or another value.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let root = Place::ROOT.field("switches");
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        if bytes.len() > MAX_SWITCHES_BYTES {
            return Err(root.error(format!(
                "have {} bytes, above {MAX_SWITCHES_BYTES}; take out those that nothing needs",
                bytes.len()
            )));
        }
        let tree = Tree::from_json(bytes).map_err(|error| root.error(error.problem()))?;
        let Tree::Object(fields) = tree else {
            return Err(root.error(format!("are {tree}; write an object")));
        };
        let mut switches = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let place = root.field(&name);
            let switch = match &value {
                Tree::Text(word) if word == "closed" => Switch::Closed,
                Tree::Number(number) => Switch::Percent(Number(number.as_f64().unwrap_or(-1.0))),
                _ => {
                    return Err(
                        place.error(format!("is {value}; write \"closed\" or a percentage"))
                    );
                }
            };
            if switches.iter().any(|(other, _)| *other == name) {
                return Err(place.error("stands twice; keep one"));
            }
            switches.push((name, switch));
        }
        Ok(Self(switches))
    }

    /// Only what closes something.
    #[must_use]
    pub fn closures(&self) -> Self {
        let own = self.0.iter();
        let closures = own.filter(|(_, switch)| *switch == Switch::Closed);
        Self(closures.cloned().collect())
    }
}
