//! The page in a browser, and the command line beside it.

use std::fs;
use std::process::Command;

use graylane_harness::browser::{Browser, Page, Theme, View, missing};
use graylane_harness::place;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const WIDE: View = View {
    width: 1440,
    height: 1200,
    theme: Theme::Light,
};

/// A moment, before the plans of the examples are over.
pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";

/// The page, open; and a folder where the command line runs.
pub(crate) struct Site {
    pub(crate) page: Page,
    _browser: Browser,
    folder: TempDir,
}

impl Site {
    pub(crate) async fn open() -> Self {
        let browser = Browser::start().await.unwrap();
        let mut browser = browser.unwrap_or_else(|| panic!("needs {}", missing().unwrap()));
        let file = place::repository()
            .unwrap()
            .join("target/playground/graylane.html");
        let mut page = browser.open(&file, WIDE).await.unwrap();
        page.wait_for("document.documentElement.dataset.ready === ''")
            .await
            .unwrap();
        Self {
            page,
            _browser: browser,
            folder: place::scratch().unwrap(),
        }
    }

    /// Fills in the form; what an expression is then.
    pub(crate) async fn show(&mut self, state: &Value, expression: &str) -> Value {
        let shown = format!("(playground.show({state}), {expression})");
        self.page.evaluate(&shown).await.unwrap()
    }

    /// What the page shows in an element.
    pub(crate) async fn text(&mut self, selector: &str) -> String {
        let text = format!("document.querySelector({selector:?}).textContent");
        let text = self.page.evaluate(&text).await.unwrap();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Nothing went wrong, and nothing was asked for.
    pub(crate) async fn is_clean(&mut self) {
        assert_eq!(self.page.errors().await.unwrap(), [""; 0]);
        assert_eq!(self.page.requests().await.unwrap(), [""; 0]);
    }

    /// Writes a file into the command line's folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// What the command line says.
    pub(crate) fn graylane(&self, arguments: &[String]) -> String {
        let program = place::command_line().unwrap();
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        assert!(
            !output.stdout.is_empty(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The arguments of a command.
pub(crate) fn arguments<const N: usize>(arguments: [&str; N]) -> Vec<String> {
    arguments.map(str::to_owned).to_vec()
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A policy of the documentation.
pub(crate) fn example(name: &str) -> String {
    let folder = place::repository().unwrap().join("docs/examples");
    fs::read_to_string(folder.join(name)).unwrap()
}
