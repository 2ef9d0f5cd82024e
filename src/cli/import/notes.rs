//! What a policy does not say as the other system did.

use serde::Serialize;

use super::part::{Part, Spot};

/// Sentences, each said once, at the first place that it is about.
#[derive(Default)]
pub(super) struct Notes(Vec<Note>);

/// A sentence.
#[derive(Serialize)]
pub(super) struct Note {
    #[serde(skip)]
    pub(super) at: String,
    file: String,
    place: String,
    line: Option<usize>,
    column: Option<usize>,
    #[serde(rename = "note")]
    sentence: String,
}

impl Notes {
    pub(super) fn say(&mut self, spot: &Spot<'_>, note: impl Into<String>) {
        let note = note.into();
        if self.0.iter().any(|said| said.sentence == note) {
            return;
        }
        let (line, column) = spot.line_and_column().unzip();
        self.0.push(Note {
            at: spot.at(),
            file: spot.file().to_owned(),
            place: spot.place.clone(),
            line,
            column,
            sentence: note,
        });
    }

    /// Names every field of a part that is not among those that are read.
    pub(super) fn unread(&mut self, part: &Part<'_>, read: &[&str]) -> anyhow::Result<()> {
        for (name, field) in part.fields()? {
            if !read.contains(&name) && !field.value.is_null() {
                let note = format!("`{name}` is left out: it says nothing about versions here");
                self.say(&field.spot, note);
            }
        }
        Ok(())
    }

    pub(super) fn told(self) -> Vec<Note> {
        self.0
    }
}

impl Note {
    /// One line: where, and what.
    pub(super) fn line(&self) -> String {
        let place = if self.place.is_empty() {
            String::new()
        } else {
            format!("{}: ", self.place)
        };
        format!("{}: note: {place}{}", self.at, self.sentence)
    }
}
