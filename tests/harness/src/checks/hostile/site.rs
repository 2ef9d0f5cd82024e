//! An Envoy that follows a centre which means harm, under load.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use graylane::revision;
use serde_json::{Value, json};

use super::NAME;
use super::centre::{Answer, Centre};
use super::shape::{document, notification, own};
use super::tricks::Trick;
use crate::backend::Fleet;
use crate::centre::{Kind, SECRET};
use crate::checks::people::{with_rules, with_user};
use crate::client::{Bounds, Load, Pace, Visit};
use crate::envoy::{Envoy, Setup};
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;
use crate::server::free_port;

const PATIENCE: Duration = Duration::from_secs(30);
const USERS: usize = 200;
/// What the path of the switches has, and that of Apollo's notifications.
const WORDS: [&str; 2] = ["switches", "notifications"];

/// What is tricked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Policy,
    Switches,
}

/// Envoy under load, and its centre.
pub(super) struct Site {
    // Envoy goes first: it would log that the others are gone.
    pub(super) envoy: Envoy,
    pub(super) centre: Centre,
    pub(super) kind: Kind,
    of: Of,
    pub(super) case: String,
    pub(super) load: Load,
    pub(super) native: Native,
    pub(super) visits: Arc<[Visit]>,
    number: usize,
}

/// The policy that decides alike whatever its number, which is the name of its rule.
pub(super) fn policy(number: usize) -> Value {
    with_rules(&json!([{
        "name": format!("n{number}"),
        "split": {
            "by": [{ "header": "x-user-id" }],
            "salt": NAME,
            "to": [{ "version": "v2", "percent": 40 }],
        },
    }]))
}

/// How often the centre's document has changed, at a policy of this number: never one of the tricks'.
pub(super) fn changes_at(number: usize) -> usize {
    1_000 + 10 * number
}

impl Site {
    /// One whose own policy decides as the centre's do, which is in force when this returns.
    pub(super) async fn start(
        lab: &Lab,
        backends: &Fleet,
        kind: Kind,
        of: Of,
        case: &str,
    ) -> Result<Self> {
        let [word, cluster] = match kind {
            Kind::Apollo => [WORDS[1], "centre"],
            // The sample's own.
            Kind::Consul => [WORDS[0], "consul"],
            _ => [WORDS[0], "centre"],
        };
        let at = (lab.client_ip().await?, free_port()?.port()).into();
        let centre = Centre::open(at, word, answer_of(kind, 1)).await?;
        if kind == Kind::Apollo {
            centre.answer_those(notification(&kind.document("checkout"), changes_at(1)));
        }
        let mut configuration = policy(0);
        configuration["remote"] = json!({
            "cluster": cluster,
            kind.name(): own(kind),
            "policy": kind.document("checkout"),
            "every": "1s",
        });
        if of == Of::Switches {
            configuration["remote"]["switches"] = kind.document("checkout-switches").into();
        }
        let setup = match kind {
            Kind::Consul => Setup::of("remote").edited(token),
            _ => Setup::of("dynamic"),
        };
        let setup = setup
            .policy(&configuration)
            .leading_to(cluster, centre.at());
        let envoy = lab.envoy(&setup, backends).await?;
        let visits: Arc<[Visit]> = (0..USERS)
            .map(|number| with_user(Visit::of(number.to_string())))
            .collect();
        let bounds = Bounds {
            time: Duration::from_hours(1),
            visits: usize::MAX,
            pause: Duration::from_millis(60),
            pace: Pace {
                clients: 4,
                ..Pace::default()
            },
        };
        let site = Self {
            load: Load::start(envoy.address(), &visits, bounds),
            native: Native::compile(&policy(0))?,
            envoy,
            centre,
            kind,
            of,
            case: case.to_owned(),
            visits,
            number: 1,
        };
        in_force(&site.envoy, &policy(1), 0).await?;
        Ok(site)
    }

    /// Plays these one after the other, and is well after each: what the log says, and that the next
    /// policy, or the next switches, are in force.
    pub(super) async fn play(&mut self, tricks: Vec<Trick>) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for trick in tricks {
            rows.push(self.play_one(trick).await?);
        }
        Ok(rows)
    }

    async fn play_one(&mut self, trick: Trick) -> Result<Row> {
        let logged = self.envoy.log().end();
        let asked = self.centre.heads().len();
        self.say(trick.answer);
        let said = match trick.says {
            Some(says) => {
                let line = self.envoy.log().wait(says, logged, PATIENCE).await;
                line.ok().map(|line| about(&line))
            }
            // Twice, so that what it has heard was of use for the next request.
            None => self
                .asked_from(asked + 2)
                .await
                .then(|| "nothing".to_owned()),
        };
        self.number += 1;
        let logged = self.envoy.log().end();
        let back = self.be_well(logged).await;
        if let Err(error) = &back {
            eprintln!("{error:#}");
        }
        let (wanted, after) = match self.of {
            Of::Policy => (trick.says.unwrap_or("nothing"), "then the next policy"),
            Of::Switches => (trick.says.unwrap_or("nothing"), "then the next switches"),
        };
        let observed = said.as_deref().unwrap_or("(nothing of the kind)");
        let end = if back.is_ok() { after } else { "and no more" };
        Ok(Row::judged(
            NAME,
            format!("{}: {}", self.case, trick.name),
            format!("{wanted}; {after}"),
            format!("{observed}; {end}"),
            "both",
            said.is_some() && back.is_ok(),
        ))
    }

    fn say(&self, answer: Answer) {
        if self.kind == Kind::Apollo || self.of == Of::Switches {
            self.centre.answer_those(answer.clone());
        }
        if self.of == Of::Policy {
            self.centre.answer(answer);
        }
    }

    /// The centre is well, and has something new.
    async fn be_well(&self, logged: u64) -> Result<()> {
        let changes = changes_at(self.number);
        if self.of == Of::Switches {
            // Of a version that the policy has not, and so of no meaning for anybody's answer.
            let closed = json!({ format!("checkout/n{}", self.number): "closed" });
            let text = closed.to_string();
            self.centre
                .answer_those(document(self.kind, changes, text.as_bytes()));
            let log = self.envoy.log();
            let told = format!("checkout/n{}: is no version", self.number);
            return log.wait(&told, logged, PATIENCE).await.map(drop);
        }
        if self.kind == Kind::Apollo {
            let name = self.kind.document("checkout");
            self.centre.answer_those(notification(&name, changes));
        }
        self.centre.answer(answer_of(self.kind, self.number));
        in_force(&self.envoy, &policy(self.number), logged).await
    }

    async fn asked_from(&self, wanted: usize) -> bool {
        let asked = async {
            while self.centre.heads().len() < wanted {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.is_ok()
    }
}

/// Waits until a worker says, from `logged` on, that a policy is in force.
pub(super) async fn in_force(envoy: &Envoy, policy: &Value, logged: u64) -> Result<()> {
    let revision = revision(policy.to_string().as_bytes());
    let sentence = format!("policy in force: revision {revision:08x}");
    envoy
        .log()
        .wait(&sentence, logged, PATIENCE)
        .await
        .map(drop)
}

/// The centre's answer with the policy of this number.
fn answer_of(kind: Kind, number: usize) -> Answer {
    document(
        kind,
        changes_at(number),
        policy(number).to_string().as_bytes(),
    )
}

/// A log line without what is the host's in it.
fn about(line: &str) -> String {
    let at = line.find("remote: ").unwrap_or_default();
    line.get(at..).unwrap_or_default().to_owned()
}

/// The sample's token is the one that nobody is to see.
fn token(tree: &mut Value) {
    if let Some(secret) = tree.pointer_mut("/resources/0/generic_secret/secret/inline_string") {
        *secret = SECRET.into();
    }
}
