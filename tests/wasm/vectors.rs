//! The vectors in `tests/vectors`: what was decided natively, the module does to the headers.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::host::{DEBUG, Served, Vm};
use crate::support::vectors::{Case, Vector, files, vectors, written};
use crate::support::{self, Sent};

type Form = (&'static str, fn(&Value) -> Vec<u8>);

const FORMS: [Form; 2] = [("JSON", support::json), ("a Struct", support::wire)];

/// A VM on the node of a vector.
fn vm(vector: &Vector) -> Vm {
    let mut vm = Vm::start();
    vm.node(vector);
    vm
}

/// Why a request did not become what was expected.
fn wrong(case: &Case, served: &Served) -> Option<String> {
    let expected = &case.expect.headers;
    let differs = expected.iter().find_map(|(name, values)| {
        let seen = written(&served.after.values(name));
        (seen != *values).then(|| format!("{name}: expected {values:?}, got {seen:?}"))
    });
    let rest =
        |headers: &crate::host::Headers| headers.without(expected.keys().map(String::as_str));
    let touched = rest(&served.before) != rest(&served.after);
    let loud = served.log.iter().find(|(level, _)| *level > DEBUG);
    differs
        .or_else(|| touched.then(|| format!("other headers changed: {:?}", served.after)))
        .or_else(|| loud.map(|line| format!("a request was logged: {line:?}")))
}

/// In the data itself, so that no case is left out because a reader missed a field.
fn prescribing_chance(file: &Path) -> usize {
    let text = fs::read(file).unwrap();
    let vectors: Value = serde_json::from_slice(&text).unwrap();
    let vectors = vectors.as_array().unwrap().iter();
    vectors
        .flat_map(|vector| vector["cases"].as_array().unwrap())
        .filter(|case| case.get("random").is_some())
        .count()
}

#[test]
fn every_vector_holds_in_both_forms() {
    for (form, encode) in FORMS {
        let (mut run, mut left_out, mut expected_out) = (0, 0, 0);
        let mut failed = Vec::new();
        for file in files() {
            expected_out += prescribing_chance(&file);
            for vector in vectors(&file) {
                let mut vm = vm(&vector);
                let root = vm.accept(&encode(&vector.policy));
                for case in &vector.cases {
                    // No call of the ABI lets a host choose what the module draws.
                    if case.random.is_some() {
                        left_out += 1;
                        continue;
                    }
                    run += 1;
                    vm.clock(case.now);
                    let served = vm.serve(root, &case.request);
                    if let Some(why) = wrong(case, &served) {
                        let (file, policy, case) = (file.display(), &vector.name, &case.name);
                        failed.push(format!("{file}: {policy}: {case} (as {form})\n  {why}"));
                    }
                }
            }
        }
        println!("as {form}: {run} cases, and {left_out} left out, which prescribe chance");
        assert!(failed.is_empty(), "{}", failed.join("\n"));
        assert_eq!(left_out, expected_out, "cases left out");
        assert!(run > 400, "{run} cases");
    }
}

/// In place of the cases that are left out: chance keeps to the shares.
#[test]
fn a_draw_follows_the_shares() {
    let file = files()
        .into_iter()
        .find(|file| file.ends_with("missing.json"));
    let drawing = vectors(&file.unwrap()).into_iter().find(|vector| {
        let mut splits = vector.policy.pointer("/services/0/rules").into_iter();
        splits.any(|rules| rules.to_string().contains(r#""missing":"random""#))
    });
    let drawing = drawing.expect("a policy that draws");
    let mut vm = vm(&drawing);
    let root = vm.accept(&support::json(&drawing.policy));
    let mut share = [0; 2];
    for _ in 0..2_000 {
        let served = vm.serve(root, &Sent::default());
        match served.after.values("x-gray-version")[..] {
            [b"v2"] => share[0] += 1,
            [b"v3"] => share[1] += 1,
            _ => {}
        }
    }
    // 10 % and 20 % of 2,000, give or take four standard deviations; the seed is fixed.
    assert!((147..=253).contains(&share[0]), "v2: {share:?}");
    assert!((329..=471).contains(&share[1]), "v3: {share:?}");
}
