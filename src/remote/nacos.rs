//! Nacos, by the interface of its versions 0.8 to 3, or that of 3.

use super::call::Call;
use super::encode::{form, query};
use super::line::{Line, Step};
use super::said::{Said, whole};
use super::user::User;
use super::{Heard, Refused, Wrong, check};
use crate::Secret;
use crate::policy::NacosApi;
use crate::policy::tree::Tree;

/// How long it holds an answer, in milliseconds; half a second less, in fact.
const HOLD: u64 = 30_000;

/// Documents, by the first interface.
pub(super) const CONFIGS: &str = "/nacos/v1/cs/configs";

/// The cursor of a document that is not there. In a listener's request it is an empty MD5.
pub(super) const GONE: &str = "-";

/// The code of an answer that nothing is there.
const NOT_FOUND: u64 = 20_004;

/// Nacos. Its cursor is the content's MD5, or `-` where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nacos {
    pub(super) api: NacosApi,
    pub(super) group: String,
    pub(super) namespace: Option<String>,
    pub(super) user: Option<User>,
}

impl Nacos {
    /// `group`: absent, `DEFAULT_GROUP`. `namespace`: its id; absent or `public`, the public one.
    /// `user` and `password`: both or none.
    ///
    /// # Errors
    ///
    /// A group or a namespace that Nacos does not take; a user without a password.
    pub fn new(
        api: NacosApi,
        group: Option<String>,
        namespace: Option<String>,
        user: Option<String>,
        password: Option<Secret>,
    ) -> Result<Self, Wrong> {
        if let Some(group) = &group {
            check::name("group", group)?;
        }
        if let Some(namespace) = &namespace {
            check::name("namespace", namespace)?;
        }
        Ok(Self {
            api,
            group: group.unwrap_or_else(|| "DEFAULT_GROUP".to_owned()),
            // By its name, an old one would take it for another.
            namespace: namespace.filter(|namespace| namespace != "public"),
            user: User::new(user, password)?,
        })
    }

    pub(super) fn login(&self) -> Option<Call> {
        let User { name, password } = self.user.as_ref()?;
        let body = form(&[("username", name), ("password", password.expose())]);
        let path = match self.api {
            NacosApi::V1 => "/nacos/v1/auth/login",
            NacosApi::V3 => "/nacos/v3/auth/user/login",
        };
        Some(post(path, body, None))
    }

    pub(super) fn token(said: &Said<'_>) -> Result<String, String> {
        match said.status() {
            200 => {}
            401 | 403 => return Err(said.denied("see `user` and `password`")),
            404 | 501 => {
                return Err(said.denied("leave out `user` and `password` where it has no login"));
            }
            _ => return Err(said.unexpected()),
        }
        let body = said.json()?;
        let outer = body.field("data").unwrap_or(&body);
        let token = [&body, outer].map(|own| own.field("accessToken").and_then(Tree::text));
        let token = token.into_iter().flatten().next();
        token
            .map(str::to_owned)
            .ok_or_else(|| said.strange("no `accessToken`"))
    }

    pub(super) fn ask(&self, line: &Line, token: Option<&str>) -> Call {
        if self.api == NacosApi::V1 && listens(line) {
            return self.listen(line, token);
        }
        let path = match self.api {
            NacosApi::V1 => CONFIGS,
            NacosApi::V3 => "/nacos/v3/client/cs/config",
        };
        let mut call = Call::get(format!("{path}?{}", form(&self.place(&line.name))));
        call.headers.extend(bearer(token));
        call
    }

    fn listen(&self, line: &Line, token: Option<&str>) -> Call {
        let md5 = if line.cursor == GONE {
            ""
        } else {
            &line.cursor
        };
        let mut listened = format!("{}\u{2}{}\u{2}{md5}", line.name, self.group);
        if let Some(namespace) = &self.namespace {
            listened.push('\u{2}');
            listened.push_str(namespace);
        }
        listened.push('\u{1}');
        let body = format!("Listening-Configs={}", query(&listened));
        let mut call = post("/nacos/v1/cs/configs/listener", body, token);
        call.headers
            .push(("long-pulling-timeout", HOLD.to_string()));
        call.hold = HOLD;
        call
    }

    pub(super) fn hear(&self, line: &mut Line, said: &Said<'_>) -> Result<Heard, Refused> {
        if matches!(said.status(), 401 | 403) {
            return Err(self.refused(said));
        }
        match self.api {
            NacosApi::V1 if listens(line) => self.changed(line, said),
            NacosApi::V1 => plain(line, said),
            NacosApi::V3 => self.wrapped(line, said),
        }
    }

    /// The listener's answer: nothing, or what has changed.
    fn changed(&self, line: &mut Line, said: &Said<'_>) -> Result<Heard, Refused> {
        if said.status() != 200 {
            return Err(said.unexpected().into());
        }
        let body = said.body()?.trim_ascii();
        if body.is_empty() {
            return Ok(Heard::Same);
        }
        let listened = query(&format!("{}\u{2}{}", line.name, self.group));
        if !body.starts_with(listened.as_bytes()) || !body.ends_with(b"%01") {
            return Err(said.strange("the name of another document").into());
        }
        line.step = Step::Fetch(String::new());
        Ok(Heard::Next)
    }

    fn wrapped(&self, line: &mut Line, said: &Said<'_>) -> Result<Heard, Refused> {
        if !matches!(said.status(), 200 | 404) {
            return Err(said.unexpected().into());
        }
        let body = match said.json() {
            Err(_) if said.status() == 404 => return Err(said.unexpected().into()),
            body => body?,
        };
        match whole(body.field("code")) {
            Some(0) => {}
            Some(NOT_FOUND) => return Ok(line.is_gone(GONE)),
            Some(403) => return Err(self.refused(said)),
            _ => return Err(said.strange("another `code`").into()),
        }
        let data = body.field("data");
        let text = |name| data.and_then(|data| data.field(name)?.text());
        let content = text("content").ok_or_else(|| said.strange("no `data.content`"))?;
        let md5 = text("md5").filter(|md5| is_md5(md5));
        let md5 = md5.ok_or_else(|| said.strange("no `data.md5`"))?;
        Ok(fetched(line, md5, content.as_bytes()))
    }

    pub(super) fn refused(&self, said: &Said<'_>) -> Refused {
        if self.user.is_some() {
            return Refused::Login;
        }
        Refused::Trouble(said.denied("give `user` and `password`"))
    }

    /// Where a document of this name is.
    pub(super) fn place<'n>(&'n self, name: &'n str) -> Vec<(&'static str, &'n str)> {
        let [group, namespace] = match self.api {
            NacosApi::V1 => ["group", "tenant"],
            NacosApi::V3 => ["groupName", "namespaceId"],
        };
        let mut place = vec![("dataId", name), (group, &*self.group)];
        place.extend(self.namespace.as_deref().map(|own| (namespace, own)));
        place
    }
}

/// Whether the next request asks for a change, and not for the document.
fn listens(line: &Line) -> bool {
    !line.cursor.is_empty() && line.step == Step::Listen
}

/// The document as it is, whose MD5 is in a header.
fn plain(line: &mut Line, said: &Said<'_>) -> Result<Heard, Refused> {
    let body = said.body()?;
    let heard = match said.status() {
        200 => {
            let md5 = said.header("content-md5").filter(|md5| is_md5(md5));
            let md5 = md5.ok_or_else(|| said.strange("no `Content-MD5`"))?;
            fetched(line, md5, body)
        }
        // A proxy's own 404 says something else.
        404 if body.starts_with(b"config data not exist") => line.is_gone(GONE),
        _ => return Err(said.unexpected().into()),
    };
    line.step = Step::Listen;
    Ok(heard)
}

fn fetched(line: &mut Line, md5: &str, document: &[u8]) -> Heard {
    if md5 == line.cursor {
        return Heard::Same;
    }
    line.is(md5.to_owned(), document.to_vec())
}

fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

pub(super) fn post(path: &str, body: String, token: Option<&str>) -> Call {
    let form = "application/x-www-form-urlencoded".to_owned();
    let mut headers = vec![("content-type", form)];
    headers.extend(bearer(token));
    Call {
        method: "POST",
        path: path.to_owned(),
        headers,
        body: body.into_bytes(),
        hold: 0,
    }
}

/// In a header, which logs of requests leave out, and not in the query.
fn bearer(token: Option<&str>) -> Option<(&'static str, String)> {
    token.map(|token| ("authorization", format!("Bearer {token}")))
}
