//! The harness's own parts, against real Envoy: headers arrive as they were sent, and processes end
//! with it.
//!
//! They need the module: `make wasm`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use graylane_harness::client::{Connection, Protocol, Visit, fetch};
use graylane_harness::envoy::Setup;
use graylane_harness::lab::Lab;
use graylane_harness::place;

const PATIENCE: Duration = Duration::from_secs(10);

async fn lab() -> Lab {
    let module = place::module(None).unwrap();
    Lab::open(module, 1000).await.unwrap()
}

#[tokio::test]
async fn headers_arrive_byte_for_byte() {
    let lab = lab().await;
    let backends = lab.backends(&["v1", "v2"]).await.unwrap();
    let envoy = lab
        .envoy(&Setup::of("standalone"), &backends)
        .await
        .unwrap();
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut connection = Connection::open(envoy.address(), protocol).await.unwrap();
        let visit = Visit::of("odd")
            .over(protocol)
            .with("x-odd", b"\xff\x80 \\x41".as_slice())
            .with("x-odd", "second");
        let reply = connection.send(&visit).await.unwrap();
        assert_eq!(
            reply.seen("x-odd"),
            [b"\xff\x80 \\x41".as_slice(), b"second"]
        );
    }
}

/// Also by SIGKILL, after which the harness can clean up nothing.
#[tokio::test]
async fn envoy_ends_with_the_harness() {
    for signal in ["-KILL", "-INT", "-TERM"] {
        let mut harness = Command::new(env!("CARGO_BIN_EXE_graylane-harness"))
            .arg("run")
            .env("ENVOY_RUN", "local")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Read on until the end: a harness that cannot print would end by that.
        let mut lines = BufReader::new(harness.stdout.take().unwrap()).lines();
        let up = lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.contains("is up at"));
        let up = up.expect("it says where Envoy is");
        let admin = up.rsplit_once("http://").unwrap().1.parse().unwrap();
        fetch(admin, "/ready").await.unwrap();

        let pid = harness.id().to_string();
        Command::new("kill").args([signal, &pid]).status().unwrap();
        harness.wait().unwrap();
        let until = Instant::now() + PATIENCE;
        while fetch(admin, "/ready").await.is_ok() {
            assert!(Instant::now() < until, "Envoy outlives {signal}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
