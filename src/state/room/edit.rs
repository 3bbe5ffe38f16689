//! Gives threads other names, and deletes them.

use reactive_graph::traits::Update;

use super::RoomState;
use crate::api::soliplex;
use crate::core::error::ApiError;
use crate::core::room::ThreadId;
use crate::core::route::Route;
use crate::i18n;
use crate::state::server::Tenant;
use crate::state::task::{lock, spawn};
use crate::state::toast::Tone;

impl RoomState {
    /// Gives a thread another name.
    pub fn rename(&self, id: &ThreadId, name: String) {
        let name = name.trim().to_owned();
        if name.is_empty() {
            return;
        }
        let before = self.0.thread_name(id);
        self.set_name(id, Some(name.clone()));
        let (this, id) = (self.clone(), id.clone());
        spawn(async move {
            let answer = this
                .0
                .server
                .client()
                .call(soliplex::rename_thread(&this.0.id, &id, &name))
                .await;
            if let Err(error) = answer {
                this.set_name(&id, before);
                this.tell(&i18n::rename_failed(), &error);
            }
        });
    }

    fn set_name(&self, id: &ThreadId, name: Option<String>) {
        self.0.threads.update(|load| {
            if let Some(thread) = load
                .data
                .iter_mut()
                .flatten()
                .find(|thread| thread.id == *id)
            {
                thread.name = name;
            }
        });
    }

    /// Deletes a thread.
    pub fn delete(&self, id: &ThreadId) {
        let (this, id) = (self.clone(), id.clone());
        spawn(async move {
            match this
                .0
                .server
                .client()
                .call(soliplex::delete_thread(&this.0.id, &id))
                .await
            {
                // Somebody else was faster: the outcome is the same.
                Ok(_) | Err(ApiError::NotFound { .. }) => this.deleted(&id),
                Err(error) => this.tell(&i18n::delete_failed(), &error),
            }
        });
    }

    fn deleted(&self, id: &ThreadId) {
        if self.is_gone() {
            return;
        }
        let gone = lock(&self.0.open).remove(id);
        if let Some(thread) = gone {
            thread.let_go();
        }
        self.0.unread.forget(id);
        self.0.threads.update(|load| {
            if let Some(threads) = &mut load.data {
                threads.retain(|thread| thread.id != *id);
            }
        });
        let shared = self.0.server.shared();
        if matches!(shared.here(), Some(Route::Thread { thread, .. }) if thread == *id) {
            shared.go(&Route::room(self.0.server.alias(), self.0.id.clone()), true);
        }
    }

    fn tell(&self, what: &str, error: &ApiError) {
        // The end of the session has its own notice.
        if !matches!(error, ApiError::Unauthorized | ApiError::Cancelled) {
            let text = format!("{what} {}", i18n::errors::api_error_line(error));
            self.0.server.shared().toasts.tell(Tone::Danger, text);
        }
    }
}
