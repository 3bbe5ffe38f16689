//! Any text as the events of a run, twice over and with a cut between: no panic, and the names of the rows stay unique.
#![no_main]

use enfilade::core::agui::event::parse;
use enfilade::core::thread::timeline::Timeline;
use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;

fuzz_target!(|text: &str| {
    let events: Vec<_> = text.lines().flat_map(parse).collect();
    let mut timeline = Timeline::new();
    for event in &events {
        let _ = timeline.apply(event, "run", 0);
    }
    let _ = timeline.interrupt("run");
    for event in &events {
        let _ = timeline.apply(event, "run", 0);
    }
    let _ = timeline.stop("run");
    let ids: HashSet<_> = timeline.rows().iter().map(|row| &row.id).collect();
    assert_eq!(ids.len(), timeline.rows().len());
    let _ = timeline.wire_messages();
});
