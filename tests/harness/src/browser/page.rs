//! A page: what it shows, what its script says, what it asks for and what goes wrong in it.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::wire::Wire;

/// How long a condition may take to hold, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);

/// What the reader prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// How a page is shown.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The window's width, in CSS pixels.
    pub width: u32,
    /// The window's height, in CSS pixels.
    pub height: u32,
    /// What the reader prefers.
    pub theme: Theme,
}

/// A key of the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// To the next control.
    Tab,
    /// A step up, of a slider.
    Right,
    /// A step down, of a slider.
    Left,
}

/// A page that is open.
#[derive(Debug)]
pub struct Page {
    wire: Wire,
    /// What the browser calls the request for the page itself.
    itself: Value,
    errors: Vec<String>,
    requests: Vec<String>,
}

impl Page {
    /// Everything is watched before the page is asked for, so that nothing of it is missed.
    pub(super) async fn load(wire: Wire, url: &str, view: View) -> Result<Self> {
        let mut page = Self {
            wire,
            itself: Value::Null,
            errors: Vec::new(),
            requests: Vec::new(),
        };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            let enable = format!("{domain}.enable");
            page.wire.call(&enable, json!({})).await?;
        }
        page.show(view).await?;
        let navigate = page.wire.call("Page.navigate", json!({ "url": url }));
        let navigated = navigate.await?;
        if let Some(error) = navigated.get("errorText") {
            bail!("{url} does not open: {error}");
        }
        page.itself = navigated["loaderId"].clone();
        page.wait_for("document.readyState === 'complete'").await?;
        Ok(page)
    }

    /// Shows the page in another window or theme.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn show(&mut self, view: View) -> Result<()> {
        let size = json!({
            "width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.wire
            .call("Emulation.setDeviceMetricsOverride", size)
            .await?;
        let theme = match view.theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        let media = json!({
            "features": [{ "name": "prefers-color-scheme", "value": theme }],
        });
        self.wire
            .call("Emulation.setEmulatedMedia", media)
            .await
            .map(drop)
    }

    /// The value of a JavaScript expression, as JSON; a promise is waited for.
    ///
    /// # Errors
    /// If it throws, with what it has thrown.
    pub async fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let asked = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
            "userGesture": true,
        });
        let mut answer = self.wire.call("Runtime.evaluate", asked).await?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            bail!("{expression}: {}", said(thrown));
        }
        Ok(answer["result"]["value"].take())
    }

    /// Waits until a JavaScript expression is true.
    ///
    /// # Errors
    /// If it throws, or is not true in a minute.
    pub async fn wait_for(&mut self, condition: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while self.evaluate(condition).await? != true {
            ensure!(
                Instant::now() < until,
                "not true in {PATIENCE:?}: {condition}"
            );
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Presses a key, and lets it go.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn press(&mut self, key: Key) -> Result<()> {
        let (name, code) = match key {
            Key::Tab => ("Tab", 9),
            Key::Left => ("ArrowLeft", 37),
            Key::Right => ("ArrowRight", 39),
        };
        for kind in ["keyDown", "keyUp"] {
            let pressed = json!({
                "type": kind, "key": name, "code": name, "windowsVirtualKeyCode": code,
            });
            self.wire.call("Input.dispatchKeyEvent", pressed).await?;
        }
        Ok(())
    }

    /// What went wrong so far: exceptions that nobody caught, `console.error`, and what the browser
    /// itself has to object, such as a policy (CSP) that was violated.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn errors(&mut self) -> Result<&[String]> {
        self.catch_up().await?;
        Ok(&self.errors)
    }

    /// The addresses of what the page asked for so far, beside its own file; also what was not
    /// there.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn requests(&mut self) -> Result<&[String]> {
        self.catch_up().await?;
        Ok(&self.requests)
    }

    /// A picture of the window, as PNG.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn picture(&mut self) -> Result<Vec<u8>> {
        self.capture(json!({ "format": "png" })).await
    }

    /// A picture of the page from its top to its end, as wide as the window, as PNG.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn whole_picture(&mut self) -> Result<Vec<u8>> {
        let size = "[document.documentElement.clientWidth, document.documentElement.scrollHeight]";
        let size = self.evaluate(size).await?;
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 });
        let whole = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        self.capture(whole).await
    }

    async fn capture(&mut self, how: Value) -> Result<Vec<u8>> {
        let answer = self.wire.call("Page.captureScreenshot", how).await?;
        let data = answer["data"].as_str().context("no picture came")?;
        Base64::decode_vec(data).map_err(|error| anyhow::anyhow!("no picture came: {error}"))
    }

    /// What has happened until now is told before a command is answered.
    async fn catch_up(&mut self) -> Result<()> {
        self.evaluate("0").await?;
        for event in std::mem::take(&mut self.wire.events) {
            let about = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown" => self.errors.push(said(&about["exceptionDetails"])),
                "Runtime.consoleAPICalled" if about["type"] == "error" => {
                    self.errors.push(about["args"].to_string());
                }
                "Log.entryAdded" if about["entry"]["level"] == "error" => {
                    self.errors.push(text(&about["entry"]["text"]));
                }
                "Network.requestWillBeSent" if about["requestId"] != self.itself => {
                    self.requests.push(text(&about["request"]["url"]));
                }
                "Network.webSocketCreated" => self.requests.push(text(&about["url"])),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What was thrown, with its place.
fn said(thrown: &Value) -> String {
    match &thrown["exception"]["description"] {
        Value::String(description) => description.clone(),
        _ => format!("{} {}", text(&thrown["text"]), thrown["exception"]["value"]),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
