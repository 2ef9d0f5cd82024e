//! A plan as a picture: the versions' shares over time, one above the other.

use svg::node::element::{Group, Line};

use super::chart::{COLOURS, LEFT, LONGEST, MARGIN, rectangle, text};
use super::plan::{Plan, Stretch};
use crate::SCALE;
use crate::cli::clock::written;

/// How tall all users are, and a plot with what is written around it.
const TALLEST: f64 = 120.0;
pub(super) const HEIGHT: f64 = TALLEST + 64.0;

pub(super) fn draw(plan: &Plan, now: u64, top: f64) -> Group {
    let (Some(first), Some(last)) = (plan.course.first(), plan.course.last()) else {
        return Group::new();
    };
    let (begin, end) = (first.from, last.until);
    #[expect(clippy::cast_precision_loss, reason = "a pixel is far coarser")]
    let across = |moment: u64| LEFT + LONGEST * (moment - begin) as f64 / (end - begin) as f64;
    let floor = top + 28.0 + TALLEST;
    let small = |content: &str, x: f64, y: f64| text(content, x, y).set("font-size", 11);
    let mut group = Group::new()
        .add(text(&plan.rule, MARGIN, top + 40.0))
        .add(small("100 %", LEFT - 40.0, floor - TALLEST + 10.0))
        .add(small("0 %", LEFT - 40.0, floor));
    for stretch in &plan.course {
        group = column(
            group,
            stretch,
            (across(stretch.from), across(stretch.until)),
            floor,
        );
    }
    // The first change and the last; those between have no room for a text.
    let mut ends = vec![(first.until, "start"), (last.from, "end")];
    ends.dedup_by_key(|(moment, _)| *moment);
    for (moment, anchor) in ends {
        let label = small(&written(moment), across(moment), floor + 16.0);
        group = group.add(label.set("text-anchor", anchor));
    }
    if (begin..=end).contains(&now) {
        let line = Line::new()
            .set("x1", across(now))
            .set("x2", across(now))
            .set("y1", floor - TALLEST - 6.0)
            .set("y2", floor)
            .set("stroke", "#000000");
        let label = small("now", across(now), floor - TALLEST - 10.0);
        group = group.add(line).add(label.set("text-anchor", "middle"));
    }
    group
}

/// What each version has during a stretch, the first at the bottom.
fn column(mut group: Group, stretch: &Stretch, (from, until): (f64, f64), floor: f64) -> Group {
    let mut bottom = floor;
    for (buckets, colour) in stretch.buckets.iter().zip(COLOURS.iter().cycle()) {
        let height = TALLEST * f64::from(*buckets) / f64::from(SCALE);
        bottom -= height;
        if *buckets > 0 {
            group = group.add(rectangle(from, bottom, until - from, height, colour));
        }
    }
    group
}
