//! What the release weighs, and how much of it a first visit may download.

use std::fmt::Write as _;

use crate::failure::{Failure, Outcome};

/// The most a first visit may download, in bytes after brotli.
pub const BUDGET: usize = 230_000;

/// The sizes of one file in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// Path in the release.
    pub path: String,
    /// As it is.
    pub raw: usize,
    /// With gzip, where that is offered.
    pub gzip: Option<usize>,
    /// With brotli, where that is offered.
    pub brotli: Option<usize>,
    /// Whether a first visit downloads it.
    pub first_load: bool,
}

impl Size {
    fn over_gzip(&self) -> usize {
        self.gzip.unwrap_or(self.raw)
    }

    fn over_brotli(&self) -> usize {
        self.brotli.unwrap_or(self.raw)
    }
}

/// Bytes of a first visit after brotli.
pub fn first_load(sizes: &[Size]) -> usize {
    sizes
        .iter()
        .filter(|size| size.first_load)
        .map(Size::over_brotli)
        .sum()
}

/// One row per file, those of the first load first, and their sum.
pub fn table(sizes: &[Size]) -> String {
    let mut rows: Vec<&Size> = sizes.iter().collect();
    rows.sort_by_key(|size| (!size.first_load, size.path.as_str()));
    let width = rows.iter().map(|size| size.path.len()).max().unwrap_or(0);
    let width = width.max("first load".len()) + 2;
    let mut text = format!(
        "{:<width$}{:>11}{:>11}{:>11}\n",
        "file", "raw", "gzip", "brotli"
    );
    let compressed = |bytes: Option<usize>| bytes.map_or_else(|| "-".to_owned(), grouped);
    for size in &rows {
        let mark = if size.first_load { "* " } else { "  " };
        let _ = writeln!(
            text,
            "{mark}{:<rest$}{:>11}{:>11}{:>11}",
            size.path,
            grouped(size.raw),
            compressed(size.gzip),
            compressed(size.brotli),
            rest = width - mark.len(),
        );
    }
    let sum = |bytes: fn(&Size) -> usize| {
        grouped(
            rows.iter()
                .filter(|size| size.first_load)
                .map(|size| bytes(size))
                .sum(),
        )
    };
    let _ = writeln!(
        text,
        "{:<width$}{:>11}{:>11}{:>11}",
        "* first load",
        sum(|size| size.raw),
        sum(Size::over_gzip),
        sum(Size::over_brotli),
    );
    text
}

/// Fails above [`BUDGET`].
pub fn check_budget(sizes: &[Size]) -> Outcome<()> {
    let bytes = first_load(sizes);
    if bytes <= BUDGET {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the first load is {} bytes after brotli, {} above its budget of {}: move heavy parts behind #[lazy], or drop what is not needed",
        grouped(bytes),
        grouped(bytes - BUDGET),
        grouped(BUDGET)
    )))
}

/// A number with its thousands marked.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn size(path: &str, raw: usize, brotli: Option<usize>, first_load: bool) -> Size {
        Size {
            path: path.to_owned(),
            raw,
            gzip: brotli.map(|bytes| bytes + 1),
            brotli,
            first_load,
        }
    }

    #[test]
    fn thousands_are_marked() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(230_000), "230,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn the_first_load_counts_brotli_where_there_is_one_and_leaves_the_rest_out() {
        let sizes = [
            size("app.wasm", 900, Some(300), true),
            size("icon.png", 50, None, true),
            size("split.wasm", 9000, Some(4000), false),
        ];
        assert_eq!(first_load(&sizes), 350);
    }

    #[test]
    fn the_table_lists_first_load_files_first_and_sums_them() {
        let table = table(&[
            size("a-later.wasm", 9000, Some(4000), false),
            size("index.html", 1500, Some(600), true),
            size("z.png", 50, None, true),
        ]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 5);
        assert!(lines[1].starts_with("* index.html"));
        assert!(lines[1].ends_with("1,500        601        600"));
        assert!(lines[2].ends_with("50          -          -"));
        assert!(lines[3].starts_with("  a-later.wasm"));
        assert!(lines[4].starts_with("* first load"));
        assert!(lines[4].ends_with("1,550        651        650"));
    }

    #[test]
    fn the_budget_is_kept_to_the_byte() {
        assert!(check_budget(&[size("a", BUDGET + 5, Some(BUDGET), true)]).is_ok());
        let failure = check_budget(&[size("a", 1, Some(BUDGET + 1), true)])
            .unwrap_err()
            .to_string();
        assert!(failure.contains("230,001 bytes"), "{failure}");
        assert!(failure.contains("1 above"), "{failure}");
    }
}
