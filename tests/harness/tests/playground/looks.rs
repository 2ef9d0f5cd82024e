//! The page as people have it: in both themes, in narrow windows, by keyboard, from a link; and what
//! its security policy keeps it from.

use std::fs;

use graylane_harness::browser::{Key, Theme, View};
use graylane_harness::place;
use serde_json::{Value, json};

use crate::site::{Site, WIDE, example};

/// A policy with a warning, a change and a user.
fn busy() -> Value {
    json!({
        "policy": example("next.yaml"),
        "before": example("policy.yaml"),
        "headers": "x-user-id: user-1",
        "host": "checkout.example.com",
    })
}

/// The least contrast of text that is shown, with that text (WCAG's formula).
const CONTRAST: &str = "(() => {
    const channel = (value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = (colour) => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => channel(part / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        const colour = getComputedStyle(element).backgroundColor;
        return colour === 'rgba(0, 0, 0, 0)' ? behind(element.parentElement) : colour;
    };
    const shown = [...document.body.querySelectorAll('*')].filter((element) =>
        element.checkVisibility() && [...element.childNodes].some((child) =>
            child.nodeType === Node.TEXT_NODE && child.textContent.trim() !== ''));
    const all = shown.map((element) => {
        const both = [light(getComputedStyle(element).color), light(behind(element))];
        const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
        return [ratio, element.textContent.slice(0, 60)];
    });
    return [all.length, ...all.sort(([one], [other]) => one - other)[0]];
})()";

#[tokio::test]
#[ignore = "needs the page: make test-playground"]
async fn both_themes_can_be_read() {
    let mut site = Site::open().await;
    let mut papers = Vec::new();
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        site.page.show(View { theme, ..WIDE }).await.unwrap();
        // Both kinds of findings are looked at, too.
        for policy in ["wrong.yaml", "mistakes.yaml", "next.yaml"] {
            let mut state = busy();
            state["policy"] = json!(example(policy));
            let least = site.show(&state, CONTRAST).await;
            assert!(least[0].as_u64() > Some(30), "{least}");
            assert!(least[1].as_f64() >= Some(4.5), "{name}, {policy}: {least}");
        }
        let paper = "getComputedStyle(document.body).backgroundColor";
        papers.push(site.page.evaluate(paper).await.unwrap());
        // For whoever wants to see it.
        let picture = site.page.whole_picture().await.unwrap();
        let file = format!("target/playground/{name}.png");
        fs::write(place::repository().unwrap().join(file), picture).unwrap();
    }
    assert_ne!(papers[0], papers[1]);
    site.is_clean().await;
}

#[tokio::test]
#[ignore = "needs the page: make test-playground"]
async fn nothing_is_cut_off_in_a_narrow_window() {
    let mut site = Site::open().await;
    for width in [1440, 900, 360] {
        site.page.show(View { width, ..WIDE }).await.unwrap();
        let over = "document.documentElement.scrollWidth - innerWidth";
        assert_eq!(site.show(&busy(), over).await, 0, "{width}");
    }
    let picture = site.page.whole_picture().await.unwrap();
    let file = place::repository()
        .unwrap()
        .join("target/playground/narrow.png");
    fs::write(file, picture).unwrap();
}

#[tokio::test]
#[ignore = "needs the page: make test-playground"]
async fn every_control_has_a_name_and_the_keyboard_reaches_it() {
    let mut site = Site::open().await;
    let controls = "document.querySelectorAll('details').forEach((one) => one.open = true),
        [...document.querySelectorAll('input, textarea, select, button, summary')]
            .filter((control) => control.checkVisibility())";
    let nameless = format!(
        "{controls}.filter((control) => !control.labels?.length && !control.ariaLabel
            && !(control.matches('button, summary') && control.textContent.trim()))
            .map((control) => control.outerHTML)"
    );
    assert_eq!(site.show(&busy(), &nameless).await, json!([]));
    let count = format!("({controls}.length)");
    let count = site.page.evaluate(&count).await.unwrap();
    let count = count.as_u64().unwrap();
    assert!(count > 20, "{count} controls");
    site.page
        .evaluate("document.activeElement.blur(), window.reached = new Set()")
        .await
        .unwrap();
    let reached = "reached.add(document.activeElement).size";
    for _ in 0..count {
        site.page.press(Key::Tab).await.unwrap();
        site.page.evaluate(reached).await.unwrap();
    }
    let missed = format!(
        "{controls}.filter((control) => !reached.has(control)).map((control) => control.outerHTML)"
    );
    assert_eq!(site.page.evaluate(&missed).await.unwrap(), json!([]));
    site.is_clean().await;
}

#[tokio::test]
#[ignore = "needs the page: make test-playground"]
async fn a_link_holds_what_is_in_the_form() {
    let mut site = Site::open().await;
    let user = "#form [name=headers]";
    let typed = format!(
        "playground.show({}), document.querySelector({user:?}).dispatchEvent(
            new Event('input', {{ bubbles: true }})), document.getElementById('story').textContent",
        busy()
    );
    let story = site.page.evaluate(&typed).await.unwrap();
    site.page
        .wait_for("location.hash.length > 100")
        .await
        .unwrap();
    let link = site.page.evaluate("location.hash").await.unwrap();
    // Another page: that of a link that was cut shows the first example.
    site.page.evaluate("location.hash = '#cut'").await.unwrap();
    site.page
        .wait_for("document.querySelector('#form [name=headers]').value === ''")
        .await
        .unwrap();
    assert_eq!(
        site.page
            .evaluate("document.getElementById('policy').value")
            .await
            .unwrap(),
        example("policy.yaml")
    );
    let follow = format!("location.hash = {link}");
    site.page.evaluate(&follow).await.unwrap();
    site.page
        .wait_for("document.querySelector('#form [name=headers]').value !== ''")
        .await
        .unwrap();
    assert_eq!(site.text("#story").await, story.as_str().unwrap());
    site.is_clean().await;
}

#[tokio::test]
#[ignore = "needs the page: make test-playground"]
async fn its_security_policy_keeps_the_page_from_asking_anybody() {
    let mut site = Site::open().await;
    let fetched = "fetch('data:,reached').then(() => 'reached', () => 'refused')";
    assert_eq!(site.page.evaluate(fetched).await.unwrap(), "refused");
    let ran = "(() => { const script = document.createElement('script');
        script.textContent = 'window.ran = true'; document.body.append(script);
        return window.ran === true; })()";
    assert_eq!(site.page.evaluate(ran).await.unwrap(), false);
    let errors = site.page.errors().await.unwrap().join("\n");
    assert!(errors.contains("connect-src"), "{errors}");
    assert!(errors.contains("script-src"), "{errors}");
}
