//! What a server that keeps the session itself answers to its methods.

use serde_json::{Value, json};

use super::{Held, Inner, NO_SESSION, Turn, text};

type Answer = Result<Value, String>;

fn logged(result: Value) -> Value {
    json!({ "result": result, "logs": ["asked"] })
}

fn enveloped(data: Value) -> Value {
    json!({ "data": data, "meta": { "requestId": "m" } })
}

impl Inner {
    pub(super) fn call(&mut self, name: &str, params: &Value) -> Answer {
        self.calls.push((name.to_owned(), params.clone()));
        if self.missing.iter().any(|known| name.ends_with(known)) {
            return Err(format!("unknown method: {name}"));
        }
        let failing = self
            .failing
            .iter_mut()
            .find(|(known, (left, _))| name.ends_with(known.as_str()) && *left > 0);
        if let Some((_, (left, text))) = failing {
            *left -= 1;
            return Err(text.clone());
        }
        let name = name.strip_prefix("openhuman.").unwrap_or(name);
        match name.split('_').next().unwrap_or_default() {
            "auth" | "app" => self.session(name, params).map(logged),
            "composio" => self.integrations(name, params).map(logged),
            "threads" => self.thread(name, params).map(enveloped),
            "channel" => self.chat(name, params).map(logged),
            "team" | "billing" => self.spent(name).map(logged),
            _ => Err(format!("unknown method: {name}")),
        }
    }

    /// What is read of the disk now.
    fn read(&mut self) -> Option<Held> {
        if self.unread > 0 {
            self.unread -= 1;
            return None;
        }
        self.session.clone()
    }

    fn session(&mut self, name: &str, params: &Value) -> Answer {
        match name {
            "auth_get_state" => Ok(json!({ "isAuthenticated": self.read().is_some() })),
            "app_state_snapshot" => Ok(match self.read() {
                Some(held) => json!({
                    "auth": { "isAuthenticated": true, "userId": held.user },
                    "sessionToken": held.token,
                    "currentUser": { "_id": held.user, "firstName": held.user },
                    "chatOnboardingCompleted": self.is_onboarded,
                }),
                None => json!({ "auth": { "isAuthenticated": false }, "sessionToken": null }),
            }),
            "auth_get_me" => match &self.session {
                Some(held) => Ok(json!({ "_id": held.user })),
                None => Err("session JWT required".to_owned()),
            },
            "auth_consume_login_token" => {
                let token = self.links.remove(&text(params, "loginToken"));
                let token = token.ok_or("POST /auth failed (400 Bad Request): no such link")?;
                Ok(json!({ "jwtToken": token }))
            }
            "auth_store_session" => {
                let token = text(params, "token");
                let Some(user) = self.accounts.get(&token).cloned() else {
                    return Err(
                        "Session validation failed (GET /auth/me): 401 Unauthorized".to_owned()
                    );
                };
                if !self.forgetful {
                    self.session = Some(Held { token, user });
                }
                Ok(json!({ "hasToken": true }))
            }
            "auth_clear_session" => Ok(json!({ "removed": self.session.take().is_some() })),
            _ => Err(format!("unknown method: {name}")),
        }
    }

    fn integrations(&mut self, name: &str, params: &Value) -> Answer {
        if self.session.is_none() {
            return Err(NO_SESSION.to_owned());
        }
        match name {
            "composio_list_toolkits" => Ok(json!({ "toolkits": self.toolkits })),
            "composio_list_connections" => Ok(json!({ "connections": self.connections })),
            "composio_authorize" => {
                let toolkit = text(params, "toolkit");
                let url = format!("https://connect.example/{toolkit}");
                let id = format!("con-{toolkit}");
                self.connections
                    .push(json!({ "id": id, "toolkit": toolkit, "status": "INITIATED" }));
                Ok(json!({ "connectUrl": url, "connectionId": id }))
            }
            "composio_delete_connection" => {
                let id = &params["connection_id"];
                let before = self.connections.len();
                self.connections.retain(|one| one["id"] != *id);
                Ok(json!({ "deleted": self.connections.len() < before }))
            }
            _ => Err(format!("unknown method: {name}")),
        }
    }

    fn spent(&self, name: &str) -> Answer {
        if self.session.is_none() {
            return Err(NO_SESSION.to_owned());
        }
        match name {
            "team_get_usage" => Ok(json!({ "remainingUsd": 0.0, "cycleBudgetUsd": 20.0 })),
            "billing_get_current_plan" => Ok(json!({ "plan": "BASIC" })),
            _ => Err(format!("unknown method: {name}")),
        }
    }

    pub(super) fn add_thread(&mut self, id: &str, title: &str) {
        self.threads.push(
            json!({ "id": id, "title": title, "labels": [], "messageCount": 0,
            "createdAt": "2027-01-15T08:00:00Z", "lastMessageAt": "2027-01-15T08:00:00Z" }),
        );
    }

    fn thread(&mut self, name: &str, params: &Value) -> Answer {
        let id = text(params, "thread_id");
        match name {
            "threads_list" => Ok(json!({ "threads": self.threads })),
            "threads_create_new" => {
                self.count += 1;
                let id = format!("t-{}", self.count);
                self.add_thread(&id, "Chat Jan 15");
                Ok(self.threads.last().cloned().unwrap_or_default())
            }
            "threads_upsert" => {
                let known = self
                    .threads
                    .iter_mut()
                    .find(|one| one["id"] == params["id"]);
                let known = known.ok_or("thread not found")?;
                known["title"] = params["title"].clone();
                Ok(known.clone())
            }
            "threads_generate_title" => {
                let known = self.threads.iter_mut().find(|one| one["id"] == json!(id));
                let known = known.ok_or(format!("thread {id} not found"))?;
                known["title"] = json!("A title");
                Ok(known.clone())
            }
            "threads_delete" => {
                let before = self.threads.len();
                self.threads.retain(|one| one["id"] != json!(id));
                Ok(json!({ "deleted": self.threads.len() < before }))
            }
            "threads_messages_list" => {
                let messages = self.messages.get(&id).cloned().unwrap_or_default();
                Ok(json!({ "messages": messages, "count": messages.len() }))
            }
            "threads_message_append" => {
                let message = params["message"].clone();
                self.messages.entry(id).or_default().push(message.clone());
                Ok(message)
            }
            "threads_turn_state_get" => {
                let state = self.turns.get(&id).map(|turn| turn.state.clone());
                Ok(json!({ "turnState": state }))
            }
            _ => Err(format!("unknown method: {name}")),
        }
    }

    fn chat(&mut self, name: &str, params: &Value) -> Answer {
        let (client, thread) = (text(params, "client_id"), text(params, "thread_id"));
        let is_live = self.turns.get(&thread).is_some_and(|turn| turn.is_live);
        match name {
            "channel_web_chat" => {
                if is_live {
                    let fields = json!({ "error_type": "cancelled", "message": "Cancelled by newer request" });
                    self.end(&thread, fields);
                }
                self.requests += 1;
                let request = format!("req-{}", self.requests);
                let state = json!({ "threadId": thread, "requestId": request,
                    "lifecycle": "started", "iteration": 0, "streamingText": "", "thinking": "",
                    "toolTimeline": [] });
                let turn = Turn {
                    client: client.clone(),
                    state,
                    is_live: true,
                };
                self.turns.insert(thread.clone(), turn);
                Ok(
                    json!({ "accepted": true, "client_id": client, "thread_id": thread,
                    "request_id": request }),
                )
            }
            "channel_web_cancel" => {
                let request = self
                    .turns
                    .get(&thread)
                    .map(|turn| turn.state["requestId"].clone())
                    .filter(|_| is_live);
                if is_live {
                    let fields = json!({ "error_type": "cancelled", "message": "Cancelled" });
                    self.end(&thread, fields);
                }
                Ok(json!({ "cancelled": request.is_some(), "request_id": request }))
            }
            _ => Err(format!("unknown method: {name}")),
        }
    }

    pub(super) fn end(&mut self, thread: &str, fields: Value) {
        self.say(thread, "chat_error", fields);
        if let Some(turn) = self.turns.get_mut(thread) {
            turn.is_live = false;
            turn.state["lifecycle"] = json!("interrupted");
        }
    }

    pub(super) fn say(&mut self, thread: &str, name: &str, fields: Value) {
        let turn = self.turns.get_mut(thread).expect("a turn");
        let state = &mut turn.state;
        state["lifecycle"] = json!("streaming");
        if name == "text_delta" {
            let said = format!("{}{}", text(state, "streamingText"), text(&fields, "delta"));
            state["streamingText"] = json!(said);
            state["iteration"] = fields["round"].clone();
        }
        let mut payload = json!({ "event": name, "client_id": turn.client, "thread_id": thread,
            "request_id": state["requestId"] });
        for (key, value) in fields.as_object().into_iter().flatten() {
            payload[key] = value.clone();
        }
        let frame = format!("event: {name}\ndata: {payload}\n\n").into_bytes();
        let client = turn.client.clone();
        self.listeners.retain(|(known, listener)| {
            *known != client || listener.unbounded_send(Some(Ok(frame.clone()))).is_ok()
        });
    }
}
