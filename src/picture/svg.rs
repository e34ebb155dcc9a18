//! A drawing in SVG: shapes, text that fits, and the frame around them. Knows no report.

use std::fmt::Write;

/// How large a drawing is, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Width.
    pub width: f64,
    /// Height; what doesn't fit is left out by the picture itself, and said so.
    pub height: f64,
    /// Height of the letters.
    pub font: f64,
}

impl Size {
    /// A size whose letters are readable from where pictures of that size are looked at.
    #[must_use]
    pub fn of(width: f64, height: f64) -> Self {
        const LETTERS_UP: f64 = 44.0;
        Self {
            width,
            height,
            font: (width.min(height) / LETTERS_UP).clamp(11.0, 60.0),
        }
    }

    /// Whether there is more room below than beside.
    pub(super) fn is_narrow(&self) -> bool {
        self.width < 34.0 * self.font || self.width < 0.9 * self.height
    }
}

/// Where a text stands relative to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    const fn attribute(self) -> &'static str {
        match self {
            Self::Start => "",
            Self::Middle => " text-anchor=\"middle\"",
            Self::End => " text-anchor=\"end\"",
        }
    }
}

/// A drawing that grows.
#[derive(Debug)]
pub(super) struct Canvas {
    pub(super) size: Size,
    /// Where its content ends, if it isn't made to fill the height.
    end: Option<f64>,
    body: String,
}

impl Canvas {
    pub(super) const fn new(size: Size) -> Self {
        Self {
            size,
            end: None,
            body: String::new(),
        }
    }

    /// The height of the letters.
    pub(super) const fn em(&self) -> f64 {
        self.size.font
    }

    /// Says where the content ends: a page makes just so much room, a file of its own scales what is
    /// higher than it and has what is lower in its middle.
    pub(super) fn ends_at(&mut self, height: f64) {
        self.end = Some(height.ceil());
    }

    pub(super) fn rect(&mut self, [x, y, width, height]: [f64; 4], class: &str) {
        let (x, y) = (number(x), number(y));
        let (width, height) = (number(width.max(0.0)), number(height.max(0.0)));
        self.add(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"
        ));
    }

    /// A circle to nine digits: areas are measured on it.
    pub(super) fn circle(&mut self, [x, y]: [f64; 2], radius: f64, class: &str) {
        self.add(format_args!(
            "<circle class=\"{class}\" cx=\"{x:.6}\" cy=\"{y:.6}\" r=\"{radius:.6}\"/>"
        ));
    }

    pub(super) fn dot(&mut self, [x, y]: [f64; 2], radius: f64, class: &str) {
        let (x, y, radius) = (number(x), number(y), number(radius));
        self.add(format_args!(
            "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>"
        ));
    }

    pub(super) fn line(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], class: &str) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(number);
        self.add(format_args!(
            "<path class=\"{class}\" d=\"M{x1} {y1}L{x2} {y2}\"/>"
        ));
    }

    /// A path through some points; closed if it encloses an area.
    pub(super) fn path(&mut self, points: &[[f64; 2]], is_closed: bool, class: &str) {
        let mut d = String::new();
        for (i, [x, y]) in points.iter().enumerate() {
            let command = if i == 0 { 'M' } else { 'L' };
            let _ = write!(d, "{command}{} {}", number(*x), number(*y));
        }
        if is_closed {
            d.push('Z');
        }
        self.raw_path(&d, class);
    }

    pub(super) fn raw_path(&mut self, d: &str, class: &str) {
        self.add(format_args!("<path class=\"{class}\" d=\"{d}\"/>"));
    }

    /// A horizontal interval with its ends.
    pub(super) fn whisker(&mut self, y: f64, [from, to]: [f64; 2], half: f64) {
        self.line([from, y], [to, y], "whisker");
        self.line([from, y - half], [from, y + half], "whisker");
        self.line([to, y - half], [to, y + half], "whisker");
    }

    /// A vertical interval with its ends.
    pub(super) fn upright_whisker(&mut self, x: f64, [from, to]: [f64; 2], half: f64) {
        self.line([x, from], [x, to], "whisker");
        self.line([x - half, from], [x + half, from], "whisker");
        self.line([x - half, to], [x + half, to], "whisker");
    }

    /// A text, the foot of its letters at `y`; what is wider than `room` is shortened.
    pub(super) fn text(
        &mut self,
        [x, y]: [f64; 2],
        anchor: Anchor,
        room: f64,
        class: &str,
        text: &str,
    ) {
        let shown = shortened(text, room / self.em());
        let (x, y) = (number(x), number(y));
        let title = full_text(text, &shown);
        let (shown, anchor) = (escaped(&shown), anchor.attribute());
        self.add(format_args!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{anchor}>{title}{shown}</text>"
        ));
    }

    /// A text from the bottom to the top, its end at `y`.
    pub(super) fn upright_text(&mut self, place: [f64; 2], room: f64, class: &str, text: &str) {
        self.turned(place, Anchor::End, room, class, text);
    }

    /// A text from the bottom to the top, its beginning at `y`.
    pub(super) fn upright_text_up(&mut self, place: [f64; 2], room: f64, class: &str, text: &str) {
        self.turned(place, Anchor::Start, room, class, text);
    }

    fn turned(&mut self, [x, y]: [f64; 2], anchor: Anchor, room: f64, class: &str, text: &str) {
        let anchor = anchor.attribute();
        let shown = shortened(text, room / self.em());
        let (x, y) = (number(x), number(y));
        let title = full_text(text, &shown);
        let shown = escaped(&shown);
        self.add(format_args!(
            "<text class=\"{class}\" transform=\"translate({x} {y}) rotate(-90)\"{anchor}>{title}{shown}</text>"
        ));
    }

    /// How wide a text is, at most.
    pub(super) fn width_of(&self, text: &str) -> f64 {
        ems(text) * self.em()
    }

    fn add(&mut self, shape: std::fmt::Arguments<'_>) {
        // Writing to a String can't fail.
        let _ = self.body.write_fmt(shape);
    }

    /// The drawing as a part of a page: `id` is unique there.
    pub(super) fn inline(mut self, id: &str, title: &str, description: &str) -> String {
        self.size.height = self.end.unwrap_or(self.size.height);
        let names = format!(" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\"");
        self.finished(&names, id, title, description, "")
    }

    /// The drawing as a file of its own.
    pub(super) fn standalone(self, title: &str, description: &str, style: &str) -> String {
        let style = format!(
            "<style>{style}</style><rect class=\"ground\" x=\"-100%\" y=\"-100%\" width=\"300%\" height=\"300%\"/>"
        );
        self.finished(" role=\"img\"", "picture", title, description, &style) + "\n"
    }

    fn finished(
        self,
        names: &str,
        id: &str,
        title: &str,
        description: &str,
        style: &str,
    ) -> String {
        let (width, height) = (number(self.size.width), number(self.size.height));
        let view = number(self.end.unwrap_or(0.0).max(self.size.height));
        let (title, description) = (escaped(title), escaped(description));
        let font = number(self.size.font);
        let body = match self.end.map(|end| 0.5 * (self.size.height - end)) {
            Some(above) if above > 0.0 => {
                let above = number(above);
                format!("<g transform=\"translate(0 {above})\">{}</g>", self.body)
            }
            _ => self.body,
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {view}\" width=\"{width}\" height=\"{height}\" font-size=\"{font}\"{names}><title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{description}</desc>{style}{body}</svg>"
        )
    }
}

/// The text as it was given, where it isn't shown whole.
fn full_text(text: &str, shown: &str) -> String {
    /// Enough to recognise a name by.
    const MOST: usize = 300;
    if text == shown {
        return String::new();
    }
    let text: String = text.chars().take(MOST).collect();
    format!("<title>{}</title>", escaped(&text))
}

/// A coordinate to a hundredth of a pixel.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".into()
    } else {
        text.into()
    }
}

/// Text as XML and HTML have it. Characters that XML forbids become U+FFFD.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            c if c.is_control() => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

/// A text that is no wider than `most` ems: its beginning and its end, an ellipsis in between.
pub(super) fn shortened(text: &str, most: f64) -> String {
    if ems(text) <= most {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().take(1 << 16).collect();
    let room = most - 1.0;
    let (mut head, mut tail, mut used) = (0, 0, 0.0);
    while head + tail < chars.len() {
        let takes_head = head <= 2 * tail;
        let next = if takes_head {
            chars[head]
        } else {
            chars[chars.len() - 1 - tail]
        };
        used += em(next);
        if used > room {
            break;
        }
        if takes_head {
            head += 1;
        } else {
            tail += 1;
        }
    }
    let head: String = chars[..head].iter().collect();
    let tail: String = chars[chars.len() - tail..].iter().collect();
    format!("{}…{}", head.trim_end(), tail.trim_start())
}

/// How wide a text is in ems, at most: by the widest of the fonts that are usual.
pub(super) fn ems(text: &str) -> f64 {
    text.chars().take(1 << 16).map(em).sum()
}

fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | ' ' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '—' | '…' => 1.02,
        'A'..='Z' | '&' | '+' | '<' | '>' | '=' => 0.84,
        '!'..='~' => 0.66,
        '\u{300}'..='\u{36F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' => 0.0,
        '\u{2066}'..='\u{2069}' => 0.0,
        '\u{0}'..='\u{24F}' => 0.8,
        '\u{250}'..='\u{5FF}' => 0.9,
        '\u{600}'..='\u{10FF}' => 1.1,
        _ => 1.25,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_wide_keeps_its_beginning_and_its_end() {
        assert_eq!(shortened("shop", 10.0), "shop");
        let long = "a very long name of a shop 2026-11";
        let short = shortened(long, 10.0);
        assert!(ems(&short) <= 10.0, "{short}");
        assert!(
            short.starts_with("a very") && short.ends_with("11"),
            "{short}"
        );
        assert!(ems(&shortened(&"語".repeat(10_000), 12.0)) <= 12.0);
    }

    #[test]
    fn names_stay_text() {
        assert_eq!(
            escaped("<script>\"&'\u{0}\n"),
            "&lt;script&gt;&quot;&amp;&#39;\u{FFFD} "
        );
    }

    #[test]
    fn coordinates_are_short() {
        let texts = [1.0, -0.001, 2.5, 1e6 / 3.0].map(number);
        assert_eq!(texts, ["1", "0", "2.5", "333333.33"]);
    }
}
