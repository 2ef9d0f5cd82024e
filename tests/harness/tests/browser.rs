//! The browser that checks of pages use: what a page does wrong is told, and how it is shown is as
//! asked for.

use std::fs;
use std::path::PathBuf;

use graylane_harness::browser::{Browser, Page, Theme, View, missing};
use graylane_harness::place;
use serde_json::json;

const VIEW: View = View {
    width: 640,
    height: 480,
    theme: Theme::Light,
};

/// A page of this text; `None` without a browser, which is told.
async fn page(html: &str) -> Option<(Page, Browser, tempfile::TempDir)> {
    let Some(mut browser) = Browser::start().await.unwrap() else {
        eprintln!("left out: needs {}", missing().unwrap());
        return None;
    };
    let folder = place::scratch().unwrap();
    let file = folder.path().join("a page.html");
    fs::write(&file, format!("<!doctype html>{html}")).unwrap();
    let page = browser.open(&file, VIEW).await.unwrap();
    Some((page, browser, folder))
}

#[tokio::test]
async fn a_page_in_order_has_no_errors_and_asks_for_nothing() {
    let html = "<title>ü</title><script>setTimeout(() => window.done = true, 50)</script>";
    let Some((mut page, _browser, _folder)) = page(html).await else {
        return;
    };
    page.wait_for("window.done").await.unwrap();
    let told = page
        .evaluate("Promise.resolve({ title: document.title })")
        .await;
    assert_eq!(told.unwrap(), json!({ "title": "ü" }));
    assert_eq!(page.errors().await.unwrap(), [""; 0]);
    assert_eq!(page.requests().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn what_a_page_does_wrong_is_told() {
    let html = "<meta http-equiv='Content-Security-Policy' content=\"img-src 'none'\">
        <link rel=stylesheet href=absent.css>
        <script>console.error('said', 1); console.log('fine')</script>
        <script>throw new Error('thrown')</script>
        <script>Promise.reject(new Error('rejected'))</script>
        <script>new Image().src = 'forbidden.png'</script>";
    let Some((mut page, _browser, _folder)) = page(html).await else {
        return;
    };
    let errors = page.errors().await.unwrap().join("\n");
    for error in [
        "said",
        "Error: thrown",
        "Error: rejected",
        "ERR_FILE_NOT_FOUND",
        "Content Security Policy",
    ] {
        assert!(errors.contains(error), "{error}: {errors}");
    }
    assert!(!errors.contains("fine"), "{errors}");
    let requests = page.requests().await.unwrap();
    assert!(requests[0].ends_with("/absent.css"), "{requests:?}");
    let thrown = page.evaluate("nothing.there").await.unwrap_err();
    assert!(thrown.to_string().contains("ReferenceError"), "{thrown}");
}

#[tokio::test]
async fn a_page_is_shown_as_asked_for() {
    let html = "<style>body { margin: 0; height: 2000px }</style>";
    let Some((mut page, _browser, _folder)) = page(html).await else {
        return;
    };
    let shown = "[innerWidth, innerHeight, matchMedia('(prefers-color-scheme: dark)').matches]";
    assert_eq!(
        page.evaluate(shown).await.unwrap(),
        json!([640, 480, false])
    );
    let picture = page.picture().await.unwrap();
    assert_eq!(size(&picture), (640, 480));
    assert_eq!(size(&page.whole_picture().await.unwrap()), (640, 2000));
    let dark = View {
        width: 320,
        height: 200,
        theme: Theme::Dark,
    };
    page.show(dark).await.unwrap();
    assert_eq!(page.evaluate(shown).await.unwrap(), json!([320, 200, true]));
}

#[tokio::test]
async fn a_file_that_is_not_there_does_not_open() {
    let Some(mut browser) = Browser::start().await.unwrap() else {
        return;
    };
    let nowhere = PathBuf::from("/nowhere/at/all.html");
    let error = browser.open(&nowhere, VIEW).await.unwrap_err();
    assert!(
        error.to_string().contains("/nowhere/at/all.html"),
        "{error}"
    );
}

/// The width and height of a PNG, which its first chunk has.
fn size(png: &[u8]) -> (u32, u32) {
    assert_eq!(&png[1..4], b"PNG");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}
