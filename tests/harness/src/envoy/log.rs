//! Envoy's log: kept in a file, searched, and shown when something fails.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// As much of the log as a failure shows.
const TAIL: usize = 50;

/// A log that is being written.
#[derive(Clone, Debug)]
pub struct Log {
    path: PathBuf,
}

impl Log {
    /// A new, empty log, and the file to write it to.
    pub(crate) fn create(path: PathBuf) -> Result<(Self, File)> {
        let file = File::create(&path)
            .with_context(|| format!("the log {} cannot be written", path.display()))?;
        Ok((Self { path }, file))
    }

    /// Where it is kept.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length by now: what is logged later starts here.
    #[must_use]
    pub fn end(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |file| file.len())
    }

    /// Everything from `offset` on.
    #[must_use]
    pub fn since(&self, offset: u64) -> String {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(offset))?;
            file.read_to_end(&mut bytes)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => format!("({} cannot be read: {error})", self.path.display()),
        }
    }

    /// The lines from `offset` on that contain `sentence`.
    #[must_use]
    pub fn find(&self, sentence: &str, offset: u64) -> Vec<String> {
        self.since(offset)
            .lines()
            .filter(|line| line.contains(sentence))
            .map(str::to_owned)
            .collect()
    }

    /// Waits until a line from `offset` on contains `sentence`.
    ///
    /// # Errors
    /// If none does in time; with the log's tail.
    pub async fn wait(&self, sentence: &str, offset: u64, patience: Duration) -> Result<String> {
        let until = Instant::now() + patience;
        loop {
            if let Some(line) = self.find(sentence, offset).into_iter().next() {
                return Ok(line);
            }
            if Instant::now() > until {
                bail!(
                    "no log line says “{sentence}” within {patience:?}\n{}",
                    self.tail()
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The last lines, with a heading.
    #[must_use]
    pub fn tail(&self) -> String {
        let log = self.since(0);
        let lines: Vec<_> = log.lines().collect();
        let last = lines
            .get(lines.len().saturating_sub(TAIL)..)
            .unwrap_or_default();
        format!(
            "--- the end of {}\n{}\n---",
            self.path.display(),
            last.join("\n")
        )
    }
}
