//! What is kept of a session over a reload, and what other tabs have kept.

use reactive_graph::traits::{Set, WithUntracked};

use super::ServerSession;
use crate::core::record::keys;
use crate::core::server::id::ServerId;
use crate::core::session::machine::{Epoch, ExpiryReason, Session};
use crate::core::session::{stored, two_stores};
use crate::i18n;
use crate::state::shared::Shared;
use crate::state::shell::keychain;
use crate::state::task::lock;
use crate::state::toast::Tone;

impl ServerSession {
    /// Ends the session without leaving a trace: another tab has removed the server.
    pub(in crate::state) fn forget(&self) {
        self.put(Session::signed_out(Epoch(self.0.shared.random())), false);
    }

    /// Takes over what another tab has stored, where it is newer.
    pub fn adopt_stored(&self) {
        let Some(stored) = self.load() else {
            return;
        };
        let yields = self
            .0
            .session
            .with_untracked(|session| session.yields_to(&stored));
        if yields {
            lock(&self.0.flight).stopped = false;
            self.put(stored, false);
            self.watch();
        }
    }

    /// The session that both stores together have: it replaces what was shown until then.
    pub(in crate::state) fn take_over(&self, session: Session) {
        self.put(session, false);
        self.watch();
    }

    /// Whether there was a session here whose tokens are not to be had now.
    #[must_use]
    pub fn lacks_tokens(&self) -> bool {
        self.0
            .session
            .with_untracked(|session| session.expiry() == Some(ExpiryReason::Sealed))
    }

    /// The stored session. Tokens that lie there in clear are sealed as soon as that is possible.
    fn load(&self) -> Option<Session> {
        let (shared, key) = (&self.0.shared, self.storage_key());
        if shared
            .desktop()
            .is_some_and(|desktop| !desktop.is_settled())
        {
            return None;
        }
        let text = shared.get(&key)?;
        let seal = shared.seal();
        match stored::decode(&text, &key, seal.as_ref()) {
            Ok(kept) => {
                if kept.in_clear && seal.is_some() && !shared.is_volatile(&key) {
                    self.store(&kept.session);
                }
                Some(kept.session)
            }
            Err(error) => {
                shared.unreadable(&key, &text, stored::VERSION, error);
                None
            }
        }
    }

    /// Writes a session down.
    fn store(&self, session: &Session) {
        let (shared, key) = (&self.0.shared, self.storage_key());
        if let Some(desktop) = shared.desktop() {
            return desktop.keep(shared, &self.0.id, session);
        }
        let text = stored::encode(
            session,
            &key,
            shared.seal().as_ref(),
            shared.ports.random.bytes(),
        );
        if shared.ports.shell.is_expected() {
            // The bridge is missing for once: with the next window the keychain must be seen to be behind.
            return keychain::keep_alone(shared, &key, &text);
        }
        shared.set(&key, &text);
    }

    /// Says once per device that what is stored here is not encrypted.
    pub(super) fn tell_if_in_clear(&self) {
        let (shared, key) = (&self.0.shared, keys::told_in_clear());
        // There it is asked, not only told.
        if shared.desktop().is_some() {
            return;
        }
        let in_clear = shared.vault_was_asked() && shared.seal().is_none();
        if in_clear && shared.get(&key).is_none() {
            shared.set(&key, "1");
            shared.toasts.tell(Tone::Caution, i18n::stored_in_clear());
        }
    }

    /// What is known of a session before the key to its tokens is there.
    pub(super) fn restored(shared: &Shared, id: &ServerId) -> Session {
        let key = keys::session(id);
        let text = shared.get(&key);
        text.and_then(|text| {
            // An unreadable record is dealt with once the key is there.
            stored::decode(&text, &key, shared.seal().as_ref()).ok()
        })
        .map_or_else(
            || Session::signed_out(Epoch(shared.random())),
            |kept| match shared.desktop() {
                // The keychain may know a newer one.
                Some(desktop) if !desktop.is_settled() => two_stores::veiled(kept.session),
                _ => kept.session,
            },
        )
    }

    pub(super) fn put(&self, session: Session, store: bool) {
        let (was, is) = (
            self.0.session.with_untracked(Session::is_active),
            session.is_active(),
        );
        let anew = self
            .0
            .session
            .with_untracked(|old| old.epoch != session.epoch);
        let flips = was != is || anew;
        if was && flips {
            for hook in lock(&self.0.before_end).iter() {
                hook();
            }
        }
        if store {
            self.store(&session);
            if session.tokens().is_none() {
                self.0.shared.remove_stale(&self.storage_key());
            }
        }
        self.0.session.set(session);
        if anew && let Some(refresh) = lock(&self.0.flight).cancel.take() {
            refresh.abort();
        }
        if flips {
            for hook in lock(&self.0.after_change).iter() {
                hook();
            }
        }
    }
}
