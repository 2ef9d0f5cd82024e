//! Who has an app's access key, and a clock that goes right, may ask.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::{APP, Inside};
use crate::centre::fault::answer;

/// How far a clock may be off, in milliseconds.
const OFF: i64 = 60_000;

/// Answers 401 to whoever may not ask.
pub(super) async fn verify(
    State(inside): State<Arc<Inside>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    match inside.secret {
        Some(secret) if !holds(&request, secret, inside.now()) => {
            answer(StatusCode::UNAUTHORIZED, "")
        }
        _ => next.run(request).await,
    }
}

impl Inside {
    /// Milliseconds since the epoch, by its own clock.
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0));
        now + self.ahead.read().map_or(0, |ahead| *ahead)
    }
}

fn holds(request: &Request, secret: &str, now: i64) -> bool {
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    let (Some(timestamp), Some(authorization)) = (header("timestamp"), header("authorization"))
    else {
        return false;
    };
    let on_time = timestamp
        .parse()
        .is_ok_and(|then: i64| (now - then).abs() <= OFF);
    let text = format!("{timestamp}\n{}", request.uri());
    on_time && signature(secret, &text).is_some_and(|own| authorization == own)
}

/// The header of a text that is signed.
fn signature(secret: &str, text: &str) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(text.as_bytes());
    let code = Base64::encode_string(&mac.finalize().into_bytes());
    Some(format!("Apollo {APP}:{code}"))
}
