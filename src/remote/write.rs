//! Writing a document to a centre, which only the command line does.

use super::apollo::Portal;
use super::consul::{Seen, done};
use super::encode::{base64, form};
use super::http::tag;
use super::said::Said;
use super::{Apollo, Call, Centre, Consul, Etcd, Http, Nacos, NacosApi, Refused, Reply};
use super::{etcd, nacos};
use crate::json::quoted;
use crate::limits::MAX_POLICY_BYTES;
use crate::policy::tree::Tree;

impl Centre {
    /// The requests that write the document, one after the other: each has to be answered as
    /// [`Centre::wrote`] wants before the next is sent. Most centres need one; Apollo two, the item
    /// and its release, both to its portal.
    ///
    /// `seen` is the cursor of what was read: if there is something else by now, the centre is to
    /// refuse. Empty, or the cursor of a document that was gone: it must not be there. `None`:
    /// whatever is there. Apollo, a Nacos before 2.0 and one where there was nothing write all the
    /// same; who reads again sees what became of it.
    ///
    /// # Errors
    ///
    /// A sentence that begins with a verb: an Apollo without a portal; a document that is no text,
    /// for Nacos or Apollo; a web server whose document had no strong `ETag`, and so no way to tell
    /// whether it has changed.
    pub fn write(
        &self,
        name: &str,
        document: &[u8],
        seen: Option<&str>,
        token: Option<&str>,
    ) -> Result<Vec<Call>, String> {
        match self {
            Self::Etcd(_) => Ok(vec![Etcd::write(name, document, seen, token)]),
            Self::Consul(consul) => Ok(vec![consul.write(name, document, seen)]),
            Self::Nacos(nacos) => Ok(vec![nacos.write(name, text(document)?, seen, token)]),
            Self::Apollo(apollo) => apollo.write(name, text(document)?),
            Self::Http(http) => Ok(vec![http.write(name, document, seen)?]),
        }
    }

    /// Reads the reply to one of [`Centre::write`], which went with this token.
    ///
    /// # Errors
    ///
    /// It was not written; [`Refused::Changed`]: somebody was first.
    pub fn wrote(&self, reply: &Reply, token: Option<&str>) -> Result<(), Refused> {
        let secrets = self.secrets_and(token);
        let said = self.said(reply, &secrets);
        match self {
            Self::Etcd(etcd) => etcd.wrote(&said),
            Self::Consul(_) => Consul::wrote(&said),
            Self::Nacos(nacos) => nacos.wrote(&said),
            Self::Apollo(_) => Apollo::wrote(&said),
            Self::Http(_) => Http::wrote(&said),
        }
    }

    /// Bytes that a document may have there as the centre comes, and what says so.
    #[must_use]
    pub fn most(&self) -> (usize, &'static str) {
        match self {
            // What is around the document in a request of 1.5 MiB fits into two kilobytes.
            Self::Etcd(_) => (1_570_816, "etcd's `--max-request-bytes`"),
            Self::Consul(_) => (524_288, "Consul's `limits.kv_max_value_size`"),
            // Of characters, in fact, which are bytes at least.
            Self::Apollo(_) => (20_000, "Apollo's `item.value.length.limit`"),
            // A form of 2 MiB, in which a byte may take three.
            Self::Nacos(_) => (690_000, "Tomcat's `maxPostSize`, which Nacos stands in"),
            Self::Http(_) => (MAX_POLICY_BYTES, "what a policy may have"),
        }
    }
}

fn text(document: &[u8]) -> Result<&str, String> {
    let wrong = |_| "takes text alone; write the document as JSON in UTF-8".to_owned();
    str::from_utf8(document).map_err(wrong)
}

impl Etcd {
    fn write(name: &str, document: &[u8], seen: Option<&str>, token: Option<&str>) -> Call {
        let (key, value) = (base64(name.as_bytes()), base64(document));
        let compare = seen.map(|seen| {
            let revision: u64 = seen.parse().unwrap_or_default();
            format!(
                r#"{{"key":"{key}","target":"MOD","result":"EQUAL","mod_revision":"{revision}"}}"#
            )
        });
        let compare = compare.unwrap_or_default();
        let put = format!(r#"{{"request_put":{{"key":"{key}","value":"{value}"}}}}"#);
        // A put by itself would be answered as a comparison that failed is: with nothing.
        let body = format!(r#"{{"compare":[{compare}],"success":[{put}]}}"#);
        etcd::call("/v3/kv/txn", body, token)
    }

    fn wrote(&self, said: &Said<'_>) -> Result<(), Refused> {
        let (_, body) = self.answer(said)?;
        match body.field("succeeded") {
            Some(Tree::Truth(true)) => Ok(()),
            _ => Err(Refused::Changed),
        }
    }
}

impl Consul {
    fn write(&self, name: &str, document: &[u8], seen: Option<&str>) -> Call {
        let cas = seen.map(|seen| {
            let modified = Seen::read(seen).map_or(0, |seen| seen.modified);
            format!("cas={modified}")
        });
        let cas: Vec<_> = cas.into_iter().collect();
        self.call("PUT", name, &cas, document)
    }

    fn wrote(said: &Said<'_>) -> Result<(), Refused> {
        if done(said)? {
            return Ok(());
        }
        Err(Refused::Changed)
    }
}

impl Nacos {
    fn write(&self, name: &str, text: &str, seen: Option<&str>, token: Option<&str>) -> Call {
        let path = match self.api {
            NacosApi::V1 => nacos::CONFIGS,
            NacosApi::V3 => "/nacos/v3/admin/cs/config",
        };
        let mut fields = self.place(name);
        fields.push(("content", text));
        fields.push(("type", "json"));
        let mut call = nacos::post(path, form(&fields), token);
        // It has no word for what must not be there.
        let md5 = seen.filter(|seen| !matches!(*seen, "" | nacos::GONE));
        call.headers
            .extend(md5.map(|md5| ("casmd5", md5.to_owned())));
        call
    }

    fn wrote(&self, said: &Said<'_>) -> Result<(), Refused> {
        match said.status() {
            200 => {}
            401 | 403 => return Err(self.refused(said)),
            // So it is answered where Tomcat has not read the form.
            400 if said.has("is not present") => {
                return Err(said.denied("make the document smaller").into());
            }
            _ if said.has("Cas publish fail") => return Err(Refused::Changed),
            _ => return Err(said.unexpected().into()),
        }
        let body = said.json()?;
        let data = match self.api {
            NacosApi::V1 => Some(&body),
            NacosApi::V3 => body.field("data"),
        };
        match data {
            Some(Tree::Truth(true)) => Ok(()),
            _ => Err(said.strange("that it has not done it").into()),
        }
    }
}

impl Apollo {
    fn write(&self, name: &str, text: &str) -> Result<Vec<Call>, String> {
        let portal = self.portal.as_ref();
        let portal = portal.ok_or("is written by its portal; name that")?;
        let namespace = self.namespace(portal, name);
        let (text, operator) = (quoted(text), quoted(&portal.operator));
        let item = format!(
            r#"{{"key":"content","value":{text},"dataChangeLastModifiedBy":{operator},"dataChangeCreatedBy":{operator}}}"#
        );
        let release = format!(r#"{{"releaseTitle":"graylane","releasedBy":{operator}}}"#);
        Ok(vec![
            portal.call(
                "PUT",
                format!("{namespace}/items/content?createIfNotExists=true"),
                item,
            ),
            portal.call("POST", format!("{namespace}/releases"), release),
        ])
    }

    fn wrote(said: &Said<'_>) -> Result<(), Refused> {
        match said.status() {
            200 => Ok(()),
            401 | 403 => {
                let remedy = "let the portal's application edit and release the namespace";
                Err(said.denied(remedy).into())
            }
            _ => Err(said.unexpected().into()),
        }
    }
}

impl Portal {
    pub(super) fn call(&self, method: &'static str, path: String, body: String) -> Call {
        Call {
            method,
            path,
            headers: vec![
                ("content-type", "application/json;charset=UTF-8".to_owned()),
                ("authorization", self.token.expose().to_owned()),
            ],
            body: body.into_bytes(),
            hold: 0,
        }
    }
}

impl Http {
    fn write(&self, name: &str, document: &[u8], seen: Option<&str>) -> Result<Call, String> {
        let condition = match seen {
            None => None,
            Some("" | super::http::GONE) => Some(("if-none-match", "*".to_owned())),
            Some(seen) => {
                // A weak one is never the same, as If-Match compares.
                let strong = tag(seen).filter(|tag| !tag.starts_with("W/"));
                let strong = strong.ok_or(
                    "gives no strong `ETag`, so a write cannot be bound to what was read; \
                     write whatever is there",
                )?;
                Some(("if-match", strong.to_owned()))
            }
        };
        let mut call = Call::get(name.to_owned());
        call.method = "PUT";
        call.headers
            .push(("content-type", "application/json".to_owned()));
        call.headers.extend(self.bearer());
        call.headers.extend(condition);
        call.body = document.to_vec();
        Ok(call)
    }

    fn wrote(said: &Said<'_>) -> Result<(), Refused> {
        match said.status() {
            200 | 201 | 204 => Ok(()),
            409 | 412 => Err(Refused::Changed),
            401 | 403 => Err(said.denied("give a `token` that may write it").into()),
            405 | 501 => Err(said.denied("name a server that takes PUT").into()),
            _ => Err(said.unexpected().into()),
        }
    }
}
