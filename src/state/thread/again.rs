//! Takes up again what was cut, and finds what has happened elsewhere: after a sign-in, and when the person or the network comes back.

use std::collections::HashSet;

use reactive_graph::traits::{GetUntracked, WithUntracked};

use super::follow::Course;
use super::past::Open;
use super::{Live, Older, RunPhase, ThreadState};
use crate::api::soliplex;
use crate::core::agui::run::Cursor;
use crate::core::error::ApiError;
use crate::core::thread::history::{self, Adding, RunSummary, Stored};
use crate::state::stream::ATTEMPTS;
use crate::state::task::{lock, spawn, spawn_abortable};

/// Whoever comes back twice within this time, in milliseconds, has seen it all.
const LOOK_PAUSE: i64 = 3_000;
/// Runs that are asked for at once.
const AT_ONCE: usize = 6;

/// A run whose stream could not be had again, and up to where it came.
pub(super) struct Lost {
    pub(super) course: Course,
    /// What the person was told; nothing where the end of the session says it.
    pub(super) told: Option<String>,
}

impl ThreadState {
    /// The session is back: what its end has cut is looked at again.
    pub(in crate::state) fn reconnected(&self) {
        if self.is_live() {
            return;
        }
        let lost = lock(&self.0.work).lost.take();
        if let Some(lost) = lost {
            self.resume(lost);
        } else if self.0.history.with_untracked(|load| load.error.is_some()) {
            self.reload();
        } else if self.0.older.get_untracked() == Older::Failed {
            self.load_older();
        }
    }

    /// The person has come back to the page, or the network to the browser. `here`: this thread is on show.
    pub(in crate::state) fn woken(&self, here: bool) {
        self.0.wake.ring();
        if self.is_live() {
            return;
        }
        let lost = {
            let mut work = lock(&self.0.work);
            // What the end of the session has cut waits for the sign-in.
            let may_resume = work.lost.as_ref().is_some_and(|lost| lost.told.is_some());
            may_resume.then(|| work.lost.take()).flatten()
        };
        if let Some(lost) = lost {
            self.resume(lost);
        } else if here {
            self.look();
        } else {
            lock(&self.0.work).is_stale = true;
        }
    }

    /// Another tab has begun a run of this thread. `here`: somebody sees it here.
    pub(in crate::state) fn went_on_elsewhere(&self, here: bool) {
        // Looked for later where it is not on show, or something is under way.
        lock(&self.0.work).is_stale = true;
        if here {
            self.look();
        }
    }

    /// What has happened elsewhere during a run, or while the past was being loaded, is looked for now.
    pub(super) fn look_if_stale(&self) {
        let is_here = self.0.room.is_on_show(&self.0.key.thread);
        if is_here && lock(&self.0.work).is_stale {
            self.look();
        }
    }

    /// Looks whether something has happened in this thread elsewhere, in another tab or on another device, and adds it below.
    pub(super) fn look(&self) {
        let is_there = self
            .0
            .history
            .with_untracked(|load| load.data.is_some() && !load.busy);
        let now = self.now();
        {
            let mut work = lock(&self.0.work);
            let is_early = (0..LOOK_PAUSE).contains(&(now - work.looked_at));
            let is_known = is_early && !work.is_stale;
            if !is_there || work.is_gone || work.live.is_some() || is_known {
                return;
            }
            work.is_stale = false;
            work.looked_at = now;
        }
        let this = self.clone();
        spawn(async move {
            if let Err(error) = this.look_for_more().await {
                // Nobody has asked for it: what is on show stays.
                log::debug!("nothing new could be asked for: {error}");
            }
        });
    }

    async fn look_for_more(&self) -> Result<(), ApiError> {
        let (key, stamp) = (&self.0.key, self.stamp());
        let request = soliplex::thread(&key.room, &key.thread);
        let body = self.client().call(request).await?;
        let runs = soliplex::read_runs(&body)?;
        if !self.is_wanted(stamp) {
            return Ok(());
        }
        let (fresh, ended) = self.compare(runs);
        let stored = self.ask_for(&fresh, AT_ONCE).await?;
        let mut settled = Vec::new();
        for run in ended {
            let record = self.stored(&run.id).await?;
            settled.push((run.id, record));
        }
        // All or nothing: what a run that has begun meanwhile was told of the conversation is what it shows.
        if !self.is_wanted(stamp) {
            return Ok(());
        }
        for (run, record) in settled {
            self.fill_gap(&run, record);
        }
        if !fresh.is_empty() && !self.is_live() {
            self.add_below(fresh, stored.into_iter().collect());
        }
        if !self.is_live() {
            self.take_up_calls();
        }
        Ok(())
    }

    /// The runs that are not known yet, and those that were given up and have come to an end since.
    fn compare(&self, runs: Vec<RunSummary>) -> (Vec<RunSummary>, Vec<RunSummary>) {
        let work = lock(&self.0.work);
        let started = runs.into_iter().filter(RunSummary::is_started);
        let known: HashSet<&str> = work
            .past
            .runs
            .iter()
            .filter(|run| run.is_started() || work.past.own.contains(&run.id))
            .map(|run| run.id.as_str())
            .collect();
        let (old, fresh): (Vec<_>, Vec<_>) =
            started.partition(|run| known.contains(run.id.as_str()));
        let open: HashSet<&str> = work
            .past
            .runs
            .iter()
            .filter(|run| run.finished.is_none())
            .map(|run| run.id.as_str())
            .collect();
        let is_ended = |run: &RunSummary| run.finished.is_some() && open.contains(run.id.as_str());
        let ended = old.into_iter().filter(is_ended).collect();
        (fresh, ended)
    }

    fn add_below(&self, fresh: Vec<RunSummary>, mut stored: Vec<(String, Stored)>) {
        let opened = fresh.last().and_then(|last| {
            let record = stored.iter_mut().find(|(run, _)| *run == last.id)?;
            match &record.1 {
                Stored::Run(record) if last.finished.is_none() && !record.is_finished => {
                    Some(Open::new(last, record))
                }
                _ => None,
            }
        });
        let going = opened.as_ref().map(|open| open.run.clone());
        let adding = Adding {
            going: going.as_deref(),
            is_taken: &|_| false,
        };
        let stored = stored.into_iter().collect();
        self.change(|timeline| history::extend(timeline, &fresh, stored, &adding));
        lock(&self.0.work).past.add(fresh);
        if let Some(open) = opened {
            self.attach(open);
        }
    }

    /// Goes on behind the last event that came.
    fn resume(&self, lost: Lost) {
        let Lost { course, told } = lost;
        if let Some(text) = told {
            self.change(|timeline| timeline.remove_error(&course.run, &text));
        }
        self.set_phase(RunPhase::Resuming {
            attempt: 1,
            of: ATTEMPTS,
        });
        self.follow_anew(course);
    }

    /// Follows a run that goes on at the server: after a reload, or in another tab. Its events come again from the first one on; those
    /// that are on show change nothing.
    pub(super) fn attach(&self, open: Open) {
        self.set_phase(RunPhase::Streaming);
        self.follow_anew(Course {
            request: self.resume_request(&open.run),
            cursor: Cursor::start(&open.run),
            run: open.run,
            depth: 0,
            known: open.known,
            last_sign: open.last_sign.or(Some(0)),
        });
    }

    fn follow_anew(&self, course: Course) {
        let this = self.clone();
        let run = course.run.clone();
        let handle = spawn_abortable(async move {
            let _turn = this.turn().await;
            this.follow_on(course, None).await;
        });
        lock(&self.0.work).live = Some(Live {
            run: Some(run),
            handle,
        });
    }
}
