//! How a test run went: counted per part and told at its end.

use std::fmt::Write as _;

/// What a journey prints that does not apply to the servers at hand.
const NOT_HERE: &str = ": not here (";

/// Tests of one part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// That did what they say.
    pub passed: usize,
    /// That did not.
    pub failed: usize,
    /// That do not apply to the servers they were to run against.
    pub skipped: usize,
}

impl Tally {
    /// A part that counts as one test.
    pub const fn one(passed: bool) -> Self {
        Self {
            passed: passed as usize,
            failed: !passed as usize,
            skipped: 0,
        }
    }

    /// Tests that ran and did what they say: a journey finds out for itself that it does not apply, which the
    /// test runner calls passed.
    pub const fn done(&self) -> usize {
        self.passed.saturating_sub(self.skipped)
    }

    /// Adds the counts of a line such as `test result: ok. 3 passed; 1 failed; 0 ignored; …`.
    pub fn read(&mut self, line: &str) {
        if line.contains(NOT_HERE) {
            self.skipped += 1;
        }
        let Some((_, counts)) = line.split_once("test result: ") else {
            return;
        };
        let words: Vec<&str> = counts.split_whitespace().collect();
        for pair in words.windows(2) {
            let [number, word] = pair else { continue };
            let Ok(number) = number.parse::<usize>() else {
                continue;
            };
            match word.trim_end_matches(';') {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                _ => {}
            }
        }
    }
}

/// What became of a part.
#[derive(Debug, PartialEq, Eq)]
pub enum Result {
    /// It ran; `error` tells why it failed, if it did.
    Ran {
        /// Its tests.
        tally: Tally,
        /// Seconds it took.
        seconds: u64,
        /// What went wrong.
        error: Option<String>,
    },
    /// An earlier part failed.
    NotRun,
}

/// A line per part, by its name, then the line that counts all tests.
pub fn summary(results: &[(String, Result)]) -> String {
    let width = results.iter().map(|(name, _)| name.len()).max();
    let width = width.unwrap_or_default() + 2;
    let mut text = String::from("\n");
    let mut all = Tally::default();
    for (name, result) in results {
        let line = match result {
            Result::NotRun => format!("{name:<width$}not run"),
            Result::Ran {
                tally,
                seconds,
                error,
            } => {
                all.passed += tally.done();
                all.failed += tally.failed;
                all.skipped += tally.skipped;
                let state = if error.is_some() { "FAILED" } else { "ok" };
                let reason = error
                    .as_ref()
                    .map_or(String::new(), |why| format!("  {why}"));
                let skipped = match tally.skipped {
                    0 => String::new(),
                    count => format!(" {count:>3} skipped"),
                };
                format!(
                    "{name:<width$}{state:<8}{:>5} passed {:>4} failed{skipped} {seconds:>5} s{reason}",
                    tally.done(),
                    tally.failed
                )
            }
        };
        let _ = writeln!(text, "{line}");
    }
    let _ = write!(text, "{} passed, {} failed", all.passed, all.failed);
    if all.skipped > 0 {
        let _ = write!(text, ", {} skipped", all.skipped);
    }
    text.push('\n');
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_all_test_binaries_are_added() {
        let mut tally = Tally::default();
        tally.read("running 3 tests");
        tally.read("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.00s");
        tally.read(
            "test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 filtered out; finished in 1.2s",
        );
        assert_eq!(
            tally,
            Tally {
                passed: 13,
                failed: 2,
                skipped: 0
            }
        );
    }

    #[test]
    fn a_journey_that_does_not_apply_is_not_counted_as_passed() {
        let mut tally = Tally::default();
        tally.read("query: not here (give another server)");
        tally.read("test result: ok. 7 passed; 0 failed; 0 ignored; finished in 1.0s");
        assert_eq!((tally.done(), tally.skipped), (6, 1));
    }

    #[test]
    fn the_last_line_counts_everything_and_parts_that_did_not_run_are_named() {
        let ran = |tally, error: Option<&str>| Result::Ran {
            tally,
            seconds: 4,
            error: error.map(str::to_owned),
        };
        let text = summary(&[
            ("fmt".to_owned(), ran(Tally::one(true), None)),
            (
                "native".to_owned(),
                ran(
                    Tally {
                        passed: 40,
                        failed: 2,
                        skipped: 1,
                    },
                    Some("tests failed"),
                ),
            ),
            ("e2e in firefox".to_owned(), Result::NotRun),
        ]);
        let lines: Vec<&str> = text.trim().lines().collect();
        assert!(lines[0].starts_with("fmt             ok"));
        assert!(lines[1].starts_with("native          FAILED"));
        assert!(lines[1].contains("1 skipped") && lines[1].ends_with("tests failed"));
        assert_eq!(lines[2], "e2e in firefox  not run");
        assert_eq!(lines[3], "40 passed, 2 failed, 1 skipped");
    }
}
