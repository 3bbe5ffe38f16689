//! What a core keeps: the session, and per user threads, connections and turn states.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::clock::{self, Micros};

/// Owner of everything while nobody is signed in.
pub const LOCAL: &str = "local";

/// The account session a core holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// JWT, or `demo-<name>`.
    pub token: String,
    /// Id at the hosted service.
    pub user_id: String,
    /// As who-am-I answers.
    pub user: Value,
    /// Offline session of a newer core.
    pub is_local: bool,
    /// The hosted service refuses it.
    pub is_dead: bool,
    /// When it was stored.
    pub updated: Micros,
}

/// A message as the client appended it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Chosen by the client; may repeat.
    pub id: String,
    /// Text.
    pub content: String,
    /// `text`
    #[serde(rename = "type")]
    pub kind: String,
    /// The only part that can change.
    #[serde(default)]
    pub extra_metadata: Map<String, Value>,
    /// `user`, `agent` or `assistant`.
    pub sender: String,
    /// RFC 3339, the client's clock.
    pub created_at: String,
}

/// A thread.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Thread {
    /// `thread-<uuid>`, or what the client chose.
    pub id: String,
    /// Title.
    pub title: String,
    /// Whether the title was made up at creation.
    pub is_placeholder: bool,
    /// RFC 3339.
    pub created_at: String,
    /// Labels.
    pub labels: Vec<String>,
    /// In the order in which they were appended.
    pub messages: Vec<Message>,
}

impl Thread {
    /// The moment it is sorted by.
    pub fn last_message_at(&self) -> &str {
        self.messages
            .last()
            .map_or(self.created_at.as_str(), |message| &message.created_at)
    }

    /// As the wire has it.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "title": self.title,
            "isActive": true,
            "messageCount": self.messages.len(),
            "lastMessageAt": self.last_message_at(),
            "createdAt": self.created_at,
            "labels": self.labels,
        })
    }
}

/// An integration that somebody began to connect.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// `ca_1`
    pub id: String,
    /// Slug.
    pub toolkit: String,
    /// `INITIATED`, `ACTIVE`, `FAILED`, …
    pub status: String,
    /// RFC 3339.
    pub created_at: String,
}

/// What belongs to one user.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UserData {
    /// In the order of creation.
    pub threads: Vec<Thread>,
    /// In the order of creation.
    pub connections: Vec<Connection>,
    /// Per toolkit: read, write, admin.
    pub scopes: BTreeMap<String, Value>,
    /// Per thread: the snapshot of a turn that runs or broke off.
    pub turn_states: BTreeMap<String, Value>,
}

impl UserData {
    /// The thread of that id.
    pub fn thread_mut(&mut self, id: &str) -> Option<&mut Thread> {
        self.threads.iter_mut().find(|thread| thread.id == id)
    }
}

/// Everything one core keeps.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CoreData {
    /// Session, if one was stored.
    pub session: Option<Session>,
    /// Whose data is in use; nobody's is [`LOCAL`].
    pub active_user: Option<String>,
    /// Whether the first steps are still to be done.
    pub has_first_steps: bool,
    /// Number of the next connection.
    pub connections_made: u64,
    /// Per user id.
    pub users: BTreeMap<String, UserData>,
}

impl CoreData {
    /// Name of the user whose data is in use.
    pub fn user_name(&self) -> String {
        self.active_user.clone().unwrap_or_else(|| LOCAL.to_owned())
    }

    /// Data of the user in use.
    pub fn user(&mut self) -> &mut UserData {
        let name = self.user_name();
        self.users.entry(name).or_default()
    }

    /// Keeps a session and turns to its user. The threads of nobody go when somebody comes.
    pub fn store(&mut self, session: Session) {
        if self.active_user.is_none() {
            self.users.remove(LOCAL);
        }
        self.active_user = Some(session.user_id.clone());
        self.session = Some(session);
    }

    /// Forgets the session and turns back to nobody's data. Whether there was one.
    pub fn clear(&mut self) -> bool {
        self.active_user = None;
        self.session.take().is_some()
    }

    /// Turns that ran are marked as broken off, as a core does at its start.
    pub fn interrupt_all(&mut self) {
        let states = self
            .users
            .values_mut()
            .flat_map(|user| user.turn_states.values_mut());
        for state in states {
            state["lifecycle"] = json!("interrupted");
            state["updatedAt"] = json!(moment());
        }
    }
}

/// Now, as the wire has it.
pub fn moment() -> String {
    clock::zoned(clock::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(user: &str) -> Session {
        Session {
            token: format!("demo-{user}"),
            user_id: format!("u-{user}"),
            user: json!({}),
            is_local: false,
            is_dead: false,
            updated: 0,
        }
    }

    fn thread(id: &str) -> Thread {
        Thread {
            id: id.to_owned(),
            title: String::new(),
            is_placeholder: true,
            created_at: String::new(),
            labels: Vec::new(),
            messages: Vec::new(),
        }
    }

    #[test]
    fn the_threads_of_nobody_go_at_the_first_sign_in_and_those_of_users_stay() {
        let mut data = CoreData::default();
        data.user().threads.push(thread("nobodys"));
        data.store(session("ann"));
        assert!(data.user().threads.is_empty());
        data.user().threads.push(thread("anns"));
        data.store(session("bob"));
        assert!(data.user().threads.is_empty());
        assert!(data.clear());
        assert!(!data.clear());
        assert!(data.user().threads.is_empty());
        data.store(session("ann"));
        assert_eq!(data.user().threads.len(), 1);
    }
}
