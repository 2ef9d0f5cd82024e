//! What is asked of config centres, and how their answers are read: bodies as real servers send them.

mod announce;
mod apollo;
mod consul;
mod etcd;
mod http;
mod logins;
mod nacos;
mod names;
mod secrets;
mod sentences;
mod truncated;
#[cfg(feature = "cli")]
mod write;

use graylane::Secret;
use graylane::remote::{
    Apollo, Call, Centre, Consul, Etcd, Heard, Http, Line, Nacos, NacosApi, Reply,
};

/// Milliseconds since the Unix epoch, for a signature.
const NOW: u64 = 1_795_320_000_000;

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn etcd() -> Centre {
    Centre::Etcd(Etcd::new(None, None).unwrap())
}

fn etcd_of_a_user() -> Centre {
    let password = secret("p\"w d");
    Centre::Etcd(Etcd::new(Some("gray".into()), Some(password)).unwrap())
}

fn consul() -> Centre {
    Centre::Consul(Consul::new(None, None).unwrap())
}

fn consul_of_a_token() -> Centre {
    let token = secret("b1gs33cr3t-acl");
    Centre::Consul(Consul::new(Some(token), Some("dc 1".into())).unwrap())
}

fn nacos(api: NacosApi) -> Centre {
    Centre::Nacos(Nacos::new(api, None, None, None, None).unwrap())
}

fn nacos_of_a_user(api: NacosApi) -> Centre {
    let password = Some(secret("n&cos p=w"));
    let user = Some("gray".to_owned());
    let group = Some("GRAY".to_owned());
    let namespace = Some("ns-1".to_owned());
    Centre::Nacos(Nacos::new(api, group, namespace, user, password).unwrap())
}

fn apollo() -> Centre {
    Centre::Apollo(Apollo::new("graylane".into(), None, None).unwrap())
}

fn apollo_of_a_key() -> Centre {
    let key = secret("df23df3f59884980844ff3dada30fa97");
    Centre::Apollo(Apollo::new("100004458".into(), Some("prod".into()), Some(key)).unwrap())
}

fn http() -> Centre {
    Centre::Http(Http::new(None).unwrap())
}

fn http_of_a_token() -> Centre {
    Centre::Http(Http::new(Some(secret("ghp_0123456789"))).unwrap())
}

/// One of each kind, with whatever it can have, and a name that a document can have there.
fn all() -> Vec<(Centre, &'static str)> {
    vec![
        (etcd_of_a_user(), "graylane/checkout"),
        (consul_of_a_token(), "graylane/checkout"),
        (nacos_of_a_user(NacosApi::V1), "graylane.json"),
        (nacos_of_a_user(NacosApi::V3), "graylane.json"),
        (apollo_of_a_key(), "graylane.json"),
        (http_of_a_token(), "/graylane/checkout.json"),
    ]
}

fn reply(status: u16, body: impl AsRef<[u8]>) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        body: body.as_ref().to_vec(),
    }
}

fn with(mut reply: Reply, name: &str, value: &str) -> Reply {
    reply.headers.push((name.to_owned(), value.into()));
    reply
}

/// A request in one line: its method, its path, and its body if it has one.
fn written(call: &Call) -> String {
    let body = String::from_utf8(call.body.clone()).unwrap();
    let line = format!("{} {} {body}", call.method, call.path);
    line.trim_end().to_owned()
}

fn header<'c>(call: &'c Call, name: &str) -> Option<&'c str> {
    let header = call.headers.iter().find(|(own, _)| *own == name);
    header.map(|(_, value)| value.as_str())
}

fn document(text: &str) -> Heard {
    Heard::Document(text.into())
}

/// A document that is followed, with what is said on both sides.
struct Talk {
    centre: Centre,
    line: Line,
    token: Option<&'static str>,
}

impl Talk {
    fn new(centre: Centre, name: &str, cursor: &str) -> Self {
        assert_eq!(centre.check_name(name), Ok(()));
        Self {
            centre,
            line: Line::new(name, cursor),
            token: None,
        }
    }

    /// The next request, in one line.
    fn asks(&mut self) -> String {
        written(&self.call())
    }

    fn call(&mut self) -> Call {
        self.line.ask(&self.centre, self.token, NOW)
    }

    /// Asks, and hears this.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "replies are written where they are heard"
    )]
    fn hears(&mut self, reply: Reply) -> Heard {
        self.call();
        self.line.hear(&self.centre, &reply)
    }

    fn cursor(&self) -> &str {
        self.line.cursor()
    }

    /// The sentence on a reply that is trouble.
    fn trouble(&mut self, reply: Reply) -> String {
        match self.hears(reply) {
            Heard::Trouble(sentence) => sentence,
            other => panic!("{other:?}"),
        }
    }
}
