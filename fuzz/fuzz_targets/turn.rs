//! Any bytes as the events of a core, and any text as what its methods answer: no panic, and a turn ends once.
#![no_main]

use enfilade::api::openhuman::{chat, events, integrations, session, threads, usage};
use enfilade::core::agui::sse::Decoder;
use enfilade::core::room::ThreadId;
use enfilade::core::rpc::envelope::Answer;
use enfilade::core::rpc::stored::exchanges;
use enfilade::core::rpc::turn::{Step, Turn};
use enfilade::core::thread::timeline::Timeline;
use libfuzzer_sys::fuzz_target;

fn carry_out(timeline: &mut Timeline, steps: Vec<Step>) {
    for step in steps {
        let _ = match step {
            Step::Apply(event) => timeline.apply(&event, "q", 0),
            Step::CallFailed { call, content } => {
                timeline.settle_call("q", &call, &content, true, 0)
            }
        };
    }
}

fuzz_target!(|input: (&[u8], &str)| {
    let (bytes, text) = input;
    let mut timeline = Timeline::new();
    let mut turn = Turn::new(ThreadId("t".into()), "q", 0);
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        let answer = Answer::from(value);
        let _ = (session::read_snapshot(&answer), session::read_state(&answer));
        let _ = (session::read_store(&answer), session::read_exchange(&answer));
        let _ = (integrations::read_toolkits(&answer), integrations::read_connections(&answer));
        let _ = (integrations::read_authorize(&answer), chat::read_send(&answer));
        let _ = (usage::read_usage(&answer), usage::read_plan(&answer));
        let _ = (threads::read_list(&answer), threads::read_thread(&answer));
        let _ = threads::read_append(&answer);
        if let Ok(messages) = threads::read_messages(&answer) {
            for run in exchanges(&messages) {
                let _ = (run.summary(), run.stored());
            }
        }
        if let Ok(Some(mut state)) = threads::read_turn_state(&answer) {
            "q".clone_into(&mut state.request);
            let (resumed, steps) = Turn::resume(ThreadId("t".into()), &state, 0);
            turn = resumed;
            carry_out(&mut timeline, steps);
        }
    }
    for frame in Decoder::with_cap(4096).push(bytes).into_iter().flatten() {
        let Ok(event) = events::read(&frame) else {
            continue;
        };
        let was_over = turn.outcome().is_some();
        let steps = turn.take(&event, 0);
        assert!(!was_over || steps.is_empty());
        carry_out(&mut timeline, steps);
    }
    if turn.outcome().is_some() {
        let _ = timeline.stop("q");
        let is_growing = timeline.rows().iter().any(|row| row.state.as_str() == "streaming");
        assert!(!is_growing);
    }
});
