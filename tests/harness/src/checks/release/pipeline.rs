//! `docs/pipeline.md`: a release step by step, by the script and the jobs of
//! `docs/examples/pipeline`, with a version that does well and with one that fails at 30 %.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::shell::{self, Ran};
use super::site::{POLICY, SWITCHES, Site, everybody, examples, tree};
use crate::Progress;
use crate::backend::{Mood, Trouble};
use crate::checks::failed;
use crate::client::Record;
use crate::lab::Lab;
use crate::report::Row;

pub(super) const NAME: &str = "pipeline";

/// Seconds for which a step is watched, and what has to be answered then: 5 % of 200 in a second.
const SOAK: u32 = 20;
const MIN_ANSWERS: u32 = 100;
/// Above what the gate lets pass, and below the guard's limit: in a thousand.
const FAILING: u64 = 100;

/// What becomes of the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    /// It does well; the job is GitHub's.
    Well,
    /// It fails at 30 %; the job is GitHub's, which names no switches.
    Fails,
    /// The same; the job is GitLab's, which names them.
    FailsWithSwitches,
}

/// How a release went.
struct Released {
    ran: Ran,
    /// The load from the beginning to the end.
    records: Vec<Record>,
    /// The policy that the centre has then, and the revision of what is in force.
    policy: Value,
    is_in_force: bool,
    /// How many users are where that policy says, and how many on the baseline.
    where_it_says: usize,
    on_baseline: usize,
    switches: Value,
    /// Requests that the version failed, by its own count.
    failed_by_v2: u64,
}

pub(super) async fn rows(lab: &Lab) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for case in [Case::Well, Case::Fails, Case::FailsWithSwitches] {
        rows.extend(case.rows(&release(lab, case).await?)?);
    }
    Ok(rows)
}

impl Case {
    fn name(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Fails => "fails at 30 %",
            Self::FailsWithSwitches => "fails at 30 %, with switches",
        }
    }

    fn rows(self, released: &Released) -> Result<Vec<Row>> {
        let Released { ran, records, .. } = released;
        let exact = |what: &str, expected: &dyn ToString, observed: &dyn ToString| {
            let what = format!("{}: {what}", self.name());
            Row::exact(NAME, what, expected.to_string(), observed.to_string())
        };
        let [last, sentence] = match self {
            Self::Well => ["step-100.yaml", "checkout/v2: released"],
            _ => ["step-5.yaml", "too many answers in a hundred are failures"],
        };
        let is_there = released.policy == tree(&format!("pipeline/{last}"))?;
        let code = i32::from(self != Self::Well);
        if ran.code != code || !ran.said.contains(sentence) {
            eprintln!("{}", ran.said);
        }
        let mut rows = vec![
            exact("exit code", &code, &ran.code),
            exact("it says why", &true, &ran.said.contains(sentence)),
            exact(&format!("{last} is there at the end"), &true, &is_there),
            exact("it is in force", &true, &released.is_in_force),
        ];
        rows.push(match self {
            Self::FailsWithSwitches => {
                exact("users on the baseline", &everybody(), &released.on_baseline)
            }
            _ => exact("users where it says", &everybody(), &released.where_it_says),
        });
        let closed = match self {
            Self::FailsWithSwitches => json!({ "checkout/v2": "closed" }),
            _ => Value::Null,
        };
        rows.push(exact("switches", &closed, &released.switches));
        if self == Self::Well {
            rows.push(failed(NAME, self.name(), records));
        } else {
            let bad = records.iter().filter(|record| !record.is_success()).count();
            rows.push(exact(
                "failed requests are the version's own",
                &released.failed_by_v2,
                &bad,
            ));
        }
        Ok(rows)
    }

    /// The job that releases: the command, and what it is told beside where things are.
    fn job(self) -> Result<(String, bool)> {
        let (command, switches) = if self == Self::FailsWithSwitches {
            let job = tree("pipeline/gitlab.yaml")?;
            let command = job["release"]["script"][0].clone();
            (
                command,
                job["release"]["variables"].get("SWITCHES").is_some(),
            )
        } else {
            let job = tree("pipeline/github.yaml")?;
            let job = &job["jobs"]["release"];
            let steps = job["steps"].as_array().context("the job has no steps")?;
            let command = steps.iter().find_map(|step| step.get("run"));
            let command = command.context("the job runs nothing")?.clone();
            (command, job["env"].get("SWITCHES").is_some())
        };
        let command = command.as_str().context("the job's command is no text")?;
        Ok((command.to_owned(), switches))
    }
}

async fn release(lab: &Lab, case: Case) -> Result<Released> {
    let mut own = tree("pipeline/step-0.yaml")?;
    own["remote"] = json!({
        "cluster": "etcd", "etcd": {}, "policy": POLICY, "switches": SWITCHES, "every": "1s",
    });
    let site = Site::start(lab, &own, None).await?;
    let folder = examples()?.join("pipeline");
    let to = site.address(POLICY);
    shell::well(
        &format!("graylane publish step-0.yaml --to {to} --yes"),
        &folder,
        &[],
    )
    .await?;
    site.in_force(&tree("pipeline/step-0.yaml")?).await?;

    let (command, has_switches) = case.job()?;
    let mut variables = vec![
        ("TO", to),
        ("PROMETHEUS", format!("http://{}", site.prometheus.at())),
        ("VERSION", "checkout/v2".to_owned()),
        ("SOAK", SOAK.to_string()),
        ("MIN_ANSWERS", MIN_ANSWERS.to_string()),
    ];
    if has_switches {
        variables.push(("SWITCHES", site.address(SWITCHES)));
    }
    let progress = Progress::waiting(&format!("{NAME}: {}", case.name()));
    let load = site.load();
    let turns = async {
        if case != Case::Well {
            site.in_force(&tree("pipeline/step-30.yaml")?).await?;
            turn(&site, Mood::of(Trouble::Fails, FAILING)).await?;
        }
        anyhow::Ok(())
    };
    let (ran, turned) = tokio::join!(shell::run(&command, &folder, &variables), turns);
    let ran = ran?;
    turned.with_context(|| ran.said.clone())?;
    let records = load.stop().await?;
    drop(progress);
    let v2 = site.backends.get("v2").context("there is no v2")?;
    let failed_by_v2 = v2.tally().await?.failed;
    turn(&site, Mood::well()).await?;

    let document = site.centre.read(POLICY).await?.unwrap_or_default();
    let policy: Value = serde_json::from_slice(&document)?;
    let switches = site.centre.read(SWITCHES).await?;
    Ok(Released {
        ran,
        records,
        is_in_force: site.revision().await? == u64::from(graylane::revision(&document)),
        where_it_says: site.where_it_says(&policy).await?,
        on_baseline: site.where_it_says(&tree("pipeline/step-0.yaml")?).await?,
        policy,
        switches: match switches {
            Some(switches) => serde_json::from_slice(&switches)?,
            None => Value::Null,
        },
        failed_by_v2,
    })
}

async fn turn(site: &Site, mood: Mood) -> Result<()> {
    let v2 = site.backends.get("v2").context("there is no v2")?;
    v2.turns(mood).await
}
