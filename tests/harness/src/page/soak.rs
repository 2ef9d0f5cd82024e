//! A soak over time: what Envoy takes of the machine, and under how much load.

use svg::Document;
use svg::node::element::Group;

use super::frame::{Frame, Scale, broad, document, line, path, real, text};
use crate::series::{Soak, SoakSample};

const TALLEST: f64 = 150.0;
/// Between the two panels, with the names of the lower one.
const BETWEEN: f64 = 58.0;
/// Lines of a scale, beside its floor.
const LINES: u32 = 4;
const MEGABYTE: f64 = 1_048_576.0;

/// One line of a panel.
struct Curve {
    class: &'static str,
    name: &'static str,
    points: Vec<(f64, f64)>,
}

/// The figure.
pub(super) fn draw(soak: &Soak, frame: Frame) -> Document {
    let sides = (frame.of(60.0, 48.0), frame.width() - 14.0);
    let across = Scale {
        from: (0.0, real(soak.took_ms.max(1))),
        to: sides,
    };
    let memory = [
        curve(soak, "filter", "resident, as the kernel has it", |sample| {
            sample.resident_bytes
        }),
        curve(soak, "canary", "allocated, by Envoy's own word", |sample| {
            Some(sample.allocated_bytes)
        }),
    ];
    let rate = [Curve {
        class: "baseline",
        name: "requests in a second",
        points: rates(&soak.samples),
    }];
    let top = frame.of(34.0, 54.0);
    let second = top + TALLEST + BETWEEN;
    let floor = second + TALLEST;
    let mut document = document(frame, floor + 46.0)
        .add(panel("MB", &memory, across, top, frame))
        .add(panel("", &rate, across, second, frame));
    let step = [1, 2, 5, 10, 20, 60, 120, 300, 600, 1_200];
    let fits = |seconds: &&u64| across.at(real(**seconds * 1_000)) - sides.0 >= 36.0;
    let step = step.iter().find(fits).copied().unwrap_or(3_600);
    let minutes = step >= 60;
    for second in (0..=soak.took_ms / 1_000).filter(|second| second % step == 0) {
        let x = across.at(real(second * 1_000));
        let label = if minutes { second / 60 } else { second };
        document = document
            .add(line("axis", (x, floor), (x, floor + 4.0)))
            .add(text(
                "small quiet middle",
                label.to_string(),
                x,
                floor + 18.0,
            ));
    }
    let unit = if minutes { "minutes" } else { "seconds" };
    document.add(text(
        "small quiet middle",
        format!("{unit} under load"),
        f64::midpoint(sides.0, sides.1),
        floor + 36.0,
    ))
}

fn curve(
    soak: &Soak,
    class: &'static str,
    name: &'static str,
    bytes: impl Fn(&SoakSample) -> Option<u64>,
) -> Curve {
    let point = |sample: &SoakSample| Some((real(sample.at_ms), real(bytes(sample)?) / MEGABYTE));
    Curve {
        class,
        name,
        points: soak.samples.iter().filter_map(point).collect(),
    }
}

/// In the middle of each two samples, how many requests a second there were between them.
fn rates(samples: &[SoakSample]) -> Vec<(f64, f64)> {
    let between = |pair: &[SoakSample]| {
        let [before, after] = pair else { return None };
        let millis = after
            .at_ms
            .checked_sub(before.at_ms)
            .filter(|own| *own > 0)?;
        let requests = after.requests.saturating_sub(before.requests);
        let middle = f64::midpoint(real(before.at_ms), real(after.at_ms));
        Some((middle, real(requests) * 1_000.0 / real(millis)))
    };
    samples.windows(2).filter_map(between).collect()
}

/// Curves over a scale from 0 to a round number.
fn panel(unit: &str, curves: &[Curve], across: Scale, top: f64, frame: Frame) -> Group {
    let all = curves.iter().flat_map(|curve| &curve.points);
    let most = round(all.map(|point| point.1).fold(1.0, f64::max));
    let floor = top + TALLEST;
    let up = Scale {
        from: (0.0, most),
        to: (floor, top),
    };
    let mut group = Group::new();
    for number in 0..=LINES {
        let value = most * f64::from(number) / f64::from(LINES);
        let y = up.at(value);
        group = group
            .add(line("grid", (across.to.0, y), (across.to.1, y)))
            .add(text(
                "small quiet end",
                format!("{value} {unit}").trim_end().to_owned(),
                across.to.0 - 8.0,
                y + 4.0,
            ));
    }
    let (mut x, mut y) = (across.to.0, top - 14.0);
    for curve in curves {
        let class = format!("curve {}", curve.class);
        let points = curve.points.iter();
        let points = points.map(|(moment, value)| (across.at(*moment), up.at(*value)));
        group = group
            .add(path(&class, points))
            .add(line(&class, (x, y - 4.0), (x + 20.0, y - 4.0)))
            .add(text("", curve.name, x + 28.0, y));
        match frame {
            Frame::Wide => x += 28.0 + broad(curve.name) + 8.0,
            Frame::Narrow => y -= 20.0,
        }
    }
    group
}

/// The next number that four lines divide into round ones.
fn round(most: f64) -> f64 {
    let power = 10_f64.powf(most.log10().floor());
    let steps = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= most).unwrap_or(most)
}
