//! The past of a thread: the newest runs first, earlier ones in idle time and on demand, each run that cannot be had as a gap.

use std::collections::{HashMap, HashSet};

use futures_channel::oneshot;
use futures_util::future::join_all;
use reactive_graph::traits::{GetUntracked, Set, Update, WithUntracked};

use super::input::Earlier;
use super::{Live, Older, Stamp, ThreadState};
use crate::api::soliplex;
use crate::core::error::ApiError;
use crate::core::thread::history::{self, Adding, RunSummary, Stored, StoredRun};
use crate::core::thread::timeline::{Change, Timeline};
use crate::i18n;
use crate::state::task::{lock, spawn};
use crate::state::toast::Tone;

/// Runs that are loaded first, for the last screen: as many as may be asked for at once.
const FIRST: usize = 6;
/// Runs that are loaded in one step after that.
const STEP: usize = 12;
/// How many of those at once: others want to ask for something too.
const AT_ONCE: usize = 3;
/// So many runs are loaded without being asked for.
const UNASKED: usize = 200;
/// Pause before each step that nobody waits for, in milliseconds.
const IDLE: u32 = 200;
/// A run that has said nothing for so long will not go on, in milliseconds: its server was stopped meanwhile.
const DEAD: i64 = 60 * 60_000;
/// An unfinished run that others have followed is looked at if it is not older than this, in milliseconds.
const YOUNG: i64 = 10 * 60_000;

/// Which runs there are, and which of them are loaded.
#[derive(Default)]
pub(super) struct Past {
    /// Oldest first.
    pub(super) runs: Vec<RunSummary>,
    /// Those that were begun here.
    pub(super) own: HashSet<String>,
    /// The first one that is loaded.
    from: usize,
    is_filling: bool,
    /// So many runs are loaded at once, whatever else goes on.
    wanted: usize,
    /// So many of them were loaded before they were let go of, and so many are wanted when it is loaded again.
    reach: usize,
    again: usize,
    /// Changes when it is loaded anew: what is on its way belongs elsewhere.
    turn: u64,
    /// Changes when a run is added at the end.
    tail: u64,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Past {
    /// Notes a run that has begun here.
    pub(super) fn begin(&mut self, run: &str, now: i64) {
        self.own.insert(run.to_owned());
        self.tail += 1;
        self.runs.push(RunSummary {
            id: run.to_owned(),
            created: Some(now),
            finished: None,
            user: None,
            results: Vec::new(),
        });
    }

    /// Notes runs that were begun elsewhere.
    pub(super) fn add(&mut self, runs: Vec<RunSummary>) {
        self.tail += 1;
        self.runs.extend(runs);
    }

    pub(super) fn stamp(&self) -> Stamp {
        Stamp {
            turn: self.turn,
            tail: self.tail,
        }
    }

    /// Forgets a run that was made in vain, as far as is known here: if it went on all the same, it is found as one that was begun elsewhere.
    pub(super) fn forget(&mut self, run: &str) {
        self.own.remove(run);
        self.runs.retain(|known| known.id != run);
    }

    /// What is shown of a run is what there is.
    pub(super) fn settle(&mut self, run: &str, now: i64) {
        if let Some(known) = self.runs.iter_mut().rev().find(|known| known.id == run) {
            known.finished = known.finished.or(Some(now));
        }
    }

    /// Forgets the runs, which are loaded again another time.
    pub(super) fn unload(&mut self) {
        *self = Self {
            reach: self.loaded().max(self.reach),
            is_filling: self.is_filling,
            // What is on its way comes too late.
            turn: self.turn + 1,
            tail: self.tail,
            ..Self::default()
        };
    }

    /// What is loaded next reaches as far back as what was there before.
    pub(super) fn come_back(&mut self) {
        self.again = self.reach;
    }

    fn loaded(&self) -> usize {
        self.runs.len() - self.from
    }

    /// Where a step begins that ends before `end`: runs that go on after calls stay with their question.
    fn step(&self, end: usize, size: usize) -> usize {
        step(&self.runs, end, size)
    }
}

fn step(runs: &[RunSummary], end: usize, size: usize) -> usize {
    let (mut start, mut left) = (end, size);
    while start > 0 && left > 0 {
        start -= 1;
        left -= usize::from(runs.get(start).is_some_and(RunSummary::is_started));
    }
    while start > 0 && runs.get(start).is_some_and(RunSummary::continues) {
        start -= 1;
    }
    start
}

/// A run that may still go on: up to which event it is known, and when it last said something.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Open {
    pub(super) run: String,
    pub(super) known: i64,
    pub(super) last_sign: Option<i64>,
}

impl Open {
    pub(super) fn new(run: &RunSummary, stored: &StoredRun) -> Self {
        Self {
            run: run.id.clone(),
            known: i64::try_from(stored.events.len()).unwrap_or_default() - 1,
            last_sign: stored.last_sign().max(run.created),
        }
    }
}

/// The end of a conversation, as it is stored.
struct Newest {
    runs: Vec<RunSummary>,
    from: usize,
    timeline: Timeline,
    earlier: Earlier,
    open: Option<Open>,
}

impl ThreadState {
    /// Loads its past anew; what is on show stays until then.
    pub fn reload(&self) {
        if self.is_gone() || self.0.history.with_untracked(|load| load.busy) {
            return;
        }
        lock(&self.0.work).is_stale = false;
        self.0.history.update(|load| load.busy = true);
        let this = self.clone();
        spawn(async move {
            let newest = this.load_newest().await;
            if this.is_gone() {
                return;
            }
            let open = match newest {
                Ok(newest) => Ok(this.take_in(newest)),
                Err(error) => Err(error),
            };
            let waiting = std::mem::take(&mut lock(&this.0.work).past.waiting);
            let next = open.as_ref().ok().cloned().flatten();
            this.0.history.update(|load| load.settle(open.map(|_| ())));
            for waiting in waiting {
                // Whoever has gone away needs no answer.
                let _ = waiting.send(());
            }
            match next {
                Some(open) => this.attach(open),
                None => {
                    this.take_up_calls();
                    this.fill();
                    this.look_if_stale();
                }
            }
        });
    }

    /// Waits until its past is there: what is sent builds on it.
    pub(super) async fn have_past(&self) -> Result<(), ApiError> {
        let is_there = || self.0.history.with_untracked(|load| load.data.is_some());
        if is_there() {
            return Ok(());
        }
        self.reload();
        let (sender, receiver) = oneshot::channel();
        lock(&self.0.work).past.waiting.push(sender);
        // Both ways it has been tried by then.
        let _ = receiver.await;
        if is_there() {
            return Ok(());
        }
        let why = self.0.history.with_untracked(|load| load.error.clone());
        Err(why.unwrap_or(ApiError::Cancelled))
    }

    async fn load_newest(&self) -> Result<Newest, ApiError> {
        let key = &self.0.key;
        let body = self
            .client()
            .call(soliplex::thread(&key.room, &key.thread))
            .await?;
        let runs = soliplex::read_runs(&body)?;
        let from = step(&runs, runs.len(), FIRST);
        let newest = runs.get(from..).unwrap_or_default();
        let stored = self.ask_for(newest, FIRST).await?;
        let mut earlier = earlier(newest, &stored, from > 0);
        // The state of a run that was never started, or could not be had, is only in the list.
        if let Some(last) = runs.last().filter(|run| !is_loaded(&stored, &run.id))
            && let Some(input) = history::input_of(&body, &last.id)
        {
            if let Some(Stored::Failed) = stored.get(&last.id) {
                let known = StoredRun {
                    input,
                    ..StoredRun::default()
                };
                earlier = Earlier::before(last, &known);
            } else {
                earlier.state = history::input_state(&input).cloned().or(earlier.state);
            }
        }
        let open = self.may_go_on(newest, &stored);
        let going = open.as_ref().map(|open| open.run.as_str());
        let timeline = history::rebuild(newest, stored, going);
        Ok(Newest {
            runs,
            from,
            timeline,
            earlier,
            open,
        })
    }

    /// The run that may still go on, if any. Old ones that never came to an end are left alone.
    fn may_go_on(&self, runs: &[RunSummary], stored: &HashMap<String, Stored>) -> Option<Open> {
        let now = self.now();
        let started = |run: &&RunSummary| run.is_started();
        let newest = runs.iter().rev().find(started)?;
        runs.iter().rev().filter(started).find_map(|run| {
            let Some(Stored::Run(record)) = stored.get(&run.id) else {
                return None;
            };
            let open = Open::new(run, record);
            let age = open.last_sign.map_or(0, |sign| now - sign);
            let is_open = run.finished.is_none() && !record.is_finished;
            let is_newest = run.id == newest.id;
            (is_open && age < DEAD && (is_newest || age < YOUNG)).then_some(open)
        })
    }

    /// Shows what was loaded; says which run may go on.
    fn take_in(&self, newest: Newest) -> Option<Open> {
        let (is_live, unsent) = {
            let work = lock(&self.0.work);
            (work.live.is_some(), work.unsent.clone())
        };
        // A run that began meanwhile knows more than what was stored before it.
        if is_live && unsent.is_none() {
            return None;
        }
        let Newest {
            runs,
            from,
            mut timeline,
            earlier,
            open,
        } = newest;
        timeline.reserve_images(earlier.contents());
        if let Some((id, message)) = &unsent {
            let _ = message.push(&mut timeline, id, self.now());
        }
        {
            let mut work = lock(&self.0.work);
            work.earlier = earlier;
            work.looked_at = self.now();
            work.is_own = false;
            let past = &mut work.past;
            (past.runs, past.from) = (runs, from);
            past.wanted = std::mem::take(&mut past.again);
            past.turn += 1;
        }
        self.replace(timeline);
        let is_more = from > 0;
        self.0
            .older
            .set(if is_more { Older::More } else { Older::None });
        open.filter(|_| !is_live)
    }

    /// What is stored of these runs, so many asked for at once. A single run that fails is a gap.
    pub(super) async fn ask_for(
        &self,
        runs: &[RunSummary],
        at_once: usize,
    ) -> Result<HashMap<String, Stored>, ApiError> {
        let started: Vec<&RunSummary> = runs.iter().filter(|run| run.is_started()).collect();
        let mut stored = HashMap::new();
        let mut unreachable = None;
        for group in started.chunks(at_once) {
            let answers = group.iter().map(|run| self.stored(&run.id));
            for (run, answer) in group.iter().zip(join_all(answers).await) {
                let record = match answer {
                    Ok(run) => Stored::Run(run),
                    // The session decides about the whole.
                    Err(error @ (ApiError::Unauthorized | ApiError::Cancelled)) => {
                        return Err(error);
                    }
                    Err(error) => {
                        log::warn!("a run could not be loaded: {error}");
                        unreachable = Some(error).filter(ApiError::is_unreachable);
                        Stored::Failed
                    }
                };
                stored.insert(run.id.clone(), record);
            }
        }
        let is_none = stored.values().all(|record| *record == Stored::Failed);
        match unreachable {
            Some(error) if is_none => Err(error),
            _ => Ok(stored),
        }
    }

    pub(super) async fn stored(&self, run: &str) -> Result<StoredRun, ApiError> {
        let key = &self.0.key;
        let request = soliplex::run(&key.room, &key.thread, run);
        let body = self.client().call(request).await?;
        Ok(StoredRun::new(crate::api::json(&body)?))
    }

    /// Loads the next earlier rows: somebody has come near the first one.
    pub fn load_older(&self) {
        let wanted = lock(&self.0.work).past.loaded() + 1;
        self.want(wanted);
    }

    /// Loads everything there is, as for a search.
    pub fn load_all(&self) {
        self.want(usize::MAX);
    }

    fn want(&self, runs: usize) {
        if self.0.older.get_untracked() == Older::None {
            return;
        }
        {
            let past = &mut lock(&self.0.work).past;
            past.wanted = past.wanted.max(runs);
        }
        if self.0.older.get_untracked() == Older::Failed {
            self.0.older.set(Older::More);
        }
        self.fill();
    }

    /// Loads earlier runs in idle time.
    pub(super) fn fill(&self) {
        let may_fill = self.0.older.get_untracked() == Older::More && !self.is_gone();
        if !may_fill || std::mem::replace(&mut lock(&self.0.work).past.is_filling, true) {
            return;
        }
        let this = self.clone();
        spawn(async move {
            while this.is_step_due() {
                if !this.is_hurried() {
                    this.0.room.server().shared().ports.clock.sleep(IDLE).await;
                    if !this.is_step_due() {
                        break;
                    }
                }
                this.load_step().await;
            }
            lock(&this.0.work).past.is_filling = false;
        });
    }

    fn is_hurried(&self) -> bool {
        let work = lock(&self.0.work);
        work.past.loaded() < work.past.wanted
    }

    fn is_step_due(&self) -> bool {
        if self.is_gone() {
            return false;
        }
        let idle = !self.is_live() && lock(&self.0.work).past.loaded() < UNASKED;
        (idle || self.is_hurried()) && self.0.older.get_untracked() == Older::More
    }

    async fn load_step(&self) {
        self.0.older.set(Older::Loading);
        let (turn, start, runs) = {
            let past = &lock(&self.0.work).past;
            let start = past.step(past.from, STEP);
            let runs = past.runs.get(start..past.from).unwrap_or_default();
            (past.turn, start, runs.to_vec())
        };
        let stored = self.ask_for(&runs, AT_ONCE).await;
        if self.is_gone() || lock(&self.0.work).past.turn != turn {
            return;
        }
        let older = match stored {
            Ok(stored) => {
                self.put_above(&runs, stored);
                lock(&self.0.work).past.from = start;
                if start > 0 { Older::More } else { Older::None }
            }
            Err(_) => Older::Failed,
        };
        self.0.older.set(older);
    }

    fn put_above(&self, runs: &[RunSummary], stored: HashMap<String, Stored>) {
        let mut older = Timeline::new();
        self.change(|timeline| {
            let adding = Adding {
                going: None,
                is_taken: &|id| timeline.user_row(id).is_some(),
            };
            let _ = history::extend(&mut older, runs, stored, &adding);
            timeline.prepend(older)
        });
        self.flush();
    }

    /// Loads a run again that could not be had.
    pub fn retry_gap(&self, run: &str) {
        let (this, run) = (self.clone(), run.to_owned());
        let turn = self.stamp().turn;
        spawn(async move {
            match this.stored(&run).await {
                _ if !this.is_gap_open(&run, turn) => {}
                Ok(record) => this.fill_gap(&run, record),
                Err(ApiError::Unauthorized | ApiError::Cancelled) => {}
                Err(error) => {
                    let toasts = this.0.room.server().shared().toasts.clone();
                    toasts.tell(Tone::Danger, i18n::errors::api_error_line(&error));
                }
            }
        });
    }

    /// Whether a gap that somebody wanted to have filled is still to be filled: it was not loaded anew, and its run is not followed again.
    fn is_gap_open(&self, run: &str, turn: u64) -> bool {
        let work = lock(&self.0.work);
        let is_followed = |live: &Live| live.run.as_deref() == Some(run);
        !work.is_gone && work.past.turn == turn && !work.live.as_ref().is_some_and(is_followed)
    }

    /// Shows what is stored of a run in place of what is shown of it. Only where nothing has happened since it was asked for.
    pub(super) fn fill_gap(&self, run: &str, record: StoredRun) {
        let (summary, next) = {
            let runs = &lock(&self.0.work).past.runs;
            let Some(position) = runs.iter().position(|known| known.id == run) else {
                return;
            };
            let known = runs.get(position).cloned();
            (known, runs.get(position + 1).cloned())
        };
        let Some(summary) = summary else { return };
        let open = Open::new(&summary, &record);
        let is_finished = record.is_finished;
        let goes_on = !is_finished && next.is_none() && !self.is_live();
        self.change(|timeline| {
            let state = timeline.state().clone();
            let mut change = timeline.restart_run(run);
            history::replay(timeline, &summary, record.events);
            if next.is_some() {
                // That of the newest run counts.
                timeline.set_state(state);
            }
            if let Some(next) = &next {
                change.merge(timeline.adopt_tool_results(&next.results));
            }
            if !goes_on {
                let _ = timeline.interrupt(run);
            }
            let made = timeline.rows().iter();
            let made = made.filter(|row| row.run.as_deref() == Some(run));
            change.merge(Change {
                order: true,
                rows: made.map(|row| row.id.clone()).collect(),
            });
            change
        });
        if is_finished {
            let now = self.now();
            lock(&self.0.work).past.settle(run, now);
        } else if goes_on {
            self.attach(open);
        }
    }
}

fn is_loaded(stored: &HashMap<String, Stored>, run: &str) -> bool {
    matches!(stored.get(run), Some(Stored::Run(_)))
}

/// What comes before the loaded runs, or before those after the last gap: what a gap hides, the run after it knows.
fn earlier(runs: &[RunSummary], stored: &HashMap<String, Stored>, is_more: bool) -> Earlier {
    let mut started = runs.iter().filter(|run| run.is_started()).rev();
    let mut first = None;
    let has_gap = started.any(|run| match stored.get(&run.id) {
        Some(Stored::Run(record)) => {
            first = Some((run, record));
            false
        }
        _ => true,
    });
    match first {
        Some((run, record)) if is_more || has_gap => Earlier::before(run, record),
        _ => Earlier::default(),
    }
}
