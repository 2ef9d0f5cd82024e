//! The sample's access log says who answered: by the endpoint's metadata.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Deserialize;

use super::NAME;
use super::failure::Failure;
use crate::client::Answer;
use crate::envoy::Envoy;
use crate::report::Row;

const PATIENCE: Duration = Duration::from_secs(10);

/// One line of the access log.
#[derive(Debug, Deserialize)]
struct Line {
    path: String,
    status: u16,
    decided: Option<String>,
    answered: Option<String>,
}

impl Line {
    fn is_rescue(&self) -> bool {
        self.status == 200
            && self.decided.as_deref() == Some("v2")
            && self.answered.as_deref() == Some("v1")
    }
}

/// Whether it names v1 for as many requests to v2 as v1 has answered.
pub(super) async fn agrees(envoy: &Envoy, failure: Failure, answers: &[Answer]) -> Result<Row> {
    let rescued = answers
        .iter()
        .flatten()
        .filter(|reply| reply.version() == Some("v1"))
        .count();
    let until = Instant::now() + PATIENCE;
    let logged = loop {
        let lines = lines(envoy, failure);
        if lines.len() >= answers.len() || Instant::now() > until {
            break lines;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let logged = logged.iter().filter(|line| line.is_rescue()).count();
    Ok(Row::exact(
        NAME,
        format!("{failure}: answered by v1, as the access log has it"),
        rescued,
        logged,
    ))
}

fn lines(envoy: &Envoy, failure: Failure) -> Vec<Line> {
    let text = envoy.log().since(0);
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Line| line.path == failure.path())
        .collect()
}
