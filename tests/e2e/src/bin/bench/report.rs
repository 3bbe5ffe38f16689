//! What was measured, as lines while it goes on and as a table at the end.

use std::fmt::Display;

use enfilade_e2e::Failure;

/// One figure with its promise.
struct Line {
    name: String,
    app: String,
    beside: String,
    promise: String,
    is_kept: Option<bool>,
}

/// All figures.
#[derive(Default)]
pub struct Report {
    lines: Vec<Line>,
}

impl Report {
    /// A figure that is only told.
    pub fn tell(&mut self, name: &str, app: impl Display, beside: impl Display) {
        self.add(name, app, beside, "", None);
    }

    /// A figure that must be at most so many times another.
    pub fn ratio(&mut self, name: &str, app: f64, other: f64, unit: &str, most: f64) {
        let ratio = app / other.max(f64::EPSILON);
        let beside = format!("{other:.0} {unit} (ratio {ratio:.2})");
        let promise = format!("at most {most}×");
        self.add(
            name,
            format!("{app:.0} {unit}"),
            beside,
            &promise,
            Some(ratio <= most),
        );
    }

    /// A figure that must not be above a limit.
    pub fn limit(&mut self, name: &str, app: f64, unit: &str, most: f64, beside: impl Display) {
        let promise = format!("at most {most} {unit}");
        self.add(
            name,
            format!("{app:.1} {unit}"),
            beside,
            &promise,
            Some(app <= most),
        );
    }

    /// A part that could not be measured to its end.
    pub fn failed(&mut self, part: &str, failure: &Failure) {
        let why = failure.to_string();
        let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
        self.add(part, "not measured", why, "", Some(false));
    }

    fn add(
        &mut self,
        name: &str,
        app: impl Display,
        beside: impl Display,
        promise: &str,
        is_kept: Option<bool>,
    ) {
        let line = Line {
            name: name.to_owned(),
            app: app.to_string(),
            beside: beside.to_string(),
            promise: promise.to_owned(),
            is_kept,
        };
        println!(
            "{:<52} {:>12}  {:<34} {:<16} {}",
            line.name,
            line.app,
            line.beside,
            line.promise,
            line.verdict()
        );
        self.lines.push(line);
    }

    /// Prints everything as a table of Markdown.
    pub fn table(&self) {
        println!("\n| what | app | beside it | promise | |\n| --- | ---: | --- | --- | --- |");
        for line in &self.lines {
            println!(
                "| {} | {} | {} | {} | {} |",
                line.name,
                line.app,
                line.beside,
                line.promise,
                line.verdict()
            );
        }
    }

    /// Whether no promise was broken.
    pub fn is_kept(&self) -> bool {
        self.lines.iter().all(|line| line.is_kept != Some(false))
    }
}

impl Line {
    const fn verdict(&self) -> &'static str {
        match self.is_kept {
            Some(true) => "kept",
            Some(false) => "BROKEN",
            None => "",
        }
    }
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value that 95 of a hundred do not exceed.
pub fn p95(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values
        .get((last * 95).div_ceil(100))
        .copied()
        .unwrap_or(f64::NAN)
}
