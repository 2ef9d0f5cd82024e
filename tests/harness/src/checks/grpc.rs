//! gRPC goes where HTTP goes: unary calls and streams, by a real client and a real server.

use anyhow::Result;

use super::people::{policy, with_user};
use crate::Progress;
use crate::backend::messages::Ask;
use crate::client::{Caller, Visit};
use crate::envoy::Setup;
use crate::lab::Lab;
use crate::native::Native;
use crate::report::Row;

const NAME: &str = "grpc";
const USERS: usize = 200;
/// Messages of each stream.
const TIMES: u32 = 4;

pub(super) async fn check(lab: &Lab) -> Result<Vec<Row>> {
    let policy = policy(&[("v2", 30.0)]);
    let native = Native::compile(&policy)?;
    let backends = lab.backends(&["v1", "v2"]).await?;
    let envoy = lab
        .envoy(&Setup::of("standalone").policy(&policy), &backends)
        .await?;
    let progress = Progress::of("grpc: calls", USERS);
    let (mut unary, mut streams, mut tags, mut canary) = (0, 0, 0, 0);
    let mut caller = Caller::connect(envoy.address(), "checkout.example.com").await?;
    for number in 0..USERS {
        let user = format!("user-{number}");
        let wanted = native.decide(&with_user(Visit::of(&*user))).version;
        let wanted = wanted.as_deref().unwrap_or_default();
        canary += usize::from(wanted == "v2");
        // A forged tag rides along with every call.
        let metadata = [("x-user-id", user.as_str()), ("x-gray-version", "v2")];
        let told = caller.say(&metadata).await?;
        unary += usize::from(told.version == wanted);
        tags += usize::from(told.metadata("x-gray-version") == [wanted.as_bytes()]);
        let ask = Ask {
            times: TIMES,
            pause_ms: 1,
        };
        let stream = caller.watch(ask, &metadata).await?;
        let whole = stream.len() == TIMES as usize;
        streams += usize::from(whole && stream.iter().all(|told| told.version == wanted));
        progress.step();
    }
    Ok(vec![
        Row::exact(NAME, "unary calls as the core says", USERS, unary),
        Row::exact(
            NAME,
            "one right x-gray-version in the metadata",
            USERS,
            tags,
        ),
        Row::exact(
            NAME,
            format!("whole streams of {TIMES} as the core says"),
            USERS,
            streams,
        ),
        Row::judged(
            NAME,
            "calls on the canary",
            "some, not all",
            format!("{canary} of {USERS}"),
            "",
            canary > 0 && canary < USERS,
        ),
    ])
}
