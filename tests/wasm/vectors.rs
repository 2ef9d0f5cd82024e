//! The vectors in `tests/vectors`: what was decided natively, the module does to the headers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::host::{DEBUG, Ended, Root, Served, Vm};
use crate::support::vectors::{Case, DryRun, Step, Vector, files, vectors, written};
use crate::support::{self, Sent};

type Form = (&'static str, fn(&Value) -> Vec<u8>);

const FORMS: [Form; 2] = [("JSON", support::json), ("a Struct", support::wire)];

/// A VM on the node of a vector.
fn vm(vector: &Vector) -> Vm {
    let mut vm = Vm::start();
    vm.node(vector);
    vm
}

impl Case {
    /// What answers it.
    fn answered(&self) -> Ended {
        let headers = self.answer.iter();
        headers.fold(Ended::with(200), |ended, (name, value)| {
            ended.header(name, value)
        })
    }
}

/// Takes the module through what was before the cases.
fn go_through(vm: &mut Vm, root: Root, before: &[Step]) {
    for step in before {
        vm.clock(step.now);
        let Some(request) = &step.request else {
            vm.tick(root);
            continue;
        };
        let ended = step
            .grpc_status
            .map_or(Ended::with(step.status), Ended::grpc);
        for _ in 0..step.times {
            vm.serve_to(root, request, &ended);
        }
    }
    vm.counted();
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
    let written = served.annotation.as_deref().map(<[u8]>::escape_ascii);
    let written = written.map(|bytes| bytes.to_string());
    let annotation = (written != case.expect.annotation).then(|| {
        let expected = &case.expect.annotation;
        format!("annotation: expected {expected:?}, got {written:?}")
    });
    differs
        .or(annotation)
        .or_else(|| touched.then(|| format!("other headers changed: {:?}", served.after)))
        .or_else(|| loud.map(|line| format!("a request was logged: {line:?}")))
}

/// Why an answer did not take along what was expected.
fn wrong_answer(case: &Case, served: &Served) -> Option<String> {
    let own = case.answer.iter().filter(|(name, _)| name == "set-cookie");
    let own = own.map(|(_, line)| line);
    let expected: Vec<_> = own.chain(&case.expect.set_cookies).collect();
    let seen = served.answer.values("set-cookie");
    let differs = !seen
        .iter()
        .copied()
        .eq(expected.iter().map(|line| line.as_bytes()));
    let lines = || seen.iter().map(|line| line.escape_ascii().to_string());
    differs.then(|| {
        format!(
            "set-cookie: expected {expected:?}, got {:?}",
            lines().collect::<Vec<_>>()
        )
    })
}

/// Under which names the module counts what was only counted.
fn counters(case: &Case) -> BTreeMap<String, u64> {
    let tag = |name: &str, value: &str| format!("gray_{name}=.={value};.;");
    let service = case.expect.service.as_deref().unwrap_or_default();
    let mut counters = BTreeMap::new();
    for DryRun(rule, version) in &case.expect.dry_runs {
        let rule = rule.as_ref().map(|rule| tag("rule", rule));
        let (rule, version) = (rule.unwrap_or_default(), tag("version", version));
        let name = format!(
            "{}{rule}{version}graylane_dry_run_total",
            tag("service", service)
        );
        *counters.entry(name).or_default() += 1;
    }
    if case.expect.drops_tag {
        counters.insert("graylane_tags_dropped_total".to_owned(), 1);
    }
    counters
}

#[test]
fn every_vector_holds_in_both_forms() {
    for (form, encode) in FORMS {
        let mut run = 0;
        let mut failed = Vec::new();
        for file in files() {
            for vector in vectors(&file) {
                let mut vm = vm(&vector);
                // A worker does not count what was before it began.
                let began = vector.before.first().map(|step| step.now);
                vm.clock(began.unwrap_or_default());
                let root = vm.accept(&encode(&vector.policy));
                go_through(&mut vm, root, &vector.before);
                for case in &vector.cases {
                    run += 1;
                    vm.clock(case.now);
                    vm.chance(case.sent().random);
                    let served = vm.serve_to(root, &case.request, &case.answered());
                    let miscounted = counters(case) != vm.counted();
                    let why = miscounted.then(|| "counted something else".to_owned());
                    let why = why.or_else(|| wrong_answer(case, &served));
                    if let Some(why) = wrong(case, &served).or(why) {
                        let (file, policy, case) = (file.display(), &vector.name, &case.name);
                        failed.push(format!("{file}: {policy}: {case} (as {form})\n  {why}"));
                    }
                }
            }
        }
        println!("as {form}: {run} cases");
        assert!(failed.is_empty(), "{}", failed.join("\n"));
        assert!(run > 400, "{run} cases");
    }
}

/// Under which name the module counts a decision. A lane that goes through a service is its baseline.
fn decided(policy: &Value, case: &Case) -> String {
    let tag = |name: &str, value: &str| format!("gray_{name}=.={value};.;");
    let expect = &case.expect;
    let mut name = String::new();
    if let (Some(service), Some(version)) = (&expect.service, &expect.version) {
        let services = policy["services"].as_array().unwrap();
        let own = services
            .iter()
            .find(|own| own["name"] == **service)
            .unwrap();
        let mut versions = own["versions"].as_array().unwrap().iter();
        let is_own = versions.any(|own| own["name"] == **version);
        let baseline = own["baseline"].as_str().unwrap();
        let version = if is_own { version } else { baseline };
        name = [tag("service", service), tag("version", version)].concat();
    }
    if let Some(rule) = &expect.rule {
        name += &tag("rule", rule);
    }
    format!(
        "{name}{}graylane_decisions_total",
        tag("reason", &expect.reason)
    )
}

#[test]
fn every_decision_is_counted_by_its_reason() {
    let vectors = files().into_iter().flat_map(|file| vectors(&file));
    let mut reasons = BTreeSet::new();
    // What was before some also decides, and nobody says why.
    for vector in vectors.filter(|vector| vector.before.is_empty()) {
        let mut vm = vm(&vector);
        let root = vm.accept(&support::json(&vector.policy));
        let mut expected = BTreeMap::new();
        for case in &vector.cases {
            vm.clock(case.now);
            vm.chance(case.sent().random);
            vm.serve_to(root, &case.request, &case.answered());
            *expected.entry(decided(&vector.policy, case)).or_default() += 1;
            reasons.insert(case.expect.reason.clone());
        }
        vm.tick(root);
        let mut counted = vm.counted();
        counted.retain(|name, _| name.ends_with("graylane_decisions_total"));
        assert_eq!(counted, expected, "{}", vector.name);
    }
    let all = graylane::Reason::NAMES.map(str::to_owned);
    assert_eq!(reasons, BTreeSet::from(all), "a reason has no vector");
}

/// Where nothing prescribes the chance, it keeps to the shares.
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
