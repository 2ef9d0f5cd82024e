//! Backends that go on to another service, without Envoy between them.

use graylane_harness::backend::{Backend, Way};
use graylane_harness::client::{Connection, Protocol, Reply, Visit};

async fn ask(backend: &Backend, visit: &Visit) -> Reply {
    let connection = Connection::open(backend.at(), Protocol::Http1).await;
    connection.unwrap().send(visit).await.unwrap()
}

#[tokio::test]
async fn just_what_applications_pass_on_arrives() {
    let passed_on: [(&str, &[&[u8]]); 3] = [
        ("x-gray-version", &[b"v9", b"v2\xff"]),
        ("baggage", &[b"a=%20;p , b=2", b"c=3"]),
        ("x-user-id", &[b"user-1"]),
    ];
    let mut visit = Visit::of("user-1").with("x-gray-cluster", "pay-v2");
    for (name, values) in passed_on {
        for value in values {
            visit = visit.with(name, *value);
        }
    }
    let (first, last) = (
        Backend::here("stock-v1").await,
        Backend::here("pay-v1").await,
    );
    let (first, last) = (first.unwrap(), last.unwrap());
    for way in [Way::Http, Way::Grpc] {
        first.goes_on(way, last.at(), "pay.shop").await.unwrap();
        let echo = ask(&first, &visit).await.echo.unwrap();
        assert_eq!(echo.version, "stock-v1");
        let last = echo.onward.unwrap().echo;
        assert_eq!(last.version, "pay-v1", "{way:?}");
        assert_eq!(last.authority, "pay.shop", "{way:?}");
        for (name, values) in passed_on {
            assert_eq!(last.header(name), values, "{way:?}: {name}");
        }
        assert!(last.header("x-gray-cluster").is_empty(), "{way:?}");
    }
}

/// Else a broken chain would look like a short one.
#[tokio::test]
async fn where_the_next_service_fails_the_request_does() {
    let first = Backend::here("stock-v1").await.unwrap();
    for way in [Way::Http, Way::Grpc] {
        let gone = Backend::here("pay-v1").await.unwrap().at();
        first.goes_on(way, gone, "pay.shop").await.unwrap();
        let reply = ask(&first, &Visit::of("user-1")).await;
        assert_eq!((reply.status, reply.version()), (502, None), "{way:?}");
    }
}
