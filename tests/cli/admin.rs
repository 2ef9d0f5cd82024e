//! An admin interface, as far as `graylane retire` asks it: a server that answers look by look.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;

/// What it counts of checkout's versions: the version, what is open, and the requests.
pub(crate) type Counted = (&'static str, u64, u64);

/// One answer.
pub(crate) enum Answer {
    Counts(Vec<Counted>),
    Text(&'static str),
    /// Neither this one nor any after it.
    Gone,
}

/// It listens until it is gone.
pub(crate) struct Admin {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Admin {
    /// One whose looks, counted from 0, are answered so.
    pub(crate) fn new(answer: impl Fn(usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let targets = Arc::clone(&asked);
        thread::spawn(move || {
            for look in 0.. {
                let body = match answer(look) {
                    Answer::Counts(counted) => stats(&counted),
                    Answer::Text(text) => text.to_owned(),
                    Answer::Gone => return,
                };
                let (mut connection, _) = listener.accept().unwrap();
                let lines = BufReader::new(connection.try_clone().unwrap()).lines();
                let lines = lines.map_while(Result::ok);
                let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
                targets.lock().unwrap().push(head[0].clone());
                let length = body.len();
                write!(
                    connection,
                    "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                )
                .unwrap();
            }
        });
        Self { url, asked }
    }

    /// Where nobody listens.
    pub(crate) fn nobody() -> String {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    /// The first lines of the requests so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// As Envoy 1.40 writes them.
fn stats(counted: &[Counted]) -> String {
    let stats = counted.iter().flat_map(|(version, open, requests)| {
        let stat = |name: &str, value: &u64| {
            let tags = format!("gray_service=.=checkout;.;gray_version=.={version};.;");
            json!({ "name": format!("wasmcustom.{tags}{name}"), "value": value })
        };
        [
            stat("graylane_requests_total", requests),
            stat("graylane_open_streams", open),
        ]
    });
    json!({ "stats": stats.collect::<Vec<_>>() }).to_string()
}
