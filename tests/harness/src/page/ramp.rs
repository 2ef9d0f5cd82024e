//! A canary's share over time: what the policies say as a line, what users saw as dots.

use svg::Document;
use svg::node::element::Group;

use super::frame::{
    Frame, Scale, broad, document, dot, line, path, percents, real, rectangle, stride, text,
};
use crate::series::{Ramp, Stretch, percent};

const TALLEST: f64 = 230.0;

/// The figure.
pub(super) fn draw(ramp: &Ramp, frame: Frame) -> Document {
    let top = frame.of(44.0, 76.0);
    let floor = top + TALLEST;
    let (left, right) = (frame.of(52.0, 48.0), frame.width() - 14.0);
    let across = Scale {
        from: (0.0, real(ramp.end_ms.max(1))),
        to: (left, right),
    };
    let up = Scale {
        from: (0.0, 100.0),
        to: (floor, top),
    };
    let mut document = percents(document(frame, floor + 46.0), up, (left, right));
    let stride = stride(across.at(1_000.0) - across.at(0.0));
    for second in (0..=ramp.end_ms / 1_000).filter(|second| second % stride == 0) {
        let x = across.at(real(second * 1_000));
        document = document
            .add(line("axis", (x, floor), (x, floor + 4.0)))
            .add(text(
                "small quiet middle",
                second.to_string(),
                x,
                floor + 18.0,
            ));
    }
    document = document.add(text(
        "small quiet middle",
        "seconds under load",
        f64::midpoint(left, right),
        floor + 36.0,
    ));
    document
        .add(bands(ramp, across, up))
        .add(plan(ramp, across, up))
        .add(dots(ramp, across, up))
        .add(labels(ramp, across, up))
        .add(key(ramp, frame))
}

/// What would be accepted of each stretch.
fn bands(ramp: &Ramp, across: Scale, up: Scale) -> Group {
    ramp.bins.iter().fold(Group::new(), |group, bin| {
        let (from, to) = (across.at(real(bin.from_ms)), across.at(real(bin.to_ms)));
        let high = up.at(percent(bin.high, bin.requests));
        let low = up.at(percent(bin.low, bin.requests));
        group.add(rectangle("band canary", from, high, to - from, low - high))
    })
}

fn plan(ramp: &Ramp, across: Scale, up: Scale) -> svg::node::element::Path {
    let ends = ramp.steps.iter().skip(1).map(|next| next.at_ms);
    let ends = ends.chain([ramp.end_ms]);
    let corners = ramp.steps.iter().zip(ends).flat_map(|(step, end)| {
        let y = up.at(step.percent);
        [step.at_ms, end].map(|moment| (across.at(real(moment)), y))
    });
    path("plan", corners)
}

fn dots(ramp: &Ramp, across: Scale, up: Scale) -> Group {
    ramp.bins
        .iter()
        .fold(Group::new().set("class", "observed"), |group, bin| {
            let share = percent(bin.hits, bin.requests);
            let told = format!(
                "{} to {} ms: {} of {} on {} ({share:.1} %)",
                bin.from_ms, bin.to_ms, bin.hits, bin.requests, ramp.version
            );
            let x = f64::midpoint(across.at(real(bin.from_ms)), across.at(real(bin.to_ms)));
            group.add(dot("canary", x, up.at(share), 3.8, told))
        })
}

/// What each policy says, clear of its dots and their band.
fn labels(ramp: &Ramp, across: Scale, up: Scale) -> Group {
    let ends = ramp.steps.iter().skip(1).map(|next| next.at_ms);
    let ends = ends.chain([ramp.end_ms]);
    ramp.steps
        .iter()
        .zip(ends)
        .fold(Group::new(), |group, (step, end)| {
            let own = |bin: &&Stretch| (step.at_ms..end).contains(&bin.from_ms);
            let highs = ramp.bins.iter().filter(own);
            let highs = highs.map(|bin| percent(bin.high.max(bin.hits), bin.requests));
            let highest = up.at(highs.fold(step.percent, f64::max));
            let y = if highest - 28.0 < up.to.1 {
                highest + 26.0
            } else {
                highest - 10.0
            };
            let x = f64::midpoint(across.at(real(step.at_ms)), across.at(real(end)));
            group.add(text("strong middle", format!("{} %", step.percent), x, y))
        })
}

/// What line, dot and shade are.
fn key(ramp: &Ramp, frame: Frame) -> Group {
    let seen = format!("what {} answered, each 250 ms", ramp.version);
    let entries = [
        ("", "what the policy says"),
        ("canary", &*seen),
        ("quiet", "what chance allows"),
    ];
    let (mut x, mut y) = (frame.of(52.0, 10.0), 16.0);
    let mut group = Group::new();
    for (class, entry) in entries {
        group = match class {
            "" => group.add(line("plan", (x, y - 4.0), (x + 20.0, y - 4.0))),
            "canary" => group.add(dot("canary", x + 10.0, y - 4.0, 3.8, seen.clone())),
            _ => group.add(rectangle("band canary", x, y - 11.0, 20.0, 13.0)),
        };
        group = group.add(text(class, entry, x + 28.0, y));
        match frame {
            Frame::Wide => x += 28.0 + broad(entry) + 8.0,
            Frame::Narrow => y += 20.0,
        }
    }
    group
}
