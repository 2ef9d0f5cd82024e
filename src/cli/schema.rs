//! `graylane schema`: the policy as JSON Schema, derived from the types that read it.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::Value;

use super::output::{Exit, Said};
use crate::Policy;

pub(super) const EXAMPLES: &str = "Example:
  graylane schema > policy.schema.json
  # in a policy, for editors with a YAML language server:
  # yaml-language-server: $schema=policy.schema.json";

pub(super) fn run() -> anyhow::Result<Said> {
    Said::json(&schema(), Exit::Fine)
}

/// The schema, in draft 2020-12.
fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12();
    let mut schema = settings.into_generator().into_root_schema_for::<Policy>();
    RecursiveTransform(as_the_core_reads).transform(&mut schema);
    schema.insert("title".to_owned(), "A graylane policy".into());
    schema
}

/// What holds for the whole language: a field that is there has a value, and a list has an item.
fn as_the_core_reads(schema: &mut Schema) {
    let Some(fields) = schema.as_object_mut() else {
        return;
    };
    let null = Value::from("null");
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|each| *each != null);
        if let [only] = &types[..] {
            let only = only.clone();
            fields.insert("type".to_owned(), only);
        }
    }
    let mut alone = None;
    if let Some(Value::Array(choices)) = fields.get_mut("anyOf") {
        choices.retain(|each| each.get("type") != Some(&null));
        if let [Value::Object(only)] = &choices[..] {
            alone = Some(only.clone());
        }
    }
    if let Some(only) = alone {
        fields.remove("anyOf");
        fields.extend(only);
    }
    if fields.get("type").is_some_and(|own| own == "array") {
        fields.insert("minItems".to_owned(), 1.into());
    }
    // Absent is what `null` would have said.
    if fields.get("default") == Some(&Value::Null) {
        fields.remove("default");
    }
}
