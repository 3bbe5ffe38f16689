//! The Soliplex API (wire contract sections 2 to 7).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{ApiRequest, json, segment, timeout};
use crate::core::agui::run::RunInput;
use crate::core::error::ApiError;
use crate::core::room::{Room, RoomId, ThreadId};
use crate::core::server::profile::Profile;
use crate::core::server::registry::{AuthMode, Provider};
use crate::core::thread::history::{self, NewThread, RunSummary, ThreadSummary};
use crate::core::time::parse_rfc3339;

/// Which providers sign people in: also the probe that tells whether this is a Soliplex server.
#[must_use]
pub fn login() -> ApiRequest {
    ApiRequest::get("/api/login".into()).within(timeout::PROBE)
}

/// Reads the providers; none means that no sign-in is needed.
///
/// # Errors
/// [`ApiError::Malformed`] where this is not the answer of a Soliplex server.
pub fn read_login(body: &str) -> Result<AuthMode, ApiError> {
    let value = json(body)?;
    let map = value.as_object().ok_or_else(|| ApiError::Malformed {
        reason: "the list of providers is not an object".into(),
    })?;
    let providers: Vec<Provider> = map
        .iter()
        .filter_map(|(id, entry)| {
            let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
            Some(Provider {
                id: id.clone(),
                title: text("title")
                    .filter(|title| !title.trim().is_empty())
                    .unwrap_or_else(|| id.clone()),
                server_url: text("server_url")?,
                client_id: text("client_id")?,
                scope: text("scope"),
            })
        })
        .collect();
    match (map.is_empty(), providers.is_empty()) {
        (true, _) => Ok(AuthMode::None),
        (false, true) => Err(ApiError::Malformed {
            reason: "no provider could be read".into(),
        }),
        (false, false) => Ok(AuthMode::Oidc { providers }),
    }
}

/// What the server calls itself.
#[must_use]
pub fn identity() -> ApiRequest {
    ApiRequest::get("/api/v1/installation/identity".into()).within(timeout::PROBE)
}

/// Name and description; blank ones are absent.
#[must_use]
pub fn read_identity(body: &str) -> (Option<String>, Option<String>) {
    let value = json(body).unwrap_or_default();
    let text = |name: &str| {
        let text = value.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.chars().take(300).collect())
    };
    (text("name"), text("description"))
}

/// Who is signed in.
#[must_use]
pub fn user_info() -> ApiRequest {
    ApiRequest::get("/api/user_info".into())
}

/// Reads the profile; the server writes `<unknown>` for what it does not know.
#[must_use]
pub fn read_profile(body: &str) -> Option<Profile> {
    let value = json(body).ok()?;
    let text = |name: &str| {
        let text = value.get(name)?.as_str()?.trim();
        (!text.is_empty() && text != "<unknown>").then(|| text.to_owned())
    };
    let full = [text("given_name"), text("family_name")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let email = text("email");
    let name = Some(full)
        .filter(|name| !name.is_empty())
        .or_else(|| text("name"))
        .or_else(|| text("preferred_username"))
        .or_else(|| email.clone())?;
    let email = email.filter(|email| *email != name);
    Some(Profile { name, email })
}

/// The rooms.
#[must_use]
pub fn rooms() -> ApiRequest {
    ApiRequest::get("/api/v1/rooms".into())
}

/// Reads the rooms in the server's order; malformed ones are left out.
///
/// # Errors
/// [`ApiError::Malformed`] where the whole is not a list of rooms.
pub fn read_rooms(body: &str) -> Result<Vec<Room>, ApiError> {
    let (rooms, skipped) = crate::core::room::rooms_from_json(body)
        .map_err(|reason| ApiError::Malformed { reason })?;
    if skipped > 0 {
        log::warn!("{skipped} rooms could not be read and are left out");
    }
    Ok(rooms)
}

/// When something last happened in each room; 404 on old servers.
#[must_use]
pub fn room_stats() -> ApiRequest {
    ApiRequest::get("/api/v1/stats/rooms".into())
}

/// Reads the times of last activity, in milliseconds since 1970.
#[must_use]
pub fn read_room_stats(body: &str) -> BTreeMap<RoomId, i64> {
    let value = json(body).unwrap_or_default();
    let Some(map) = value.as_object() else {
        return BTreeMap::new();
    };
    map.iter()
        .filter_map(|(id, entry)| {
            let at = parse_rfc3339(entry.get("last_activity")?.as_str()?)?;
            Some((RoomId(id.clone()), at))
        })
        .collect()
}

fn threads_path(room: &RoomId) -> String {
    format!("/api/v1/rooms/{}/agui", segment(&room.0))
}

fn thread_path(room: &RoomId, thread: &ThreadId) -> String {
    format!("{}/{}", threads_path(room), segment(&thread.0))
}

fn run_path(room: &RoomId, thread: &ThreadId, run: &str) -> String {
    format!("{}/{}", thread_path(room, thread), segment(run))
}

/// The person's threads in a room.
#[must_use]
pub fn threads(room: &RoomId) -> ApiRequest {
    ApiRequest::get(threads_path(room))
}

/// Reads the threads, newest first.
///
/// # Errors
/// [`ApiError::Malformed`]
pub fn read_threads(body: &str) -> Result<Vec<ThreadSummary>, ApiError> {
    let value = json(body)?;
    if !value.get("threads").is_some_and(Value::is_array) {
        return Err(ApiError::Malformed {
            reason: "there is no list of threads".into(),
        });
    }
    let mut threads = history::threads(&value);
    threads.sort_by_key(|thread| std::cmp::Reverse(thread.last_activity.max(thread.created)));
    Ok(threads)
}

/// The name of a thread that has none of its own yet; the server replaces just this one by a title.
pub const UNNAMED: &str = "New Thread";

/// Makes a thread, and its first run with it.
#[must_use]
pub fn create_thread(room: &RoomId) -> ApiRequest {
    ApiRequest::post(
        threads_path(room),
        &json!({ "metadata": { "name": UNNAMED, "description": "" } }),
    )
}

/// Reads a thread that was just made.
///
/// # Errors
/// [`ApiError::Malformed`] without an id.
pub fn read_new_thread(body: &str) -> Result<NewThread, ApiError> {
    let value = json(body)?;
    let id = value
        .get("thread_id")
        .and_then(Value::as_str)
        .ok_or_else(|| ApiError::Malformed {
            reason: "the new thread has no id".into(),
        })?;
    let run = value
        .get("runs")
        .and_then(Value::as_object)
        .and_then(|runs| runs.iter().next());
    Ok(NewThread {
        id: ThreadId(id.to_owned()),
        run: run.map(|(id, _)| id.clone()),
        state: run
            .and_then(|(_, run)| run.pointer("/run_input/state").cloned())
            .filter(|state| !state.is_null()),
    })
}

/// One thread with its runs.
#[must_use]
pub fn thread(room: &RoomId, thread: &ThreadId) -> ApiRequest {
    ApiRequest::get(thread_path(room, thread))
}

/// Reads the runs of a thread, oldest first.
///
/// # Errors
/// [`ApiError::Malformed`]
pub fn read_runs(body: &str) -> Result<Vec<RunSummary>, ApiError> {
    history::runs(body).map_err(|reason| ApiError::Malformed { reason })
}

/// Names a thread. Replaces all that is noted about it.
#[must_use]
pub fn rename_thread(room: &RoomId, thread: &ThreadId, name: &str) -> ApiRequest {
    ApiRequest::post(
        format!("{}/meta", thread_path(room, thread)),
        &json!({ "name": name, "description": "" }),
    )
}

/// Deletes a thread; repeating it is no error.
#[must_use]
pub fn delete_thread(room: &RoomId, thread: &ThreadId) -> ApiRequest {
    ApiRequest::delete(thread_path(room, thread))
}

/// Makes a run.
#[must_use]
pub fn create_run(room: &RoomId, thread: &ThreadId) -> ApiRequest {
    ApiRequest::post(thread_path(room, thread), &json!({}))
}

/// Reads the id of a run that was just made.
///
/// # Errors
/// [`ApiError::Malformed`] without an id.
pub fn read_new_run(body: &str) -> Result<String, ApiError> {
    json(body)?
        .get("run_id")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| ApiError::Malformed {
            reason: "the new run has no id".into(),
        })
}

/// A run with its stored events.
#[must_use]
pub fn run(room: &RoomId, thread: &ThreadId, run: &str) -> ApiRequest {
    ApiRequest::get(run_path(room, thread, run))
}

/// Starts a run, or resumes its stream where the cursor is sent along. `earlier` are messages before those of the input.
#[must_use]
pub fn stream(
    room: &RoomId,
    thread: &ThreadId,
    run: &str,
    input: &RunInput,
    earlier: &[Value],
) -> ApiRequest {
    let mut body = serde_json::to_value(input).unwrap_or_default();
    if let Some(Value::Array(messages)) = body.get_mut("messages") {
        messages.splice(..0, earlier.iter().cloned());
    }
    ApiRequest::post(run_path(room, thread, run), &body)
}

/// Says whether an answer was good, and why; a blank reason is none.
#[must_use]
pub fn feedback(room: &RoomId, thread: &ThreadId, run: &str, up: bool, reason: &str) -> ApiRequest {
    let word = if up { "thumbs_up" } else { "thumbs_down" };
    let reason = Some(reason.trim()).filter(|reason| !reason.is_empty());
    ApiRequest::post(
        format!("{}/feedback", run_path(room, thread, run)),
        &json!({ "feedback": word, "reason": reason }),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn no_provider_means_that_no_sign_in_is_needed() {
        assert_eq!(read_login("{}").unwrap(), AuthMode::None);
    }

    #[test]
    fn a_provider_without_scope_or_title_is_good_and_a_broken_one_is_left_out() {
        let body = r#"{"a":{"server_url":"https://id.example","client_id":"web","scope":null},"b":{"title":"no address"},"c":7}"#;
        let AuthMode::Oidc { providers } = read_login(body).unwrap() else {
            panic!("with sign-in")
        };
        assert_eq!(providers.len(), 1);
        assert_eq!(
            (
                providers[0].id.as_str(),
                providers[0].title.as_str(),
                providers[0].scope.as_deref()
            ),
            ("a", "a", None)
        );
    }

    #[test]
    fn a_page_that_is_no_server_is_told_apart() {
        for body in ["<!doctype html>", "[]", "\"x\"", r#"{"detail":"x"}"#, ""] {
            assert!(
                matches!(read_login(body), Err(ApiError::Malformed { .. })),
                "{body}"
            );
        }
    }

    #[test]
    fn a_profile_never_shows_what_the_server_does_not_know() {
        let body = r#"{"given_name":"<unknown>","family_name":"<unknown>","email":"ann@example.test","preferred_username":"ann"}"#;
        assert_eq!(
            read_profile(body),
            Some(Profile {
                name: "ann".into(),
                email: Some("ann@example.test".into())
            })
        );
        assert_eq!(
            read_profile(r#"{"given_name":" Ann ","family_name":"Lee"}"#)
                .unwrap()
                .name,
            "Ann Lee"
        );
        assert_eq!(read_profile(r#"{"given_name":5}"#), None);
        assert_eq!(read_profile("[]"), None);
    }

    #[test]
    fn a_new_thread_brings_its_first_run_and_state() {
        let body = r#"{"thread_id":"t","runs":{"r1":{"run_input":{"state":{"rag":{}}}}}}"#;
        assert_eq!(
            read_new_thread(body).unwrap(),
            NewThread {
                id: ThreadId("t".into()),
                run: Some("r1".into()),
                state: Some(json!({ "rag": {} }))
            }
        );
        assert_eq!(
            read_new_thread(r#"{"thread_id":"t","runs":null}"#)
                .unwrap()
                .run,
            None
        );
        assert!(read_new_thread("{}").is_err());
    }

    #[test]
    fn ids_are_encoded_in_paths() {
        let request = rename_thread(&RoomId("a/b".into()), &ThreadId("t".into()), "n");
        assert_eq!(request.path, "/api/v1/rooms/a%2Fb/agui/t/meta");
    }

    #[test]
    fn room_statistics_are_read_one_by_one() {
        let stats = read_room_stats(
            r#"{"a":{"last_activity":"1970-01-01T00:00:01Z"},"b":{"last_activity":null},"c":3}"#,
        );
        assert_eq!(stats, BTreeMap::from([(RoomId("a".into()), 1000)]));
    }
}
