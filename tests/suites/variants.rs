//! Variants: which of several a user draws, by weight.

use graylane::{Moment, decide};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{self, Sent, load};

/// A user of a flag, and the variant that is given.
#[derive(Debug, Deserialize)]
pub(crate) struct Drawn {
    pub(crate) salt: String,
    pub(crate) key: String,
    pub(crate) weights: Vec<u32>,
    pub(crate) variant: usize,
}

impl Drawn {
    /// Whether Unleash's variant is ours: versions in the variants' order, of which the first is
    /// the baseline.
    pub(crate) fn is_right(&self) -> bool {
        let versions = (1..=self.weights.len()).map(|at| format!("v{at}"));
        let versions: Vec<_> = versions.collect();
        let to = versions.iter().zip(&self.weights);
        let to = to.map(|(version, weight)| json!({ "version": version, "weight": weight }));
        let named = versions.iter().map(|name| json!({ "name": name }));
        let policy = json!({
            "schema": "graylane/v1",
            "services": [{
                "name": "checkout",
                "baseline": "v1",
                "versions": named.collect::<Vec<_>>(),
                "rules": [{ "name": "it", "split": {
                    "by": [{ "header": "x-key" }],
                    "algorithm": "unleash-variants",
                    "salt": self.salt,
                    "to": to.collect::<Vec<_>>(),
                } }],
            }],
        });
        let rules = load(&support::json(&policy)).unwrap();
        let request = Sent::default().with("x-key", &self.key);
        let decision = decide(&rules, &request, Moment::default());
        decision.version() == versions.get(self.variant).map(String::as_str)
    }
}

/// A file of Unleash's client specification that tests variants.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Suite {
    state: State,
    variant_tests: Vec<Test>,
}

#[derive(Deserialize)]
struct State {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    name: String,
    enabled: bool,
    #[serde(default)]
    strategies: Vec<Strategy>,
    #[serde(default)]
    variants: Vec<Variant>,
}

#[derive(Deserialize)]
struct Strategy {
    name: String,
    #[serde(default)]
    parameters: Value,
    constraints: Option<Vec<Value>>,
    #[serde(default)]
    variants: Vec<Variant>,
}

#[derive(Deserialize)]
struct Variant {
    name: String,
    weight: u32,
    #[serde(default)]
    overrides: Vec<Override>,
}

#[derive(Deserialize)]
struct Override {
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    context: Value,
    toggle_name: String,
    expected_result: Expected,
}

#[derive(Deserialize)]
struct Expected {
    name: String,
}

impl Suite {
    pub(crate) fn size(&self) -> usize {
        self.variant_tests.len()
    }

    /// The tests that are about a draw alone: of a feature that is on for everybody, by a user who
    /// has a key.
    pub(crate) fn drawn(&self) -> Vec<Drawn> {
        let tests = self.variant_tests.iter().filter_map(|test| {
            let mut features = self.state.features.iter();
            let feature = features.find(|feature| feature.name == test.toggle_name)?;
            feature.drawn(test)
        });
        tests.collect()
    }
}

impl Feature {
    fn drawn(&self, test: &Test) -> Option<Drawn> {
        let strategy = match &*self.strategies {
            [] => None,
            [one] => Some(one),
            _ => return None,
        };
        let open = strategy.is_none_or(Strategy::is_for_everybody);
        // A strategy's own variants come before the feature's.
        let own = strategy.filter(|strategy| !strategy.variants.is_empty());
        let (salt, field, variants) = match own {
            Some(own) => (
                own.parameter("groupId"),
                own.parameter("stickiness"),
                &own.variants,
            ),
            None => (Some(&*self.name), None, &self.variants),
        };
        let context = &test.context;
        let key = match field.filter(|field| *field != "default") {
            Some(field) => context["properties"][field].as_str()?,
            None => context["userId"].as_str()?,
        };
        let mut overrides = variants.iter().flat_map(|variant| &variant.overrides);
        if !(self.enabled && open) || overrides.any(|each| each.values.iter().any(|id| id == key)) {
            return None;
        }
        let given = |variant: &Variant| variant.name == test.expected_result.name;
        Some(Drawn {
            salt: salt?.to_owned(),
            key: key.to_owned(),
            weights: variants.iter().map(|variant| variant.weight).collect(),
            variant: variants.iter().position(given)?,
        })
    }
}

impl Strategy {
    fn is_for_everybody(&self) -> bool {
        let all = match &*self.name {
            "default" => true,
            "flexibleRollout" => self.parameter("rollout") == Some("100"),
            _ => false,
        };
        all && self.constraints.as_ref().is_none_or(Vec::is_empty)
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters[name].as_str()
    }
}
