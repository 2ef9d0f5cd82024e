//! Config centres and who is told of verdicts: what they are asked, and where they are.

use super::checks::one_of;
use super::clock::duration;
use super::name;
use crate::Secret;
use crate::error::{Error, Place};
use crate::limits::{MAX_HOST_BYTES, MAX_PATH_BYTES, REMOTE_EVERY};
use crate::policy::{self, CloseWhen, OnDelete, Shape, Text};
use crate::remote::{Apollo, Centre, Consul, Etcd, Http, Nacos, Wrong};

/// How often a centre is asked where a policy does not say, in milliseconds.
const EVERY: u64 = 5_000;

/// A config centre, and what is kept there.
#[derive(Debug)]
pub struct Remote {
    /// How it is reached.
    pub server: Server,
    /// How it is spoken to.
    pub centre: Centre,
    /// The policy's name there.
    pub policy: Option<Box<str>>,
    /// The switches' name there.
    pub switches: Option<Box<str>>,
    /// Where guards announce what they have seen.
    pub announce: Option<Announce>,
    /// How often it is asked where it does not hold its answer, in milliseconds.
    pub every: u64,
    /// What it means that there is no policy of that name.
    pub on_delete: OnDelete,
}

/// A server that the proxy sends requests of its own to.
#[derive(Debug)]
pub struct Server {
    /// The proxy's cluster.
    pub cluster: Box<str>,
    /// The requests' `Host`.
    pub host: Box<str>,
}

/// Where guards announce what they have seen.
#[derive(Debug)]
pub struct Announce {
    /// The key below which each proxy has its own.
    pub under: Box<str>,
    /// Whose verdict holds for all.
    pub close_when: CloseWhen,
}

/// Who is told of verdicts.
#[derive(Debug)]
pub struct Notify {
    /// How it is reached.
    pub server: Server,
    /// The path that is posted to.
    pub path: Secret,
    /// What is posted.
    pub shape: Shape,
}

impl Remote {
    pub(super) fn compile(document: policy::Remote) -> Result<Self, Error> {
        let place = Place::ROOT.field("remote");
        let (field, centre) = one_of(
            &place,
            [
                ("etcd", document.etcd.map(Choice::Etcd)),
                ("consul", document.consul.map(Choice::Consul)),
                ("nacos", document.nacos.map(Choice::Nacos)),
                ("apollo", document.apollo.map(Choice::Apollo)),
                ("http", document.http.map(Choice::Http)),
            ],
        )?;
        let centre = centre
            .compile()
            .map_err(|wrong| place.field(field).field(wrong.field).error(wrong.problem))?;
        let named = |place: &Place<'_>, Text(name): Text| match centre.check_name(&name) {
            Ok(()) => Ok(name.into_boxed_str()),
            Err(problem) => Err(place.error(problem)),
        };
        let document_named = |field, name: Option<Text>| {
            let name = name.map(|name| named(&place.field(field), name));
            name.transpose()
        };
        let policy = document_named("policy", document.policy)?;
        let switches = document_named("switches", document.switches)?;
        if policy.is_some() && policy == switches {
            return Err(place
                .field("switches")
                .error("is the policy's name as well; give each its own"));
        }
        let announce = document.announce.map(|announce| {
            let place = place.field("announce");
            if !matches!(centre, Centre::Etcd(_) | Centre::Consul(_)) {
                return Err(place.error("needs a centre that lists its keys: etcd or Consul"));
            }
            Ok(Announce {
                under: named(&place.field("under"), announce.under)?,
                close_when: announce.close_when,
            })
        });
        let announce = announce.transpose()?;
        if policy.is_none() && switches.is_none() && announce.is_none() {
            return Err(place.error("asks for nothing; give it `policy`, `switches` or `announce`"));
        }
        Ok(Self {
            server: Server::compile(&place, document.cluster, document.host)?,
            centre,
            policy,
            switches,
            announce,
            every: match document.every {
                Some(text) => every(&place.field("every"), &text)?,
                None => EVERY,
            },
            on_delete: document.on_delete,
        })
    }
}

/// What a centre asks for, of whichever kind it is.
enum Choice {
    Etcd(policy::Etcd),
    Consul(policy::Consul),
    Nacos(policy::Nacos),
    Apollo(policy::Apollo),
    Http(policy::Http),
}

impl Choice {
    fn compile(self) -> Result<Centre, Wrong> {
        let text = |text: Option<Text>| text.map(|Text(text)| text);
        Ok(match self {
            Self::Etcd(own) => Centre::Etcd(Etcd::new(text(own.user), own.password)?),
            Self::Consul(own) => Centre::Consul(Consul::new(own.token, text(own.datacenter))?),
            Self::Nacos(own) => Centre::Nacos(Nacos::new(
                own.api,
                text(own.group),
                text(own.namespace),
                text(own.user),
                own.password,
            )?),
            Self::Apollo(own) => {
                Centre::Apollo(Apollo::new(own.app.0, text(own.cluster), own.secret)?)
            }
            Self::Http(own) => Centre::Http(Http::new(own.token)?),
        })
    }
}

fn every(place: &Place<'_>, text: &Text) -> Result<u64, Error> {
    let every = duration(place, text)?;
    if REMOTE_EVERY.contains(&every) {
        Ok(every)
    } else {
        Err(place.wrong(&text.0, "is too often or too rare; use 1s to 1h"))
    }
}

impl Server {
    fn compile(place: &Place<'_>, cluster: Text, host: Option<Text>) -> Result<Self, Error> {
        let cluster = name::cluster(&place.field("cluster"), cluster)?;
        let host = match host {
            Some(Text(host)) => {
                let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
                if !(1..=MAX_HOST_BYTES).contains(&host.len()) || !host.bytes().all(valid) {
                    let place = place.field("host");
                    return Err(place.wrong(
                        &host,
                        "is not a host; write it as etcd.example.com or etcd.example.com:2379",
                    ));
                }
                host.into()
            }
            None => cluster.clone(),
        };
        Ok(Self { cluster, host })
    }
}

impl Notify {
    pub(super) fn compile(document: policy::Notify) -> Result<Self, Error> {
        let place = Place::ROOT.field("notify");
        let path = document.path.expose();
        let visible = path.bytes().all(|byte| byte.is_ascii_graphic());
        if !path.starts_with('/') || !visible || path.len() > MAX_PATH_BYTES {
            return Err(place.field("path").error(format!(
                "is not a path; use up to {MAX_PATH_BYTES} visible ASCII characters that begin with /"
            )));
        }
        Ok(Self {
            server: Server::compile(&place, document.cluster, document.host)?,
            path: document.path,
            shape: document.shape,
        })
    }
}
