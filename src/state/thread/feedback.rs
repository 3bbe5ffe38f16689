//! What a person thinks of an answer: a verdict that can be taken back for a moment and is then sent.

mod kept;

use std::collections::HashMap;
use std::sync::Mutex;

use reactive_graph::signal::ArcRwSignal;
use reactive_graph::traits::{GetUntracked, Set};

use super::ThreadState;
use crate::api::soliplex;
use crate::core::error::ApiError;
use crate::i18n;
use crate::state::task::{lock, spawn};
use crate::state::toast::Tone;

/// For how long a verdict can be taken back, in milliseconds.
pub const UNDO_MS: u32 = 5_000;

/// How the verdict on one run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opinion {
    /// None was given.
    #[default]
    None,
    /// Given, and sent once its time to be taken back is over. `round` is another one for each time.
    Pending {
        /// Whether the answer is good.
        up: bool,
        /// Tells one countdown from the next.
        round: u64,
    },
    /// The person is saying why; nothing is sent meanwhile.
    Explaining {
        /// Whether the answer is good.
        up: bool,
    },
    /// On its way.
    Sending {
        /// Whether the answer is good.
        up: bool,
    },
    /// The server has it.
    Sent {
        /// Whether the answer is good.
        up: bool,
    },
}

impl Opinion {
    /// Whether the answer is good; `None` where nobody has said so.
    #[must_use]
    pub fn is_up(self) -> Option<bool> {
        match self {
            Self::None => None,
            Self::Pending { up, .. }
            | Self::Explaining { up }
            | Self::Sending { up }
            | Self::Sent { up } => Some(up),
        }
    }
}

#[derive(Default)]
struct Verdict {
    shown: ArcRwSignal<Opinion>,
    /// What the server has.
    sent: Option<bool>,
}

impl Verdict {
    /// What is shown where nothing is on its way.
    fn settled(&self) -> Opinion {
        self.sent.map_or(Opinion::None, |up| Opinion::Sent { up })
    }
}

/// The verdicts on the runs of a thread, by run id.
#[derive(Default)]
pub(super) struct Verdicts(Mutex<(HashMap<String, Verdict>, u64)>);

impl Verdicts {
    fn with<T>(&self, run: &str, read: impl FnOnce(&mut Verdict) -> T) -> T {
        let mut all = lock(&self.0);
        read(all.0.entry(run.to_owned()).or_default())
    }

    /// Whether none can still be taken back, or is on its way.
    pub(super) fn are_settled(&self) -> bool {
        lock(&self.0).0.values().all(|verdict| {
            let shown = verdict.shown.get_untracked();
            matches!(shown, Opinion::None | Opinion::Sent { .. })
        })
    }

    /// Those that were not sent are not sent any more; says which runs they were on.
    fn forget(&self) -> Vec<String> {
        let all = std::mem::take(&mut lock(&self.0).0);
        let forget = |(run, verdict): (String, Verdict)| {
            verdict.shown.set(Opinion::None);
            run
        };
        all.into_iter().map(forget).collect()
    }

    fn next_round(&self) -> u64 {
        let mut all = lock(&self.0);
        all.1 += 1;
        all.1
    }
}

impl ThreadState {
    /// Whoever has said something is gone: what was not sent is not sent any more.
    pub(super) fn forget_opinions(&self) {
        for run in self.0.verdicts.forget() {
            self.keep_opinion(&run, Opinion::None, "");
        }
    }

    /// How the verdict on a run stands.
    #[must_use]
    pub fn opinion(&self, run: &str) -> ArcRwSignal<Opinion> {
        self.0.verdicts.with(run, |verdict| verdict.shown.clone())
    }

    /// A thumb was pressed: the verdict is sent after a while, unless the same thumb is pressed again before.
    pub fn rate(&self, run: &str, up: bool) {
        if self.0.composer.has_left() {
            return;
        }
        let shown = self.opinion(run);
        match shown.get_untracked() {
            Opinion::Pending { up: before, .. } if before == up => {
                shown.set(self.0.verdicts.with(run, |verdict| verdict.settled()));
                self.keep_opinion(run, Opinion::None, "");
            }
            Opinion::Sending { up: before } | Opinion::Sent { up: before } if before == up => {}
            _ => self.count_down(run, up),
        }
    }

    /// The person wants to say why: nothing is sent until they have, or have not.
    pub fn explain(&self, run: &str) {
        let shown = self.opinion(run);
        if let Opinion::Pending { up, .. } = shown.get_untracked() {
            shown.set(Opinion::Explaining { up });
            self.keep_opinion(run, Opinion::Explaining { up }, "");
        }
    }

    /// The person does not want to say why after all: the time to take the verdict back begins anew.
    pub fn explain_nothing(&self, run: &str) {
        if let Opinion::Explaining { up } = self.opinion(run).get_untracked() {
            self.count_down(run, up);
        }
    }

    /// Sends the verdict that was given and not sent yet; a blank reason is none.
    pub fn submit_opinion(&self, run: &str, reason: &str) {
        let shown = self.opinion(run);
        let (Opinion::Pending { up, .. } | Opinion::Explaining { up }) = shown.get_untracked()
        else {
            return;
        };
        self.send_opinion(run, up, reason);
    }

    fn send_opinion(&self, run: &str, up: bool, reason: &str) {
        let sending = Opinion::Sending { up };
        self.opinion(run).set(sending);
        self.keep_opinion(run, sending, reason);
        let (client, key) = (self.client(), &self.0.key);
        let request = soliplex::feedback(&key.room, &key.thread, run, up, reason);
        let (this, run) = (self.clone(), run.to_owned());
        spawn(async move {
            let outcome = client.call(request).await.map(|_| ());
            this.opinion_sent(&run, up, outcome);
        });
    }

    /// The person leaves the conversation: what was said is sent now.
    pub fn submit_opinions(&self) {
        let runs: Vec<String> = lock(&self.0.verdicts.0).0.keys().cloned().collect();
        for run in runs {
            self.submit_opinion(&run, "");
        }
    }

    fn count_down(&self, run: &str, up: bool) {
        let round = self.0.verdicts.next_round();
        let shown = self.opinion(run);
        let pending = Opinion::Pending { up, round };
        shown.set(pending);
        self.keep_opinion(run, pending, "");
        let (this, run) = (self.clone(), run.to_owned());
        let over = self.0.room.server().shared().ports.clock.sleep(UNDO_MS);
        spawn(async move {
            over.await;
            if shown.get_untracked() == pending {
                this.submit_opinion(&run, "");
            }
        });
    }

    fn opinion_sent(&self, run: &str, up: bool, outcome: Result<(), ApiError>) {
        let shown = self.opinion(run);
        let settled = self.0.verdicts.with(run, |verdict| {
            if outcome.is_ok() {
                verdict.sent = Some(up);
            }
            verdict.settled()
        });
        // The end of the session is no answer: it is sent when the person is back.
        let is_open = matches!(outcome, Err(ApiError::Unauthorized | ApiError::Cancelled));
        // The other thumb may have been pressed meanwhile.
        if shown.get_untracked() == (Opinion::Sending { up }) {
            shown.set(settled);
            if !is_open {
                self.keep_opinion(run, Opinion::None, "");
            }
        }
        if let Err(error) = outcome
            && !is_open
        {
            let why = i18n::errors::api_error_line(&error);
            let toasts = self.0.room.server().shared().toasts.clone();
            toasts.tell(Tone::Caution, format!("{} {why}", i18n::feedback_failed()));
        }
    }
}
