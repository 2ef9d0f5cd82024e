//! How long answers took: what part of them was there by when, with the filter and without it.

use svg::Document;
use svg::node::element::Group;

use super::frame::{Frame, Scale, document, line, path, percents, real, text};
use crate::series::{Distribution, Latency, Point};

const TALLEST: f64 = 220.0;
/// What is drawn of each distribution; the few that take longest would squeeze all others.
const SHOWN: std::ops::RangeInclusive<f64> = 0.005..=0.975;
/// From one label of the axis to the next, at least.
const TICK: f64 = 42.0;
/// Room for a name on either side of the lines.
const NAMES: f64 = 140.0;

/// The figure.
pub(super) fn draw(latency: &Latency, frame: Frame) -> Document {
    let top = frame.of(14.0, 52.0);
    let floor = top + TALLEST;
    let (left, right) = (frame.of(52.0, 48.0), frame.width() - 14.0);
    let (least, most) = bounds(latency);
    let room = frame.of(NAMES, 0.0);
    let across = Scale {
        from: (least.ln(), most.ln()),
        to: (left + room, right - room),
    };
    let up = Scale {
        from: (0.0, 100.0),
        to: (floor, top),
    };
    let mut document = percents(document(frame, floor + 46.0), up, (left, right));
    let mut free = left;
    for tick in ticks(least, most) {
        let x = across.at(tick.ln());
        if x < free {
            continue;
        }
        free = x + TICK;
        document = document
            .add(line("grid", (x, top), (x, floor + 4.0)))
            .add(text(
                "small quiet middle",
                format!("{tick}"),
                x,
                floor + 18.0,
            ));
    }
    let axis = frame.of(
        "milliseconds until the answer was there, on a scale of doublings",
        "milliseconds until the answer was there",
    );
    document = document.add(text(
        "small quiet middle",
        axis,
        f64::midpoint(left, right),
        floor + 36.0,
    ));
    let sides = [
        (&latency.without, "baseline", "quiet", "without the filter"),
        (&latency.with, "filter", "filter", "with it"),
    ];
    for (number, (distribution, class, label, name)) in sides.into_iter().enumerate() {
        document = document
            .add(curve(distribution, class, across, up))
            .add(match frame {
                Frame::Wide => beside(latency, distribution, (label, name), across, up),
                Frame::Narrow => above(distribution, (class, label, name), number),
            });
    }
    document
}

/// From the shortest to the longest that is drawn, in milliseconds.
fn bounds(latency: &Latency) -> (f64, f64) {
    let all = [&latency.without, &latency.with];
    let shown = all.into_iter().flat_map(shown).map(|point| point.ms);
    let (least, most) = shown.fold((f64::MAX, 0.0_f64), |(least, most), ms| {
        (least.min(ms), most.max(ms))
    });
    // A distribution of one number has some width, too.
    (least.min(most / 1.5) / 1.05, most * 1.05)
}

fn shown(distribution: &Distribution) -> impl Iterator<Item = &Point> {
    let points = distribution.curve.iter();
    points.filter(|point| SHOWN.contains(&point.share))
}

/// Round numbers between these.
fn ticks(least: f64, most: f64) -> Vec<f64> {
    let powers = [0.01, 0.1, 1.0, 10.0, 100.0, 1_000.0];
    let digits = |power: f64| [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0].map(|digit| digit * power);
    // Products of tenths have long tails.
    let all = powers.into_iter().flat_map(digits);
    let all = all.map(|tick| (tick * 1_000.0).round() / 1_000.0);
    all.filter(|tick| (least..=most).contains(tick)).collect()
}

fn curve(distribution: &Distribution, class: &str, across: Scale, up: Scale) -> Group {
    let points = shown(distribution);
    let points = points.map(|point| (across.at(point.ms.ln()), up.at(point.share * 100.0)));
    let mut group = Group::new().add(path(&format!("curve {class}"), points));
    for quantile in &distribution.quantiles {
        let y = up.at(quantile.share * 100.0);
        let [low, high] = [quantile.low_ms, quantile.high_ms].map(|ms| across.at(ms.ln()));
        if high <= across.to.1 {
            group = group.add(line(&format!("whisker {class}"), (low, y), (high, y)));
        }
    }
    group
}

/// Its name and its median, on that side of the line where the other one is not.
fn beside(
    latency: &Latency,
    own: &Distribution,
    (class, name): (&str, &str),
    across: Scale,
    up: Scale,
) -> Group {
    let ms = median(own);
    let is_first = ms <= median(&latency.with) && ms <= median(&latency.without);
    let (side, gap) = if is_first { ("end", -16.0) } else { ("", 16.0) };
    let (x, y) = (across.at(ms.ln()) + gap, up.at(50.0));
    let class = format!("{class} strong {side}");
    Group::new().add(text(&class, name, x, y - 5.0)).add(text(
        &format!("small quiet {side}"),
        half(ms),
        x,
        y + 12.0,
    ))
}

/// The same above the lines, where there is no room beside them.
fn above(own: &Distribution, (line_of, class, name): (&str, &str, &str), number: usize) -> Group {
    let y = 14.0 + 18.0 * real(number as u64);
    let curve = format!("curve {line_of}");
    let name = format!("{name}: {}", half(median(own)));
    Group::new()
        .add(line(&curve, (10.0, y - 4.0), (30.0, y - 4.0)))
        .add(text(class, name, 40.0, y))
}

fn half(ms: f64) -> String {
    format!("half within {ms:.2} ms")
}

fn median(distribution: &Distribution) -> f64 {
    let half = distribution
        .quantiles
        .iter()
        .find(|quantile| quantile.share >= 0.5);
    half.map_or(0.0, |quantile| quantile.ms)
}
