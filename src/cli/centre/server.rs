//! A document of a config centre, read and written over HTTP.

use std::cell::RefCell;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

use super::address::{AtCentre, Kind};
use super::credentials::{Credentials, Wants};
use super::{Seen, Written};
use crate::Secret;
use crate::cli::{clock, http};
use crate::limits::MAX_POLICY_BYTES;
use crate::remote::{
    Apollo, Call, Centre, Consul, Etcd, Heard, Http, Line, Nacos, Portal, Refused, Reply,
};

/// A centre that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Replies hold a document once more, as base64 or quoted.
const MOST_OF_A_REPLY: u64 = 4 * MAX_POLICY_BYTES as u64;
/// Requests until a document is read: a few, and a login between them.
const REQUESTS: usize = 8;

/// A server, and how it is spoken to.
#[derive(Debug)]
pub(super) struct Server {
    centre: Centre,
    address: String,
    agent: Agent,
    /// What the login brought.
    token: RefCell<Option<Secret>>,
}

impl Server {
    pub(super) fn new(at: &AtCentre, credentials: &Credentials) -> Result<Self> {
        let centre = centre(&at.kind, credentials)?;
        let named = centre.check_name(&at.name);
        named.map_err(|why| anyhow!("its name {why}"))?;
        Ok(Self {
            centre,
            address: at.server.clone(),
            agent: http::agent(PATIENCE),
            token: RefCell::default(),
        })
    }

    pub(super) fn most(&self) -> (usize, &'static str) {
        self.centre.most()
    }

    /// What the document of this name is.
    pub(super) fn read(&self, name: &str) -> Result<Seen> {
        if let Some(call) = self.centre.released(name) {
            let document = self.centre.was_released(&self.send(&call)?);
            return Ok(Seen {
                document: document.map_err(|refused| self.sentence(refused))?,
                version: String::new(),
            });
        }
        let mut line = Line::new(name, "");
        for _ in 0..REQUESTS {
            self.log_in()?;
            let token = self.token.borrow().clone();
            let token = token.as_ref().map(Secret::expose);
            let call = line.ask(&self.centre, token, clock::moment(None)?);
            let document = match line.hear(&self.centre, &self.send(&call)?) {
                Heard::Document(document) => Some(document),
                Heard::Gone => None,
                Heard::Next | Heard::Same => continue,
                Heard::Login => {
                    self.token.take();
                    continue;
                }
                Heard::Trouble(why) => bail!("{} {why}", self.centre.kind()),
            };
            let version = line.cursor().to_owned();
            return Ok(Seen { document, version });
        }
        Err(anyhow!(
            "{} does not come to tell what it has; ask again",
            self.centre.kind()
        ))
    }

    /// Writes the document of this name. `over`: unless it is another by now.
    pub(super) fn write(
        &self,
        name: &str,
        document: &[u8],
        over: Option<&Seen>,
    ) -> Result<Written> {
        let over = over.map(|seen| match seen.document {
            Some(_) => &*seen.version,
            None => "",
        });
        for again in [false, true] {
            self.log_in()?;
            let token = self.token.borrow().clone();
            let token = token.as_ref().map(Secret::expose);
            let write = |over| self.centre.write(name, document, over, token);
            // A web server that tells no versions is written to as it is.
            let calls = write(over).or_else(|_| write(None));
            let calls = calls.map_err(|why| anyhow!("{} {why}", self.centre.kind()))?;
            match self.carry_out(&calls, token)? {
                Ok(()) => return Ok(Written::Done),
                Err(Refused::Changed) => return Ok(Written::Changed),
                Err(Refused::Login) if !again => drop(self.token.take()),
                Err(refused) => return Err(self.sentence(refused)),
            }
        }
        Err(self.sentence(Refused::Login))
    }

    fn sentence(&self, refused: Refused) -> anyhow::Error {
        let kind = self.centre.kind();
        match refused {
            Refused::Trouble(why) => anyhow!("{kind} {why}"),
            Refused::Login => anyhow!("{kind} refuses the token that it has just given"),
            Refused::Changed => anyhow!("{kind} has another document by now"),
        }
    }

    /// Sends one after the other, as long as each is done.
    fn carry_out(&self, calls: &[Call], token: Option<&str>) -> Result<Result<(), Refused>> {
        for call in calls {
            let reply = self.send(call)?;
            if let Err(refused) = self.centre.wrote(&reply, token) {
                return Ok(Err(refused));
            }
        }
        Ok(Ok(()))
    }

    fn log_in(&self) -> Result<()> {
        if self.token.borrow().is_some() {
            return Ok(());
        }
        if let Some(call) = self.centre.login() {
            let token = self.centre.token(&self.send(&call)?);
            let token = token.map_err(|why| anyhow!("{} {why}", self.centre.kind()))?;
            self.token.replace(Some(Secret::new(token)));
        }
        Ok(())
    }

    fn send(&self, call: &Call) -> Result<Reply> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("{}{}", self.address, call.path));
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let answer = if call.body.is_empty() {
            self.agent.run(request.body(())?)
        } else {
            self.agent.run(request.body(&call.body[..])?)
        };
        answer.and_then(reply).map_err(http::silence)
    }
}

fn reply(answer: Response<Body>) -> Result<Reply, ureq::Error> {
    let (head, mut body) = answer.into_parts();
    let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
        (name.as_str().to_owned(), value.as_bytes().to_vec())
    };
    Ok(Reply {
        status: head.status.as_u16(),
        headers: head.headers.iter().map(header).collect(),
        body: body.with_config().limit(MOST_OF_A_REPLY).read_to_vec()?,
    })
}

/// The centre of this kind, as these ask it.
fn centre(kind: &Kind, credentials: &Credentials) -> Result<Centre> {
    Ok(match kind.clone() {
        Kind::Etcd => {
            let given = credentials.given(Wants::UserAndPassword)?;
            Centre::Etcd(Etcd::new(given.user, given.password)?)
        }
        Kind::Consul { datacenter } => {
            let given = credentials.given(Wants::Token)?;
            Centre::Consul(Consul::new(given.token, datacenter)?)
        }
        Kind::Nacos {
            api,
            group,
            namespace,
        } => {
            let given = credentials.given(Wants::UserAndPassword)?;
            let nacos = Nacos::new(api, group, namespace, given.user, given.password)?;
            Centre::Nacos(nacos)
        }
        Kind::Apollo { app, env, cluster } => {
            let given = credentials.given(Wants::UserAndToken)?;
            let (Some(operator), Some(token)) = (given.user, given.token) else {
                bail!(
                    "needs the token of an application that may use the portal, and in whose name \
                     it writes; give --token-file and --user"
                );
            };
            let portal = Portal {
                env,
                token,
                operator,
            };
            Centre::Apollo(Apollo::new(app, cluster, None)?.with_portal(portal)?)
        }
        Kind::Http => {
            let given = credentials.given(Wants::Token)?;
            Centre::Http(Http::new(given.token)?)
        }
    })
}
