//! What cases add to a request, as bars.

use svg::Document;
use svg::node::element::{Group, Line, Rectangle, Text};

use super::report::{Row, thousands};

const WIDTH: f64 = 820.0;
const MARGIN: f64 = 24.0;
/// Where bars begin, and how long the longest is.
const LEFT: f64 = 260.0;
const LONGEST: f64 = 460.0;
const ROW: f64 = 24.0;
const BAR: f64 = 16.0;
const HEADING: f64 = 40.0;

/// A bar for each row that is held against a base; a line where its target ends.
pub(super) fn draw(rows: &[Row]) -> Document {
    let bars: Vec<(&Row, f64)> = rows
        .iter()
        .filter_map(|row| Some((row, row.added?)))
        .collect();
    let longest = bars.iter().map(|(_, added)| *added).fold(1.0, f64::max);
    #[allow(clippy::cast_precision_loss)] // A few dozen.
    let height = 2.0 * MARGIN + HEADING + ROW * bars.len() as f64;
    let title = Text::new("Instructions added to a request")
        .set("x", MARGIN)
        .set("y", MARGIN + 16.0)
        .set("font-weight", "bold");
    let document = Document::new()
        .set("viewBox", (0, 0, WIDTH, height))
        .set("font-family", "system-ui, sans-serif")
        .set("font-size", 13)
        .add(rectangle(0.0, 0.0, WIDTH, height, "#ffffff"))
        .add(title);
    bars.iter()
        .enumerate()
        .fold(document, |document, (at, (row, added))| {
            #[allow(clippy::cast_precision_loss)] // As above.
            let y = MARGIN + HEADING + ROW * at as f64;
            document.add(bar(row, *added, allowed(row, rows), LONGEST / longest, y))
        })
}

/// What the row may add by its target.
fn allowed(row: &Row, rows: &[Row]) -> Option<f64> {
    let held = row.held.as_ref()?;
    let other = rows.iter().find(|other| other.case == held.against)?;
    Some(other.added? * held.target?)
}

fn bar(row: &Row, added: f64, allowed: Option<f64>, scale: f64, y: f64) -> Group {
    // Noise can make nothing a little less than nothing.
    let length = added.max(0.0) * scale;
    let missed = allowed.is_some_and(|allowed| added > allowed);
    // Readable to those who confuse colours.
    let colour = match (allowed, missed) {
        (None, _) => "#7a8594",
        (Some(_), false) => "#2f6fd0",
        (Some(_), true) => "#e08214",
    };
    let group = Group::new()
        .add(text(&row.title, MARGIN, y))
        .add(rectangle(LEFT, y, length, BAR, colour))
        .add(text(&thousands(added), LEFT + length + 8.0, y));
    match allowed {
        None => group,
        Some(allowed) => {
            let x = LEFT + allowed * scale;
            let line = Line::new().set("x1", x).set("x2", x);
            let line = line.set("y1", y - 2.0).set("y2", y + BAR + 2.0);
            group.add(line.set("stroke", "#000000"))
        }
    }
}

fn text(content: &str, x: f64, y: f64) -> Text {
    Text::new(content).set("x", x).set("y", y + 13.0)
}

fn rectangle(x: f64, y: f64, width: f64, height: f64, colour: &str) -> Rectangle {
    Rectangle::new()
        .set("x", x)
        .set("y", y)
        .set("width", width)
        .set("height", height)
        .set("fill", colour)
}
