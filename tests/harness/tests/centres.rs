//! The config centres that checks use: what is published is there, passwords are asked for, a
//! killed one comes back on its port, and a door fails as it is told to.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use graylane_harness::centre::{Access, Centre, Door, Fault, Kind};
use graylane_harness::client::{Connection, Protocol, Reply, Visit};

const PATIENCE: Duration = Duration::from_secs(20);
const HERE: std::net::IpAddr = std::net::IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Starts one; `None` where it is not there, which is told.
async fn start(kind: Kind, access: Access) -> Option<Centre> {
    if let Some(missing) = kind.missing() {
        eprintln!("left out: {}, which needs {missing}", kind.name());
        return None;
    }
    Some(kind.start(access).await.unwrap())
}

async fn send(to: SocketAddr, visit: &Visit) -> anyhow::Result<Reply> {
    let mut connection = Connection::open(to, Protocol::Http1).await?;
    tokio::time::timeout(PATIENCE, connection.send(visit)).await?
}

/// Publishes, replaces, deletes; and again after a restart.
async fn keeps_documents(kind: Kind, access: Access) {
    let Some(mut centre) = start(kind, access).await else {
        return;
    };
    let name = kind.document("checkout");
    for _ in 0..2 {
        for document in ["{}", "{\"one\": \"ü\"}"] {
            centre.publish(&name, document.as_bytes()).await.unwrap();
            let read = centre.read(&name).await.unwrap();
            assert_eq!(read.as_deref(), Some(document.as_bytes()));
        }
        centre.delete(&name).await.unwrap();
        assert_eq!(centre.read(&name).await.unwrap(), None);
        let at = centre.at();
        centre.kill();
        assert!(centre.read(&name).await.is_err());
        centre.restart().await.unwrap();
        assert_eq!(centre.at(), at);
    }
}

const SECRET: Access = Access::Secret {
    tokens: Duration::from_secs(1),
};

#[tokio::test]
async fn etcd_keeps_documents() {
    keeps_documents(Kind::Etcd, Access::Open).await;
    keeps_documents(Kind::Etcd, SECRET).await;
}

#[tokio::test]
async fn a_token_of_etcd_dies_when_nobody_uses_it() {
    let Some(centre) = start(Kind::Etcd, SECRET).await else {
        return;
    };
    let remote = centre.remote("etcd", &serde_json::json!({}));
    let login = serde_json::json!({
        "name": remote["etcd"]["user"],
        "password": remote["etcd"]["password"],
    });
    let post = |path: &str, body: serde_json::Value| {
        let mut visit = Visit::of("").to(path);
        visit.method = "POST".to_owned();
        visit.body = body.to_string().into();
        visit
    };
    let login = send(centre.at(), &post("/v3/auth/authenticate", login)).await;
    let login: serde_json::Value = serde_json::from_slice(&login.unwrap().body).unwrap();
    // `graylane/a`
    let range = post(
        "/v3/kv/range",
        serde_json::json!({ "key": "Z3JheWxhbmUvYQ==" }),
    );
    let token = login["token"].as_str().unwrap();
    let with_token = range.clone().with("authorization", token);
    let status = async |visit: &Visit| send(centre.at(), visit).await.unwrap().status;
    assert_eq!(status(&range).await, 400);
    assert_eq!(status(&with_token).await, 200);
    // Elsewhere this user may do nothing.
    let elsewhere = post("/v3/kv/range", serde_json::json!({ "key": "YQ==" }));
    assert_eq!(status(&elsewhere.with("authorization", token)).await, 403);
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        tokio::time::sleep(Duration::from_secs(3)).await;
        if status(&with_token).await == 401 {
            return;
        }
        assert!(tokio::time::Instant::now() < until, "the token lives on");
    }
}

#[tokio::test]
async fn a_door_fails_as_it_is_told_to() {
    let Some(mut centre) = start(Kind::Etcd, Access::Open).await else {
        return;
    };
    let mut door = Door::open(HERE, centre.at()).await.unwrap();
    let visit = Visit::of("").to("/health");
    let ask = async |door: &Door| send(door.at(), &visit).await;
    assert_eq!(ask(&door).await.unwrap().status, 200);
    for fault in Fault::ALL {
        door.set(Some(fault)).await.unwrap();
        match fault {
            Fault::Down | Fault::Half => assert!(ask(&door).await.is_err(), "{fault:?}"),
            Fault::Hangs => {
                let patience = Duration::from_millis(300);
                let answer = tokio::time::timeout(patience, ask(&door)).await;
                assert!(answer.is_err(), "{fault:?}");
            }
            Fault::Fails => assert_eq!(ask(&door).await.unwrap().status, 500),
            Fault::Redirects => {
                let reply = ask(&door).await.unwrap();
                assert_eq!(reply.status, 302);
                assert_eq!(
                    reply.headers["location"],
                    "http://elsewhere.example.com/health"
                );
            }
            Fault::Garbage => {
                let body = ask(&door).await.unwrap().body;
                assert!(std::str::from_utf8(&body).is_err());
            }
            Fault::Page => assert!(ask(&door).await.unwrap().body.starts_with(b"<!doctype")),
            Fault::Flood => assert_eq!(ask(&door).await.unwrap().body.len(), 100 << 20),
            Fault::Empty => assert_eq!(ask(&door).await.unwrap().body.len(), 0),
            Fault::Flaps => {
                let mut statuses = [0; 2];
                for status in &mut statuses {
                    *status = ask(&door).await.unwrap().status;
                }
                statuses.sort_unstable();
                assert_eq!(statuses, [200, 503]);
            }
        }
        door.set(None).await.unwrap();
        assert_eq!(ask(&door).await.unwrap().status, 200, "after {fault:?}");
    }
    centre.kill();
    assert_eq!(ask(&door).await.unwrap().status, 502);
    centre.restart().await.unwrap();
    assert_eq!(ask(&door).await.unwrap().status, 200);
    let asked = door.asked();
    assert!(
        asked
            .iter()
            .all(|asked| asked.answered.is_some() && asked.path == "/health")
    );
}
