//! A known server that waits for sign-in on the connect page.

use super::Connect;
use crate::core::composer::draft::DraftKey;
use crate::core::record::keys;
use crate::core::route::Route;
use crate::core::session::return_to::ReturnTo;
use crate::core::session::verdict::Trips;
use crate::i18n;
use crate::state::app::App;
use crate::state::server::Server;

/// A known server that waits for sign-in, and what comes back with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The server.
    pub server: Server,
    /// The place to go back to, in words.
    pub place: Option<String>,
    /// Whether a draft waits there.
    pub has_draft: bool,
    /// Whether signing in has led back here again and again.
    pub stuck: bool,
}

impl Connect {
    pub(super) fn describe(&self, app: &App, server: &Server, place: Option<&ReturnTo>) -> Waiting {
        let shared = app.shared();
        let user = server.session().user();
        let key = |room, thread| DraftKey {
            server: server.id().clone(),
            user: user.clone(),
            room,
            thread,
        };
        let room_name = |room| server.room_name(room).unwrap_or_else(|| room.0.clone());
        let (words, draft) = match place.map(ReturnTo::route) {
            Some(Route::Room { room, .. }) => (
                Some(i18n::place_room(&room_name(room))),
                Some(key(room.clone(), None)),
            ),
            Some(Route::Thread { room, thread, .. }) => {
                let name = server.thread_name(room, thread);
                (
                    Some(i18n::place_thread(&room_name(room), name.as_deref())),
                    Some(key(room.clone(), Some(thread.clone()))),
                )
            }
            _ => (None, None),
        };
        let has_draft = draft.is_some_and(|key| shared.get(&key.storage_key()).is_some());
        let stuck = shared
            .load::<Trips>(&keys::trips(server.id()), 1)
            .is_some_and(|trips| trips.is_stuck(shared.now()));
        Waiting {
            server: server.clone(),
            place: words,
            has_draft,
            stuck,
        }
    }
}
