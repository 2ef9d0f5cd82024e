//! A part of a manifest, and where it stands.

use serde_json::Value;

use super::super::input::Manifest;

/// A value in a manifest.
#[derive(Clone)]
pub(super) struct Part<'m> {
    pub(super) spot: Spot<'m>,
    pub(super) value: &'m Value,
}

/// A place in a manifest.
#[derive(Clone)]
pub(super) struct Spot<'m> {
    manifest: &'m Manifest,
    pub(super) place: String,
}

/// What is wrong with a place, as every command refuses.
pub(super) type Read<T> = anyhow::Result<T>;

impl Spot<'_> {
    /// As an editor finds it.
    pub(super) fn at(&self) -> String {
        self.manifest.at(&self.place)
    }

    pub(super) fn file(&self) -> &str {
        &self.manifest.file
    }

    pub(super) fn line_and_column(&self) -> Option<(usize, usize)> {
        let mark = self.manifest.mark(&self.place)?;
        Some((mark.line, mark.column))
    }

    pub(super) fn refuse(&self, problem: impl AsRef<str>) -> anyhow::Error {
        let refusal = self.manifest.refusal(&self.place, problem.as_ref());
        anyhow::Error::new(refusal)
    }
}

impl<'m> Part<'m> {
    pub(super) fn whole(manifest: &'m Manifest) -> Self {
        Self {
            spot: Spot {
                manifest,
                place: String::new(),
            },
            value: &manifest.value,
        }
    }

    pub(super) fn refuse(&self, problem: impl AsRef<str>) -> anyhow::Error {
        self.spot.refuse(problem)
    }

    fn below(&self, step: &str, value: &'m Value) -> Self {
        let mut spot = self.spot.clone();
        if !spot.place.is_empty() && !step.starts_with('[') {
            spot.place.push('.');
        }
        spot.place.push_str(step);
        Self { spot, value }
    }

    /// A field; one without a value counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(self.below(name, value))
    }

    /// A field that has to be there.
    pub(super) fn need(&self, name: &str) -> Read<Self> {
        self.get(name)
            .ok_or_else(|| self.refuse(format!("has no `{name}`; write it")))
    }

    /// The text of a field, where there is one.
    pub(super) fn text_of(&self, name: &str) -> Read<Option<&'m str>> {
        self.get(name).map(|part| part.text()).transpose()
    }

    pub(super) fn text(&self) -> Read<&'m str> {
        let text = self.value.as_str();
        text.ok_or_else(|| self.refuse("is no text; put it in quotes"))
    }

    /// A number that is not below 0.
    pub(super) fn number(&self) -> Read<f64> {
        let number = self.value.as_f64().filter(|number| *number >= 0.0);
        number.ok_or_else(|| self.refuse("is no number from 0 on; write one"))
    }

    /// A whole number that is not below 0.
    pub(super) fn count(&self) -> Read<u64> {
        let count = self.value.as_u64();
        count.ok_or_else(|| self.refuse("is no whole number from 0 on; write one"))
    }

    pub(super) fn flag(&self) -> Read<bool> {
        let flag = self.value.as_bool();
        flag.ok_or_else(|| self.refuse("is neither `true` nor `false`; write one of them"))
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Read<Vec<Self>> {
        let items = self.value.as_array();
        let items = items.ok_or_else(|| self.refuse("is no list; write one"))?;
        let item = |(at, value)| self.below(&format!("[{at}]"), value);
        Ok(items.iter().enumerate().map(item).collect())
    }

    /// The items of a field; none where it is absent.
    pub(super) fn items_of(&self, name: &str) -> Read<Vec<Self>> {
        self.get(name).map_or(Ok(Vec::new()), |part| part.items())
    }

    /// The fields of a map, by their names.
    pub(super) fn fields(&self) -> Read<Vec<(&'m str, Self)>> {
        let fields = self.value.as_object();
        let fields = fields.ok_or_else(|| self.refuse("is no map; write its fields"))?;
        let field = |(name, value): (&'m String, _)| (name.as_str(), self.below(name, value));
        Ok(fields.iter().map(field).collect())
    }

    /// The fields of a field; none where it is absent.
    pub(super) fn fields_of(&self, name: &str) -> Read<Vec<(&'m str, Self)>> {
        self.get(name).map_or(Ok(Vec::new()), |part| part.fields())
    }
}
