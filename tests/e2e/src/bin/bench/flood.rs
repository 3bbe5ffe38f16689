//! Streams: as fast as the server sends, and at a steady rate.

use enfilade_e2e::Outcome;

use crate::page::{Bench, Page, Taken, Work};
use crate::report::{Report, median};

/// Pieces of a short and of a long answer.
const SHORT: usize = 2_000;
const LONG: usize = 20_000;
/// Growth from the one to the other that still counts as linear.
const LINEAR: f64 = 12.0;
/// Most that the app may take of what the page of streaming-markdown takes.
const MOST: f64 = 2.0;
/// Pieces a second, and how many.
const RATE: usize = 500;
const PACED: usize = 10_000;
/// A frame of the screen: a shorter gap cannot be seen.
const FRAME: f64 = 1000.0 / 60.0;

/// The last line of a flood.
pub fn ending(pieces: usize) -> String {
    format!("That was the flood of {pieces}.")
}

/// What a page took, in each round.
struct Rounds(Vec<(Page, Taken, Work)>);

impl Rounds {
    fn of(&self, page: Page, figure: impl Fn(&Taken, &Work) -> f64) -> f64 {
        let fitting = self.0.iter().filter(|(of, ..)| *of == page);
        median(
            fitting
                .map(|(_, taken, work)| figure(taken, work))
                .collect(),
        )
    }
}

async fn rounds(bench: &Bench, message: &str, pieces: usize, pages: &[Page]) -> Outcome<Rounds> {
    let mut rounds = Rounds(Vec::new());
    for round in 0..bench.rounds {
        for page in Page::all(round)
            .into_iter()
            .filter(|page| pages.contains(page))
        {
            bench.fresh(page).await?;
            let before = bench.work().await?;
            let taken = bench.send(message, &ending(pieces)).await?;
            let after = bench.work().await?;
            let work = Work {
                tasks: after.tasks - before.tasks,
                script: after.script - before.script,
                layout: after.layout - before.layout,
                style: after.style - before.style,
            };
            println!("  {page:?} {message}: {taken:.0?} {work:.0?}");
            rounds.0.push((page, taken, work));
        }
    }
    Ok(rounds)
}

/// Send to last text painted.
pub async fn unpaced(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let all = [Page::App, Page::Text, Page::Markdown];
    let mut times = Vec::new();
    for pieces in [SHORT, LONG] {
        let rounds = rounds(bench, &format!("flood {pieces} go"), pieces, &all).await?;
        let took = |page| rounds.of(page, |taken, _| taken.took);
        let gap = |page| rounds.of(page, |taken, _| taken.gap);
        let name = format!("{pieces} deltas: send to last text painted");
        report.ratio(&name, took(Page::App), took(Page::Markdown), "ms", MOST);
        let name = format!("{pieces} deltas: beside one text node");
        report.tell(
            &name,
            format!("{:.0} ms", took(Page::App)),
            format!("{:.0} ms", took(Page::Text)),
        );
        let busy = |page| rounds.of(page, |_, work| work.tasks);
        let name = format!("{pieces} deltas: main-thread time");
        report.tell(
            &name,
            format!("{:.0} ms", busy(Page::App)),
            format!("{:.0} ms", busy(Page::Markdown)),
        );
        let name = format!("{pieces} deltas: worst frame gap");
        report.ratio(
            &name,
            gap(Page::App),
            gap(Page::Markdown).max(2.0 * FRAME),
            "ms",
            1.0,
        );
        times.push(took(Page::App));
    }
    if let [short, long] = times[..] {
        report.ratio(
            "growth from 2000 to 20000 deltas",
            long,
            short,
            "ms",
            LINEAR,
        );
    }
    Ok(())
}

/// What the main thread does while text comes at a steady rate.
pub async fn paced(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let message = format!("flood {PACED} rate {RATE} go");
    let rounds = rounds(bench, &message, PACED, &[Page::App, Page::Markdown]).await?;
    let busy = |page| rounds.of(page, |_, work| work.tasks);
    report.ratio(
        "500 deltas/s for 20 s: main-thread time",
        busy(Page::App),
        busy(Page::Markdown),
        "ms",
        1.0,
    );
    let longest = |page| rounds.of(page, |taken, _| taken.longest);
    report.limit(
        "500 deltas/s: longest task",
        longest(Page::App),
        "ms",
        50.0,
        format!("{:.0} ms", longest(Page::Markdown)),
    );
    let gap = |page| rounds.of(page, |taken, _| taken.gap);
    report.tell(
        "500 deltas/s: worst frame gap",
        format!("{:.0} ms", gap(Page::App)),
        format!("{:.0} ms", gap(Page::Markdown)),
    );
    Ok(())
}
