//! `docs/remote.md`: the walk through each centre, its commands as they stand there, but for the
//! addresses.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::page::{Block, blocks};
use super::{PATIENCE, injected, shell};
use crate::Progress;
use crate::backend::Fleet;
use crate::centre::{Access, Centre, Door, Kind, SECRET};
use crate::client::{Pace, Visit, drive};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::place;
use crate::report::{Row, rows_of};

pub(super) const NAME: &str = "walk";

const PAGE: &str = "docs/remote.md";
const KINDS: [Kind; 5] = [
    Kind::Etcd,
    Kind::Consul,
    Kind::Nacos,
    Kind::Apollo,
    Kind::Http,
];

/// What each walk does, in this order, and which version a tester gets then; and in which share of
/// a thousand the others do.
const STEPS: [(&str, &str, u32); 4] = [
    ("a first policy, by the centre's own client", "v2", 100),
    ("another, by graylane publish", "v2", 500),
    ("the version is closed by a switch", "v1", 0),
    ("back, by graylane rollback", "v2", 100),
];

/// A centre, and Envoy that follows it as the page says.
struct Walk {
    // Envoy goes first: it would log that the others are gone.
    envoy: Envoy,
    centre: Centre,
    _door: Door,
    _backends: Fleet,
}

pub(super) async fn rows(lab: &Lab) -> Result<Vec<Row>> {
    let page = fs::read_to_string(place::repository()?.join(PAGE))?;
    let mut rows = Vec::new();
    for kind in KINDS {
        let name = kind.name();
        if let Some(missing) = kind.missing().or(client_missing(kind)) {
            eprintln!("left out: the walk through {name}, which needs {missing}");
            continue;
        }
        let walked = walk(lab, kind, &page).await;
        rows.extend(rows_of(&format!("{NAME}: {name}"), walked));
    }
    rows.extend(rows_of(injected::NAME, injected::rows(lab, &page).await));
    Ok(rows)
}

/// What this machine lacks of the centre's own client; `None` if nothing.
fn client_missing(kind: Kind) -> Option<&'static str> {
    let (program, remedy) = match kind {
        Kind::Etcd => (
            "etcdctl",
            "etcdctl (on Debian and Ubuntu: apt-get install etcd-client)",
        ),
        Kind::Nacos | Kind::Http => ("curl", "curl"),
        // Consul is its own, and Apollo's is a page.
        Kind::Consul | Kind::Apollo => return None,
    };
    place::on_path(program).is_none().then_some(remedy)
}

async fn walk(lab: &Lab, kind: Kind, page: &str) -> Result<Vec<Row>> {
    let blocks = blocks(page, &format!("### {}", heading(kind)))?;
    let of = |language: &str| -> Vec<&str> {
        let own = blocks.iter().filter(|block| block.language == language);
        own.map(|Block { text, .. }| *text).collect()
    };
    let (configuration, commands) = (of("yaml"), of("sh"));
    let [cluster, own] = configuration[..] else {
        bail!(
            "{PAGE} has {} blocks of YAML there, not 2",
            configuration.len()
        );
    };
    ensure!(
        commands.len() == STEPS.len(),
        "{PAGE} has {} blocks of commands there, not {}",
        commands.len(),
        STEPS.len()
    );
    let progress = Progress::of(&format!("{NAME}: {}", kind.name()), STEPS.len());
    let walk = Walk::start(lab, kind, cluster, own).await?;
    // Apollo's portal alone asks who it is.
    let who = match kind {
        Kind::Apollo => vec![
            ("GRAYLANE_USER", "ann".to_owned()),
            ("GRAYLANE_TOKEN", SECRET.to_owned()),
        ],
        _ => Vec::new(),
    };
    let mut rows = Vec::new();
    for (commands, (step, tester, share)) in commands.iter().zip(STEPS) {
        shell::well(&walk.placed(commands), &place::repository()?, &who).await?;
        let observed = walk.becomes(tester, share).await?;
        let step = format!("{}: {step}", kind.name());
        rows.push(Row::judged(
            NAME,
            step,
            format!("a tester gets {tester}, {} % of the others v2", share / 10),
            observed.text(),
            "within 3 points",
            observed.is(tester, share),
        ));
        progress.step();
    }
    Ok(rows)
}

/// What the page calls it.
fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Etcd => "etcd",
        Kind::Consul => "Consul",
        Kind::Nacos => "Nacos",
        Kind::Apollo => "Apollo",
        Kind::Http => "Any HTTP server",
    }
}

/// Who gets what.
struct Observed {
    tester: Option<String>,
    /// Others on `v2`, in a thousand.
    share: u32,
}

/// Others who ask: a share of them is not the policy's own.
const OTHERS: u32 = 1_000;
const OFF: u32 = 30;

impl Observed {
    fn is(&self, tester: &str, share: u32) -> bool {
        let exact = [0, 1_000].contains(&share);
        let off = if exact { 0 } else { OFF };
        self.tester.as_deref() == Some(tester) && self.share.abs_diff(share) <= off
    }

    fn text(&self) -> String {
        let tester = self.tester.as_deref().unwrap_or("nothing");
        format!("{tester}, {:.1} %", f64::from(self.share) / 10.0)
    }
}

impl Walk {
    async fn start(lab: &Lab, kind: Kind, cluster: &str, own: &str) -> Result<Self> {
        let centre = kind.start(Access::Open).await?;
        let door = Door::open(lab.client_ip().await?, centre.at()).await?;
        let clusters: Value = yaml_serde::from_str(cluster).context("the cluster is no YAML")?;
        let cluster = clusters["clusters"][0].clone();
        let name = cluster["name"]
            .as_str()
            .context("the cluster has no name")?;
        let setup = Setup::of("dynamic")
            .policy(&yaml_serde::from_str(own).context("the policy is no YAML")?)
            .leading_to(name, door.at())
            .beside(cluster.clone());
        let backends = lab.backends(&["v1", "v2"]).await?;
        Ok(Self {
            envoy: lab.envoy(&setup, &backends).await?,
            centre,
            _door: door,
            _backends: backends,
        })
    }

    /// Commands with the addresses of what runs here.
    fn placed(&self, commands: &str) -> String {
        let ports = [2379, 8500, 8848, 8070, 8080];
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port)).to_string();
        let centre = self.centre.at().to_string();
        let placed = ports.into_iter().fold(commands.to_owned(), |text, port| {
            text.replace(&at(port), &centre)
        });
        placed
            .replace(&at(9901), &self.envoy.admin().address().to_string())
            .replace(&at(10_000), &self.envoy.address().to_string())
    }

    /// Who gets what, once that is as it should be, or when there was time enough.
    async fn becomes(&self, tester: &str, share: u32) -> Result<Observed> {
        let until = Instant::now() + PATIENCE;
        loop {
            let observed = self.look().await?;
            if observed.is(tester, share) || Instant::now() > until {
                return Ok(observed);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn look(&self) -> Result<Observed> {
        let user = |number: u32| {
            let user = number.to_string();
            Visit::of(user.clone()).with("x-user-id", user)
        };
        let tester = Visit::of("tester").with("x-qa", "on");
        let visits = [tester].into_iter().chain((0..OTHERS).map(user)).collect();
        let to = self.envoy.address();
        let answers = drive(to, &visits, Pace::default(), Progress::silent()).await?;
        let mut versions = answers.iter().map(|answer| {
            let reply = answer.as_ref().ok().filter(|reply| reply.is_success());
            reply.and_then(|reply| reply.version().map(str::to_owned))
        });
        let tester = versions.next().flatten();
        let on_v2 = versions.filter(|version| version.as_deref() == Some("v2"));
        Ok(Observed {
            tester,
            share: u32::try_from(on_v2.count())? * 1_000 / OTHERS,
        })
    }
}
