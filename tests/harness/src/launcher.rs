//! Starts child processes so that none outlives the harness, however that one ends.

use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use crate::place;

/// A child that is killed when this value goes, or when the harness dies by whatever signal.
#[derive(Debug)]
pub(crate) struct Leashed {
    child: Child,
}

impl Leashed {
    /// Starts `program` with `arguments`; both streams go to `log`.
    ///
    /// It runs in a process group of its own: Ctrl-C reaches the harness only, which then ends
    /// its children in order.
    pub(crate) fn start(
        program: &std::path::Path,
        arguments: &[String],
        log: &std::fs::File,
    ) -> io::Result<Self> {
        let mut command = if let Some(setpriv) = place::on_path("setpriv") {
            // The kernel kills the child when its parent dies.
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]);
            command
        } else {
            // Elsewhere a second harness holds the child until its own stdin ends.
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["hold", "--"]);
            command
        };
        command
            .arg(program)
            .args(arguments)
            // Envoy's log has no zone: its moments are compared with those of requests.
            .env("TZ", "UTC0")
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        Ok(Self {
            child: spawn(command)?,
        })
    }

    /// Its process id; without `setpriv` that of its holder.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its process id, where no holder stands before it.
    pub(crate) fn own_id(&self) -> Option<u32> {
        place::on_path("setpriv").map(|_| self.child.id())
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        // A holder kills what it holds as soon as its stdin ends.
        drop(self.child.stdin.take());
        if place::on_path("setpriv").is_none() {
            let patience = Instant::now() + Duration::from_secs(3);
            while Instant::now() < patience && matches!(self.child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command until it ends or stdin does: the `hold` subcommand.
pub(crate) fn hold(command: &[String]) -> io::Result<i32> {
    let [program, arguments @ ..] = command else {
        return Err(io::Error::other("nothing to hold"));
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .spawn()?;
    let (ended, parent_gone) = channel();
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = ended.send(());
    });
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code().unwrap_or(1));
        }
        if parent_gone.recv_timeout(Duration::from_millis(50)).is_ok() {
            child.kill()?;
            child.wait()?;
            return Ok(1);
        }
    }
}

type Order = (Command, Sender<io::Result<Child>>);

/// Spawns on one thread that never ends. The kernel ties "parent died" to the *thread* that
/// spawned, and threads of an async runtime come and go.
fn spawn(command: Command) -> io::Result<Child> {
    static LAUNCHER: OnceLock<Sender<Order>> = OnceLock::new();
    let launcher = LAUNCHER.get_or_init(|| {
        let (orders, inbox) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in inbox {
                let _ = answer.send(command.spawn());
            }
        });
        orders
    });
    let (answer, started) = channel();
    let gone = || io::Error::other("the thread that starts processes is gone");
    launcher.send((command, answer)).map_err(|_| gone())?;
    started.recv().map_err(|_| gone())?
}
