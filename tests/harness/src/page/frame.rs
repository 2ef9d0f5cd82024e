//! What the figures have in common: their two widths, scales, and elements by class. Colours are
//! the style sheet's.

use svg::Document;
use svg::node::element::{Circle, Group, Line, Path, Rectangle, Text, Title};

/// How wide a figure is drawn, since letters that shrink with a window cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// For a window on a desk.
    Wide,
    /// For a telephone.
    Narrow,
}

impl Frame {
    pub(super) const ALL: [Self; 2] = [Self::Wide, Self::Narrow];

    /// In pixels.
    pub(super) fn width(self) -> f64 {
        self.of(880.0, 352.0)
    }

    /// Its class in the page.
    pub(super) fn name(self) -> &'static str {
        self.of("wide", "narrow")
    }

    /// What fits it.
    pub(super) fn of<T>(self, wide: T, narrow: T) -> T {
        match self {
            Self::Wide => wide,
            Self::Narrow => narrow,
        }
    }
}

/// From numbers to pixels, in proportion.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) from: (f64, f64),
    pub(super) to: (f64, f64),
}

impl Scale {
    pub(super) fn at(self, number: f64) -> f64 {
        let share = (number - self.from.0) / (self.from.1 - self.from.0);
        rounded(self.to.0 + share * (self.to.1 - self.to.0))
    }
}

/// A tenth of a pixel is enough.
pub(super) fn rounded(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

/// An empty figure.
pub(super) fn document(frame: Frame, height: f64) -> Document {
    Document::new()
        .set("class", "figure")
        .set("viewBox", (0, 0, frame.width(), height))
}

pub(super) fn text(class: &str, content: impl Into<String>, x: f64, y: f64) -> Text {
    Text::new(content)
        .set("class", class)
        .set("x", rounded(x))
        .set("y", rounded(y))
}

pub(super) fn line(class: &str, from: (f64, f64), to: (f64, f64)) -> Line {
    Line::new()
        .set("class", class)
        .set("x1", rounded(from.0))
        .set("y1", rounded(from.1))
        .set("x2", rounded(to.0))
        .set("y2", rounded(to.1))
}

pub(super) fn rectangle(class: &str, x: f64, y: f64, width: f64, height: f64) -> Rectangle {
    Rectangle::new()
        .set("class", class)
        .set("x", rounded(x))
        .set("y", rounded(y))
        .set("width", rounded(width))
        .set("height", rounded(height))
}

/// A dot that tells what it stands for.
pub(super) fn dot(class: &str, x: f64, y: f64, radius: f64, told: String) -> Group {
    let dot = Circle::new()
        .set("class", format!("dot {class}"))
        .set("cx", rounded(x))
        .set("cy", rounded(y))
        .set("r", radius);
    Group::new().add(Title::new(told)).add(dot)
}

/// A line through these points.
pub(super) fn path(class: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Path {
    let points = points.into_iter().enumerate().map(|(number, (x, y))| {
        let letter = if number == 0 { 'M' } else { 'L' };
        format!("{letter}{} {}", rounded(x), rounded(y))
    });
    let data: Vec<_> = points.collect();
    Path::new().set("class", class).set("d", data.join(""))
}

/// The lines of a scale in percent, each with its number before it, between these two sides.
pub(super) fn percents(document: Document, up: Scale, (left, right): (f64, f64)) -> Document {
    [0_u8, 25, 50, 75, 100]
        .into_iter()
        .fold(document, |document, percent| {
            let y = up.at(percent.into());
            let number = text(
                "small quiet end",
                format!("{percent} %"),
                left - 8.0,
                y + 4.0,
            );
            document
                .add(line("grid", (left, y), (right, y)))
                .add(number)
        })
}

/// Seconds with a tenth, of milliseconds.
pub(super) fn seconds(millis: i64) -> String {
    #[allow(clippy::cast_precision_loss)] // Minutes.
    let seconds = millis as f64 / 1_000.0;
    format!("{seconds:.1} s")
}

/// Counts and moments are small: pixels are far coarser.
#[allow(clippy::cast_precision_loss)]
pub(super) fn real(number: u64) -> f64 {
    number as f64
}

/// How long a text is at most, in pixels: fonts differ, and a wide one has to fit.
pub(super) fn broad(text: &str) -> f64 {
    8.0 * real(text.chars().count() as u64)
}

/// The seconds from one label of an axis to its next, where a second is so wide.
pub(super) fn stride(second: f64) -> u64 {
    const ROOM: f64 = 28.0;
    let fits = |seconds: &u64| real(*seconds) * second >= ROOM;
    [1, 2, 5, 10, 30, 60].into_iter().find(fits).unwrap_or(300)
}
