//! Pictures of a report, in SVG. Knows neither pages nor files.
//!
//! Every picture is a function of the whole report and of a size, and fills that size: names that are
//! too long are shortened, what is too much is left out and counted.

mod axis;
mod circles;
mod largest;
mod legend;
mod matrix;
mod order;
mod raster;
mod reach;
mod segments;
mod style;
mod svg;
mod trend;
mod upset;
mod venn;

#[cfg(test)]
mod tests;

pub(crate) use matrix::{jaccard, share_of};
pub(crate) use style::{DARK, LIGHT};

pub use circles::{Circle, areas, circles, lens};
pub use raster::png;
pub use svg::Size;

use crate::report::FullReport;
use matrix::Measure;
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
    /// A column for every exclusive region, of two to eight sides.
    Upset,
    /// A bar for each of the largest regions, of more sides.
    Largest,
    /// Every two of three and more sides, as a heat map of shares of the row's users.
    Matrix,
    /// The same by Jaccard: users of both as a share of the users of either.
    Jaccard,
    /// The reach of ever more sides together.
    Reach,
    /// Where the second side's new users are.
    Segments,
    /// Reach over time.
    Trend,
}

impl PictureKind {
    /// Every kind, in the order of a page.
    pub const ALL: [Self; 8] = [
        Self::Venn,
        Self::Upset,
        Self::Largest,
        Self::Segments,
        Self::Reach,
        Self::Matrix,
        Self::Jaccard,
        Self::Trend,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Venn => "venn",
            Self::Upset => "upset",
            Self::Largest => "largest",
            Self::Matrix => "matrix",
            Self::Jaccard => "jaccard",
            Self::Reach => "reach",
            Self::Segments => "segments",
            Self::Trend => "trend",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What it shows, and of which sides.
    #[must_use]
    pub const fn shows(self) -> &'static str {
        match self {
            Self::Venn => "Circles whose areas are users, of one to three sides",
            Self::Upset => "A column for every exclusive region, of two to eight sides",
            Self::Largest => "The largest exclusive regions, of more than eight sides",
            Self::Matrix => {
                "Every two of three or more sides, as a heat map of shares of the row's users"
            }
            Self::Jaccard => "Every two of three or more sides, as a heat map of Jaccard",
            Self::Reach => "The reach of ever more sides together",
            Self::Segments => "Where the second side's new users are; needs segments of two sides",
            Self::Trend => "Reach over time; needs a column of the day",
        }
    }

    /// Whether the report has what it shows.
    #[must_use]
    pub fn is_in(self, report: &FullReport) -> bool {
        let sides = report.sides.len();
        match self {
            Self::Venn => !report.regions.is_empty() && sides <= 3,
            Self::Upset => !report.regions.is_empty() && sides >= 2,
            Self::Largest => (report.largest.as_ref()).is_some_and(|it| !it.regions.is_empty()),
            Self::Matrix | Self::Jaccard => {
                sides > 2 && !(report.pairs.is_empty() && report.overlaps.is_empty())
            }
            Self::Reach => report.reach.iter().any(|curve| !curve.steps.is_empty()),
            Self::Segments => report.segments.is_some(),
            Self::Trend => report
                .trend
                .as_ref()
                .is_some_and(|trend| !trend.days.is_empty()),
        }
    }

    /// Whether it has a part of the page for itself: where circles do, no columns are needed, and Jaccard
    /// is the other choice of the heat map.
    pub(crate) fn is_on_page(self, report: &FullReport) -> bool {
        let is_wanted = match self {
            Self::Upset => !Self::Venn.is_in(report),
            Self::Jaccard => false,
            _ => true,
        };
        is_wanted && self.is_in(report)
    }

    /// What a report lacks that this picture isn't in.
    #[must_use]
    pub const fn needs(self) -> &'static str {
        match self {
            Self::Venn => "one to three sides and their regions",
            Self::Upset => "two to eight sides and their regions",
            Self::Largest => {
                "more than eight sides with samples, or a list of their largest regions"
            }
            Self::Matrix | Self::Jaccard => "three or more sides and every two of them",
            Self::Reach => "a curve of reach, of three or more sides",
            Self::Segments => "segments of two sides",
            Self::Trend => "reach over time",
        }
    }

    fn title(self, report: &FullReport) -> String {
        const NAMED: usize = 8;
        let names = report
            .sides
            .iter()
            .take(NAMED)
            .map(|side| side.name.as_str());
        let mut names = names.collect::<Vec<_>>().join(", ");
        if report.sides.len() > NAMED {
            names += &format!(" and {} more", report.sides.len() - NAMED);
        }
        format!("{}: {names}", self.heading())
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Venn => {
                "Circles whose areas are users; the area that circles share is users of all of them. The table has the numbers."
            }
            Self::Upset => {
                "A column for every choice of sides, as high as the users that are on just these sides. The table has the numbers."
            }
            Self::Largest => {
                "A bar for each of the largest groups of users who are on just the same sides. The table has the numbers."
            }
            Self::Jaccard => {
                "A square for every two sides, the darker the more of the users of either are on both. The table has the numbers."
            }
            Self::Matrix => {
                "A square for every two sides, the darker the more of the row's users are on the column's side. The table has the numbers."
            }
            Self::Reach => {
                "Lines that rise with the users that ever more sides reach together. The table has the numbers."
            }
            Self::Segments => {
                "A bar for every segment: the partner's users, and those of them that are new. The table has the numbers."
            }
            Self::Trend => {
                "Lines over time: users of each day, of all days so far, and the share that comes again. The table has the numbers."
            }
        }
    }

    /// What stands above it on a page.
    pub(crate) const fn heading(self) -> &'static str {
        match self {
            Self::Venn | Self::Upset => "Who is where",
            Self::Largest => "Who is where: the largest regions",
            Self::Matrix => "Every two sides",
            Self::Jaccard => "Every two sides, by Jaccard",
            Self::Reach => "Reach of ever more sides",
            Self::Segments => "Where the new users are",
            Self::Trend => "Over time",
        }
    }

    /// How it is to be read.
    pub(crate) const fn caption(self) -> &'static str {
        match self {
            Self::Venn => {
                "Whiskers, and dashed outlines of two circles, are the limits of the intervals."
            }
            Self::Upset => {
                "Each column counts the users of just the sides marked below it. Whiskers are the limits of the intervals."
            }
            Self::Largest => {
                "Each bar counts the users of just the sides that it names. Whiskers are the limits of the intervals."
            }
            Self::Jaccard => {
                "Dark squares: most of the users of either side are on both. Sides that share much stand together."
            }
            Self::Matrix => {
                "Dark squares: most of the row's users are on the column's side too. Sides that share much stand together."
            }
            Self::Reach => {
                "Each point adds one side to those before it. Band and whiskers are the limits of the intervals."
            }
            Self::Segments => {
                "Long orange bars are where the partner brings most new users. Whiskers are the limits of the intervals."
            }
            Self::Trend => "Bands are the limits of the intervals.",
        }
    }

    /// Its size on a page.
    pub(crate) fn wide(self, report: &FullReport) -> Size {
        let height = match self {
            Self::Venn => PAGE.height,
            Self::Upset => 300.0 + 21.0 * report.sides.len() as f64,
            Self::Largest => 43.0 * PAGE.font,
            Self::Matrix | Self::Jaccard => matrix_height(report),
            Self::Reach => 460.0,
            Self::Segments => 760.0,
            Self::Trend => 640.0,
        };
        Size { height, ..PAGE }
    }

    /// Its size on a narrow screen; `None` if the wide one is to be moved sideways there.
    pub(crate) fn narrow(self, report: &FullReport) -> Option<Size> {
        /// More would be as long again.
        const SIDES_MAX: usize = 20;
        let few = report.sides.len() <= SIDES_MAX;
        let height = match self {
            Self::Matrix | Self::Jaccard if !few => return None,
            Self::Largest => 80.0 * PHONE.font,
            Self::Trend => 560.0,
            Self::Segments => 700.0,
            Self::Upset => 260.0 + 20.0 * report.sides.len() as f64,
            Self::Venn | Self::Matrix | Self::Jaccard | Self::Reach => 440.0,
        };
        Some(Size { height, ..PHONE })
    }

    fn canvas(self, report: &FullReport, size: Size) -> Canvas {
        match self {
            Self::Venn => venn::draw(report, size),
            Self::Upset => upset::draw(report, size),
            Self::Largest => largest::draw(report, size),
            Self::Matrix => matrix::draw(report, size, Measure::Share),
            Self::Jaccard => matrix::draw(report, size, Measure::Jaccard),
            Self::Reach => reach::draw(report, size),
            Self::Segments => segments::draw(report, size),
            Self::Trend => trend::draw(report, size),
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

/// Squares that names fit beside, for as long as a page is wide.
fn matrix_height(report: &FullReport) -> f64 {
    const ROWS: f64 = 40.0;
    PAGE.width
        .min(320.0 + 24.0 * (report.sides.len() as f64).min(ROWS))
}
