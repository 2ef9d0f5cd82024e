//! A single tester, for what one request tells.

use anyhow::Result;
use graylane_harness::Progress;
use graylane_harness::client::{Pace, drive};

use crate::mesh::{Mesh, hops, user};

/// What a tester gets, in a few words.
pub(super) async fn tester(mesh: &Mesh) -> Result<String> {
    let visits = [user("tester").with("x-qa", "on")].into();
    let answers = drive(
        mesh.door().await?,
        &visits,
        Pace::default(),
        Progress::silent(),
    )
    .await?;
    let Some(Ok(reply)) = answers.first() else {
        return Ok("no answer".to_owned());
    };
    let told = answers.first().and_then(|answer| hops(answer).ok());
    let first = told.as_ref().and_then(|hops| hops.first());
    Ok(match first {
        Some(hop) => {
            let tag = hop
                .tag
                .as_ref()
                .map_or("no tag".to_owned(), |tag| format!("tag {tag}"));
            format!("{}, {}, {tag}", reply.status, hop.version)
        }
        None if reply.body.is_empty() => format!("{}, no words", reply.status),
        None => format!(
            "{}, {}",
            reply.status,
            String::from_utf8_lossy(&reply.body).trim()
        ),
    })
}
