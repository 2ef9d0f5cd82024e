//! A canary that fails and is closed: each request a square, in columns by when it was sent.

use svg::Document;
use svg::node::element::{Group, Path};

use super::frame::{
    Frame, Scale, broad, document, line, real, rectangle, rounded, seconds, stride, text,
};
use crate::series::{Answers, Rollback, Turn};

/// How high the columns may become.
const TALLEST: f64 = 190.0;
/// A label's line, of which each moment has one.
const LABEL: f64 = 18.0;

/// The figure.
pub(super) fn draw(rollback: &Rollback, frame: Frame) -> Document {
    let (left, right) = (frame.of(10.0, 6.0), frame.width() - frame.of(10.0, 6.0));
    let bin_ms = signed(rollback.bin_ms);
    let begin = rollback.bins.first().map_or(0, |bin| bin.from_ms);
    let end = rollback.bins.last().map_or(1, |bin| bin.from_ms + bin_ms);
    let across = Scale {
        from: (pixels(begin), pixels(end)),
        to: (left, right),
    };
    let most = rollback.bins.iter().map(Answers::requests).max();
    let column = across.at(pixels(bin_ms)) - across.at(0.0);
    let cell = column.min(TALLEST / real(most.unwrap_or(1).max(1)));
    let moments = moments(rollback);
    let key = frame.of(26.0, 44.0);
    let top = key + LABEL * real(moments.len() as u64) + 8.0;
    let floor = top + cell * real(most.unwrap_or(1)) + 4.0;

    let mut document = document(frame, floor + 42.0).add(legend(rollback, frame));
    let stride = signed(stride(across.at(1_000.0) - across.at(0.0)));
    for second in begin.div_euclid(1_000)..=end.div_euclid(1_000) {
        let x = across.at(pixels(second * 1_000));
        if x < left || second.rem_euclid(stride) != 0 {
            continue;
        }
        document = document
            .add(line("axis", (x, floor), (x, floor + 4.0)))
            .add(text(
                "small quiet middle",
                second.to_string(),
                x.clamp(left + 6.0, right - 6.0),
                floor + 18.0,
            ));
    }
    document = document
        .add(line("axis", (left, floor), (right, floor)))
        .add(text(
            "small quiet middle",
            format!("seconds since {} began to fail", rollback.version),
            f64::midpoint(left, right),
            floor + 36.0,
        ));
    for (class, path) in squares(rollback, across, cell, floor) {
        document = document.add(path.set("class", format!("square {class}")));
    }
    for (number, moment) in moments.into_iter().enumerate() {
        let y = key + LABEL * real(number as u64) + 12.0;
        document = document.add(marked(moment, across, right, y, floor));
    }
    document
}

/// Something that happened, and how it is drawn.
struct Moment {
    at_ms: i64,
    class: &'static str,
    what: String,
}

fn moments(rollback: &Rollback) -> Vec<Moment> {
    let version = &rollback.version;
    let failing = Moment {
        at_ms: 0,
        class: "failure strong",
        what: format!("{version} begins to fail"),
    };
    let turn = |turn: &Turn| Moment {
        at_ms: turn.at_ms,
        class: "strong",
        what: format!("{}: {}", seconds(turn.at_ms), becomes(turn, rollback)),
    };
    [failing]
        .into_iter()
        .chain(rollback.verdicts.iter().map(turn))
        .collect()
}

/// What a verdict means for users.
fn becomes(turn: &Turn, rollback: &Rollback) -> String {
    let Rollback {
        version, baseline, ..
    } = rollback;
    match &*turn.to {
        "closed" => format!("{version} closed, all on {baseline}"),
        "probing" => {
            let percent = rollback.guard["retry_percent"].as_f64();
            let percent = percent.map_or(String::new(), |percent| format!(" by {percent} %"));
            format!("tried again{percent} of its users")
        }
        "open" => format!("{version} open again"),
        other => format!("{version} {other}"),
    }
}

/// A label on a line of its own, and a line from it through the columns.
fn marked(moment: Moment, across: Scale, right: f64, y: f64, floor: f64) -> Group {
    let x = across.at(pixels(moment.at_ms));
    let width = broad(&moment.what);
    let (anchor, at) = if x + width < right {
        ("", x + 6.0)
    } else if x - width > 0.0 {
        ("end", x - 6.0)
    } else {
        ("end", right)
    };
    let class = format!("{} {anchor}", moment.class);
    Group::new()
        .add(line("mark", (x, y + 4.0), (x, floor)))
        .add(text(&class, moment.what, at, y))
}

/// The squares of each kind as one path: from the floor the canary's, those that failed, the
/// baseline's.
fn squares(rollback: &Rollback, across: Scale, cell: f64, floor: f64) -> Vec<(&'static str, Path)> {
    type Count = fn(&Answers) -> u64;
    let kinds: [(&str, Count, Count); 3] = [
        ("canary", |_| 0, |bin| bin.canary),
        ("failure", |bin| bin.canary, |bin| bin.failed),
        (
            "baseline",
            |bin| bin.canary + bin.failed,
            |bin| bin.baseline,
        ),
    ];
    let side = rounded(cell - if cell > 8.0 { 1.5 } else { 1.0 });
    let drawn = kinds.map(|(class, below, own)| {
        let column = |bin: &Answers| {
            let x = across.at(pixels(bin.from_ms));
            let places = below(bin)..below(bin) + own(bin);
            let square = move |place| {
                let y = rounded(floor - 3.0 - cell * real(place + 1));
                format!("M{x} {y}h{side}v{side}h-{side}z")
            };
            places.map(square).collect::<String>()
        };
        let data: String = rollback.bins.iter().map(column).collect();
        (class, Path::new().set("d", data))
    });
    drawn.into()
}

fn legend(rollback: &Rollback, frame: Frame) -> Group {
    let Rollback {
        version,
        baseline,
        bins,
        ..
    } = rollback;
    let count = |of: fn(&Answers) -> u64| bins.iter().map(of).sum::<u64>();
    let kinds = [
        (
            "canary",
            format!("by {version}: {}", count(|bin| bin.canary)),
        ),
        ("failure", format!("failed: {}", count(|bin| bin.failed))),
        (
            "baseline",
            format!("by {baseline}: {}", count(|bin| bin.baseline)),
        ),
    ];
    let (mut x, y) = (frame.of(10.0, 6.0), 14.0);
    let mut group = Group::new();
    for (class, label) in kinds {
        let colour = if class == "baseline" { "quiet" } else { class };
        group = group
            .add(rectangle(class, x, y - 10.0, 11.0, 11.0))
            .add(text(colour, &*label, x + 16.0, y));
        x += 16.0 + broad(&label) + frame.of(12.0, 0.0);
    }
    let said = "each square is a request";
    let (x, y) = frame.of((x, y), (6.0, 34.0));
    group.add(text("quiet", said, x, y))
}

fn signed(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

/// Minutes in milliseconds, as pixels are made of them.
#[allow(clippy::cast_precision_loss)]
fn pixels(millis: i64) -> f64 {
    millis as f64
}
