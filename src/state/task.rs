//! The one place where tasks are started.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::{AbortHandle, Abortable};

/// Starts a task that belongs to the app: leaving a page does not end it.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    any_spawner::Executor::spawn_local(task);
}

/// Starts a task that can be ended by the handle.
pub fn spawn_abortable(task: impl Future<Output = ()> + 'static) -> AbortHandle {
    let (handle, registration) = AbortHandle::new_pair();
    spawn(async move {
        // An aborted task has nothing to say.
        let _ = Abortable::new(task, registration).await;
    });
    handle
}

/// Locks, also after a panic elsewhere: what is behind these locks is valid after every statement.
/// Never held over an `.await`.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
