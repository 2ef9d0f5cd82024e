//! What holds of every decision, whatever the policy and the request.

use std::collections::BTreeSet;

use graylane::guard::State;
use graylane::{
    Annotation, Decision, HeaderEffect, Moment, Reason, Request, Rules, Tag, decide, drops_tag,
    effects,
};

/// Decides, and asserts what holds of every decision.
pub(crate) fn decided<'r>(
    rules: &'r Rules,
    request: &impl Request<'r>,
    moment: Moment<'_>,
) -> Decision<'r> {
    let decision = decide(rules, request, moment);
    let again = decide(rules, request, moment);
    assert_eq!(
        told(rules, &decision),
        told(rules, &again),
        "the same answer twice"
    );
    is_of_the_service(rules, &decision, moment);
    have_no_ill_effect(rules, &decision);
    are_cookies(&decision);
    let _ = drops_tag(rules, request, moment);
    let message = Annotation::from(&decision).to_struct();
    assert!(message.len() < 1_024, "an annotation is short");
    decision
}

/// All that can be told of a decision.
pub(crate) fn told(rules: &Rules, decision: &Decision<'_>) -> String {
    let effects: Vec<_> = effects(rules, decision).collect();
    let dry_runs = decision.dry_runs().iter();
    let dry_runs: Vec<_> = dry_runs
        .map(|dry| (dry.service, dry.version, dry.reason.name()))
        .collect();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {} {:?} {:?} {effects:?} {:?} {dry_runs:?}",
        decision.service(),
        decision.version(),
        decision.cluster(),
        decision.mirror(),
        decision.rule(),
        decision.reason().name(),
        decision.bucket(),
        decision.tag(),
        decision.new_cookies(),
    )
}

fn is_of_the_service(rules: &Rules, decision: &Decision<'_>, moment: Moment<'_>) {
    let Some(name) = decision.service() else {
        assert_eq!(decision.version(), None);
        assert_eq!((decision.cluster(), decision.mirror()), (None, None));
        assert!(matches!(decision.reason(), Reason::NoService));
        assert_ne!(decision.tag(), Tag::Write);
        return;
    };
    let mut services = rules.services().iter();
    let service = services.find(|own| own.name() == name);
    let service = service.expect("a service of the policy");
    let version = decision.version().expect("a service has a version");
    let own = service.versions().find(|own| own.name() == version);
    // A lane goes through services that have no version in it: by its name, and nowhere else.
    if let Some(own) = own {
        assert_eq!(decision.cluster(), own.cluster());
        let state = moment.standings.get(own.number()).map(|own| own.state);
        let closed = own.guard().is_some() && state == Some(State::Closed);
        assert!(!closed, "{version} is closed");
    } else {
        assert!(matches!(
            decision.reason(),
            Reason::Rule(_) | Reason::Kept(_) | Reason::Followed
        ));
    }
    let baseline = service.baseline().name();
    match decision.reason() {
        Reason::NoService => panic!("there is one: {name}"),
        Reason::Followed => assert_ne!(version, baseline),
        Reason::Rule(_) | Reason::Kept(_) => {}
        // Nothing has matched, or what has may not.
        _ => assert_eq!(version, baseline, "{}", decision.reason().name()),
    }
    if let Some(mirror) = decision.mirror() {
        let mut versions = service.versions().filter(|own| own.name() != version);
        assert!(
            versions.any(|own| own.cluster() == Some(mirror)),
            "{mirror}"
        );
    }
    if let Some(rule) = decision.rule() {
        assert!(service.rules().iter().any(|own| own.name() == rule));
    }
    for dry in decision.dry_runs() {
        assert_eq!(dry.service, name);
    }
}

/// Each header once, by a name and a value that a header can have.
fn have_no_ill_effect(rules: &Rules, decision: &Decision<'_>) {
    let mut names = BTreeSet::new();
    for effect in effects(rules, decision) {
        let (name, value) = match effect {
            HeaderEffect::Set(name, value) => (name, Some(value)),
            HeaderEffect::Remove(name) => (name, None),
            HeaderEffect::Entry(entry, value) => {
                is_token(entry);
                ("baggage", value)
            }
            HeaderEffect::AddCookie(cookie, id) => {
                is_cookie_name(cookie);
                assert!(id.to_string().bytes().all(|byte| byte.is_ascii_hexdigit()));
                ("cookie", None)
            }
        };
        is_token(name);
        assert!(names.insert(name), "{name} twice");
        if let Some(value) = value {
            let visible = value.bytes().all(|byte| byte.is_ascii_graphic());
            assert!(!value.is_empty() && visible, "{name}: {value:?}");
        }
    }
}

/// What is set for the client is one header's value, and each cookie is set once.
fn are_cookies(decision: &Decision<'_>) {
    let mut names = BTreeSet::new();
    for cookie in decision.new_cookies() {
        is_cookie_name(&cookie.name);
        assert!(cookie.line.starts_with(&format!("{}=", cookie.name)));
        let legal = cookie
            .line
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic());
        assert!(legal, "{:?}", cookie.line);
        assert!(names.insert(cookie.name), "{} twice", cookie.line);
    }
}

fn is_token(name: &str) {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
    assert!(
        !name.is_empty() && lower && name.bytes().all(token),
        "{name:?}"
    );
}

fn is_cookie_name(name: &str) {
    let visible = |byte: u8| byte.is_ascii_graphic() && !b"=;,".contains(&byte);
    assert!(!name.is_empty() && name.bytes().all(visible), "{name:?}");
}
