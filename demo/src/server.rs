//! One server: its rooms, its data, its switches, and who is calling.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::{Serialize, Serializer};
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::auth::PendingLogin;
use crate::error::ApiError;
use crate::faults::Faults;
use crate::http::bearer;
use crate::llm::Llm;
use crate::lock::lock;
use crate::provider::Provider;
use crate::rooms::Room;
use crate::seen::Seen;
use crate::store::{ServerData, Thread};
use uuid::Uuid;

/// The user of every caller where nobody signs in, and of tokens without a `preferred_username`.
pub const NOBODY: &str = "<unknown>";

/// What stays the same while a server runs.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Installation id, provider id and realm.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// Whether it asks for a sign-in.
    pub has_sign_in: bool,
}

/// A server that an app is told of at its start.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Suggested {
    /// Its address, or `/` for the app's own.
    pub address: String,
    /// Its name.
    pub name: String,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// Who it is.
    pub profile: Profile,
    /// TCP port on 127.0.0.1.
    pub port: u16,
    /// In the order shown.
    pub rooms: Vec<Room>,
    /// Signs its users in.
    pub provider: Arc<Provider>,
    /// Its switches and counters.
    pub faults: Arc<Faults>,
    /// What came in on any port.
    pub seen: Arc<Seen>,
    /// Sign-ins under way, by session and state.
    pub logins: Mutex<HashMap<(String, String), PendingLogin>>,
    /// Origins besides loopback that tokens may go to.
    pub allowed_origins: Vec<String>,
    /// All servers, for `config.json`.
    pub suggested: Vec<Suggested>,
    /// Behind the room "Live model".
    pub llm: Option<Llm>,
    /// Rung when something is to be kept.
    pub dirty: Arc<Notify>,
    /// Cancelled when the process ends.
    pub stop: CancellationToken,
    /// Start, for keepalive comments.
    pub started: Instant,
    /// Threads and runs.
    pub data: Mutex<ServerData>,
    /// Counts changes of any run; streams wait for it.
    pub changed: watch::Sender<u64>,
}

impl Server {
    /// Whether callers must sign in now.
    pub fn asks_for_sign_in(&self) -> bool {
        !self
            .faults
            .read(|switches| switches.without_sign_in)
            .unwrap_or(!self.profile.has_sign_in)
    }

    /// The room of that id.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn room(&self, id: &str) -> Result<&Room, ApiError> {
        self.rooms
            .iter()
            .find(|room| room.id == id)
            .ok_or_else(|| ApiError::unknown_room(id))
    }

    /// Reads a thread of the caller.
    ///
    /// # Errors
    /// 404 for a thread that is not the caller's, 400 for the wrong room.
    pub fn read_thread<T>(
        &self,
        caller: &Caller,
        room: &str,
        id: Uuid,
        read: impl FnOnce(&Thread) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.room(room)?;
        read(find(&mut lock(&self.data), caller, room, id)?)
    }

    /// Changes a thread of the caller, and keeps it.
    ///
    /// # Errors
    /// As [`Server::read_thread`].
    pub fn change_thread<T>(
        &self,
        caller: &Caller,
        room: &str,
        id: Uuid,
        change: impl FnOnce(&mut Thread) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.room(room)?;
        let result = change(find(&mut lock(&self.data), caller, room, id)?);
        self.touch();
        result
    }

    /// Wakes the streams and the keeper of files.
    pub fn touch(&self) {
        self.changed.send_modify(|count| *count += 1);
        self.dirty.notify_one();
    }

    /// A copy of what is to be kept.
    ///
    /// # Errors
    /// When the data cannot be written as JSON.
    pub fn snapshot(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&*lock(&self.data))
    }
}

fn find<'a>(
    data: &'a mut ServerData,
    caller: &Caller,
    room: &str,
    id: Uuid,
) -> Result<&'a mut Thread, ApiError> {
    use axum::http::StatusCode;
    let thread = data
        .threads
        .get_mut(&id)
        .filter(|thread| thread.user == caller.user)
        .ok_or_else(|| {
            ApiError::List(
                StatusCode::NOT_FOUND,
                format!("Unknown thread: UUID {id} for user {}", caller.user),
            )
        })?;
    if thread.room != room {
        let text = format!(
            "Thread room ID '{}' does not match room ID '{room}'",
            thread.room
        );
        return Err(ApiError::List(StatusCode::BAD_REQUEST, text));
    }
    Ok(thread)
}

/// Who is calling, once the token was checked.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Threads are kept under this name.
    pub user: String,
    /// Claims of the access token; `None` where nobody signs in.
    pub claims: Option<Value>,
}

impl FromRequestParts<Arc<Server>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, ApiError> {
        if !server.asks_for_sign_in() {
            return Ok(Self {
                user: NOBODY.to_owned(),
                claims: None,
            });
        }
        let token = bearer(&parts.headers).ok_or_else(|| ApiError::unauthorized("no token"))?;
        let claims = server
            .provider
            .realm(&server.profile.id)
            .and_then(|realm| server.provider.verify(realm, token))
            .ok_or_else(|| ApiError::unauthorized("invalid token"))?;
        let user = claims["preferred_username"]
            .as_str()
            .unwrap_or(NOBODY)
            .to_owned();
        Ok(Self {
            user,
            claims: Some(claims),
        })
    }
}

/// A JSON object whose keys keep the order they were given in.
#[derive(Debug)]
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}
