//! Where things are: the repository, the module, what the harness leaves behind.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, bail};
use tempfile::TempDir;

/// How temporary folders begin; their process id follows.
const SCRATCH: &str = "graylane-harness-";
/// How logs begin; their process id follows.
const LOG: &str = "envoy-";

/// The repository: the nearest folder above the working directory that holds `envoy/` and
/// `tests/harness/`; else the one this crate was built in.
///
/// # Errors
/// If neither is there.
pub fn repository() -> Result<PathBuf> {
    let looks_right =
        |folder: &Path| folder.join("envoy").is_dir() && folder.join("tests/harness").is_dir();
    if let Ok(here) = std::env::current_dir()
        && let Some(found) = here.ancestors().find(|folder| looks_right(folder))
    {
        return Ok(found.to_owned());
    }
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    match built.ancestors().nth(2) {
        Some(root) if looks_right(root) => Ok(root.to_owned()),
        _ => bail!("graylane's repository was not found; run the harness from inside it"),
    }
}

/// The wasm module: `given`, or `target/graylane.wasm`.
///
/// # Errors
/// If there is none.
pub fn module(given: Option<&Path>) -> Result<PathBuf> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => repository()?.join("target/graylane.wasm"),
    };
    if !path.is_file() {
        bail!(
            "there is no module at {}; build it with `make wasm`, or name another by --module",
            path.display()
        );
    }
    Ok(std::path::absolute(path)?)
}

/// The command line: `target/debug/graylane`.
///
/// # Errors
/// If there is none.
pub fn command_line() -> Result<PathBuf> {
    let path = repository()?.join("target/debug/graylane");
    if !path.is_file() {
        bail!(
            "there is no command line at {}; build it with `make cli-tested`",
            path.display()
        );
    }
    Ok(path)
}

/// Where reports and logs go: `target/demo`.
///
/// # Errors
/// If it cannot be made.
pub fn results() -> Result<PathBuf> {
    let folder = repository()?.join("target/demo");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A temporary folder of this process; gone with its value.
///
/// # Errors
/// If it cannot be made.
pub fn scratch() -> Result<TempDir> {
    let prefix = format!("{SCRATCH}{}-", std::process::id());
    Ok(tempfile::Builder::new().prefix(&prefix).tempdir()?)
}

/// Where another Envoy of this process logs: no two runs share a log, and a log stays until the
/// next run begins.
///
/// # Errors
/// If the folder cannot be made.
pub fn new_log() -> Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    Ok(results()?.join(format!("{LOG}{}-{number}.log", std::process::id())))
}

/// Removes what harnesses left that run no more: logs, and temporary folders of killed ones.
pub fn sweep() {
    for (folder, prefix) in [(std::env::temp_dir(), SCRATCH)]
        .into_iter()
        .chain(results().ok().map(|folder| (folder, LOG)))
    {
        let entries = folder.read_dir().into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            let owner = name
                .to_str()
                .and_then(|name| name.strip_prefix(prefix)?.split_once('-'));
            if owner.is_some_and(|(pid, _)| !is_alive(pid)) {
                // What cannot be removed only takes room.
                let path = entry.path();
                let _ = std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
            }
        }
    }
}

/// Whether a process of this id runs; also if the text is no id, so that nothing is removed by
/// mistake.
#[must_use]
pub fn is_alive(pid: &str) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let Some(pid) = pid.parse().ok().and_then(Pid::from_raw) else {
        return true;
    };
    // A process of another user is alive too.
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

/// A program on `PATH`.
#[must_use]
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}
