//! Holds the tables that say which test pins which requirement to the tests that there are.
//!
//! A table has one line for each row, `| A001 | what it asks | tests or reason |`. A test is named as
//! `` `path/from/the/root.rs::test_name` ``. A row without a test says in its last cell why it needs none.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Rows by their letter: the number of the last, and how many digits a number has at least.
type Rows = &'static [(char, usize, usize)];

/// The tables, which rows each must have, and how many of them may still wait. The one about faults need not be there.
const TABLES: [(&str, Rows, usize); 4] = [
    ("tests/acceptance.md", &[('A', 434, 3), ('B', 69, 2)], 0),
    ("tests/faults.md", &[('X', 64, 2), ('S', 15, 1)], 0),
    ("tests/classification.md", &CLASSIFICATION, 0),
    (
        "tests/desktop.md",
        &[('K', 32, 2), ('L', 17, 2), ('D', 7, 1)],
        0,
    ),
];
const CLASSIFICATION: [(char, usize, usize); 12] = [
    ('A', 30, 2),
    ('B', 9, 2),
    ('C', 24, 2),
    ('D', 31, 2),
    ('E', 34, 2),
    ('F', 14, 2),
    ('G', 17, 2),
    ('H', 16, 2),
    ('I', 23, 2),
    ('J', 6, 2),
    ('K', 32, 2),
    ('L', 17, 2),
];
/// Shorter is no reason.
const REASON_CHARS: usize = 20;
/// A row that waits for whoever is building it.
const OPEN: &str = "TODO";

fn read(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// A line of a table.
#[derive(Debug)]
struct Row {
    name: String,
    /// What it asks.
    asks: String,
    /// Tests, or a reason.
    answer: String,
}

/// The lines whose first cell is a letter and a number.
fn rows(table: &str) -> Vec<Row> {
    table
        .lines()
        .filter_map(|line| {
            let line = line.trim().strip_prefix('|')?.strip_suffix('|')?;
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let (name, rest) = cells.split_first()?;
            let digits = name.strip_prefix(|first: char| first.is_ascii_uppercase())?;
            if digits.is_empty() || !digits.chars().all(|digit| digit.is_ascii_digit()) {
                return None;
            }
            let (answer, asks) = rest.split_last()?;
            Some(Row {
                name: (*name).to_owned(),
                asks: asks.join(" | "),
                answer: (*answer).to_owned(),
            })
        })
        .collect()
}

fn wanted(rows: Rows) -> BTreeSet<String> {
    rows.iter()
        .flat_map(|(letter, last, width)| {
            (1..=*last).map(move |number| format!("{letter}{number:0width$}"))
        })
        .collect()
}

/// The tests that a cell names, as path and function.
fn named(cell: &str) -> Vec<(&str, &str)> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.split_once("::"))
        .filter(|(path, _)| path.contains('/'))
        .collect()
}

/// The functions of a file that are marked as tests.
fn tests_of(source: &str) -> BTreeSet<String> {
    let mut is_test = false;
    let mut found = BTreeSet::new();
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line.contains("test]") || line.contains("test(");
            continue;
        }
        let name = line
            .split_once("fn ")
            .and_then(|(_, rest)| rest.split_once('('))
            .map(|(name, _)| name);
        if name.is_some() && std::mem::take(&mut is_test) {
            found.extend(name.map(str::to_owned));
        }
    }
    found
}

/// What is wrong with a table; `source` reads a file.
fn faults(
    table: &str,
    wanted: &BTreeSet<String>,
    source: &dyn Fn(&str) -> Option<String>,
) -> Vec<String> {
    let rows = rows(table);
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for row in &rows {
        if !seen.insert(row.name.clone()) {
            found.push(format!("{} is there twice", row.name));
        }
        if !wanted.contains(&row.name) {
            found.push(format!("{} is no row", row.name));
        }
        if row.asks.is_empty() {
            found.push(format!("{} does not say what it asks", row.name));
        }
    }
    found.extend(
        wanted
            .difference(&seen)
            .map(|name| format!("{name} is missing")),
    );
    let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for row in &rows {
        let tests = named(&row.answer);
        if tests.is_empty() && row.answer.chars().count() < REASON_CHARS && row.answer != OPEN {
            found.push(format!("{} has neither a test nor a reason", row.name));
        }
        for (path, test) in tests {
            let there = known
                .entry(path)
                .or_insert_with(|| source(path).map(|text| tests_of(&text)).unwrap_or_default());
            if !there.contains(test) {
                found.push(format!("{}: there is no test {path}::{test}", row.name));
            }
        }
    }
    found
}

#[test]
fn every_row_has_its_tests_or_a_reason() {
    for (path, spec, may_wait) in TABLES {
        let Some(table) = read(path) else {
            assert_eq!(path, "tests/faults.md", "the table is there");
            continue;
        };
        let found = faults(&table, &wanted(spec), &read);
        assert!(found.is_empty(), "{path}: {found:#?}");
        let waiting = rows(&table).into_iter();
        let open = waiting.filter(|row| row.answer.contains(OPEN));
        let open: Vec<String> = open.map(|row: Row| row.name).collect();
        assert!(open.len() <= may_wait, "{path}: still open: {open:?}");
    }
}

#[test]
fn the_checker_sees_what_is_wrong_with_a_table() {
    let source = |path: &str| {
        (path == "src/a.rs").then(|| {
            "#[test]\nfn good() {}\nfn helper() {}\n#[wasm_bindgen_test]\nasync fn page() {}\n"
                .to_owned()
        })
    };
    let wanted = wanted(&[('A', 2, 3)]);
    let table = |lines: &[&str]| faults(&lines.join("\n"), &wanted, &source);
    let first = "| A001 | asks | `src/a.rs::good`, also `src/a.rs::page` and `a::b` |";
    assert!(table(&[first, "| A002 | asks | Later: files cannot be sent yet. |"]).is_empty());
    for (line, fault) in [
        ("", "A002 is missing"),
        ("| A001 | asks | `src/a.rs::good` |", "A001 is there twice"),
        ("| A003 | asks | `src/a.rs::good` |", "A003 is no row"),
        ("| A002 | | `src/a.rs::good` |", "A002 does not say"),
        ("| A002 | asks | later |", "A002 has neither"),
        (
            "| A002 | asks | `src/a.rs::helper` |",
            "no test src/a.rs::helper",
        ),
        (
            "| A002 | asks | `src/b.rs::good` |",
            "no test src/b.rs::good",
        ),
    ] {
        let found = table(&[first, line]);
        assert!(
            found.iter().any(|found| found.contains(fault)),
            "{line}: {found:?}"
        );
    }
}
