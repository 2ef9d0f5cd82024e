//! Shares as a picture: a bar for each version, and a line where the policy says that it ends. Below,
//! what ramps have planned.

use svg::Document;
use svg::node::element::{Group, Line, Rectangle, Text};

use super::Outcome;
use super::count::Shares;
use super::plot;
use super::show::percent;

const WIDTH: f64 = 720.0;
pub(super) const MARGIN: f64 = 24.0;
/// Where bars begin, and how long all users are.
pub(super) const LEFT: f64 = 160.0;
pub(super) const LONGEST: f64 = 440.0;
const ROW: f64 = 28.0;
const HEADING: f64 = 44.0;

/// Readable to those who confuse colours; the first is the baseline's.
pub(super) const COLOURS: [&str; 6] = [
    "#7a8594", "#2f6fd0", "#e08214", "#3a9b5c", "#a04fb0", "#b8432f",
];

pub(super) fn draw(outcome: &Outcome) -> Document {
    let mut top = MARGIN;
    let mut document = Document::new()
        .set("font-family", "system-ui, sans-serif")
        .set("font-size", 14);
    let mut groups = Vec::new();
    for service in &outcome.services {
        groups.push(group(service, outcome.users, top));
        #[expect(clippy::cast_precision_loss, reason = "at most 64 versions")]
        let rows = service.versions.len() as f64;
        top += HEADING + ROW * rows;
        for plan in &service.plans {
            groups.push(plot::draw(plan, outcome.now, top));
            top += plot::HEIGHT;
        }
    }
    let height = top + MARGIN;
    document = document
        .set("viewBox", (0, 0, WIDTH, height))
        .add(rectangle(0.0, 0.0, WIDTH, height, "#ffffff"));
    groups.into_iter().fold(document, Document::add)
}

#[expect(clippy::cast_precision_loss, reason = "users are far below 2^52")]
fn group(service: &Shares, users: u64, top: f64) -> Group {
    let heading = Text::new(&*service.service)
        .set("x", MARGIN)
        .set("y", top + 16.0)
        .set("font-weight", "bold");
    let mut group = Group::new().add(heading);
    let colours = COLOURS.iter().cycle();
    for (at, (version, colour)) in service.versions.iter().zip(colours).enumerate() {
        let y = top + HEADING - 12.0 + ROW * at as f64;
        let length = |part: f64| LONGEST * part / users as f64;
        let expected = LEFT + length(version.expected);
        let line = Line::new()
            .set("x1", expected)
            .set("x2", expected)
            .set("y1", y - 2.0)
            .set("y2", y + 20.0)
            .set("stroke", "#000000");
        let label = format!("{} ({})", percent(version.users, users), version.users);
        group = group
            .add(text(&version.name, MARGIN, y + 14.0))
            .add(rectangle(LEFT, y, LONGEST, 18.0, "#eef0f3"))
            .add(rectangle(
                LEFT,
                y,
                length(version.users as f64),
                18.0,
                colour,
            ))
            .add(line)
            .add(text(&label, LEFT + LONGEST + 8.0, y + 14.0).set("font-size", 11));
    }
    group
}

pub(super) fn text(content: &str, x: f64, y: f64) -> Text {
    Text::new(content).set("x", x).set("y", y)
}

pub(super) fn rectangle(x: f64, y: f64, width: f64, height: f64, fill: &str) -> Rectangle {
    Rectangle::new()
        .set("x", x)
        .set("y", y)
        .set("width", width)
        .set("height", height)
        .set("fill", fill)
}
