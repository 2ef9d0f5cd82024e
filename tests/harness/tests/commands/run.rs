//! A centre, and the command line that writes to it.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use graylane_harness::centre::{Access, Centre, Kind, SECRET};
use graylane_harness::place;
use serde_json::Value;
use tokio::process::Command;

/// Tokens that die when nobody uses them between two requests.
const ASKING: Access = Access::Secret {
    tokens: Duration::from_secs(1),
};

/// A centre, a document there, and who may write it.
pub(crate) struct Site {
    pub(crate) centre: Centre,
    /// What the centre calls the document.
    pub(crate) name: String,
    /// What the command line does.
    pub(crate) to: String,
}

/// How a command ended, and what it said.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Site {
    /// With passwords, where the centre has some; `None` where there is no such centre, which is
    /// told.
    pub(crate) async fn new(kind: Kind) -> Option<Self> {
        if let Some(missing) = kind.missing() {
            eprintln!("left out: {}, which needs {missing}", kind.name());
            return None;
        }
        let centre = kind.start(ASKING).await.unwrap();
        let name = kind.document("checkout");
        let to = address(&centre, &name);
        Some(Self { centre, name, to })
    }

    /// Another document of the same centre.
    pub(crate) fn document(&self, name: &str) -> (String, String) {
        let name = self.centre.kind().document(name);
        let to = address(&self.centre, &name);
        (name, to)
    }

    /// The command line, as who may write.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(place::command_line().unwrap());
        command
            .args(arguments)
            .env("GRAYLANE_USER", "gray")
            .env("GRAYLANE_PASSWORD", SECRET)
            .env("GRAYLANE_TOKEN", SECRET)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if self.centre.kind() == Kind::Nacos {
            // It asks for no password, and would not know what to do with one.
            command
                .env_remove("GRAYLANE_USER")
                .env_remove("GRAYLANE_PASSWORD");
        }
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        let ran = Ran::of(self.command(arguments).output().await.unwrap());
        assert!(
            !format!("{}{}", ran.out, ran.err).contains(SECRET),
            "{}",
            ran.err
        );
        ran
    }

    /// What the centre has, as JSON.
    pub(crate) async fn has(&self, name: &str) -> Value {
        let document = self.centre.read(name).await.unwrap();
        document.map_or(Value::Null, |bytes| serde_json::from_slice(&bytes).unwrap())
    }
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}{}", self.out, self.err))
    }
}

fn address(centre: &Centre, name: &str) -> String {
    let scheme = centre.kind().name();
    format!(
        "{scheme}://{}/{}",
        centre.at(),
        name.trim_start_matches('/')
    )
}

/// A policy of the documentation.
pub(crate) fn policy(name: &str) -> String {
    let file: PathBuf = place::repository()
        .unwrap()
        .join("docs/examples")
        .join(name);
    file.to_str().unwrap().to_owned()
}
