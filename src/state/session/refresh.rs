//! Renewing the tokens: one request for all tabs, and what its outcome means.

use futures_channel::oneshot;
use futures_util::future::{AbortHandle, Abortable, Aborted};
use reactive_graph::traits::{GetUntracked, ReadUntracked, Set};

use super::{LOCK_WAIT, Refreshed, ServerSession};
use crate::core::session::machine::{NotTaken, Stamp};
use crate::core::session::token::{RefreshFailure, TokenAnswer, Tokens};
use crate::core::session::verdict::{AfterFailure, after_failure};
use crate::i18n;
use crate::state::lease;
use crate::state::task::{lock, spawn};
use crate::state::toast::Tone;

impl ServerSession {
    /// Renews the tokens; whoever asks while that is under way shares its outcome. The work belongs to
    /// the app: it goes on when the asking page is left. `refused`: the server refused the current token.
    pub async fn refresh(&self, refused: bool) -> Refreshed {
        self.begin_refresh(refused).await.unwrap_or(Refreshed::Kept)
    }

    pub(super) fn begin_refresh(&self, refused: bool) -> oneshot::Receiver<Refreshed> {
        let (sender, receiver) = oneshot::channel();
        let starts = {
            let mut flight = lock(&self.0.flight);
            flight.refused |= refused;
            match &mut flight.waiters {
                Some(waiters) => {
                    waiters.push(sender);
                    false
                }
                None => {
                    flight.waiters = Some(vec![sender]);
                    true
                }
            }
        };
        if starts {
            let this = self.clone();
            spawn(async move {
                this.0.refreshing.set(true);
                let (handle, registration) = AbortHandle::new_pair();
                lock(&this.0.flight).cancel = Some(handle);
                let outcome = match Abortable::new(this.refresh_once(), registration).await {
                    Ok(outcome) => outcome,
                    Err(Aborted) if this.is_active_untracked() => Refreshed::Fresh,
                    Err(Aborted) => Refreshed::Ended,
                };
                lock(&this.0.flight).held = None;
                this.0.refreshing.set(false);
                let waiters = {
                    let mut flight = lock(&this.0.flight);
                    flight.refused = false;
                    flight.waiters.take()
                };
                for waiter in waiters.into_iter().flatten() {
                    // Whoever has left does not want to know.
                    let _ = waiter.send(outcome);
                }
            });
        }
        receiver
    }

    /// Lets other tabs renew the tokens at once: this page is about to be left.
    pub fn let_go(&self) {
        if let Some(held) = lock(&self.0.flight).held.take() {
            // The work may have ended just now.
            let _ = held.send(());
        }
    }

    async fn refresh_once(&self) -> Refreshed {
        self.about_to_use();
        let before = self.0.session.read_untracked().stamp();
        if let Some(mut held) = lease::acquire(&self.0.shared, &self.0.id, LOCK_WAIT).await {
            let (release, released) = oneshot::channel::<()>();
            lock(&self.0.flight).held = Some(release);
            spawn(async move {
                // The sender is dropped with the end of the work.
                if released.await.is_ok() {
                    held.at_once();
                }
            });
        }
        self.adopt_stored();
        let session = self.0.session.get_untracked();
        if session.stamp() != before {
            return if session.is_active() {
                Refreshed::Fresh
            } else {
                Refreshed::Ended
            };
        }
        let (Some(provider), Some(tokens)) =
            (session.provider().cloned(), session.tokens().cloned())
        else {
            return Refreshed::Ended;
        };
        let spent = lock(&self.0.flight).spent == Some(before);
        if !spent && self.is_waiting() {
            return Refreshed::Kept;
        }
        let outcome = if spent {
            Err(RefreshFailure::InvalidGrant)
        } else {
            self.request_tokens(&provider, &tokens).await
        };
        self.settle(before, &tokens, outcome)
    }

    fn settle(
        &self,
        stamp: Stamp,
        tokens: &Tokens,
        outcome: Result<TokenAnswer, RefreshFailure>,
    ) -> Refreshed {
        // Another tab may have signed out, or in as somebody else, while the provider was thinking.
        self.adopt_stored();
        let now = self.0.shared.now();
        let failure = match outcome {
            Ok(answer) => {
                let mut session = self.0.session.get_untracked();
                match session.refreshed(stamp, answer, now) {
                    Ok(()) => {
                        {
                            let random = self.0.shared.random();
                            let mut flight = lock(&self.0.flight);
                            // A token that is due at birth must not lead to one request after the other.
                            match session.tokens().and_then(Tokens::refresh_due_at) {
                                Some(due) if due <= now => flight.backoff.failed(now, random, None),
                                _ => flight.backoff.succeeded(),
                            }
                            flight.stopped = false;
                        }
                        self.put(session, true);
                        self.watch();
                        return Refreshed::Fresh;
                    }
                    Err(NotTaken::Stale) => {
                        return if session.is_active() {
                            Refreshed::Fresh
                        } else {
                            Refreshed::Ended
                        };
                    }
                    Err(NotTaken::OtherUser) => RefreshFailure::OtherUser,
                }
            }
            Err(failure) => failure,
        };
        if self.0.session.read_untracked().stamp() != stamp {
            return if self.is_active_untracked() {
                Refreshed::Fresh
            } else {
                Refreshed::Ended
            };
        }
        if matches!(
            failure,
            RefreshFailure::InvalidGrant | RefreshFailure::OtherUser
        ) {
            lock(&self.0.flight).spent = Some(stamp);
        }
        let refused = lock(&self.0.flight).refused;
        let after = after_failure(&failure, tokens, now, refused);
        log::warn!("refresh on {}: {failure}; {after:?}", self.0.id.host());
        if let RefreshFailure::Configuration(code) = &failure {
            let notice = i18n::provider_refuses_client(&self.server_name(), code);
            self.0.shared.toasts.tell(Tone::Danger, notice);
        }
        match after {
            AfterFailure::Expire(reason) => {
                self.mark_expired(stamp.epoch, reason);
                // An already expired session that tried its kept token stays as it is.
                Refreshed::Ended
            }
            keep => {
                self.note_setback(stamp, keep, refused);
                let retry_after = if let RefreshFailure::Transient { retry_after } = failure {
                    retry_after
                } else {
                    None
                };
                let random = self.0.shared.random();
                let mut flight = lock(&self.0.flight);
                flight.backoff.failed(now, random, retry_after);
                flight.stopped |= keep == AfterFailure::KeepAndStop;
                if retry_after.is_some() {
                    self.tell_pause(flight.backoff.not_before());
                }
                Refreshed::Kept
            }
        }
    }
}
