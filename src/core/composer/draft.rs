//! What is being written, kept until the server has it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::record::{self, RecordError, keys};
use crate::core::room::{RoomId, ThreadId};
use crate::core::route::decode_percent;
use crate::core::seal::decode_base64url;
use crate::core::server::id::ServerId;

/// Newest version of a stored draft.
pub const VERSION: u32 = 2;
/// Version of a draft that is text alone: also what an older app can read and write without losing anything.
const TEXT_ALONE: u32 = 1;
/// How long a draft is kept after its last change, in milliseconds.
pub const TTL_MS: i64 = 24 * 60 * 60 * 1000;

/// Whose drafts these are. It keeps people who share a device apart; it proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserKey(String);

impl UserKey {
    /// The user of a JWT as `iss#sub`; `None` for a token that is opaque or names nobody. The token is not verified.
    pub fn from_access_token(token: &str) -> Option<Self> {
        let payload = token.split('.').nth(1)?;
        let claims: Value = serde_json::from_slice(&decode_base64url(payload)?).ok()?;
        let claim = |name: &str| {
            claims
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        Some(Self::from_parts(claim("iss")?, claim("sub")?))
    }

    /// The key of a user by issuer and subject.
    pub fn from_parts(issuer: &str, subject: &str) -> Self {
        // Only the first `#` may separate, or two users could share a key.
        let issuer = issuer.replace('%', "%25").replace('#', "%23");
        Self(format!("{issuer}#{subject}"))
    }

    /// For a session whose token does not say who it belongs to: all such users of a server share one.
    pub fn server_bucket() -> Self {
        Self("server".to_owned())
    }

    /// For a server without accounts.
    pub fn anonymous() -> Self {
        Self("anonymous".to_owned())
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a draft belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftKey {
    /// The server.
    pub server: ServerId,
    /// Who writes.
    pub user: UserKey,
    /// The room.
    pub room: RoomId,
    /// The thread; `None` for a message that will begin one.
    pub thread: Option<ThreadId>,
}

impl DraftKey {
    /// Its storage key. No two places share one.
    pub fn storage_key(&self) -> String {
        keys::draft(self)
    }

    /// Reads a storage key back; `None` if it is not a draft's.
    pub fn from_storage_key(key: &str) -> Option<Self> {
        let parts: Vec<&str> = key.strip_prefix(keys::DRAFT_PREFIX)?.split('/').collect();
        let (server, user, room, thread) = match parts.as_slice() {
            [server, user, room, "new"] => (server, user, room, None),
            [server, user, room, "thread", thread] => (
                server,
                user,
                room,
                Some(ThreadId::from(decode_percent(thread)?)),
            ),
            _ => return None,
        };
        let read = Self {
            server: ServerId::parse(&decode_percent(server)?).ok()?,
            user: UserKey(decode_percent(user)?),
            room: RoomId::from(decode_percent(room)?),
            thread,
        };
        (read.storage_key() == key).then_some(read)
    }
}

/// An image of a draft: its name, not its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptImage {
    /// The number in its token.
    pub number: u32,
    /// Its file name.
    pub name: String,
}

/// A message that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMessage {
    /// Tells it from all others, in every tab.
    pub id: String,
    /// As typed, with a token for each image.
    pub text: String,
    /// The images of its tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<KeptImage>,
    /// Whether a tab was sending it when this was stored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sending: bool,
}

/// What was not sent yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// As typed, with a token for each image.
    pub text: String,
    /// When it was saved, in milliseconds since the Unix epoch.
    pub saved_at: i64,
    /// Where the caret stood, in UTF-16 units as browsers count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caret: Option<usize>,
    /// The images of its tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<KeptImage>,
    /// Messages that wait for the end of a run, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<KeptMessage>,
}

impl Draft {
    /// Whether there is nothing worth keeping; such a draft is deleted rather than saved.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.waiting.is_empty()
    }

    /// The stored form. What an older version of the app would lose is marked as newer than it.
    pub fn encode(&self) -> String {
        let is_text = self.images.is_empty() && self.waiting.is_empty();
        record::encode(if is_text { TEXT_ALONE } else { VERSION }, self)
    }

    /// Whether a stored draft has outlived [`TTL_MS`] at `now` (milliseconds). One that cannot be read is
    /// somebody's text all the same, and stays.
    pub fn is_over(text: &str, now: i64) -> bool {
        // Read by hand: this is asked at the start of the app, before there is any room.
        let record: Value = serde_json::from_str(text).unwrap_or_default();
        let is_known = matches!(record["v"].as_u64(), Some(1..=2));
        let saved_at = record["data"]["saved_at"].as_i64();
        let has_text = record["data"]["text"].is_string();
        is_known
            && has_text
            && saved_at.is_some_and(|saved_at| now.saturating_sub(saved_at) > TTL_MS)
    }

    /// Reads a stored draft, however old.
    ///
    /// # Errors
    /// As [`record::decode`].
    pub fn read(text: &str) -> Result<Self, RecordError> {
        let draft: Self = match record::decode(VERSION, text) {
            Err(RecordError::OtherVersion(TEXT_ALONE)) => record::decode(TEXT_ALONE, text)?,
            draft => draft?,
        };
        let end = draft.text.encode_utf16().count();
        Ok(Self {
            caret: draft.caret.map(|caret| caret.min(end)),
            ..draft
        })
    }

    /// Reads a stored draft; `None` if it is unreadable, blank or older than [`TTL_MS`] at `now` (milliseconds).
    ///
    /// A draft from the future is kept: a clock that was set back must not cost anyone their text.
    pub fn decode(text: &str, now: i64) -> Option<Self> {
        let draft = Self::read(text).ok()?;
        let is_over = now.saturating_sub(draft.saved_at) > TTL_MS;
        (!draft.is_blank() && !is_over).then_some(draft)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_800_000_000_000;

    fn jwt(payload: &str) -> String {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut text = String::new();
        for chunk in payload.as_bytes().chunks(3) {
            let bytes = [
                chunk[0],
                *chunk.get(1).unwrap_or(&0),
                *chunk.get(2).unwrap_or(&0),
            ];
            let bits = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
            for digit in 0..=chunk.len() {
                let index = usize::try_from(bits >> (18 - 6 * digit) & 63).unwrap();
                text.push(char::from(DIGITS[index]));
            }
        }
        format!("head.{text}.signature")
    }

    fn user(payload: &str) -> Option<String> {
        UserKey::from_access_token(&jwt(payload)).map(|key| key.as_str().to_owned())
    }

    #[test]
    fn a_user_is_issuer_and_subject() {
        assert_eq!(
            user(r#"{"iss":"https://id.example","sub":"al\u00efce>?","exp":1}"#).as_deref(),
            Some("https://id.example#al\u{ef}ce>?")
        );
    }

    #[test]
    fn padding_is_optional() {
        // {"iss":"i","sub":"s"}
        for payload in [
            "eyJpc3MiOiJpIiwic3ViIjoicyJ9",
            "eyJpc3MiOiJpIiwic3ViIjoicyJ9IA",
            "eyJpc3MiOiJpIiwic3ViIjoicyJ9IA==",
        ] {
            let key = UserKey::from_access_token(&format!("a.{payload}.c")).unwrap();
            assert_eq!(key.as_str(), "i#s", "{payload}");
        }
    }

    #[test]
    fn a_token_that_names_nobody_gives_no_user() {
        for token in [
            "",
            "opaque",
            ".",
            "a.b",
            "a.!!!!.c",
            "a.\u{e4}.c",
            "a.A.c",
            "a.eyJpc3MiOiJpIiwic3ViIjoicyJ9A.c",
            "a..c",
        ] {
            assert_eq!(UserKey::from_access_token(token), None, "{token}");
        }
        for payload in [
            "null",
            "[]",
            "{}",
            "{",
            r#"{"iss":"i"}"#,
            r#"{"sub":"s"}"#,
            r#"{"iss":"","sub":"s"}"#,
            r#"{"iss":"i","sub":""}"#,
            r#"{"iss":"i","sub":7}"#,
        ] {
            assert_eq!(user(payload), None, "{payload}");
        }
    }

    #[test]
    fn no_two_users_and_no_bucket_share_a_key() {
        let (one, two) = (
            UserKey::from_parts("a#b", "c"),
            UserKey::from_parts("a", "b#c"),
        );
        assert_ne!(one, two);
        assert_ne!(UserKey::from_parts("a%23b", "c"), one);
        assert_ne!(UserKey::server_bucket(), UserKey::anonymous());
        for bucket in [UserKey::server_bucket(), UserKey::anonymous()] {
            assert!(!bucket.as_str().contains('#'));
        }
    }

    fn key(user: &str, thread: Option<&str>) -> DraftKey {
        DraftKey {
            server: ServerId::parse("https://lab.example:8443").unwrap(),
            user: UserKey::from_parts("https://id.example", user),
            room: RoomId::from("river/lab"),
            thread: thread.map(ThreadId::from),
        }
    }

    #[test]
    fn the_storage_key_of_a_draft_stays_as_it_is() {
        let prefix = "enfilade/draft/https%3A%2F%2Flab.example%3A8443/https%3A%2F%2Fid.example%23al/river%2Flab";
        assert_eq!(key("al", None).storage_key(), format!("{prefix}/new"));
        assert_eq!(
            key("al", Some("t 1")).storage_key(),
            format!("{prefix}/thread/t%201")
        );
    }

    #[test]
    fn a_storage_key_can_be_read_back() {
        for place in [
            key("al", None),
            key("al", Some("new")),
            key("#/%", Some("a/new")),
        ] {
            assert_eq!(
                DraftKey::from_storage_key(&place.storage_key()),
                Some(place)
            );
        }
        for other in [
            "",
            "enfilade/settings",
            "enfilade/draft/",
            "enfilade/draft/https%3A%2F%2Fh/u/r",
            "enfilade/draft/h/u/r/new",
            "enfilade/draft/https%3A%2F%2FH/u/r/new",
        ] {
            assert_eq!(DraftKey::from_storage_key(other), None, "{other}");
        }
    }

    fn draft(text: &str, caret: Option<usize>) -> Draft {
        Draft {
            text: text.to_owned(),
            saved_at: NOW,
            caret,
            ..Draft::default()
        }
    }

    #[test]
    fn the_stored_form_of_a_draft_stays_as_it_is() {
        assert_eq!(
            draft("hi", Some(1)).encode(),
            r#"{"v":1,"data":{"text":"hi","saved_at":1800000000000,"caret":1}}"#
        );
        assert_eq!(
            draft("hi", None).encode(),
            r#"{"v":1,"data":{"text":"hi","saved_at":1800000000000}}"#
        );
    }

    fn with_all() -> Draft {
        let cat = |number| KeptImage {
            number,
            name: "cat.png".into(),
        };
        let message = |id: &str, sending| KeptMessage {
            id: id.into(),
            text: "then [Image 2]".into(),
            images: vec![cat(2)],
            sending,
        };
        Draft {
            images: vec![cat(1)],
            waiting: vec![message("a", true), message("b", false)],
            ..draft("look [Image 1]", None)
        }
    }

    #[test]
    fn what_an_older_app_would_lose_is_stored_as_newer_than_it() {
        assert_eq!(
            with_all().encode(),
            concat!(
                r#"{"v":2,"data":{"text":"look [Image 1]","saved_at":1800000000000,"images":[{"number":1,"name":"cat.png"}],"#,
                r#""waiting":[{"id":"a","text":"then [Image 2]","images":[{"number":2,"name":"cat.png"}],"sending":true},"#,
                r#"{"id":"b","text":"then [Image 2]","images":[{"number":2,"name":"cat.png"}]}]}}"#
            )
        );
        assert_eq!(Draft::decode(&with_all().encode(), NOW), Some(with_all()));
        let waiting = Draft {
            text: String::new(),
            images: Vec::new(),
            ..with_all()
        };
        assert!(!waiting.is_blank() && waiting.encode().starts_with(r#"{"v":2"#));
    }

    #[test]
    fn only_a_draft_that_can_be_read_grows_too_old() {
        for draft in [draft("x", None), with_all()] {
            assert!(!Draft::is_over(&draft.encode(), NOW + TTL_MS));
            assert!(Draft::is_over(&draft.encode(), NOW + TTL_MS + 1));
        }
        for odd in [
            "",
            "{",
            "[]",
            r#"{"v":3,"data":{"text":"x","saved_at":1}}"#,
            r#"{"v":1,"data":{"text":7,"saved_at":1}}"#,
            r#"{"v":1,"data":{"text":"x","saved_at":"1"}}"#,
        ] {
            assert!(!Draft::is_over(odd, NOW), "{odd}");
        }
    }

    #[test]
    fn a_draft_is_kept_for_a_day_and_no_longer() {
        let text = draft("  half a\n", Some(3)).encode();
        assert_eq!(
            Draft::decode(&text, NOW + TTL_MS),
            Some(draft("  half a\n", Some(3)))
        );
        assert_eq!(Draft::decode(&text, NOW + TTL_MS + 1), None);
    }

    #[test]
    fn a_clock_that_was_set_back_costs_no_text() {
        assert!(Draft::decode(&draft("x", None).encode(), NOW - 10 * TTL_MS).is_some());
        let odd = r#"{"v":1,"data":{"text":"x","saved_at":-9223372036854775808}}"#;
        assert_eq!(Draft::decode(odd, i64::MAX), None);
    }

    #[test]
    fn blank_and_unreadable_drafts_are_none() {
        for text in [
            "",
            "{",
            r#"{"v":3,"data":{"text":"x","saved_at":1800000000000}}"#,
            r#"{"v":2,"data":{"text":"x","saved_at":1800000000000,"waiting":[1]}}"#,
            &draft(" \n\t", None).encode(),
        ] {
            assert_eq!(Draft::decode(text, NOW), None, "{text}");
        }
        assert!(draft(" \n", None).is_blank());
    }

    #[test]
    fn a_caret_never_stands_behind_the_text() {
        let read = |caret| {
            Draft::decode(&draft("a\u{1F600}", Some(caret)).encode(), NOW)
                .unwrap()
                .caret
        };
        assert_eq!((read(3), read(4)), (Some(3), Some(3)));
    }

    proptest! {
        #[test]
        fn no_token_makes_it_panic(token in any::<String>()) {
            let _ = UserKey::from_access_token(&token);
            let _ = UserKey::from_access_token(&format!("a.{token}.c"));
        }

        #[test]
        fn every_user_comes_back_out_of_a_token(issuer in "[a-z:/.]{1,12}", subject in "\\PC{1,12}") {
            let payload = serde_json::json!({"iss": issuer, "sub": subject}).to_string();
            prop_assert_eq!(user(&payload), Some(format!("{issuer}#{subject}")));
        }
    }
}
