//! What is measured, and what each case is held against.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::chain::{Routes, graylane, lua};
use super::floors::{
    NO_FILTER_BAGGAGE, NO_FILTER_TAGGED, NO_FILTER_TENANTS, floors, in_baggage, no_filter, tagged,
    tenants,
};
use super::policies::{self as of, Names, policy};
use super::probes::Probes;
use super::users::{kept, users, users_of};
use crate::client::Visit;
use crate::native::Native;

/// The same split by a filter of a few lines: any hash that is cheap in Lua.
const LUA: &str = "\
function envoy_on_request(handle)
  local headers = handle:headers()
  local user = headers:get('x-user-id')
  local version = 'v1'
  if user ~= nil then
    local hash = 5381
    for at = 1, #user do
      hash = (hash * 33 + string.byte(user, at)) % 4294967296
    end
    if hash % 100000 < 10000 then
      version = 'v2'
    end
  end
  headers:replace('x-gray-version', version)
end
";

/// What another case's costs are to this one's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// The other case.
    pub(super) against: &'static str,
    /// The most that this case may cost, as a multiple.
    pub(super) target: Option<f64>,
    /// Whether all that Envoy does is compared, rather than what the filters add.
    pub(super) whole: bool,
}

/// One measurement.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// What `--only` calls it.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) title: &'static str,
    /// The filters before the router.
    pub(super) filters: Vec<Value>,
    /// The routes.
    pub(super) routes: Routes,
    /// Who asks.
    pub(super) visits: Vec<Visit>,
    /// What each is answered; nothing where the filter decides nothing.
    pub(super) answers: Option<Vec<&'static str>>,
    /// Whether the filter does so much by the clock that it would show in a request's cost.
    pub(super) ticks: bool,
    /// The case with the same routes and no filter; `None` for such a case itself.
    pub(super) base: Option<&'static str>,
    /// The case that it is held against.
    pub(super) held: Option<Held>,
}

impl Case {
    pub(super) fn new(name: &'static str, title: &'static str) -> Self {
        Self {
            name,
            title,
            filters: Vec::new(),
            routes: Routes::Answers,
            visits: users(),
            answers: None,
            ticks: false,
            base: Some("no-filter"),
            held: None,
        }
    }

    pub(super) fn filter(mut self, filter: Value) -> Self {
        self.filters.push(filter);
        self
    }

    pub(super) fn held(mut self, against: &'static str, target: impl Into<Option<f64>>) -> Self {
        self.held = Some(Held {
            against,
            target: target.into(),
            whole: false,
        });
        self
    }

    /// Held with all that Envoy does for a request.
    pub(super) fn whole_held(self, against: &'static str, target: impl Into<Option<f64>>) -> Self {
        let mut case = self.held(against, target);
        case.held = case.held.map(|held| Held {
            whole: true,
            ..held
        });
        case
    }

    pub(super) fn base(mut self, base: Option<&'static str>, routes: Routes) -> Self {
        self.base = base;
        self.routes = routes;
        self
    }
}

/// A case of graylane: who asks, by which policy; held against what the core answers.
struct Graylane<'m> {
    module: &'m Path,
}

impl Graylane<'_> {
    fn case(
        &self,
        name: &'static str,
        title: &'static str,
        policy: &Value,
        visits: Vec<Visit>,
    ) -> Result<Case> {
        let native = Native::compile(policy).with_context(|| format!("the policy of {name}"))?;
        let tag = |visit| match native.decide(visit).version.as_deref() {
            Some("v2") => "v2",
            _ => "v1",
        };
        let answers = visits.iter().map(tag).collect();
        Ok(Case {
            visits,
            answers: Some(answers),
            ..Case::new(name, title).filter(graylane(self.module, policy))
        })
    }
}

/// Every case, in the order of the report.
///
/// # Errors
/// If the core refuses a policy.
pub(super) fn all(module: &Path, probes: &Probes) -> Result<Vec<Case>> {
    let mut cases = floors(probes);
    cases.extend(policies(&Graylane { module })?);
    cases.extend(guards(&Graylane { module })?);
    cases.extend(sizes(&Graylane { module })?);
    cases.extend(others());
    Ok(cases)
}

/// The cases of the gate: typical policies, and no filter.
///
/// # Errors
/// If the core refuses a policy.
pub(super) fn gated(module: &Path) -> Result<Vec<Case>> {
    const GATED: [&str; 3] = ["sticky", "clusters", "three-rules"];
    let policies = policies(&Graylane { module })?.into_iter();
    let gated = policies.filter(|case| GATED.contains(&case.name));
    Ok([no_filter()].into_iter().chain(gated).collect())
}

/// The filter under typical policies.
fn policies(of_module: &Graylane<'_>) -> Result<Vec<Case>> {
    let case = |name, title, policy: &Value, visits| of_module.case(name, title, policy, visits);
    let sticky = policy(Names::Tag, &[of::by_header()]);
    let clusters = policy(Names::Clusters, &[of::by_header()]);
    let by_cookie = policy(Names::Tag, &[of::split(&json!({ "cookie": "uid" }))]);
    let elsewhere = of::with(sticky.clone(), "hosts", json!(["other.example.com"]));
    let mirrored = of::with(clusters.clone(), "mirror", of::mirror());
    let keeping = policy(Names::Tag, &of::keep());
    let follow = of::in_mesh(sticky.clone());
    let baggage = of::set(sticky.clone(), "carrier", "baggage".into());
    let annotated = of::set(sticky.clone(), "annotate", true.into());
    // Of the version's name, by which the routes know the tag.
    let lane = json!([{ "name": "v2", "members": ["checkout/v2"] }]);
    let lane = of::set(sticky.clone(), "lanes", lane);
    let three = policy(Names::Tag, &of::three_rules());
    let all_three = policy(Names::Tag, &of::three_conditions());
    Ok(vec![
        case("sticky", "sticky split, tag only", &sticky, users())?.held("floor", 1.10),
        case("clusters", "sticky split, clusters", &clusters, users())?.held("floor-cluster", 1.05),
        case(
            "three-rules",
            "three header rules, then split",
            &three,
            users(),
        )?
        .held("get-all", 1.15),
        case(
            "three-conditions",
            "split if three headers hold",
            &all_three,
            users(),
        )?
        .held("get-all", 1.15),
        case("cookie", "sticky split by cookie", &by_cookie, users())?.held("floor-cookie", 1.05),
        case("follow", "mesh, tag followed", &follow, tagged())?
            .base(Some(NO_FILTER_TAGGED), Routes::Answers)
            .held("floor-follow", 1.05),
        case(
            "mesh-split",
            "mesh, no tag, sticky split",
            &of::in_mesh(sticky.clone()),
            users(),
        )?
        .held("sticky", None),
        case("lane", "sticky split into a lane", &lane, users())?.held("sticky", 1.01),
        case(
            "baggage",
            "mesh, tag in baggage followed",
            &of::in_mesh(baggage.clone()),
            in_baggage(),
        )?
        .base(Some(NO_FILTER_BAGGAGE), Routes::Baggage)
        .held("follow", None),
        case(
            "baggage-edge",
            "sticky split, forged tag in baggage",
            &baggage,
            in_baggage(),
        )?
        .base(Some(NO_FILTER_BAGGAGE), Routes::Baggage)
        .held("sticky", None),
        case("annotate", "sticky split, annotated", &annotated, users())?.held("sticky", None),
        case("no-service", "no service has the host", &elsewhere, users())?
            .held("floor-look", 1.05),
        case("mirror", "clusters and a mirror", &mirrored, users())?.held("clusters", None),
        case("keep", "keep, with the cookie", &keeping, kept(&keeping)?)?.held("cookie", None),
        case(
            "dry-run",
            "dry run of a split",
            &policy(Names::Tag, &of::dry_run()),
            users(),
        )?
        .held("sticky", None),
        case(
            "mint",
            "mint, not needed",
            &policy(Names::Tag, &of::mint()),
            users(),
        )?
        .held("cookie", None),
    ])
}

/// The filter with a guard on the canary, for the users of either version.
fn guards(of_module: &Graylane<'_>) -> Result<Vec<Case>> {
    let off = policy(Names::Tag, &[of::by_header()]);
    let on = of::guarded(off.clone());
    let case = |name, title, policy: &Value, version| {
        let case = of_module.case(name, title, policy, users_of(version, policy)?)?;
        anyhow::Ok(Case {
            ticks: true,
            ..case
        })
    };
    Ok(vec![
        case("baseline", "no guard, on the baseline", &off, "v1")?,
        case("guard-baseline", "guard, on the baseline", &on, "v1")?.whole_held("baseline", 1.05),
        case("canary", "no guard, on the canary", &off, "v2")?,
        case("guard-canary", "guard, on the canary", &on, "v2")?.whole_held("canary", None),
    ])
}

/// The filter under policies that grow.
fn sizes(of_module: &Graylane<'_>) -> Result<Vec<Case>> {
    let case = |name, title, rules: &[Value], visits| {
        of_module.case(name, title, &policy(Names::Tag, rules), visits)
    };
    let tenant = |name, title, rules| {
        let case = case(name, title, &of::tenants(rules), tenants())?;
        anyhow::Ok(case.base(Some(NO_FILTER_TENANTS), Routes::Answers))
    };
    Ok(vec![
        tenant("rules-10", "10 rules", 10)?,
        tenant("rules-1000", "1,000 rules", 1_000)?.held("rules-10", 1.05),
        tenant("rules-10000", "10,000 rules", 10_000)?.held("rules-10", 1.05),
        case("ids-10", "`in` of 10 ids", &of::ids(10), users())?,
        case(
            "ids-100000",
            "`in` of 100,000 ids",
            &of::ids(100_000),
            users(),
        )?
        .held("ids-10", 1.05),
        case(
            "networks-10",
            "`source_ip` of 10 networks",
            &of::networks(10),
            users(),
        )?,
        case(
            "networks-20000",
            "`source_ip` of 20,000",
            &of::networks(20_000),
            users(),
        )?
        .held("networks-10", None),
    ])
}

/// What Envoy brings for the same.
fn others() -> Vec<Case> {
    let twin = Some("one-cluster");
    vec![
        Case::new("lua", "Lua: the same split")
            .filter(lua(LUA))
            .held("sticky", None),
        Case::new("one-cluster", "no filter, one empty cluster").base(None, Routes::Cluster),
        Case::new("weighted", "weighted_clusters by hash").base(twin, Routes::Weighted),
    ]
}
