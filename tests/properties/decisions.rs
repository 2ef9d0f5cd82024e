//! Reading and deciding: whatever comes, the answer is sound, the same each time, and ours.

use std::collections::BTreeSet;

use graylane::{HeaderEffect, Moment, Node, Policy, Rules, decide, effects};
use proptest::prelude::*;

use crate::policies::policy;
use crate::requests::request;
use crate::support::{self, Sent, load};

/// A moment of the first 49 days of 1970, when plans here are carried out.
fn moment(bits: u32) -> Moment<'static> {
    Moment::at(bits.into())
}

/// What a decision answers and does, in full.
fn answer(rules: &Rules, request: &Sent, moment: Moment) -> String {
    let decision = decide(rules, request, moment);
    let effects: Vec<_> = effects(rules, &decision).collect();
    format!(
        "{:?} {:?} {:?} {:?} {} {effects:?} {:?} {:?}",
        decision.service(),
        decision.version(),
        decision.cluster(),
        decision.rule(),
        decision.reason().name(),
        decision.new_cookies(),
        decision.dry_runs().len(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = Policy::parse(&bytes);
        // What begins as a Struct does.
        let _ = Policy::parse(&[b"\x0a", &bytes[..], b"\x12"].concat());
    }

    #[test]
    fn a_damaged_policy_is_read_without_a_panic(
        policy in policy(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        for mut bytes in [support::json(&policy), support::wire(&policy)] {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = load(&bytes);
        }
    }

    #[test]
    fn a_decision_is_for_a_version_of_the_service(
        policy in policy(),
        requests in prop::collection::vec((request(), any::<u32>()), 20),
    ) {
        let rules = load(&support::json(&policy)).unwrap();
        for (request, random) in requests {
            let decision = decide(&rules, &request, moment(random));
            prop_assert_eq!(decision.service().is_some(), decision.version().is_some());
            let Some(name) = decision.service() else {
                prop_assert_eq!(decision.cluster(), None);
                continue;
            };
            let service = rules.services().iter().find(|each| each.name() == name).unwrap();
            let version = service.versions().find(|each| Some(each.name()) == decision.version());
            // A lane that has no version here is answered by the baseline.
            let passing = (decision.version() == Some("blue")).then(|| service.baseline());
            prop_assert_eq!(version.or(passing).unwrap().cluster(), decision.cluster());
            if let Some(rule) = decision.rule() {
                prop_assert!(service.rules().iter().any(|each| each.name() == rule));
            } else if decision.reason().name() != "followed" {
                prop_assert_eq!(decision.version(), Some(service.baseline().name()));
            }
        }
    }

    #[test]
    fn the_same_input_has_the_same_answer(
        policy in policy(),
        requests in prop::collection::vec((request(), any::<u32>()), 20),
    ) {
        let rules = load(&support::json(&policy)).unwrap();
        let again = load(&support::wire(&policy)).unwrap();
        for (request, random) in requests {
            let first = answer(&rules, &request, moment(random));
            prop_assert_eq!(&first, &answer(&rules, &request, moment(random)));
            prop_assert_eq!(&first, &answer(&again, &request, moment(random)));
            let mut other = moment(random);
            if !rules.needs_clock() {
                other.now = u64::MAX;
            }
            prop_assert_eq!(&first, &answer(&rules, &request, other));
        }
    }

    #[test]
    fn at_the_edge_a_client_cannot_choose(
        mut policy in policy(),
        requests in prop::collection::vec((request(), any::<u32>()), 20),
    ) {
        policy["role"] = "edge".into();
        let rules = load(&support::json(&policy)).unwrap();
        for (request, random) in requests {
            let mut honest = request.clone();
            honest.headers.retain(|(name, _)| !name.starts_with("x-gray-") && name != "baggage");
            prop_assert_eq!(answer(&rules, &request, moment(random)), answer(&rules, &honest, moment(random)));
        }
    }

    #[test]
    fn the_hop_s_header_is_never_believed(
        policy in policy(),
        requests in prop::collection::vec((request(), any::<u32>()), 20),
    ) {
        let node = Node {
            id: "sidecar~x".to_owned(),
            ..Node::default()
        };
        let policy = Policy::parse(&support::json(&policy)).unwrap();
        let rules = Rules::compile(policy, &node).unwrap();
        let mut services = rules.services().iter();
        let names_clusters = services.any(|service| service.versions().any(|each| each.cluster().is_some()));
        for (request, random) in requests {
            let mut honest = request.clone();
            honest.headers.retain(|(name, _)| name != "x-gray-cluster");
            prop_assert_eq!(answer(&rules, &request, moment(random)), answer(&rules, &honest, moment(random)));
            let decision = decide(&rules, &request, moment(random));
            let after = request.after(effects(&rules, &decision));
            let cluster: Vec<_> = decision.cluster().map(str::as_bytes).into_iter().collect();
            prop_assert!(!names_clusters || after.values("x-gray-cluster") == cluster);
        }
    }

    #[test]
    fn effects_name_each_header_once(
        policy in policy(),
        requests in prop::collection::vec((request(), any::<u32>()), 20),
    ) {
        let rules = load(&support::json(&policy)).unwrap();
        for (request, random) in requests {
            let decision = decide(&rules, &request, moment(random));
            let mut names = BTreeSet::new();
            for effect in effects(&rules, &decision) {
                let name = match effect {
                    HeaderEffect::Set(name, _) | HeaderEffect::Remove(name) => name,
                    HeaderEffect::Entry(..) => "baggage",
                    HeaderEffect::AddCookie(..) => "cookie",
                };
                prop_assert!(names.insert(name), "{name} stands twice");
            }
        }
    }
}
