//! What cannot be imported is told in one sentence, with its place and what to do.

use std::fs;

use serde_json::Value;

use super::import;
use crate::run::graylane;

const FILE: &str = "tests/cli/import/refusals.yaml";

#[test]
fn refusals_are_one_sentence_with_a_place_and_a_remedy() {
    let text = fs::read_to_string(FILE).unwrap();
    let cases: Vec<Value> = yaml_serde::from_str(&text).unwrap();
    assert!(cases.len() > 20);
    let mut wrong = Vec::new();
    for case in &cases {
        let field = |name: &str| case[name].as_str().unwrap();
        let manifest = fs::read_to_string(field("of")).unwrap();
        assert!(manifest.contains(field("text")), "{case}");
        let options: Vec<_> = case["options"].as_str().into_iter().collect();
        let ran = import(
            &manifest.replacen(field("text"), field("with"), 1),
            &options,
        );
        // Notes may stand before it.
        let last = ran.err.lines().last().unwrap_or_default();
        let said = last.strip_prefix("error: ").unwrap_or(last);
        if said != field("says") || ![1, 2].contains(&ran.code) || !ran.out.is_empty() {
            wrong.push(format!(
                "{}\n{}\nsays: {said:?} ({})",
                field("of"),
                field("with"),
                ran.code
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn options_that_fit_nothing_are_refused() {
    let ingress = fs::read_to_string("docs/examples/import/ingress.yaml").unwrap();
    let istio = fs::read_to_string("docs/examples/import/virtualservice.yaml").unwrap();
    let higress = fs::read_to_string("docs/examples/import/traffic-tag.yaml").unwrap();
    for (text, options, says) in [
        (
            &ingress,
            &["--baseline=shop"][..],
            "--baseline is not for Ingresses: the one that is no canary says which it is",
        ),
        (
            &higress,
            &["--baseline=gray"],
            "--baseline is not for this: defaultTagVal says which it is; leave it out",
        ),
        (
            &istio,
            &["--baseline=v9"],
            "--baseline: there is no version v9; name one of v1, v2, v3",
        ),
        (
            &istio,
            &["--cluster=v9=reviews-v9"],
            "--cluster: there is no version v9; name one of v1, v2, v3",
        ),
        (
            &istio,
            &["--gateway=public"],
            "no VirtualService here is for this proxy, with hosts and HTTP routes; give one that is",
        ),
        (
            &istio,
            &["--from=higress"],
            "nothing here belongs to Higress; give the files that have it",
        ),
        (
            &"kind: Deployment".to_owned(),
            &[],
            "nothing to import: no Ingress, no VirtualService, no configuration of traffic-tag; give \
             the files that have it",
        ),
        (
            &format!("{ingress}---\n{istio}"),
            &[],
            "-:50:1: document: belongs to Istio, and what stands before it to ingress-nginx; choose one \
             by --from",
        ),
    ] {
        let ran = import(text, options);
        let said = ran.err.lines().last().unwrap_or_default();
        assert_eq!(said, format!("error: {says}"));
        assert!(ran.out.is_empty() && ran.code > 0, "{says}");
    }
    let ran = graylane(&["import", "-", "--by=user"], &istio);
    assert!(
        ran.err.contains("write it as header:NAME, cookie:NAME"),
        "{}",
        ran.err
    );
    assert_eq!(ran.code, 2);
}
