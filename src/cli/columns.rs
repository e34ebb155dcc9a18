//! Tables that fit a terminal: names are cut in their middle, and columns that still have no room go
//! below. Numbers are never cut.

use std::ops::Range;

/// The least that is left of a name, in characters.
const NAME_MIN: usize = 8;

/// Blanks between columns.
const GAP: usize = 2;

/// A table in lines of at most `width` characters: itself if it fits, otherwise one or more tables that
/// repeat the names.
pub fn fitted(lines: &[&str], width: usize) -> Vec<Vec<String>> {
    let rows: Vec<Vec<char>> = lines.iter().map(|line| line.chars().collect()).collect();
    let widest = rows.iter().map(Vec::len).max().unwrap_or(0);
    if widest <= width {
        return vec![lines.iter().map(|&line| line.to_owned()).collect()];
    }
    let places = columns(&rows, widest);
    let mut columns: Vec<Column> = (places.iter().enumerate())
        .map(|(place, range)| Column::new(&rows, range, place == 0))
        .collect();
    // Sentences at the end of rows go below, in lines of their own.
    let is_prose = |column: &mut Column| !column.is_names && 2 * column.width() > width;
    let prose = (columns.len() > 1)
        .then(|| columns.pop_if(is_prose))
        .flatten();
    fit(&mut columns, width);
    let names = columns.iter().take_while(|column| column.is_names).count();
    let names = names.clamp(1, columns.len());
    let (names, numbers) = columns.split_at(names);
    let room = width.saturating_sub(total(names));
    let mut tables = Vec::new();
    let mut from = 0;
    while from < numbers.len() || tables.is_empty() {
        let (mut to, mut used) = (from, 0);
        while to < numbers.len() {
            used += GAP + numbers[to].width();
            if used > room && to > from {
                break;
            }
            to += 1;
        }
        let own = &numbers[from..to];
        tables.push(table(names, own, rows.len(), !tables.is_empty()));
        from = to;
    }
    if let Some(prose) = prose {
        let lines = table(names, &[prose], rows.len(), true);
        tables.push(lines.iter().flat_map(|line| wrapped(line, width)).collect());
    }
    tables
}

/// Cuts names, the longest first, and then what stands above numbers, until the columns fit or have to
/// go below each other.
fn fit(columns: &mut [Column], width: usize) {
    /// Headers of columns that go below are readable again.
    const HEADER: usize = 14;
    for cut in [Column::cut_name, Column::cut_header] {
        while total(columns) > width {
            if !cut_longest(columns, cut) {
                break;
            }
        }
    }
    if total(columns) > width {
        for column in columns.iter_mut().filter(|column| !column.is_names) {
            column.most = HEADER;
        }
    }
}

/// How wide some columns are side by side.
fn total(columns: &[Column]) -> usize {
    let widths = columns.iter().map(Column::width);
    widths.sum::<usize>() + GAP * columns.len().saturating_sub(1)
}

/// Takes a character from the column that is the longest of those that can be cut; `false` if none can.
fn cut_longest(columns: &mut [Column], cut: fn(&Column) -> Option<usize>) -> bool {
    let longest = (columns.iter().enumerate())
        .filter_map(|(place, column)| Some((place, cut(column)?)))
        .max_by_key(|&(place, to)| (to, std::cmp::Reverse(place)));
    let Some((place, to)) = longest else {
        return false;
    };
    columns[place].most = to;
    true
}

/// Where the columns of some rows are: they are two blanks apart in every row.
fn columns(rows: &[Vec<char>], widest: usize) -> Vec<Range<usize>> {
    let is_blank = |place: usize| {
        let blank = |row: &Vec<char>| row.get(place).is_none_or(|c| *c == ' ');
        rows.iter().all(blank)
    };
    let mut found: Vec<Range<usize>> = Vec::new();
    for place in (0..widest).filter(|&place| !is_blank(place)) {
        match found.last_mut() {
            Some(last) if place < last.end + GAP => last.end = place + 1,
            _ => found.push(place..place + 1),
        }
    }
    found
}

/// One column.
struct Column {
    /// The header, then the rows.
    cells: Vec<String>,
    /// Whether its rows are names, which may be cut.
    is_names: bool,
    /// Whether its cells begin where it does.
    is_left: bool,
    /// More characters of a name or of the header aren't shown.
    most: usize,
}

impl Column {
    fn new(rows: &[Vec<char>], range: &Range<usize>, is_first: bool) -> Self {
        let slice = |row: &Vec<char>| -> String {
            let end = range.end.min(row.len());
            row.get(range.start..end)
                .unwrap_or_default()
                .iter()
                .collect()
        };
        let slices: Vec<String> = rows.iter().map(slice).collect();
        let filled = || slices.iter().filter(|text| !text.trim().is_empty());
        let is_left = is_first || filled().all(|text| !text.starts_with(' '));
        let cells: Vec<String> = slices.iter().map(|text| text.trim().to_owned()).collect();
        let body = || cells.iter().skip(1).filter(|cell| !cell.is_empty());
        let is_number =
            |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit() || "+-–<".contains(c));
        let tells_one = |cell: &String| cell.contains(" – ") || cell.contains('±');
        let is_numbers = body().all(is_number) || body().any(tells_one);
        Self {
            is_names: !is_numbers || (is_first && !body().all(is_number)),
            most: cells
                .iter()
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0),
            cells,
            is_left,
        }
    }

    /// What a row shows.
    fn shown(&self, row: usize) -> String {
        let cell = &self.cells[row];
        match self.is_names || row == 0 {
            true => shortened(cell, self.most),
            false => cell.clone(),
        }
    }

    fn width(&self) -> usize {
        let rows = 0..self.cells.len();
        rows.map(|row| self.shown(row).chars().count())
            .max()
            .unwrap_or(0)
    }

    /// One character less, if it is of names and these are long.
    fn cut_name(&self) -> Option<usize> {
        let shorter = self.width().saturating_sub(1);
        (self.is_names && shorter >= NAME_MIN).then_some(shorter)
    }

    /// One character less, if the header is what makes it wide.
    fn cut_header(&self) -> Option<usize> {
        const HEADER_MIN: usize = 4;
        let header = self.shown(0).chars().count();
        let body = (1..self.cells.len()).map(|row| self.shown(row).chars().count());
        let body = body.max().unwrap_or(0).max(HEADER_MIN);
        (!self.is_names && header > body).then(|| header - 1)
    }
}

/// The lines of some columns; of a table that goes on below another, only rows with numbers.
fn table(names: &[Column], numbers: &[Column], rows: usize, goes_on: bool) -> Vec<String> {
    let columns: Vec<&Column> = names.iter().chain(numbers).collect();
    let widths: Vec<usize> = columns.iter().map(|column| column.width()).collect();
    let has_numbers = |row: &usize| numbers.iter().any(|column| !column.cells[*row].is_empty());
    let line = |row: usize| {
        let mut line = String::new();
        for (column, &width) in columns.iter().zip(&widths) {
            if !line.is_empty() {
                line.push_str("  ");
            }
            let cell = column.shown(row);
            let blanks = " ".repeat(width - cell.chars().count());
            line += &match column.is_left {
                true => cell + &blanks,
                false => blanks + &cell,
            };
        }
        line.trim_end().to_owned()
    };
    (0..rows)
        .filter(|row| !goes_on || has_numbers(row))
        .map(line)
        .collect()
}

/// A sentence in lines of at most so many characters, cut at blanks; words that are longer are names.
pub fn wrapped(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let word = shortened(word, width);
        let last = lines.len() - 1;
        let length = lines[last].chars().count();
        if length > 0 && length + 1 + word.chars().count() > width {
            lines.push(word);
            continue;
        }
        if length > 0 {
            lines[last].push(' ');
        }
        lines[last] += &word;
    }
    lines
}

/// A text of at most so many characters: its beginning and its end, an ellipsis in between.
fn shortened(text: &str, most: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= most {
        return text.to_owned();
    }
    let tail = most.saturating_sub(1) / 3;
    let head = most.saturating_sub(1 + tail);
    let head: String = chars[..head].iter().collect();
    let tail: String = chars[chars.len() - tail..].iter().collect();
    format!("{}…{}", head.trim_end(), tail.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows as reports have them: the first column flush left, all others flush right.
    fn aligned(rows: &[&[&str]]) -> Vec<String> {
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let line = |row: &&[&str]| {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let width = width(column);
                match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        rows.iter().map(line).collect()
    }

    fn shown(rows: &[&[&str]], width: usize) -> Vec<Vec<String>> {
        let lines = aligned(rows);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let tables = fitted(&lines, width);
        let lines = tables.iter().flatten();
        let widest = lines.map(|line| line.chars().count()).max();
        assert!(widest.is_some_and(|widest| widest <= width), "{tables:#?}");
        tables
    }

    const PAIRS: [&[&str]; 3] = [
        &["a", "b", "overlap", "95 % interval", "quality"],
        &[
            "a very long name of a platform 1",
            "a very long name of a platform 2",
            "62,054",
            "61,538 – 62,571",
            "good (± 0.8 %)",
        ],
        &[
            "shop",
            "a very long name of a platform 2",
            "1,062,054",
            "961,538 – 1,162,571",
            "fair (± 9.5 %)",
        ],
    ];

    #[test]
    fn what_fits_stays_as_it_is() {
        assert_eq!(shown(&PAIRS, 200), [aligned(&PAIRS)]);
    }

    #[test]
    fn names_are_cut_and_numbers_never() {
        for width in [100, 80, 60, 40] {
            let tables = shown(&PAIRS, width);
            let text = tables.concat().join("\n");
            for number in [
                "62,054",
                "961,538 – 1,162,571",
                "good (± 0.8 %)",
                "fair (± 9.5 %)",
            ] {
                assert!(text.contains(number), "{width}: {text}");
            }
            assert_eq!(tables.len() > 1, width < 70, "{width}: {text}");
        }
        let text = shown(&PAIRS, 80).concat().join("\n");
        assert!(text.contains("…rm 1 ") && text.contains("…rm 2 "), "{text}");
    }

    #[test]
    fn a_square_cuts_its_headers_to_the_numbers_below() {
        let square: [&[&str]; 3] = [
            &["users of both", "a very long name", "another long name"],
            &["a very long name", "–", "1,234,567"],
            &["another long name", "1,234,567", "–"],
        ];
        let tables = shown(&square, 34);
        assert_eq!(tables.len(), 1, "{tables:#?}");
        assert!(tables[0][0].contains('…'), "{tables:#?}");
        let below = shown(&square, 24);
        assert_eq!(below.len(), 2, "{below:#?}");
        assert!(below[1][0].starts_with("users"), "{below:#?}");
    }

    #[test]
    fn a_row_without_numbers_of_a_column_is_not_repeated() {
        let notes: [&[&str]; 3] = [
            &["", "users", "95 % interval"],
            &[
                "overlap",
                "62,054",
                "61,538 – 62,571",
                "30.96 % of shop, 44.0 % of pay",
            ],
            &["union", "288,616", "285,002 – 292,209"],
        ];
        let tables = shown(&notes, 45);
        assert_eq!(tables.len(), 2, "{tables:#?}");
        assert_eq!(tables[1], ["overlap  30.96 % of shop, 44.0 % of pay"]);
    }
}
