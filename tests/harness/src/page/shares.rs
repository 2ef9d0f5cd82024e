//! Intended against observed: each share as a multiple of what the policy says, so that a tenth of a
//! percent and a half have room on one scale.

use svg::Document;
use svg::node::element::Group;

use super::frame::{Frame, Scale, document, dot, line, real, rectangle, text};
use crate::bench::thousands;
use crate::series::Share;

const ROW: f64 = 30.0;
const NARROW_ROW: f64 = 46.0;
const HEADING: f64 = 26.0;
const BAND: f64 = 12.0;

/// The figure.
pub(super) fn draw(shares: &[Share], frame: Frame) -> Document {
    let row = frame.of(ROW, NARROW_ROW);
    let floor = HEADING + row * real(shares.len() as u64);
    let (left, right) = frame.of((216.0, 660.0), (10.0, frame.width() - 10.0));
    let scale = Scale {
        from: bounds(shares),
        to: (left, right),
    };
    let mut document = document(frame, floor + 42.0);
    for quarter in (0..=12_u8).step_by(frame.of(1, 2)) {
        let multiple = f64::from(quarter) / 4.0;
        if multiple < scale.from.0 || multiple > scale.from.1 {
            continue;
        }
        let x = scale.at(multiple);
        let is_one = quarter == 4;
        let class = if is_one { "plan" } else { "grid" };
        for (from, to) in heights(shares.len(), frame, floor) {
            document = document.add(line(class, (x, from), (x, to)));
        }
        let label = if is_one {
            "as intended".to_owned()
        } else {
            format!("× {multiple}")
        };
        let class = if is_one {
            "small middle strong"
        } else {
            "small middle quiet"
        };
        document = document.add(text(class, label, x, floor + 16.0));
    }
    let axis = frame.of(
        "observed share as a multiple of the intended one; shaded: what is accepted",
        "observed ÷ intended; shaded: what is accepted",
    );
    document = document.add(text(
        "small quiet middle",
        axis,
        f64::midpoint(left, right),
        floor + 34.0,
    ));
    if frame == Frame::Wide {
        document = document
            .add(text("small quiet end", "policy", 62.0, 14.0))
            .add(text("small quiet", "version", 78.0, 14.0))
            .add(text("small quiet end", "observed", 740.0, 14.0))
            .add(text("small quiet end", "users", frame.width() - 2.0, 14.0));
    }
    for (number, share) in shares.iter().enumerate() {
        let top = HEADING + row * real(number as u64);
        document = document.add(drawn(share, frame, scale, top));
    }
    document
}

/// From where to where the lines of the grid go: on a narrow page not through the words above each
/// share.
fn heights(shares: usize, frame: Frame, floor: f64) -> Vec<(f64, f64)> {
    match frame {
        Frame::Wide => vec![(HEADING - 4.0, floor)],
        Frame::Narrow => (0..shares as u64)
            .map(|number| HEADING + NARROW_ROW * real(number))
            .map(|top| (top + 22.0, top + 40.0))
            .collect(),
    }
}

/// From the least multiple to the greatest that has to be seen, with a margin.
fn bounds(shares: &[Share]) -> (f64, f64) {
    let all = shares
        .iter()
        .flat_map(|share| [share.low, share.hits, share.high].map(|count| multiple(share, count)));
    let (low, high) = all.fold((0.8_f64, 1.2_f64), |(low, high), multiple| {
        (low.min(multiple), high.max(multiple))
    });
    ((low - 0.06).max(0.0), high.min(3.0) + 0.06)
}

fn multiple(share: &Share, count: u64) -> f64 {
    real(count) / (real(share.users) * share.intended_percent / 100.0)
}

fn drawn(share: &Share, frame: Frame, scale: Scale, top: f64) -> Group {
    let colour = if share.version == "v3" {
        "second"
    } else {
        "canary"
    };
    let at = |count: u64| scale.at(multiple(share, count));
    let middle = top + frame.of(ROW / 2.0, 31.0);
    let (low, high) = (at(share.low), at(share.high));
    let intended = format!("{} %", share.intended_percent);
    let observed = format!("{:.2} %", share.observed_percent());
    let users = format!(
        "{} of {}",
        thousands(real(share.hits)),
        thousands(real(share.users))
    );
    let class = if share.is_accepted() {
        colour
    } else {
        "failure"
    };
    let told = format!(
        "{} at {intended}: {} of {} users, accepted {} to {}",
        share.version, share.hits, share.users, share.low, share.high
    );
    let beside = share.split.contains('/');
    let group = Group::new()
        .set("class", "share")
        .add(rectangle(
            &format!("band {colour}"),
            low,
            middle - BAND / 2.0,
            high - low,
            BAND,
        ))
        .add(dot(class, at(share.hits), middle, 5.5, told));
    match frame {
        Frame::Wide => {
            let base = middle + 4.5;
            let split = if beside {
                format!("of {}", share.split)
            } else {
                String::new()
            };
            group
                .add(text("end", intended, 62.0, base))
                .add(text(
                    &format!("strong {colour}"),
                    &*share.version,
                    78.0,
                    base,
                ))
                .add(text("small quiet", split, 102.0, base))
                .add(text("end strong", observed, 740.0, base))
                .add(text("end quiet", users, frame.width() - 2.0, base))
        }
        Frame::Narrow => {
            let base = top + 17.0;
            let intended = format!("at {intended}");
            group
                .add(text(
                    &format!("strong {colour}"),
                    &*share.version,
                    10.0,
                    base,
                ))
                .add(text("", intended, 32.0, base))
                .add(text("end strong", observed, 200.0, base))
                .add(text("end quiet", users, frame.width() - 10.0, base))
        }
    }
}
