//! The rooms of each server and their routes.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::clock;
use crate::error::ApiError;
use crate::local;
use crate::lock::lock;
use crate::server::{Caller, Ordered, Server};

type Shared = State<Arc<Server>>;

/// What answers in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Says back what was written.
    Echo,
    /// Shows every piece of Markdown.
    Markdown,
    /// Thinks, calls tools, cites.
    Tools,
    /// Takes its time.
    Slow,
    /// A model behind an OpenAI-compatible endpoint.
    Live,
}

/// A room.
#[derive(Debug, Clone)]
pub struct Room {
    /// Id in the path.
    pub id: &'static str,
    /// Shown name.
    pub name: &'static str,
    /// One line.
    pub description: &'static str,
    /// Shown before the first message.
    pub welcome: &'static str,
    /// Messages offered for a start.
    pub suggestions: &'static [&'static str],
    /// Who answers.
    pub kind: Kind,
}

const MARKDOWN: Room = Room {
    id: "markdown",
    name: "Markdown showroom",
    description: "Every piece of Markdown, good and hostile",
    welcome: "Ask for **everything**, or for one part: *headings, lists, tables, code, quotes, links, scripts, long lines*.",
    suggestions: &[
        "Show everything",
        "Tables, please",
        "Code in several languages",
        "Links, also the dangerous ones",
        "Other scripts",
    ],
    kind: Kind::Markdown,
};

const SLOW: Room = Room {
    id: "slow",
    name: "Slow",
    description: "Long answers, and what can go wrong on the way",
    welcome: "An answer here takes about 40 seconds. Words at the start of a message change that, in every room:\n\n\
        - `pace MS`: milliseconds between two pieces\n- `long N`: so many sections\n- `wait MS`: silence before the answer\n\
        - `boom`: fails half-way\n- `cut N`: the connection breaks after N events, the answer goes on without you",
    suggestions: &[
        "Walk me through the rooms",
        "pace 20 long 5 a quick walk",
        "boom fail half-way",
        "cut 12 break the line",
        "wait 20000 be silent first",
    ],
    kind: Kind::Slow,
};

const TOOLS: Room = Room {
    id: "tools",
    name: "Reasoning and tools",
    description: "Thinking aloud, tool calls with results, and sources",
    welcome: "Ask anything: you will see the reasoning, two tool calls and an answer with its sources.",
    suggestions: &[
        "How high is the tide tonight?",
        "When does the next ferry leave?",
    ],
    kind: Kind::Tools,
};

const LIVE: Room = Room {
    id: "live",
    name: "Live model",
    description: "A real model behind the endpoint this server was started with",
    welcome: "Whatever you write goes to the model this server was started with.",
    suggestions: &["Who are you?", "Write a haiku about doors"],
    kind: Kind::Live,
};

const fn echo(
    id: &'static str,
    name: &'static str,
    description: &'static str,
    welcome: &'static str,
) -> Room {
    Room {
        id,
        name,
        description,
        welcome,
        suggestions: &[
            "Hello, is anybody there?",
            "Say **this** back, word by word",
            "long 3 say more",
        ],
        kind: Kind::Echo,
    }
}

/// The rooms of the server with that id.
pub fn of(server: &str, with_live: bool) -> Vec<Room> {
    let mut rooms = match server {
        "harbor" => vec![
            echo(
                "echo",
                "Echo",
                "Says back what you wrote, word by word",
                "Write something, and it comes back word by word.",
            ),
            MARKDOWN,
            TOOLS,
            SLOW,
        ],
        "meadow" => vec![
            echo(
                "garden-desk",
                "Garden desk",
                "A patient listener among the flower beds",
                "Tell the garden desk something. It listens, and says it back.",
            ),
            SLOW,
            MARKDOWN,
        ],
        local::ID => vec![
            echo(
                "desk",
                "Desk",
                "On this computer, for you alone",
                "What you say here stays on this computer, and comes back.",
            ),
            TOOLS,
            MARKDOWN,
            SLOW,
        ],
        _ => vec![
            echo(
                "town-square",
                "Town square",
                "Open to everyone, without a sign-in",
                "Nobody signs in here. What you say comes back.",
            ),
            MARKDOWN,
        ],
    };
    if with_live {
        rooms.push(LIVE);
    }
    rooms
}

impl Room {
    /// The state a thread begins with.
    pub fn initial_state(&self) -> Value {
        match self.kind {
            Kind::Tools => {
                json!({"rag": {"citation_index": {}, "citations": [], "document_filter": null}})
            }
            _ => json!({}),
        }
    }

    fn json(&self, model: Option<&str>) -> Value {
        let tools = match self.kind {
            Kind::Tools => json!({
                "search": tool("search", "Search the harbour handbook"),
                "tide_table": tool("tide_table", "Times and heights of the tides"),
            }),
            _ => json!({}),
        };
        let features = if self.kind == Kind::Tools {
            json!(["rag"])
        } else {
            json!([])
        };
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "welcome_message": self.welcome,
            "suggestions": self.suggestions,
            "tools": tools,
            "mcp_client_toolsets": {},
            "skills": {},
            "quizzes": {},
            "agent": {
                "id": format!("room-{}", self.id),
                "model_name": model.filter(|_| self.kind == Kind::Live).unwrap_or("demo-script"),
                "retries": 3,
                "system_prompt": null,
                "provider_type": "openai",
                "provider_base_url": null,
                "provider_key": "secret:NONE",
                "context_window": 8192,
                "agui_feature_names": [],
            },
            "agui_feature_names": features,
            "allow_mcp": false,
            "has_thread_uploads": false,
            "has_room_uploads": false,
        })
    }
}

fn tool(name: &str, description: &str) -> Value {
    json!({
        "kind": name, "tool_name": format!("demo.tools.{name}"), "tool_description": description,
        "tool_requires": "bare", "allow_mcp": false, "agui_feature_names": [], "extra_parameters": {},
    })
}

fn model(server: &Server) -> Option<&str> {
    server.llm.as_ref().map(|llm| llm.model.as_str())
}

/// GET /api/v1/rooms: an object in the order shown.
pub async fn list(State(server): Shared, _: Caller) -> Json<Ordered<Value>> {
    let rooms = server
        .rooms
        .iter()
        .map(|room| (room.id.to_owned(), room.json(model(&server))));
    Json(Ordered(rooms.collect()))
}

/// GET /api/v1/rooms/{room}
pub async fn one(
    State(server): Shared,
    _: Caller,
    Path(room): Path<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(server.room(&room)?.json(model(&server))))
}

/// GET /api/v1/rooms/{room}/documents: no room here has any.
pub async fn documents(
    State(server): Shared,
    _: Caller,
    Path(room): Path<String>,
) -> Result<Json<Value>, ApiError> {
    server.room(&room)?;
    Ok(Json(json!({"room_id": room, "document_set": {}})))
}

fn activity(server: &Server, caller: &Caller, room: &str) -> Value {
    let data = lock(&server.data);
    let threads = data
        .threads
        .values()
        .filter(|thread| thread.user == caller.user && thread.room == room);
    let last = threads.filter_map(|thread| thread.last_activity).max();
    json!({"room_id": room, "last_activity": last.map(clock::zoned)})
}

/// GET /api/v1/stats/rooms
pub async fn all_stats(State(server): Shared, caller: Caller) -> Json<Ordered<Value>> {
    let stats = server
        .rooms
        .iter()
        .map(|room| (room.id.to_owned(), activity(&server, &caller, room.id)));
    Json(Ordered(stats.collect()))
}

/// GET /api/v1/stats/rooms/{room}
pub async fn stats(
    State(server): Shared,
    caller: Caller,
    Path(room): Path<String>,
) -> Result<Json<Value>, ApiError> {
    server.room(&room)?;
    Ok(Json(activity(&server, &caller, &room)))
}
