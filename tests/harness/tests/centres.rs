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

/// Waits until a document is this: Nacos shows a change a while after it has taken it.
async fn becomes(centre: &Centre, name: &str, wanted: Option<&str>) {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let read = centre.read(name).await.unwrap();
        if read.as_deref() == wanted.map(str::as_bytes) {
            return;
        }
        assert!(
            tokio::time::Instant::now() < until,
            "{read:?}, not {wanted:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
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
            becomes(&centre, &name, Some(document)).await;
        }
        centre.delete(&name).await.unwrap();
        becomes(&centre, &name, None).await;
        let at = centre.at();
        centre.kill().await;
        let refused = Connection::open(at, Protocol::Http1).await;
        assert!(refused.is_err(), "{kind:?}");
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
async fn a_stand_in_for_apollo_keeps_documents() {
    keeps_documents(Kind::Apollo, Access::Open).await;
}

#[tokio::test]
async fn a_file_server_keeps_documents() {
    keeps_documents(Kind::Http, Access::Open).await;
}

#[tokio::test]
#[ignore = "its server is built by Go, for minutes: make test-centres"]
async fn consul_keeps_documents() {
    keeps_documents(Kind::Consul, Access::Open).await;
    keeps_documents(Kind::Consul, SECRET).await;
}

#[tokio::test]
#[ignore = "its server is brought by Maven: make test-centres"]
async fn nacos_keeps_documents() {
    keeps_documents(Kind::Nacos, Access::Open).await;
}

#[tokio::test]
async fn the_stand_in_for_apollo_answers_as_apollo_does() {
    let apollo = start(Kind::Apollo, Access::Open).await.unwrap();
    let get = async |path: &str| {
        let reply = send(apollo.at(), &Visit::of("").to(path)).await.unwrap();
        let body = String::from_utf8(reply.body.to_vec()).unwrap();
        (reply.status, body)
    };
    let configs = "/configs/graylane/default/checkout.json";
    assert_eq!(get(configs).await.0, 404);
    apollo.publish("checkout.json", b"{}").await.unwrap();
    let (status, body) = get(configs).await;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, &body["configurations"]["content"]),
        (200, &"{}".into())
    );
    let key = body["releaseKey"].as_str().unwrap();
    assert_eq!(get(&format!("{configs}?releaseKey={key}")).await.0, 304);
    let files = |form: &str, app: &str| format!("/configfiles/{form}/{app}/default/checkout.json");
    let json = "{\"content\":\"{}\"}".to_owned();
    assert_eq!(get(&files("json", "graylane")).await, (200, json));
    assert_eq!(get(&files("raw", "graylane")).await, (200, "{}".to_owned()));
    assert_eq!(get(&files("raw", "another")).await.0, 404);

    let follow = |id: i64| {
        let known = format!(
            "%5B%7B%22namespaceName%22%3A%22checkout.json%22%2C%22notificationId%22%3A{id}%7D%5D"
        );
        format!("/notifications/v2?appId=graylane&cluster=default&notifications={known}")
    };
    let (status, body) = get(&follow(-1)).await;
    assert_eq!(
        (status, body.contains("\"notificationId\":101")),
        (200, true),
        "{body}"
    );
    let bad = "/notifications/v2?appId=graylane&cluster=default&notifications=nonsense";
    assert_eq!(get(bad).await.0, 400);
    // Held until something is released.
    let held = tokio::spawn(send_owned(apollo.at(), Visit::of("").to(&follow(101))));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!held.is_finished());
    apollo.delete("checkout.json").await.unwrap();
    let reply = held.await.unwrap().unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(
        get(&files("json", "graylane")).await,
        (200, "{}".to_owned())
    );
}

async fn send_owned(to: SocketAddr, visit: Visit) -> anyhow::Result<Reply> {
    send(to, &visit).await
}

/// Signed by another program, at a moment that is long past.
#[tokio::test]
async fn the_stand_in_for_apollo_wants_signatures_and_a_right_clock() {
    const MOMENT: i64 = 1_700_000_000_000;
    let apollo = start(Kind::Apollo, SECRET).await.unwrap();
    apollo.publish("checkout.json", b"{}").await.unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(now.unwrap().as_millis()).unwrap();
    let unsigned = Visit::of("").to("/configs/graylane/default/checkout.json");
    let signed = unsigned.clone().with("timestamp", MOMENT.to_string()).with(
        "authorization",
        "Apollo graylane:HFoAONtHTBEpMwwMJ9t3boxIIKA=",
    );
    let status = async |visit: &Visit| send(apollo.at(), visit).await.unwrap().status;
    for (off, wanted) in [
        (0, 200),
        (50_000, 200),
        (-50_000, 200),
        (70_000, 401),
        (-70_000, 401),
    ] {
        apollo.set_clock(MOMENT - now + off);
        assert_eq!(status(&signed).await, wanted, "{off} ms off");
    }
    apollo.set_clock(MOMENT - now);
    assert_eq!(status(&unsigned).await, 401);
    assert_eq!(
        status(&signed.clone().to("/configs/graylane/default/pay.json")).await,
        401
    );
}

#[tokio::test]
async fn a_file_has_a_tag_and_conditions_hold() {
    let files = start(Kind::Http, SECRET).await.unwrap();
    files.publish("/a.json", b"1").await.unwrap();
    let anybody = Visit::of("").to("/a.json");
    let bearer = format!("Bearer {}", graylane_harness::centre::SECRET);
    let visit = anybody.clone().with("authorization", bearer);
    let ask = async |visit: &Visit| send(files.at(), visit).await.unwrap();
    assert_eq!(ask(&anybody).await.status, 401);
    let reply = ask(&visit).await;
    let tag = reply.headers["etag"].to_str().unwrap();
    assert_eq!(
        ask(&visit.clone().with("if-none-match", tag)).await.status,
        304
    );
    let put = |header: &str, tag: &str| {
        let put = visit.clone().with(header, tag);
        Visit {
            method: "PUT".to_owned(),
            body: "2".into(),
            ..put
        }
    };
    assert_eq!(ask(&put("if-match", "\"other\"")).await.status, 412);
    assert_eq!(ask(&put("if-none-match", "*")).await.status, 412);
    assert_eq!(ask(&put("if-match", tag)).await.status, 204);
    assert_eq!(
        ask(&visit.clone().with("if-none-match", tag)).await.body,
        "2"
    );
    files.delete("/a.json").await.unwrap();
    assert_eq!(ask(&visit).await.status, 404);
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
    centre.kill().await;
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

#[tokio::test]
async fn a_door_passes_large_documents() {
    let Some(centre) = start(Kind::Etcd, Access::Open).await else {
        return;
    };
    let door = Door::open(HERE, centre.at()).await.unwrap();
    for size in [2_000, 3_000, 1_000_000] {
        let mut put = Visit::of("").to("/v3/kv/put");
        put.method = "POST".to_owned();
        let value = "A".repeat(size / 4 * 4);
        put.body = format!("{{\"key\":\"YQ==\",\"value\":\"{value}\"}}").into();
        assert_eq!(
            send(door.at(), &put).await.unwrap().status,
            200,
            "{size} bytes"
        );
        let mut range = put.clone().to("/v3/kv/range");
        range.body = "{\"key\":\"YQ==\"}".into();
        let reply = send(door.at(), &range).await.unwrap();
        assert!(reply.body.len() > size, "{size} bytes");
    }
}
