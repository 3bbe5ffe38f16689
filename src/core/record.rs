//! The versioned envelope of everything kept in storage.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

/// Why a stored record cannot be used. The caller sets it aside; it never wipes its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RecordError {
    /// It is not a record, or its data does not have the expected form.
    #[error("the stored record cannot be read")]
    Corrupt,
    /// It was written by another version of the app.
    #[error("the stored record has version {0}")]
    OtherVersion(u32),
}

impl RecordError {
    /// Whether a version of the app newer than `version` has written it.
    #[must_use]
    pub fn is_newer(self, version: u32) -> bool {
        matches!(self, Self::OtherVersion(found) if found > version)
    }
}

#[derive(Serialize)]
struct Written<'a, T> {
    v: u32,
    data: &'a T,
}

/// Wraps a value as `{"v":<version>,"data":…}`.
///
/// A value that JSON cannot express (a map whose keys are not strings) is written as `null` and reads back as corrupt.
pub fn encode<T: Serialize>(version: u32, value: &T) -> String {
    let written = Written {
        v: version,
        data: value,
    };
    serde_json::to_string(&written).unwrap_or_else(|_| format!(r#"{{"v":{version},"data":null}}"#))
}

/// Reads a value that [`encode`] wrote with the same version.
///
/// # Errors
/// `OtherVersion` for a well-formed record of another version, `Corrupt` for everything else.
pub fn decode<T: DeserializeOwned>(version: u32, text: &str) -> Result<T, RecordError> {
    let (found, data) = opened(text).ok_or(RecordError::Corrupt)?;
    if found != version {
        return Err(RecordError::OtherVersion(found));
    }
    serde_json::from_value(data).map_err(|_| RecordError::Corrupt)
}

/// Not derived: this is in the first download, and the same for every kind of record.
fn opened(text: &str) -> Option<(u32, Value)> {
    let mut record: Value = serde_json::from_str(text).ok()?;
    let record = record.as_object_mut()?;
    let version = u32::try_from(record.get("v")?.as_u64()?).ok()?;
    Some((version, record.get_mut("data")?.take()))
}

/// Every storage key of the app. Variable parts are percent-encoded, so no value can reach into another's key.
pub mod keys {
    use crate::core::composer::draft::{DraftKey, UserKey};
    use crate::core::room::{RoomId, ThreadId};
    use crate::core::route::{decode_percent, encode_segment};
    use crate::core::server::id::ServerId;
    use crate::core::session::pre_auth::FlowId;

    /// What every key of the app begins with.
    pub const PREFIX: &str = "enfilade/";
    /// What the session record of each server begins with.
    pub const SESSION_PREFIX: &str = "enfilade/session/";
    /// What the record of each sign-in under way begins with.
    pub const PRE_AUTH_PREFIX: &str = "enfilade/pre-auth/";
    /// What every draft begins with.
    pub const DRAFT_PREFIX: &str = "enfilade/draft/";
    /// What every record that could not be read begins with, once set aside.
    pub const ASIDE_PREFIX: &str = "enfilade/aside/";

    /// The list of known servers.
    pub fn servers() -> String {
        format!("{PREFIX}servers")
    }

    /// The session of one server.
    pub fn session(server: &ServerId) -> String {
        format!("{SESSION_PREFIX}{}", encode_segment(server.as_str()))
    }

    /// How often somebody has signed in to a server lately.
    pub fn trips(server: &ServerId) -> String {
        format!("{PREFIX}trips/{}", encode_segment(server.as_str()))
    }

    /// Which tab is renewing the tokens for a server, where the browser has no locks.
    pub fn lease(server: &ServerId) -> String {
        format!("{PREFIX}lease/{}", encode_segment(server.as_str()))
    }

    /// That the next sign-in to a server must ask for the password again. It outlives the server's removal.
    pub fn prompt(server: &ServerId) -> String {
        format!("{PREFIX}prompt/{}", encode_segment(server.as_str()))
    }

    /// When somebody last did something in any tab.
    pub fn activity() -> String {
        format!("{PREFIX}activity")
    }

    /// That the person knows that nothing is encrypted on this device.
    pub fn told_in_clear() -> String {
        format!("{PREFIX}told-in-clear")
    }

    /// That sessions are to be forgotten with the window.
    pub fn memory_only() -> String {
        format!("{PREFIX}memory-only")
    }

    /// Where the last window was.
    pub fn last_place() -> String {
        format!("{PREFIX}last-place")
    }

    /// The server whose session record lies at a key.
    pub fn session_server(key: &str) -> Option<ServerId> {
        let name = decode_percent(key.strip_prefix(SESSION_PREFIX)?)?;
        ServerId::parse(&name).ok()
    }

    /// The names of removed servers.
    pub fn retired() -> String {
        format!("{PREFIX}retired")
    }

    /// Until when the provider of a server wants to be left alone, whichever tab it has told so.
    pub fn pause(server: &ServerId) -> String {
        format!("{PREFIX}pause/{}", encode_segment(server.as_str()))
    }

    /// What the rooms and threads of one server are called.
    pub fn names(server: &ServerId) -> String {
        format!("{PREFIX}names/{}", encode_segment(server.as_str()))
    }

    /// What the events of one server go by in this browser.
    pub fn listener(server: &ServerId) -> String {
        format!("{PREFIX}listener/{}", encode_segment(server.as_str()))
    }

    /// The sign-ins that are known to be one server's, though another may use them too.
    pub fn trusted(server: &ServerId) -> String {
        format!("{PREFIX}trusted/{}", encode_segment(server.as_str()))
    }

    /// Where somebody was reading in a thread; kept by the tab.
    pub fn reading(server: &ServerId, room: &str, thread: &str) -> String {
        let [room, thread] = [room, thread].map(encode_segment);
        let server = encode_segment(server.as_str());
        format!("{PREFIX}reading/{server}/{room}/{thread}")
    }

    /// A sign-in under way.
    pub fn pre_auth(flow: &FlowId) -> String {
        format!("{PRE_AUTH_PREFIX}{flow}")
    }

    /// What is being written in one place by one person.
    pub fn draft(key: &DraftKey) -> String {
        let prefix = draft_prefix(&key.server);
        let user = encode_segment(key.user.as_str());
        let room = encode_segment(key.room.as_str());
        match &key.thread {
            Some(thread) => format!(
                "{prefix}{user}/{room}/thread/{}",
                encode_segment(thread.as_str())
            ),
            None => format!("{prefix}{user}/{room}/new"),
        }
    }

    /// How far one person has read the threads of a room.
    pub fn read_marks(server: &ServerId, user: &UserKey, room: &RoomId) -> String {
        let (user, room) = (encode_segment(user.as_str()), encode_segment(room.as_str()));
        format!("{}{user}/{room}", read_prefix(server))
    }

    /// Up to when one person has read each room of a server.
    pub fn room_marks(server: &ServerId, user: &UserKey) -> String {
        format!("{}{}", read_prefix(server), encode_segment(user.as_str()))
    }

    /// What all read marks for one server begin with, and no other server's.
    pub fn read_prefix(server: &ServerId) -> String {
        format!("{PREFIX}read/{}/", encode_segment(server.as_str()))
    }

    /// The run of a thread that waits for what one person answers in this browser.
    pub fn calls(server: &ServerId, user: &UserKey, room: &RoomId, thread: &ThreadId) -> String {
        let parts = [user.as_str(), room.as_str(), thread.as_str()].map(encode_segment);
        format!("{}calls/{}", undone_prefix(server), parts.join("/"))
    }

    /// A verdict on a run that the server may not have yet.
    pub fn verdict(
        server: &ServerId,
        user: &UserKey,
        room: &RoomId,
        thread: &ThreadId,
        run: &str,
    ) -> String {
        let [thread, run] = [thread.as_str(), run].map(encode_segment);
        format!("{}{thread}/{run}", verdict_prefix(server, user, room))
    }

    /// What all such verdicts of one person on the runs of a room begin with.
    pub fn verdict_prefix(server: &ServerId, user: &UserKey, room: &RoomId) -> String {
        let [user, room] = [user.as_str(), room.as_str()].map(encode_segment);
        format!("{}verdict/{user}/{room}/", undone_prefix(server))
    }

    /// What all records of work to be finished at one server begin with, and no other server's.
    pub fn undone_prefix(server: &ServerId) -> String {
        format!("{PREFIX}undone/{}/", encode_segment(server.as_str()))
    }

    /// Whether the person wants to be told of answers outside the page.
    pub fn notices() -> String {
        format!("{PREFIX}notices")
    }

    /// What all drafts for one server begin with, and no other server's.
    pub fn draft_prefix(server: &ServerId) -> String {
        format!("{DRAFT_PREFIX}{}/", encode_segment(server.as_str()))
    }

    /// What a person has chosen.
    pub fn settings() -> String {
        format!("{PREFIX}settings")
    }

    /// How the lobby was left.
    pub fn lobby() -> String {
        format!("{PREFIX}lobby")
    }

    /// Where an unreadable record is kept for a person to rescue.
    pub fn aside(key: &str) -> String {
        let name = key.strip_prefix(PREFIX).unwrap_or(key);
        format!("{ASIDE_PREFIX}{name}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::core::composer::draft::{DraftKey, UserKey};
    use crate::core::room::{RoomId, ThreadId};
    use crate::core::server::id::ServerId;
    use crate::core::session::pre_auth::FlowId;
    use proptest::prelude::*;

    #[test]
    fn the_envelope_stays_as_it_is() {
        assert_eq!(encode(3, &vec!["a"]), r#"{"v":3,"data":["a"]}"#);
        assert_eq!(
            decode::<Vec<String>>(3, r#"{"v":3,"data":["a"],"later":1}"#),
            Ok(vec!["a".to_owned()])
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_apart_from_another_version() {
        for corrupt in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"v":1}"#,
            r#"{"v":"1","data":[]}"#,
            r#"{"v":-1,"data":[]}"#,
            r#"{"v":1,"data":[1]}"#,
            r#"{"v":1,"data":[]} x"#,
            r#"{"v":1,"data":["a""#,
        ] {
            assert_eq!(
                decode::<Vec<String>>(1, corrupt),
                Err(RecordError::Corrupt),
                "{corrupt}"
            );
        }
        assert_eq!(
            decode::<Vec<String>>(1, r#"{"v":2,"data":"anything"}"#),
            Err(RecordError::OtherVersion(2))
        );
    }

    #[test]
    fn a_value_json_cannot_express_reads_back_as_corrupt() {
        let odd = BTreeMap::from([(vec![1], 1)]);
        assert_eq!(
            decode::<BTreeMap<String, u8>>(1, &encode(1, &odd)),
            Err(RecordError::Corrupt)
        );
    }

    #[test]
    fn no_two_kinds_of_record_share_a_key_or_a_prefix() {
        let server = ServerId::parse("https://h.example").unwrap();
        let draft = DraftKey {
            server: server.clone(),
            user: UserKey::anonymous(),
            room: RoomId::from("r"),
            thread: None,
        };
        let all = [
            keys::servers(),
            keys::session(&server),
            keys::names(&server),
            keys::trusted(&server),
            keys::pre_auth(&FlowId::from_random([0; 16])),
            keys::draft(&draft),
            keys::settings(),
            keys::lobby(),
            keys::lease(&server),
            keys::prompt(&server),
            keys::trips(&server),
            keys::activity(),
            keys::told_in_clear(),
            keys::pause(&server),
            keys::retired(),
            keys::memory_only(),
            keys::last_place(),
            keys::notices(),
            keys::read_marks(&server, &draft.user, &draft.room),
            keys::room_marks(&server, &draft.user),
            keys::aside(&keys::servers()),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.iter().all(|key| key.starts_with(keys::PREFIX)));
        for prefix in [
            keys::SESSION_PREFIX,
            keys::PRE_AUTH_PREFIX,
            keys::DRAFT_PREFIX,
            keys::ASIDE_PREFIX,
        ] {
            assert_eq!(
                all.iter().filter(|key| key.starts_with(prefix)).count(),
                1,
                "{prefix}"
            );
        }
    }

    #[test]
    fn the_drafts_of_a_server_do_not_include_those_of_its_neighbour_port() {
        let plain = ServerId::parse("https://h.example").unwrap();
        let ported = ServerId::parse("https://h.example:8443").unwrap();
        assert!(!keys::draft_prefix(&ported).starts_with(&keys::draft_prefix(&plain)));
    }

    proptest! {
        #[test]
        fn different_places_have_different_draft_keys(
            a in ("[a/#%~ ]{0,4}", "[a/#%~ ]{0,4}", proptest::option::of("[a/#%~n]{0,4}")),
            b in ("[a/#%~ ]{0,4}", "[a/#%~ ]{0,4}", proptest::option::of("[a/#%~n]{0,4}")),
        ) {
            let key = |(user, room, thread): &(String, String, Option<String>)| keys::draft(&DraftKey {
                server: ServerId::parse("https://h.example/a").unwrap(),
                user: UserKey::from_parts(user, "s"),
                room: RoomId::from(room.as_str()),
                thread: thread.as_deref().map(ThreadId::from),
            });
            prop_assert_eq!(a == b, key(&a) == key(&b));
        }
    }
}
