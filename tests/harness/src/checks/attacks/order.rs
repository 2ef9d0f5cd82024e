//! The sample `authorisation`: who may use a canary is judged by the route that is really taken,
//! because graylane stands before the filter that judges. In the other order it is not.

use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};

use super::NAME;
use crate::Progress;
use crate::client::{Issuer, Pace, Protocol, Visit, drive};
use crate::envoy::{Sample, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

const SAMPLE: &str = "authorisation";
const RBAC: &str = "envoy.filters.http.rbac";
const FORBIDDEN: u16 = 403;
const USERS: usize = 24;

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    Ok(vec![
        run(lab, "rbac by route, after graylane", |_| {}, true).await?,
        run(lab, "rbac by route, before graylane", judging_first, false).await?,
        run(lab, "rbac by the tag, after graylane", by_tag, true).await?,
        run(lab, "rbac by the tag, before graylane", by_tag_first, false).await?,
    ])
}

/// Everybody is answered by the version that the core says, but for those whom it sends to `v2`
/// although they are no testers: they are turned away. Where that does not `hold`, each of these
/// reaches it.
async fn run(lab: &Lab, case: &str, edit: fn(&mut Value), holds: bool) -> Result<Row> {
    let native = Native::compile(&Sample::load(SAMPLE)?.policy()?)?;
    let backends = lab.backends(&["v1", "v2"]).await?;
    let envoy = lab
        .envoy(&Setup::of(SAMPLE).edited(edit), &backends)
        .await?;
    let issuer = Issuer::of_sample()?;
    let visits: Arc<[Visit]> = (0..USERS * 8)
        .map(|number| visit(&issuer, number))
        .collect();
    let progress = Progress::of(&format!("{NAME}: {case}"), visits.len());
    let answers = drive(envoy.address(), &visits, Pace::default(), progress).await?;
    let (mut wanted, mut got) = (Counts::default(), Counts::default());
    for (visit, answer) in visits.iter().zip(&answers) {
        let version = native.decide(visit).version;
        let canary = version.as_deref() == Some("v2");
        let outsider = canary && !is_tester(visit);
        wanted.count(!(outsider && holds), canary, outsider);
        let Ok(reply) = answer else { continue };
        let let_in = reply.is_success() && reply.version() == version.as_deref();
        if let_in || (reply.status == FORBIDDEN && reply.echo.is_none()) {
            got.count(let_in, canary, outsider);
        }
    }
    let sees =
        wanted.testers > 0 && wanted.baseline > 0 && wanted.turned_away + wanted.outsiders > 0;
    let accepted = if holds {
        "exact"
    } else {
        "as many: the wrong order"
    };
    Ok(Row::judged(
        NAME,
        case,
        wanted,
        got,
        accepted,
        wanted == got && sees,
    ))
}

/// Where requests have come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    baseline: usize,
    testers: usize,
    outsiders: usize,
    turned_away: usize,
}

impl Counts {
    fn count(&mut self, let_in: bool, canary: bool, outsider: bool) {
        let place = match (let_in, canary, outsider) {
            (false, ..) => &mut self.turned_away,
            (true, false, _) => &mut self.baseline,
            (true, true, false) => &mut self.testers,
            (true, true, true) => &mut self.outsiders,
        };
        *place += 1;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            baseline,
            testers,
            outsiders,
            turned_away,
        } = self;
        write!(
            to,
            "v1 {baseline}; v2 {testers} testers, {outsiders} others; 403 {turned_away}"
        )
    }
}

/// Testers and others, who ask for `v2` or do not, some with forged headers.
fn visit(issuer: &Issuer, number: usize) -> Visit {
    let user = format!("user-{}", number / 8);
    let visit = Visit::of(&*user);
    let visit = match number % 4 {
        0 => visit,
        1 => visit.signed(issuer, &json!({ "sub": user, "roles": ["user"] })),
        2 => visit.signed(issuer, &json!({ "sub": user, "roles": ["user", "tester"] })),
        _ => visit.signed(issuer, &json!({ "sub": user, "roles": "tester" })),
    };
    let visit = if number % 8 < 4 {
        visit.with("x-qa", "on")
    } else {
        visit
    };
    let visit = if (number / 8).is_multiple_of(3) {
        visit
            .with("x-gray-version", "v1")
            .with("x-gray-cluster", "checkout-v1")
    } else {
        visit
    };
    visit.over([Protocol::Http1, Protocol::Http2][number / 8 % 2])
}

fn is_tester(visit: &Visit) -> bool {
    match &visit.verified["payload"]["roles"] {
        Value::Array(roles) => roles.contains(&json!("tester")),
        role => role == "tester",
    }
}

/// The chain of filters with `rbac` before graylane.
fn judging_first(tree: &mut Value) {
    let Some(Value::Array(filters)) = tree.pointer_mut(
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters",
    ) else {
        return;
    };
    let at = |name: &str| filters.iter().position(|filter| filter["name"] == name);
    if let (Some(graylane), Some(rbac)) = (at("graylane"), at(RBAC)) {
        filters.swap(graylane, rbac);
    }
}

/// The same rule without the route: whoever has the canary's tag must be a tester.
fn by_tag(tree: &mut Value) {
    let Some(manager) =
        tree.pointer_mut("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config")
    else {
        return;
    };
    let Some(route) = manager.pointer_mut("/route_config/virtual_hosts/0/routes/0") else {
        return;
    };
    let mut rules = route["typed_per_filter_config"][RBAC]["rbac"]["rules"].take();
    if let Some(route) = route.as_object_mut() {
        route.remove("typed_per_filter_config");
    }
    let tag = json!({ "header": { "name": "x-gray-version", "string_match": { "exact": "v2" } } });
    rules["policies"]["testers"]["permissions"] = json!([tag]);
    rules["policies"]["everybody"] = json!({
        "permissions": [{ "not_rule": tag }],
        "principals": [{ "any": true }],
    });
    let filters = manager["http_filters"].as_array_mut();
    for filter in filters
        .into_iter()
        .flatten()
        .filter(|filter| filter["name"] == RBAC)
    {
        filter["typed_config"]["rules"] = rules.clone();
    }
}

fn by_tag_first(tree: &mut Value) {
    by_tag(tree);
    judging_first(tree);
}
