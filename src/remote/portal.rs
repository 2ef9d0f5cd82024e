//! What Apollo's portal says is released, which only the command line asks: proxies ask the config
//! service, at another address.

use super::encode::query;
use super::said::Said;
use super::{Apollo, Call, Centre, Refused, Reply};
use crate::policy::tree::Tree;

impl Centre {
    /// The request for a document by Apollo's portal. `None`: there is no portal, and a
    /// [`Line`](super::Line) reads it.
    #[must_use]
    pub fn released(&self, name: &str) -> Option<Call> {
        match self {
            Self::Apollo(apollo) => apollo.released(name),
            _ => None,
        }
    }

    /// Reads the reply to [`Centre::released`]; `None`: nothing was ever released.
    ///
    /// # Errors
    ///
    /// It was not told; never [`Refused::Changed`].
    pub fn was_released(&self, reply: &Reply) -> Result<Option<Vec<u8>>, Refused> {
        let secrets = self.secrets();
        content(&self.said(reply, &secrets))
    }
}

impl Apollo {
    fn released(&self, name: &str) -> Option<Call> {
        let portal = self.portal.as_ref()?;
        let path = format!("{}/releases/latest", self.namespace(portal, name));
        Some(portal.call("GET", path, String::new()))
    }

    /// The namespace's path in the portal.
    pub(super) fn namespace(&self, portal: &super::Portal, name: &str) -> String {
        let [env, app, cluster, name] = [&*portal.env, &*self.app, &*self.cluster, name].map(query);
        format!("/openapi/v1/envs/{env}/apps/{app}/clusters/{cluster}/namespaces/{name}")
    }
}

fn content(said: &Said<'_>) -> Result<Option<Vec<u8>>, Refused> {
    match said.status() {
        200 => {}
        404 => return Ok(None),
        401 | 403 => {
            let remedy = "give the token of an application that may use the namespace";
            return Err(said.denied(remedy).into());
        }
        _ => return Err(said.unexpected().into()),
    }
    // A namespace without a release is answered so.
    if said.body()?.is_empty() {
        return Ok(None);
    }
    let release = said.json()?;
    let Some(items) = release.field("configurations") else {
        return Err(said.strange("no `configurations`").into());
    };
    let content = items.field("content").and_then(Tree::text);
    Ok(content.map(|text| text.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::super::{Apollo, Portal};
    use super::*;
    use crate::Secret;

    fn apollo() -> Centre {
        let portal = Portal {
            env: "DEV".to_owned(),
            token: Secret::new("s3cret".to_owned()),
            operator: "ann".to_owned(),
        };
        let apollo = Apollo::new("shop".to_owned(), None, None).unwrap();
        Centre::Apollo(apollo.with_portal(portal).unwrap())
    }

    fn told(status: u16, body: &str) -> Result<Option<Vec<u8>>, Refused> {
        apollo().was_released(&Reply {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        })
    }

    #[test]
    fn a_release_is_asked_of_the_portal() {
        let call = apollo().released("graylane.json").unwrap();
        let path = "/openapi/v1/envs/DEV/apps/shop/clusters/default/namespaces/graylane.json/releases/latest";
        assert_eq!((call.method, &*call.path), ("GET", path));
        assert!(
            call.headers
                .contains(&("authorization", "s3cret".to_owned()))
        );
        assert!(call.body.is_empty());
    }

    #[test]
    fn a_release_is_its_content() {
        let release = r#"{"name":"r","configurations":{"content":"{\"a\":1}"}}"#;
        assert_eq!(told(200, release), Ok(Some(br#"{"a":1}"#.to_vec())));
        for (status, body) in [(200, ""), (404, "{}"), (200, r#"{"configurations":{}}"#)] {
            assert_eq!(told(status, body), Ok(None), "{status} {body}");
        }
        for (status, body) in [(401, "s3cret"), (200, "<html>"), (200, "{}"), (500, "")] {
            let Err(Refused::Trouble(sentence)) = told(status, body) else {
                panic!("{status} {body}");
            };
            assert!(!sentence.contains("s3cret"), "{sentence}");
        }
    }
}
