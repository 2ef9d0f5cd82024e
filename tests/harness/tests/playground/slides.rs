//! A user's place on the buckets, while shares slide.

use graylane_harness::browser::Key;
use serde_json::json;

use crate::site::{Site, example};

/// Moves the first number of percent, as a hand would.
fn slide(percent: f64) -> String {
    format!(
        "(() => {{ const number = document.querySelector('.slider [type=number]');
            number.value = {percent};
            number.dispatchEvent(new Event('input', {{ bubbles: true }}));
            return document.querySelector('.verdict').textContent; }})()"
    )
}

#[tokio::test]
#[ignore = "needs the page: make test-playground"]
async fn a_user_comes_in_and_goes_exactly_at_their_bucket() {
    let mut site = Site::open().await;
    let state = json!({ "policy": example("policy.yaml"), "headers": "x-user-id: user-1" });
    let bucket = "playground.answer().shares.splits[0].bucket";
    assert_eq!(site.show(&state, bucket).await, 23_620);
    // Up, and down again; the first bucket of v2 is 0, so 23.621 % end with bucket 23,620.
    for (percent, version) in [
        (23.62, "v1"),
        (23.621, "v2"),
        (100.0, "v2"),
        (23.621, "v2"),
        (23.62, "v1"),
        (0.0, "v1"),
    ] {
        let told = site.page.evaluate(&slide(percent)).await.unwrap();
        let expected = format!("This user is in bucket 23,620: {version}");
        assert_eq!(told, expected, "{percent} %");
    }
    let told = site.page.evaluate(&slide(101.0)).await.unwrap();
    assert!(told.as_str().unwrap().contains("101"), "{told}");
    site.is_clean().await;
}

#[tokio::test]
#[ignore = "needs the page: make test-playground"]
async fn a_slider_moves_by_the_keyboard() {
    let mut site = Site::open().await;
    // Of bucket 9,330: in with 9.4 %, out with 9.3 %.
    let state = json!({ "policy": example("policy.yaml"), "cookies": "uid=user-8" });
    site.show(
        &state,
        "document.querySelector('.slider [type=range]').focus()",
    )
    .await;
    let mut versions = Vec::new();
    for key in [Key::Left; 7].into_iter().chain([Key::Right]) {
        site.page.press(key).await.unwrap();
        versions.push(site.text(".verdict strong").await);
    }
    assert_eq!(
        versions,
        ["v2", "v2", "v2", "v2", "v2", "v2", "v1", "v2"],
        "10 %, seven tenths less, and one more"
    );
    site.is_clean().await;
}

#[tokio::test]
#[ignore = "needs the page: make test-playground"]
async fn a_ramp_is_shown_at_another_moment() {
    let mut site = Site::open().await;
    let state = json!({
        "policy": example("ramp.yaml"),
        "at": "2026-11-21T12:00:00Z",
        "later": "2026-11-21T20:30:00+08:00",
    });
    let rows = "[...document.querySelectorAll('.row')].map((row) => row.ariaLabel)";
    let rows = site.show(&state, rows).await;
    assert_eq!(
        rows,
        json!([
            "v2: buckets 0 to 4,999; v1: buckets 5,000 to 99,999",
            "v2: buckets 0 to 29,999; v1: buckets 30,000 to 99,999",
        ])
    );
    site.is_clean().await;
}
