//! The figures of a run, each with its words.

use svg::Document;
use svg::node::element::{Style, Title};

use super::frame::{Frame, document, real, rectangle, text};
use super::{FIGURE, THEME, latency, ramp, rollback, shares, soak};
use crate::bench::thousands;
use crate::series::{Latency, Ramp, Rollback, Series, Share, Soak};

/// What stands around a figure in a file of its own.
const MARGIN: f64 = 20.0;
const HEADING: f64 = 34.0;

/// A figure in both widths, and what it shows in words.
pub(super) struct Figure {
    /// What its file is called.
    pub(super) name: &'static str,
    pub(super) title: String,
    /// What was found, in a sentence or two.
    pub(super) found: String,
    drawn: [Document; 2],
}

/// Those for which something was measured.
pub(super) fn of(series: &Series) -> Vec<Figure> {
    let shares = (!series.shares.is_empty()).then(|| of_shares(&series.shares));
    let all = [
        shares,
        series.ramp.as_ref().map(of_ramp),
        series.rollback.as_ref().map(of_rollback),
        series.latency.as_ref().map(of_latency),
    ];
    all.into_iter().flatten().collect()
}

impl Figure {
    /// The figure for a page, which has the styles.
    pub(super) fn inline(&self, frame: Frame) -> String {
        let document = self.drawn[frame as usize]
            .clone()
            .set("class", format!("figure {}", frame.name()))
            .set("role", "img")
            .set("aria-label", format!("{}. {}", self.title, self.found));
        document.to_string()
    }

    /// The figure as a file of its own, with both themes.
    pub(super) fn alone(&self) -> String {
        let drawn = self.drawn[Frame::Wide as usize].clone();
        let height = height(&drawn);
        let (width, height) = (
            Frame::Wide.width() + 2.0 * MARGIN,
            height + HEADING + 2.0 * MARGIN,
        );
        let inner = drawn
            .set("x", MARGIN)
            .set("y", MARGIN + HEADING)
            .set("width", Frame::Wide.width())
            .set("height", height - HEADING - 2.0 * MARGIN);
        let whole = document(Frame::Wide, height)
            .set("viewBox", (0, 0, width, height))
            .set("role", "img")
            .add(Title::new(format!("{}. {}", self.title, self.found)))
            .add(Style::new(format!("{THEME}{FIGURE}")))
            .add(rectangle("paper", 0.0, 0.0, width, height).set("rx", 8))
            .add(text("heading", &*self.title, MARGIN, MARGIN + 14.0))
            .add(inner);
        format!("{whole}\n")
    }
}

fn both(draw: impl Fn(Frame) -> Document) -> [Document; 2] {
    Frame::ALL.map(draw)
}

fn height(document: &Document) -> f64 {
    let attributes = svg::Node::get_attributes(document);
    let view = attributes
        .and_then(|attributes| attributes.get("viewBox"))
        .map(ToString::to_string);
    let height = view.and_then(|view| view.split_whitespace().last()?.parse().ok());
    height.unwrap_or_default()
}

fn of_shares(shares: &[Share]) -> Figure {
    let accepted = shares.iter().filter(|share| share.is_accepted()).count();
    Figure {
        name: "shares",
        title: "Shares: intended and observed".to_owned(),
        found: format!(
            "{accepted} of {} shares are within what chance allows: a sound one is outside once in \
             a million runs. Each user asked once.",
            shares.len()
        ),
        drawn: both(|frame| shares::draw(shares, frame)),
    }
}

fn of_ramp(ramp: &Ramp) -> Figure {
    let percents: Vec<_> = ramp
        .steps
        .iter()
        .map(|step| step.percent.to_string())
        .collect();
    Figure {
        name: "ramp",
        title: format!(
            "A ramp under load: {} % of users on {}",
            percents.join(" → "),
            ramp.version
        ),
        found: format!(
            "The policy's file was replaced {} times while {} requests were made; {} of them failed. \
             Shaded is what chance allows of so many users, but for one time in a million.",
            ramp.steps.len().saturating_sub(1),
            thousands(real(ramp.requests)),
            ramp.failed,
        ),
        drawn: both(|frame| ramp::draw(ramp, frame)),
    }
}

fn of_rollback(rollback: &Rollback) -> Figure {
    let Rollback {
        version,
        baseline,
        percent,
        ..
    } = rollback;
    let failed: u64 = rollback.bins.iter().map(|bin| bin.failed).sum();
    let closed = rollback.verdicts.iter().find(|turn| turn.to == "closed");
    let closed = closed.map_or(String::new(), |turn| {
        format!(
            " It was closed {} ms after, by {}.",
            turn.at_ms, turn.because
        )
    });
    Figure {
        name: "rollback",
        title: "A bad version goes back by itself, and returns when it is well".to_owned(),
        found: format!(
            "{version} has {percent} % of the users, and every other answer of it begins to fail.\
             {closed} {failed} requests failed in all; while it was closed, its users got {baseline}."
        ),
        drawn: both(|frame| rollback::draw(rollback, frame)),
    }
}

fn of_latency(latency: &Latency) -> Figure {
    Figure {
        name: "latency",
        title: "Latency with the filter and without".to_owned(),
        found: format!(
            "{} pairs of requests on one connection through one Envoy to one backend, of each pair \
             one through the filter; what part was answered within so many milliseconds. Such times \
             are this machine's, busy with the other checks meanwhile, and nothing is judged by \
             them.",
            thousands(real(latency.pairs)),
        ),
        drawn: both(|frame| latency::draw(latency, frame)),
    }
}

/// Of a run that has no page.
pub(super) fn of_soak(soak: &Soak) -> Figure {
    let last = soak.samples.last();
    let requests = last.map_or(0, |last| last.requests);
    let changes = last.map_or(0, |last| last.changes);
    let minutes = real(soak.took_ms) / 60_000.0;
    Figure {
        name: "soak",
        title: format!(
            "{} requests and {} changes of the policy in {minutes:.1} minutes",
            thousands(real(requests)),
            thousands(real(changes)),
        ),
        found: format!(
            "What an Envoy with {} workers takes of memory, and its load; {} requests failed.",
            soak.workers, soak.failed
        ),
        drawn: both(|frame| soak::draw(soak, frame)),
    }
}
