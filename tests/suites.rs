//! Public suites of the systems whose assignment a split can reproduce.
//!
//! What stands in `tests/suites` runs always; `make suites` brings Unleash's whole suite from npm.

mod support;
#[path = "suites/variants.rs"]
mod variants;

use std::fs;
use std::path::Path;

use graylane::rules::Algorithm;
use graylane::{Draw, Moment, Rules, SCALE, decide};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use support::{ROOT, Sent, load};
use variants::{Drawn, Suite};

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let file = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&file).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A policy of one rule that splits to `v2`.
fn splitting(split: &Value) -> Rules {
    let policy = json!({
        "schema": "graylane/v1",
        "services": [{
            "name": "checkout",
            "baseline": "v1",
            "versions": [{ "name": "v1" }, { "name": "v2" }],
            "rules": [{ "name": "it", "split": split }],
        }],
    });
    load(&support::json(&policy)).unwrap_or_else(|error| panic!("{split}: {error}"))
}

/// Whether the request is on `v2`, whatever chance says.
fn admitted(rules: &Rules, request: &Sent) -> bool {
    let answers = [0, 1 << 31, u128::from(u32::MAX)].map(|random| {
        let mut request = request.clone();
        request.random = Some(random);
        let decision = decide(rules, &request, Moment::at(0));
        decision.version() == Some("v2")
    });
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{request:?} is left to chance"
    );
    answers[0]
}

/// A file of Unleash's client specification, as far as it matters here.
#[derive(Deserialize)]
struct Specification {
    name: String,
    #[serde(default)]
    state: State,
    #[serde(default)]
    tests: Vec<Test>,
}

#[derive(Default, Deserialize)]
struct State {
    #[serde(default)]
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    name: String,
    enabled: bool,
    #[serde(default)]
    strategies: Vec<Strategy>,
    #[serde(default)]
    dependencies: Vec<Value>,
}

#[derive(Deserialize)]
struct Strategy {
    name: String,
    #[serde(default)]
    parameters: Value,
    #[serde(default)]
    constraints: Vec<Value>,
    #[serde(default)]
    segments: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    description: String,
    context: Value,
    toggle_name: String,
    expected_result: bool,
}

impl Feature {
    /// The split that stands for it. `None`: not a rollout alone, so nothing that a split can say.
    fn split(&self) -> Option<Value> {
        let [strategy] = &*self.strategies else {
            return None;
        };
        let alone = self.enabled
            && self.dependencies.is_empty()
            && strategy.constraints.is_empty()
            && strategy.segments.is_empty();
        let parameter = |name: &str| strategy.parameters[name].as_str();
        let (percentage, stickiness) = match &*strategy.name {
            "gradualRolloutUserId" => ("percentage", "userId"),
            "gradualRolloutSessionId" => ("percentage", "sessionId"),
            "flexibleRollout" => ("rollout", parameter("stickiness")?),
            _ => return None,
        };
        let (by, missing) = match stickiness {
            "random" => return None,
            "default" => (vec!["userId", "sessionId"], "random"),
            field => (vec![field], "baseline"),
        };
        let by: Vec<_> = by.iter().map(|field| json!({ "header": field })).collect();
        alone.then(|| {
            json!({
                "by": by,
                "algorithm": "unleash",
                "salt": parameter("groupId").unwrap_or(&self.name),
                "to": [{ "version": "v2", "percent": parameter(percentage).unwrap() }],
                "missing": missing,
            })
        })
    }
}

/// Each field of the context as a header of its name.
fn request(context: &Value) -> Sent {
    let properties = context["properties"].as_object();
    let fields = context.as_object().into_iter().chain(properties).flatten();
    fields.fold(Sent::default(), |request, (name, value)| {
        match value.as_str() {
            Some(value) => request.with(&name.to_lowercase(), value),
            None => request,
        }
    })
}

/// Runs what of a file is a rollout; tells how many tests that are.
fn run(specification: &Specification) -> usize {
    let mut ran = 0;
    for test in &specification.tests {
        let mut features = specification.state.features.iter();
        let feature = features.find(|feature| feature.name == test.toggle_name);
        if let Some(split) = feature.and_then(Feature::split) {
            assert_eq!(
                admitted(&splitting(&split), &request(&test.context)),
                test.expected_result,
                "{}: {}",
                specification.name,
                test.description
            );
            ran += 1;
        }
    }
    ran
}

#[derive(Deserialize)]
struct Excerpt {
    specifications: Vec<Specification>,
    values: Vec<NormalizedValue>,
    variants: Vec<Drawn>,
}

/// What Unleash's clients assert of their hash: 1 to 100.
#[derive(Deserialize)]
struct NormalizedValue {
    group: String,
    id: String,
    value: u32,
}

fn excerpt() -> Excerpt {
    read(&Path::new(ROOT).join("tests/suites/unleash.json"))
}

#[test]
fn unleash_rollouts() {
    let ran: usize = excerpt().specifications.iter().map(run).sum();
    assert_eq!(
        ran, 25,
        "of 27: two features have a strategy beside the rollout"
    );
}

#[test]
fn unleash_variants() {
    let variants = excerpt().variants;
    assert_eq!(variants.len(), 17);
    for drawn in variants {
        assert!(drawn.is_right(), "{drawn:?}");
    }
}

#[test]
fn unleash_values() {
    for NormalizedValue { group, id, value } in excerpt().values {
        let bucket = Draw::new(Algorithm::Unleash, &group, 0).bucket(id.as_bytes());
        assert_eq!(bucket.number() / Algorithm::Unleash.step() + 1, value);
        let of = |percent: u32| {
            splitting(&json!({
                "by": [{ "header": "userId" }],
                "algorithm": "unleash",
                "salt": group,
                "to": [{ "version": "v2", "percent": percent }],
            }))
        };
        let request = request(&json!({ "userId": id }));
        assert!(admitted(&of(value), &request), "{group}:{id} at {value} %");
        assert!(!admitted(&of(value - 1), &request), "{group}:{id} below");
    }
}

#[test]
#[ignore = "wants the suite from npm: `make suites`"]
fn unleash_client_specification() {
    let folder = Path::new(ROOT).join(".cache/suites/package/specifications");
    let files: Vec<String> = read(&folder.join("index.json"));
    assert_eq!(files.len(), 22);
    let mut ran = 0;
    let mut all = 0;
    for file in files {
        let specification: Specification = read(&folder.join(&file));
        let these = run(&specification);
        println!("{file}: {these} of {} tests", specification.tests.len());
        ran += these;
        all += specification.tests.len();
    }
    println!("{ran} of {all} tests are about a rollout alone");
    assert_eq!((ran, all), (25, 227));
    let files = ["08-variants.json", "16-strategy-variants.json"];
    let suites = files.map(|file| read::<Suite>(&folder.join(file)));
    let all: usize = suites.iter().map(Suite::size).sum();
    let drawn: Vec<_> = suites.iter().flat_map(Suite::drawn).collect();
    println!(
        "{} of {all} tests of variants are about a draw alone",
        drawn.len()
    );
    assert_eq!((drawn.len(), all), (17, 28));
    for drawn in drawn {
        assert!(drawn.is_right(), "{drawn:?}");
    }
}

#[derive(Deserialize)]
struct Flagd {
    fractions: Vec<Drawn>,
}

#[test]
fn flagd_fractions() {
    let suite: Flagd = read(&Path::new(ROOT).join("tests/suites/flagd.json"));
    assert_eq!(suite.fractions.len(), 17);
    for Drawn {
        salt,
        key,
        weights,
        variant,
    } in suite.fractions
    {
        let request = request(&json!({ "key": key }));
        let total: u32 = weights.iter().sum();
        let percent = |weight: u32| f64::from(SCALE / total * weight) / 1_000.0;
        let mut below = 0;
        for (at, weight) in weights.into_iter().enumerate() {
            let range = json!([{ "from": percent(below), "to": percent(below + weight) }]);
            below += weight;
            let mut extents = vec![json!({ "version": "v2", "ranges": range })];
            if at == 0 {
                extents.push(json!({ "version": "v2", "percent": percent(weight) }));
            }
            for extent in extents {
                let rules = splitting(&json!({
                    "by": [{ "header": "key" }],
                    "algorithm": "flagd-v2",
                    "salt": salt,
                    "to": [extent],
                }));
                let has = admitted(&rules, &request);
                assert_eq!(has, at == variant, "{salt}{key}, variant {at}: {extent}");
            }
        }
    }
}
