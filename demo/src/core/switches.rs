//! The switches, the counters and the journal of one core. Routes in [`control`](super::control).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::expiry::Generation;
use crate::garbled::Garbled;
use crate::lock::lock;

/// Silence on an event stream before a comment.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// Entries of the journal; a poller in a loop must not fill the memory.
const ENTRIES: usize = 5000;

/// What a made-up failure does to the session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Consequence {
    /// Nothing.
    #[default]
    Keep,
    /// What the core would do at such a text.
    Rule,
    /// The session goes.
    Clear,
}

/// What the next calls of a method answer.
#[derive(Debug, Clone, Default)]
pub struct Planned {
    /// Calls still to be answered so.
    pub count: u32,
    /// RPC method, path of a GET, or `*` for every RPC method.
    pub method: String,
    /// HTTP status.
    pub status: Option<u16>,
    /// Text of the error: of JSON-RPC, or the body with a status.
    pub text: Option<String>,
    /// `data` of the JSON-RPC error.
    pub data: Value,
    /// Body in place of JSON-RPC.
    pub raw: Option<String>,
    /// Body that is broken.
    pub garbled: Option<Garbled>,
    /// Wait before.
    pub delay: Duration,
    /// Wait after: the answer is that of an earlier moment.
    pub late: Duration,
    /// What it does to the session.
    pub session: Consequence,
}

impl Planned {
    /// Whether there is an answer, not only a delay.
    pub fn is_answer(&self) -> bool {
        self.text.is_some() || !self.is_rpc()
    }

    /// Whether the answer keeps to JSON-RPC.
    pub fn is_rpc(&self) -> bool {
        self.status.is_none() && self.raw.is_none() && self.garbled.is_none()
    }
}

/// What is switched on.
#[derive(Debug, Clone)]
pub struct Switches {
    /// Who may drive this process.
    pub bearer: String,
    /// Answers in the order they were asked for.
    pub planned: Vec<Planned>,
    /// Methods that always wait.
    pub delays: BTreeMap<String, Duration>,
    /// Methods beginning so are not known.
    pub without: Vec<String>,
    /// So many reads of the session find nothing.
    pub unreadable: u32,
    /// Until then no read of the session finds anything.
    pub unreadable_until: Option<Instant>,
    /// So many sign-ins are told to have worked, and are not kept.
    pub lost_stores: u32,
    /// The hosted service answers so; 0 is not at all. With the calls that are left.
    pub hosted: Option<(u16, u32)>,
    /// How old the core is.
    pub generation: Generation,
    /// Silence on an event stream before a comment.
    pub keepalive: Duration,
    /// Everything is answered with a web page.
    pub portal: bool,
}

impl Switches {
    fn new(bearer: &str) -> Self {
        Self {
            bearer: bearer.to_owned(),
            planned: Vec::new(),
            delays: BTreeMap::new(),
            without: Vec::new(),
            unreadable: 0,
            unreadable_until: None,
            lost_stores: 0,
            hosted: None,
            generation: Generation::default(),
            keepalive: KEEPALIVE,
            portal: false,
        }
    }
}

#[derive(Debug, Default)]
struct Record {
    /// Per method and outcome.
    calls: BTreeMap<String, BTreeMap<String, u64>>,
    entries: VecDeque<Value>,
    number: u64,
    streams: u64,
    turns: u64,
}

/// Switches, counters and journal of one core.
#[derive(Debug)]
pub struct Switchboard {
    switches: Mutex<Switches>,
    record: Mutex<Record>,
    open_streams: AtomicUsize,
    bearer: String,
    started: Instant,
}

impl Switchboard {
    /// All off.
    pub fn new(bearer: &str) -> Self {
        Self {
            switches: Mutex::new(Switches::new(bearer)),
            record: Mutex::default(),
            open_streams: AtomicUsize::new(0),
            bearer: bearer.to_owned(),
            started: Instant::now(),
        }
    }

    /// Reads the switches.
    pub fn read<T>(&self, read: impl FnOnce(&Switches) -> T) -> T {
        read(&lock(&self.switches))
    }

    /// Changes the switches.
    pub fn change<T>(&self, change: impl FnOnce(&mut Switches) -> T) -> T {
        change(&mut lock(&self.switches))
    }

    /// All off, all counters zero, the first bearer again.
    pub fn reset(&self) {
        *lock(&self.switches) = Switches::new(&self.bearer);
        *lock(&self.record) = Record::default();
    }

    /// What is planned for a call, used up by asking, and how long it waits in any case.
    pub fn take(&self, method: &str) -> (Option<Planned>, Duration) {
        let is_rpc = !method.starts_with('/');
        self.change(|switches| {
            let wait = switches.delays.get(method).copied().unwrap_or_default();
            let index = switches
                .planned
                .iter()
                .position(|planned| planned.method == method || (is_rpc && planned.method == "*"));
            let due = index.and_then(|index| {
                let planned = switches.planned.get_mut(index)?;
                planned.count = planned.count.saturating_sub(1);
                Some(planned.clone())
            });
            switches.planned.retain(|planned| planned.count > 0);
            (due, wait)
        })
    }

    /// Whether this read of the session finds nothing; used up by asking.
    pub fn is_unreadable(&self) -> bool {
        self.change(|switches| {
            let is_due = switches.unreadable > 0;
            switches.unreadable = switches.unreadable.saturating_sub(1);
            let is_early = switches
                .unreadable_until
                .is_some_and(|until| Instant::now() < until);
            is_due || is_early
        })
    }

    /// How the hosted service fails this call; used up by asking.
    pub fn hosted_failure(&self) -> Option<u16> {
        self.change(|switches| {
            let (status, left) = switches.hosted.as_mut()?;
            let status = *status;
            *left = left.saturating_sub(1);
            if *left == 0 {
                switches.hosted = None;
            }
            Some(status)
        })
    }

    /// Writes down a call and how it ended.
    pub fn note(&self, method: &str, params: &Value, outcome: &str, text: Option<&str>) {
        let at_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut record = lock(&self.record);
        *record
            .calls
            .entry(method.to_owned())
            .or_default()
            .entry(outcome.to_owned())
            .or_default() += 1;
        record.number += 1;
        let entry = json!({
            "n": record.number, "at_ms": at_ms, "method": method, "params": without_secrets(params),
            "outcome": outcome, "text": text,
        });
        if record.entries.len() >= ENTRIES {
            record.entries.pop_front();
        }
        record.entries.push_back(entry);
    }

    /// The calls after number `since`, oldest first.
    pub fn journal(&self, since: u64) -> Vec<Value> {
        let record = lock(&self.record);
        let is_new = |entry: &&Value| entry["n"].as_u64().is_some_and(|number| number > since);
        record.entries.iter().filter(is_new).cloned().collect()
    }

    /// Counts a turn.
    pub fn count_turn(&self) {
        lock(&self.record).turns += 1;
    }

    /// Counts an event stream in; [`Switchboard::stream_closed`] counts it out.
    pub fn stream_opened(&self) {
        lock(&self.record).streams += 1;
        self.open_streams.fetch_add(1, Ordering::SeqCst);
    }

    /// Counts an event stream out.
    pub fn stream_closed(&self) {
        self.open_streams.fetch_sub(1, Ordering::SeqCst);
    }

    /// The counters as `GET /test/stats` gives them.
    pub fn stats(&self) -> Value {
        let (left, bearer) = self.read(|switches| {
            let left: u32 = switches.planned.iter().map(|planned| planned.count).sum();
            (left, switches.bearer.clone())
        });
        let record = lock(&self.record);
        json!({
            "calls": record.calls,
            "number": record.number,
            "answers_left": left,
            "bearer": bearer,
            "turns_started": record.turns,
            "streams_opened": record.streams,
            "open_streams": self.open_streams.load(Ordering::SeqCst),
        })
    }
}

fn without_secrets(params: &Value) -> Value {
    let mut params = params.clone();
    for name in ["token", "loginToken"] {
        if let Some(secret) = params.get_mut(name) {
            *secret = json!("…");
        }
    }
    params
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn planned(method: &str, count: u32, text: &str) -> Planned {
        Planned {
            method: method.to_owned(),
            count,
            text: Some(text.to_owned()),
            ..Planned::default()
        }
    }

    #[test]
    fn a_planned_answer_is_used_up_and_only_meets_its_method() {
        let board = Switchboard::new("b");
        board.change(|switches| switches.planned.push(planned("a", 1, "one")));
        board.change(|switches| switches.planned.push(planned("*", 1, "any")));
        assert_eq!(board.take("a").0.unwrap().text.unwrap(), "one");
        assert!(board.take("/events").0.is_none());
        assert_eq!(board.take("b").0.unwrap().text.unwrap(), "any");
        assert!(board.take("a").0.is_none());
    }

    #[test]
    fn the_journal_hides_tokens_and_can_be_read_on() {
        let board = Switchboard::new("b");
        board.note("x", &json!({"token": "secret"}), "ok", None);
        board.note("y", &Value::Null, "error", Some("no"));
        assert!(!board.journal(0)[0].to_string().contains("secret"));
        assert_eq!(board.journal(1).len(), 1);
        assert_eq!(board.stats()["calls"]["y"]["error"], 1);
        board.reset();
        assert!(board.journal(0).is_empty());
    }

    #[test]
    fn a_session_is_unreadable_as_often_as_was_asked() {
        let board = Switchboard::new("b");
        board.change(|switches| switches.unreadable = 2);
        let reads: Vec<_> = (0..3).map(|_| board.is_unreadable()).collect();
        assert_eq!(reads, [true, true, false]);
    }
}
