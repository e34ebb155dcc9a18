//! Pictures of a report, in SVG. Knows neither pages nor files.
//!
//! Every picture is a function of the whole report and of a size, and fills that size: names that are
//! too long are shortened, what is too much is left out and counted.

mod circles;
mod legend;
mod style;
mod svg;
mod venn;

#[cfg(test)]
mod tests;

pub(crate) use style::{DARK, LIGHT};
pub(crate) use svg::escaped;

pub use circles::{Circle, areas, circles, lens};
pub use svg::Size;

use crate::report::FullReport;
use svg::Canvas;

/// The usual size on a page.
const PAGE: Size = Size {
    width: 920.0,
    height: 420.0,
    font: 14.0,
};

/// The usual width on a narrow screen; heights are cut to what is drawn.
const PHONE: Size = Size {
    width: 340.0,
    height: 600.0,
    font: 13.0,
};

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    /// Circles whose areas are users, of one to three sides.
    Venn,
}

impl PictureKind {
    /// Every kind, in the order of a page.
    pub const ALL: [Self; 1] = [Self::Venn];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Venn => "venn",
        }
    }

    /// Whether the report has what it shows.
    #[must_use]
    pub fn is_in(self, report: &FullReport) -> bool {
        match self {
            Self::Venn => !report.regions.is_empty() && report.sides.len() <= 3,
        }
    }

    fn title(self, report: &FullReport) -> String {
        let names: Vec<&str> = report.sides.iter().map(|side| side.name.as_str()).collect();
        match self {
            Self::Venn => format!("Users of {}", names.join(", ")),
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Venn => {
                "Circles whose areas are users; the area that circles share is users of all of them. The table has the numbers."
            }
        }
    }

    fn canvas(self, report: &FullReport, size: Size) -> Canvas {
        match self {
            Self::Venn => venn::draw(report, size),
        }
    }

    /// What stands above it on a page.
    pub(crate) const fn heading(self) -> &'static str {
        match self {
            Self::Venn => "Who is where",
        }
    }

    /// How it is to be read.
    pub(crate) const fn caption(self) -> &'static str {
        match self {
            Self::Venn => {
                "Areas are users. Whiskers and dashed outlines are the limits of the intervals."
            }
        }
    }

    /// Its size on a page.
    pub(crate) fn wide(self, _report: &FullReport) -> Size {
        match self {
            Self::Venn => PAGE,
        }
    }

    /// Its size on a narrow screen; `None` if the wide one is to be moved sideways there.
    pub(crate) fn narrow(self, _report: &FullReport) -> Option<Size> {
        match self {
            Self::Venn => Some(PHONE),
        }
    }

    /// The picture as a file of its own.
    #[must_use]
    pub fn svg(self, report: &FullReport, size: Size) -> String {
        let canvas = self.canvas(report, size);
        canvas.standalone(&self.title(report), self.description(), LIGHT)
    }

    /// The picture as a part of a page, where `id` is unique.
    pub(crate) fn inline(self, report: &FullReport, size: Size, id: &str) -> String {
        let canvas = self.canvas(report, size);
        canvas.inline(id, &self.title(report), self.description())
    }
}
