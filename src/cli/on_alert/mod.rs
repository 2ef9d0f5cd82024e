//! `graylane on-alert`: closes what Alertmanager says is bad.

mod alerts;
mod server;

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::Result;

use super::centre::{To, secret};
use super::output::Said;
use super::switch::{Edited, Names, Switchboard};
use crate::Secret;
use alerts::Alerts;

const EXAMPLES: &str = "Examples:
  graylane on-alert --listen 127.0.0.1:9095 --to etcd://10.0.0.5:2379/graylane/checkout/switches
  GRAYLANE_LISTEN_TOKEN=… graylane on-alert --listen 0.0.0.0:9095 --policy etcd://10.0.0.5/graylane/checkout --to etcd://10.0.0.5/graylane/checkout/switches";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Where Alertmanager's `webhook_configs` reach it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9095")]
    listen: SocketAddr,
    /// A file with the bearer token that Alertmanager has to send; by default
    /// `GRAYLANE_LISTEN_TOKEN` is the token. Without one, everybody may close
    #[arg(long, value_name = "FILE")]
    listen_token_file: Option<PathBuf>,
    /// The policy that has the names: a file, or its address at a centre. What it does not have, and
    /// its baselines, are not closed
    #[arg(long, value_name = "FILE|URL")]
    policy: Option<Names>,
    #[command(flatten)]
    to: To,
}

/// What is answered to Alertmanager.
#[derive(Debug, PartialEq)]
enum Answer {
    Done(String),
    /// It is wrong, and would be the next time.
    Refused(String),
    /// It is to be sent again.
    Failed(String),
}

/// What answers notifications.
struct Closer {
    /// One after the other: two at a time would only be in each other's way.
    board: Mutex<Switchboard>,
    token: Option<Secret>,
}

pub(super) fn run(args: &Args) -> Result<Said> {
    let file = args.listen_token_file.as_deref();
    let closer = Closer {
        board: Mutex::new(Switchboard::new(&args.to, args.policy.as_ref())?),
        token: secret(file, "GRAYLANE_LISTEN_TOKEN")?,
    };
    server::serve(args.listen, closer)?;
    Ok(Said::fine(String::new()))
}

impl Closer {
    /// Whether this `Authorization` may close. Takes as long for any of the token's length.
    fn lets(&self, authorization: Option<&[u8]>) -> bool {
        let Some(token) = &self.token else {
            return true;
        };
        let given = authorization.and_then(|text| text.strip_prefix(b"Bearer "));
        let (given, token) = (given.unwrap_or_default(), token.expose().as_bytes());
        let differing = given
            .iter()
            .zip(token)
            .fold(0, |all, (one, other)| all | (one ^ other));
        given.len() == token.len() && differing == 0
    }

    /// Closes what fires.
    fn close(&self, body: &[u8]) -> Answer {
        let alerts = match alerts::read(body) {
            Ok(alerts) => alerts,
            Err(sentence) => return Answer::Refused(sentence),
        };
        let Alerts {
            close,
            resolved,
            nameless,
        } = &alerts;
        let mut notes = String::new();
        if *resolved > 0 {
            let _ = write!(notes, "; {resolved} resolved, which opens nothing");
        }
        if *nameless > 0 {
            let _ = write!(notes, "; {nameless} without gray_service and gray_version");
        }
        if close.is_empty() {
            return Answer::Done(format!("nothing to close{notes}"));
        }
        let Ok(board) = self.board.lock() else {
            return Answer::Failed("an earlier notification ended badly; start anew".to_owned());
        };
        let names: Vec<_> = close.iter().map(|edit| &*edit.name).collect();
        let names = names.join(", ");
        match board.refusal(close) {
            Ok(None) => {}
            Ok(Some(why)) => return Answer::Refused(format!("{names} cannot be closed: {why}")),
            Err(error) => return Answer::Failed(format!("{names} not closed: {error:#}")),
        }
        match board.edit(close, false) {
            Ok(Edited::Done { changed, switches }) => {
                let was = if changed { "closed" } else { "closed already:" };
                Answer::Done(format!("{was} {names}{notes}; in force: {switches}"))
            }
            Ok(Edited::Changed) => Answer::Failed(format!(
                "{names} not closed: others write the switches again and again"
            )),
            Err(error) => Answer::Failed(format!("{names} not closed: {error:#}")),
        }
    }
}
