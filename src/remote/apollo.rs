//! Apollo's config service.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::call::Call;
use super::encode::{base64, form, query};
use super::line::{Line, Step};
use super::said::{Said, whole};
use super::{Heard, Refused, Wrong, check};
use crate::Secret;
use crate::json::quoted;
use crate::policy::tree::Tree;

/// How long it holds an answer, in milliseconds: its own choice.
const HOLD: u64 = 60_000;

/// The number of a change that is older than all: what there is now is told at once.
const NEVER: &str = "-1";

/// The release of a namespace that has none.
const GONE: &str = "-";

/// Apollo. Its cursor is the number of the change that was heard last, a slash, and the key of the
/// release, which is `-` where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apollo {
    pub(super) app: String,
    pub(super) cluster: String,
    pub(super) secret: Option<Secret>,
    #[cfg(feature = "cli")]
    pub(super) portal: Option<Portal>,
}

/// How Apollo's portal is asked to write: `OpenAPI`, at another address than the config service.
#[cfg(feature = "cli")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portal {
    /// The environment's name, such as `DEV`.
    pub env: String,
    /// The token of a third-party application that may edit and release the namespace.
    pub token: Secret,
    /// The portal's user in whose name it is done.
    pub operator: String,
}

impl Apollo {
    /// `cluster`: absent, `default`. `secret`: the application's access key, where it has one.
    ///
    /// # Errors
    ///
    /// A name that Apollo does not take; an empty key.
    pub fn new(
        app: String,
        cluster: Option<String>,
        secret: Option<Secret>,
    ) -> Result<Self, Wrong> {
        check::name("app", &app)?;
        if let Some(cluster) = &cluster {
            check::name("cluster", cluster)?;
        }
        if let Some(secret) = &secret {
            check::secret("secret", secret)?;
        }
        Ok(Self {
            app,
            cluster: cluster.unwrap_or_else(|| "default".to_owned()),
            secret,
            #[cfg(feature = "cli")]
            portal: None,
        })
    }

    /// The same, which can be written to: by its portal.
    ///
    /// # Errors
    ///
    /// A name that Apollo does not take, or a token that no header can carry.
    #[cfg(feature = "cli")]
    pub fn with_portal(self, portal: Portal) -> Result<Self, Wrong> {
        check::name("env", &portal.env)?;
        check::token("token", &portal.token)?;
        check::value("operator", &portal.operator)?;
        Ok(Self {
            portal: Some(portal),
            ..self
        })
    }

    pub(super) fn ask(&self, line: &mut Line, now: u64) -> Call {
        let Some((change, release)) = seen(&line.cursor) else {
            // The document first: of one that is not there, no change would be told for a minute.
            line.step = Step::Fetch(NEVER.to_owned());
            return self.fetch(&line.name, GONE, now);
        };
        if line.step != Step::Listen {
            return self.fetch(&line.name, release, now);
        }
        let name = quoted(&line.name);
        let known = format!(r#"[{{"namespaceName":{name},"notificationId":{change}}}]"#);
        let parameters = form(&[
            ("appId", &*self.app),
            ("cluster", &*self.cluster),
            ("notifications", &*known),
        ]);
        let mut call = self.signed(format!("/notifications/v2?{parameters}"), now);
        call.hold = HOLD;
        call
    }

    fn fetch(&self, name: &str, release: &str, now: u64) -> Call {
        let [app, cluster, name] = [&*self.app, &*self.cluster, name].map(query);
        let mut path = format!("/configs/{app}/{cluster}/{name}");
        if release != GONE {
            path = format!("{path}?releaseKey={}", query(release));
        }
        self.signed(path, now)
    }

    fn signed(&self, path: String, now: u64) -> Call {
        let signature = self.secret.as_ref().and_then(|secret| {
            let mut mac = Hmac::<Sha1>::new_from_slice(secret.expose().as_bytes()).ok()?;
            mac.update(format!("{now}\n{path}").as_bytes());
            Some(base64(&mac.finalize().into_bytes()))
        });
        let mut call = Call::get(path);
        if let Some(signature) = signature {
            let own = format!("Apollo {}:{signature}", self.app);
            call.headers.push(("authorization", own));
            call.headers.push(("timestamp", now.to_string()));
        }
        call
    }

    pub(super) fn hear(line: &mut Line, said: &Said<'_>) -> Result<Heard, Refused> {
        if said.status() == 401 {
            let remedy = "see that `secret` is an access key of the app, and that the clocks differ \
                          by less than a minute";
            return Err(said.denied(remedy).into());
        }
        if line.step == Step::Listen {
            changed(line, said)
        } else {
            fetched(line, said)
        }
    }
}

/// The number and the release of a cursor.
fn seen(cursor: &str) -> Option<(&str, &str)> {
    let seen = cursor.split_once('/')?;
    let number = |byte: u8| byte.is_ascii_digit();
    let is_number = seen.0 == NEVER || seen.0.bytes().all(number) && !seen.0.is_empty();
    is_number.then_some(seen)
}

/// The answer whether there is a change.
fn changed(line: &mut Line, said: &Said<'_>) -> Result<Heard, Refused> {
    match said.status() {
        200 => {}
        // An Apollo whose numbers have begun anew would say so for ever.
        304 => {
            line.step = Step::Compare;
            return Ok(Heard::Next);
        }
        _ => return Err(said.unexpected().into()),
    }
    let body = said.json()?;
    let changes = body.list().unwrap_or_default();
    let own = changes.iter().find(|each| {
        let name = each.field("namespaceName").and_then(Tree::text);
        name.is_some_and(|name| name.eq_ignore_ascii_case(&line.name))
    });
    let change = own.and_then(|own| whole(own.field("notificationId")));
    let change = change.ok_or_else(|| said.strange("no `notificationId` of the namespace"))?;
    line.step = Step::Fetch(change.to_string());
    Ok(Heard::Next)
}

/// The release.
fn fetched(line: &mut Line, said: &Said<'_>) -> Result<Heard, Refused> {
    let (change, release) = seen(&line.cursor).unwrap_or((NEVER, ""));
    let found = match said.status() {
        200 => Some(read(said)?),
        304 => None,
        404 => {
            said.body()?;
            Some((GONE.to_owned(), None))
        }
        _ => return Err(said.unexpected().into()),
    };
    let found = found.filter(|(now, _)| now != release);
    let change = match (&line.step, &found) {
        (Step::Fetch(change), _) => change,
        // The change that led here was not told: so its number is none of this Apollo.
        (_, Some(_)) => NEVER,
        (_, None) => change,
    };
    let (heard, release) = match found {
        None => (Heard::Same, release.to_owned()),
        Some((release, None)) => (Heard::Gone, release),
        Some((release, Some(document))) => (Heard::Document(document), release),
    };
    line.cursor = format!("{change}/{release}");
    line.step = Step::Listen;
    Ok(heard)
}

/// The key of a release, and the document in it. One without items has none.
fn read(said: &Said<'_>) -> Result<(String, Option<Vec<u8>>), String> {
    let body = said.json()?;
    let release = body.field("releaseKey").and_then(Tree::text);
    let release = release.ok_or_else(|| said.strange("no `releaseKey`"))?;
    let items = body.field("configurations");
    match items.and_then(|items| items.field("content")?.text()) {
        Some(text) => Ok((release.to_owned(), Some(text.as_bytes().to_vec()))),
        None => match items {
            Some(Tree::Object(items)) if items.is_empty() => Ok((GONE.to_owned(), None)),
            Some(Tree::Object(_)) => Err(
                "has items and no `content` in the namespace; make it one of the format JSON"
                    .to_owned(),
            ),
            _ => Err(said.strange("no `configurations`")),
        },
    }
}
