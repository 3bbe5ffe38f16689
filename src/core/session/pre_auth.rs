//! A sign-in under way: what is kept while the browser is at the identity provider, and what comes back.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::core::fields::{number, optional_text, text};
use crate::core::record::{self, RecordError, keys};
use crate::core::route::{Route, encode_segment, query_value};
use crate::core::secret::Secret;
use crate::core::server::alias::Alias;
use crate::core::server::id::ServerId;
use crate::core::server::registry::Provider;
use crate::core::session::return_to::{ReturnTo, ReturnToError};

/// Version of the stored record.
pub const VERSION: u32 = 1;
/// How long a sign-in may take, in milliseconds: password resets and second factors need their time.
pub const TTL_MS: i64 = 30 * 60 * 1000;
/// How far in the future a record may seem to be, in milliseconds, when the clock was set back meanwhile.
const SKEW_MS: i64 = 2 * 60 * 1000;
/// Longest lifetime a server may claim, in seconds.
const MAX_LIFETIME_SECS: f64 = 30.0 * 24.0 * 3600.0;
const MAX_CODE_CHARS: usize = 100;
const MAX_DESCRIPTION_CHARS: usize = 300;

/// Names one sign-in attempt: 128 random bits as 32 lower-case hex digits. It binds the callback to this browser.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FlowId(String);

impl FlowId {
    /// Makes one from random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Reads the last segment of a callback path.
    pub fn parse(text: &str) -> Option<Self> {
        let is_flow = text.len() == 32
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
        is_flow.then(|| Self(text.to_owned()))
    }

    /// Its 32 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for FlowId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a flow id")
    }
}

impl From<FlowId> for String {
    fn from(flow: FlowId) -> Self {
        flow.0
    }
}

/// Why a callback has no sign-in to finish. In every case nothing is stored and no request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PreAuthError {
    /// No such sign-in was started in this browser, or it was finished already.
    #[error("no such sign-in was started here")]
    Missing,
    /// It was started too long ago.
    #[error("the sign-in took too long")]
    Expired,
    /// Its record is not what this app wrote.
    #[error("the record of the sign-in cannot be read")]
    Tampered,
}

/// What is kept of a sign-in while the browser is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreAuth {
    /// Its own name, also in the storage key.
    pub flow: FlowId,
    /// The server to sign in to.
    pub server: ServerId,
    /// The server's alias, when it is known already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<Alias>,
    /// The chosen provider.
    pub provider: Provider,
    /// When it was started, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Where to go afterwards, as the path of a [`ReturnTo`]; read it with [`PreAuth::arrival`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_to: Option<String>,
    /// The server's name, from the probe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The server's description, from the probe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether the provider must ask for the password again.
    pub forced_prompt: bool,
}

impl PreAuth {
    /// The stored form.
    pub fn encode(&self) -> String {
        record::encode(VERSION, self)
    }

    /// Reads the stored form, whatever its age.
    pub fn decode(text: &str) -> Option<Self> {
        Self::read(&record::decode(VERSION, text).ok()?)
    }

    fn read(stored: &Value) -> Option<Self> {
        let alias = match optional_text(stored, "alias")? {
            Some(alias) => Some(Alias::parse(&alias)?),
            None => None,
        };
        Some(Self {
            flow: FlowId::parse(&text(stored, "flow")?)?,
            server: ServerId::parse(&text(stored, "server")?).ok()?,
            alias,
            provider: Provider::read(stored.get("provider")?)?,
            created_at: number(stored, "created_at")?,
            return_to: optional_text(stored, "return_to")?,
            name: optional_text(stored, "name")?,
            description: optional_text(stored, "description")?,
            forced_prompt: match stored.get("forced_prompt") {
                Some(forced) => forced.as_bool()?,
                None => false,
            },
        })
    }

    /// Reads the record of a flow, if there is one that may still be finished at `now` (milliseconds).
    ///
    /// # Errors
    /// See [`PreAuthError`].
    pub fn check(text: Option<&str>, flow: &FlowId, now: i64) -> Result<Self, PreAuthError> {
        let text = text.ok_or(PreAuthError::Missing)?;
        let record = Self::decode(text).ok_or(PreAuthError::Tampered)?;
        if record.flow != *flow {
            return Err(PreAuthError::Tampered);
        }
        let age = now.saturating_sub(record.created_at);
        if age < -SKEW_MS {
            Err(PreAuthError::Tampered)
        } else if age > TTL_MS {
            Err(PreAuthError::Expired)
        } else {
            Ok(record)
        }
    }

    /// The place to go to afterwards; `None` means the lobby.
    ///
    /// # Errors
    /// The rule that the stored text breaks. The sign-in itself is still good: go to the lobby and log the rule.
    pub fn arrival(&self) -> Result<Option<ReturnTo>, ReturnToError> {
        self.return_to.as_deref().map(ReturnTo::parse).transpose()
    }

    /// Where to send the browser: the server's login page, which comes back to this flow's callback path.
    ///
    /// `app_origin` and `app_base` say where the app itself is served, such as `https://app.example` and `/chat/`.
    pub fn login_url(&self, app_origin: &str, app_base: &str) -> String {
        let callback = Route::Callback {
            flow: self.flow.to_string(),
        };
        let base = app_base.trim_matches('/');
        let slash = if base.is_empty() { "" } else { "/" };
        let origin = app_origin.trim_end_matches('/');
        self.login_url_to(&format!("{origin}{slash}{base}{}", callback.to_path()))
    }

    /// The same, coming back to this address.
    pub fn login_url_to(&self, back: &str) -> String {
        let prompt = if self.forced_prompt {
            "&prompt=login"
        } else {
            ""
        };
        self.server.api(&format!(
            "/api/login/{}?return_to={}{prompt}",
            encode_segment(&self.provider.id),
            encode_segment(back)
        ))
    }
}

/// The keys of sign-ins that can no longer be finished, from all stored `(key, text)` pairs.
///
/// A record of a newer app is kept: another tab may be in the middle of it.
pub fn sweep<'a>(stored: impl IntoIterator<Item = (&'a str, &'a str)>, now: i64) -> Vec<String> {
    stored
        .into_iter()
        .filter(|(key, text)| {
            let Some(name) = key.strip_prefix(keys::PRE_AUTH_PREFIX) else {
                return false;
            };
            let is_newer = matches!(
                record::decode::<Value>(VERSION, text),
                Err(RecordError::OtherVersion(other)) if other > VERSION
            );
            let is_live = FlowId::parse(name)
                .is_some_and(|flow| PreAuth::check(Some(text), &flow, now).is_ok());
            !is_live && !is_newer
        })
        .map(|(key, _)| key.to_owned())
        .collect()
}

/// What a server says at the end of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackAnswer {
    /// Signed in.
    Tokens {
        /// Goes with every request.
        access: Secret<String>,
        /// Gets the next access token.
        refresh: Option<Secret<String>>,
        /// Lifetime of the access token in seconds, 0 to 30 days.
        expires_in: Option<i64>,
        /// Shown to the provider at sign-out.
        id_token: Option<Secret<String>>,
    },
    /// Refused. Both are server text, cut to a length that can be shown.
    Error {
        /// The OAuth error code.
        code: String,
        /// A sentence for people, if there is one.
        description: Option<String>,
    },
}

/// Reads what came back from a sign-in. Only a callback route may ask; `?error=` elsewhere means nothing.
#[derive(Debug, Clone, Copy)]
pub struct Callback;

impl Callback {
    /// The answer in the address of a place; `?token=` or `?error=` on any other page than the callback's
    /// means nothing.
    pub fn at(place: &Route, query: &str, fragment: &str) -> Option<CallbackAnswer> {
        matches!(place, Route::Callback { .. })
            .then(|| Self::from_location(query, fragment))
            .flatten()
    }

    /// Finds the answer in a location: in the fragment (`#?token=…`, `#token=…`, `#/x?token=…`, servers since 0.82)
    /// or in the query (servers up to 0.81). `None` when neither holds one.
    pub fn from_location(query: &str, fragment: &str) -> Option<CallbackAnswer> {
        [fragment_query(fragment), query]
            .into_iter()
            .find_map(answer)
    }
}

/// The query inside a fragment. A `?` in a value does not begin one, so what comes before it must hold no `=`.
fn fragment_query(fragment: &str) -> &str {
    let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
    match fragment.split_once('?') {
        Some((before, after)) if !before.contains('=') => after,
        _ => fragment,
    }
}

fn answer(query: &str) -> Option<CallbackAnswer> {
    if let Some(code) = text_value(query, "error") {
        return Some(CallbackAnswer::Error {
            code: cut(&code, MAX_CODE_CHARS),
            description: text_value(query, "error_description")
                .map(|text| cut(&text, MAX_DESCRIPTION_CHARS)),
        });
    }
    let access = token_value(query, "token").or_else(|| token_value(query, "access_token"))?;
    Some(CallbackAnswer::Tokens {
        access,
        refresh: token_value(query, "refresh_token"),
        expires_in: text_value(query, "expires_in").and_then(|text| lifetime(&text)),
        id_token: token_value(query, "id_token"),
    })
}

fn text_value(query: &str, key: &str) -> Option<String> {
    query_value(query, key)
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// A control in a token could not be sent in a header, so such a token is none.
fn token_value(query: &str, key: &str) -> Option<Secret<String>> {
    text_value(query, key)
        .filter(|text| !text.chars().any(char::is_control))
        .map(Secret::new)
}

fn lifetime(text: &str) -> Option<i64> {
    // serde_json reads numbers anyway; the standard library's reader would add its tables to the download.
    let number: f64 = serde_json::from_str(text.trim_matches('"')).ok()?;
    // The clamp keeps the value far inside i64, so the cast only drops the fraction.
    #[allow(clippy::cast_possible_truncation)]
    number
        .is_finite()
        .then(|| number.clamp(0.0, MAX_LIFETIME_SECS) as i64)
}

fn cut(text: &str, max: usize) -> String {
    text.chars()
        .take(max)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_800_000_000_000;

    fn flow(byte: u8) -> FlowId {
        FlowId::from_random([byte; 16])
    }

    fn record() -> PreAuth {
        PreAuth {
            flow: flow(0xab),
            server: ServerId::parse("https://lab.example/base").unwrap(),
            alias: Alias::parse("lab"),
            provider: Provider {
                id: "campus".to_owned(),
                title: "Campus".to_owned(),
                server_url: "https://id.example".to_owned(),
                client_id: "web".to_owned(),
                scope: None,
            },
            created_at: NOW,
            return_to: Some("/room/lab/r".to_owned()),
            name: None,
            description: None,
            forced_prompt: false,
        }
    }

    fn tokens(access: &str, refresh: Option<&str>, expires_in: Option<i64>) -> CallbackAnswer {
        CallbackAnswer::Tokens {
            access: Secret::new(access.to_owned()),
            refresh: refresh.map(|text| Secret::new(text.to_owned())),
            expires_in,
            id_token: None,
        }
    }

    #[test]
    fn the_times_are_those_of_the_rules() {
        assert_eq!(TTL_MS, 1_800_000, "30 min");
        assert_eq!(SKEW_MS, 120_000, "2 min");
    }

    #[test]
    fn an_answer_counts_on_the_callback_page_only() {
        let callback = Route::Callback {
            flow: flow(1).to_string(),
        };
        let found = Some(tokens("a", None, None));
        assert_eq!(Callback::at(&callback, "?token=a", ""), found);
        assert_eq!(Callback::at(&Route::Lobby, "?token=a", ""), None);
    }

    #[test]
    fn a_flow_id_is_32_lower_case_hex_digits() {
        let id = FlowId::from_random([0x0f; 16]);
        assert_eq!(id.as_str(), "0f".repeat(16));
        assert_eq!(FlowId::parse(id.as_str()), Some(id.clone()));
        let long = format!("{id}0");
        for bad in [
            "",
            "0f",
            &id.as_str().to_uppercase(),
            &long,
            &"g".repeat(32),
            &"\u{e4}".repeat(16),
        ] {
            assert_eq!(FlowId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_stored_form_of_a_sign_in_stays_as_it_is() {
        let text = record().encode();
        assert_eq!(
            text,
            concat!(
                r#"{"v":1,"data":{"flow":"abababababababababababababababab","server":"https://lab.example/base","#,
                r#""alias":"lab","provider":{"id":"campus","title":"Campus","server_url":"https://id.example","#,
                r#""client_id":"web"},"created_at":1800000000000,"return_to":"/room/lab/r","forced_prompt":false}}"#
            )
        );
        assert_eq!(PreAuth::check(Some(&text), &flow(0xab), NOW), Ok(record()));
    }

    #[test]
    fn a_sign_in_may_take_thirty_minutes_and_no_longer() {
        let text = record().encode();
        let at = |now| PreAuth::check(Some(&text), &flow(0xab), now).map(|_| ());
        assert_eq!(at(NOW + TTL_MS), Ok(()));
        assert_eq!(at(NOW + TTL_MS + 1), Err(PreAuthError::Expired));
        assert_eq!(at(NOW - SKEW_MS), Ok(()));
        assert_eq!(at(NOW - SKEW_MS - 1), Err(PreAuthError::Tampered));
    }

    #[test]
    fn a_callback_without_its_own_sign_in_is_refused() {
        let text = record().encode();
        assert_eq!(
            PreAuth::check(None, &flow(0xab), NOW),
            Err(PreAuthError::Missing)
        );
        for (stored, asked) in [
            (text.as_str(), flow(1)),
            ("", flow(0xab)),
            ("{\"v\":1,\"data\":{}}", flow(0xab)),
            (&text.replace("\"v\":1", "\"v\":2"), flow(0xab)),
            (&text.replace("https://lab", "javascript://lab"), flow(0xab)),
            (
                &text.replace("1800000000000", "9223372036854775807"),
                flow(0xab),
            ),
        ] {
            assert_eq!(
                PreAuth::check(Some(stored), &asked, NOW),
                Err(PreAuthError::Tampered),
                "{stored}"
            );
        }
        let ancient = text.replace("1800000000000", "-9223372036854775808");
        assert_eq!(
            PreAuth::check(Some(&ancient), &flow(0xab), NOW),
            Err(PreAuthError::Expired)
        );
    }

    #[test]
    fn a_bad_return_path_costs_the_way_back_and_not_the_sign_in() {
        let mut sign_in = record();
        assert_eq!(sign_in.arrival().unwrap().unwrap().to_path(), "/room/lab/r");
        sign_in.return_to = Some("//evil.example".to_owned());
        let read = PreAuth::check(Some(&sign_in.encode()), &flow(0xab), NOW).unwrap();
        assert_eq!(read.arrival(), Err(ReturnToError::DoubleSlash));
        sign_in.return_to = None;
        assert_eq!(sign_in.arrival(), Ok(None));
    }

    #[test]
    fn the_login_address_comes_back_to_the_callback_of_this_flow() {
        let mut sign_in = record();
        let back =
            "https%3A%2F%2Fapp.example%2Fchat%2Fauth%2Fcallback%2Fabababababababababababababababab";
        let expected = format!("https://lab.example/base/api/login/campus?return_to={back}");
        for base in ["/chat/", "/chat", "chat"] {
            assert_eq!(sign_in.login_url("https://app.example", base), expected);
        }
        let root = expected.replace("%2Fchat", "");
        assert_eq!(sign_in.login_url("https://app.example/", "/"), root);
        assert_eq!(sign_in.login_url("https://app.example", ""), root);
        sign_in.forced_prompt = true;
        assert_eq!(
            sign_in.login_url("https://app.example", ""),
            format!("{root}&prompt=login")
        );
    }

    #[test]
    fn a_provider_cannot_change_the_login_address() {
        let mut sign_in = record();
        sign_in.provider.id = "../x?y#z".to_owned();
        let url = sign_in.login_url("https://app.example", "");
        assert!(
            url.starts_with("https://lab.example/base/api/login/..%2Fx%3Fy%23z?return_to="),
            "{url}"
        );
    }

    #[test]
    fn tokens_are_found_wherever_servers_put_them() {
        let expected = Some(tokens("T", Some("R"), Some(600)));
        for (query, fragment) in [
            ("", "#?token=T&refresh_token=R&expires_in=600"),
            ("", "?token=T&refresh_token=R&expires_in=600"),
            ("", "#token=T&refresh_token=R&expires_in=600"),
            ("", "#/auth/callback?token=T&refresh_token=R&expires_in=600"),
            (
                "",
                "#/x?flow=1&access_token=T&refresh_token=R&expires_in=600",
            ),
            ("?token=T&refresh_token=R&expires_in=600", ""),
            ("token=T&refresh_token=R&expires_in=600", "#/auth/callback"),
            ("?x=1", "#?token=T&refresh_token=R&expires_in=600"),
            ("?error=", "#?error=&token=T&refresh_token=R&expires_in=600"),
            ("?token=&access_token=T&refresh_token=R&expires_in=600", "#"),
            ("?token=other", "#token=T&refresh_token=R&expires_in=600"),
        ] {
            assert_eq!(
                Callback::from_location(query, fragment),
                expected,
                "{query} {fragment}"
            );
        }
    }

    #[test]
    fn an_empty_token_is_no_token() {
        for (query, fragment) in [
            ("", ""),
            ("?", "#"),
            ("?token=", "#?access_token="),
            ("?token", "#?token=%20"),
            ("?token=a%0ab", ""),
            ("?refresh_token=R&expires_in=600", ""),
            ("?xtoken=T", "#tokens=T"),
        ] {
            assert_eq!(
                Callback::from_location(query, fragment),
                None,
                "{query} {fragment}"
            );
        }
        assert_eq!(
            Callback::from_location("?token=T&refresh_token=&id_token=&expires_in=", ""),
            Some(tokens("T", None, None))
        );
    }

    #[test]
    fn a_lifetime_may_be_a_number_a_float_or_a_string() {
        for (text, expected) in [
            ("600", Some(600)),
            ("600.9", Some(600)),
            ("%22600%22", Some(600)),
            ("6e2", Some(600)),
            ("-5", Some(0)),
            ("0", Some(0)),
            ("99999999999999999999", Some(2_592_000)),
            ("inf", None),
            ("NaN", None),
            ("soon", None),
        ] {
            let answer = Callback::from_location(&format!("?token=T&expires_in={text}"), "");
            assert_eq!(answer, Some(tokens("T", None, expected)), "{text}");
        }
    }

    #[test]
    fn values_are_decoded_and_an_odd_question_mark_stays_in_its_value() {
        let answer = Callback::from_location("", "#token=a%2Bb%3D%3F&refresh_token=c?d%zz");
        assert_eq!(answer, Some(tokens("a+b=?", Some("c?d%zz"), None)));
        let answer = Callback::from_location(
            "?error=access_denied&error_description=No+%C3%A4ccess%0a&token=T",
            "",
        );
        assert_eq!(
            answer,
            Some(CallbackAnswer::Error {
                code: "access_denied".to_owned(),
                description: Some("No \u{e4}ccess".to_owned()),
            })
        );
    }

    #[test]
    fn the_text_of_an_error_is_cut() {
        let long = "\u{e4}".repeat(500);
        let Some(CallbackAnswer::Error { code, description }) =
            Callback::from_location(&format!("?error={long}&error_description={long}"), "")
        else {
            panic!("no error");
        };
        assert_eq!(code.chars().count(), 100);
        assert_eq!(description.unwrap().chars().count(), 300);
        let none = Callback::from_location("?error=x", "");
        assert_eq!(
            none,
            Some(CallbackAnswer::Error {
                code: "x".to_owned(),
                description: None
            })
        );
    }

    #[test]
    fn an_answer_never_prints_its_tokens() {
        let answer =
            Callback::from_location("?token=T0P&refresh_token=T0P&id_token=T0P", "").unwrap();
        let CallbackAnswer::Tokens { id_token, .. } = &answer else {
            panic!("no tokens");
        };
        assert_eq!(id_token.as_ref().unwrap().expose(), "T0P");
        assert!(!format!("{answer:?}").contains("T0P"));
    }

    #[test]
    fn only_sign_ins_that_cannot_be_finished_are_swept_away() {
        let live = record();
        let mut old = record();
        old.flow = flow(1);
        old.created_at = NOW - TTL_MS - 1;
        let (live_key, old_key) = (keys::pre_auth(&live.flow), keys::pre_auth(&old.flow));
        let newer_key = keys::pre_auth(&flow(2));
        let broken_key = keys::pre_auth(&flow(3));
        let moved_key = keys::pre_auth(&flow(4));
        let odd_key = format!("{}odd", keys::PRE_AUTH_PREFIX);
        let (live_text, old_text) = (live.encode(), old.encode());
        let stored = [
            (live_key.as_str(), live_text.as_str()),
            (&old_key, &old_text),
            (&newer_key, r#"{"v":2,"data":{}}"#),
            (&broken_key, "{"),
            (&moved_key, &live_text),
            (&odd_key, &live_text),
            ("enfilade/servers", "{"),
        ];
        assert_eq!(
            sweep(stored, NOW),
            [
                old_key.clone(),
                broken_key.clone(),
                moved_key.clone(),
                odd_key.clone()
            ]
        );
    }

    proptest! {
        #[test]
        fn no_location_makes_it_panic(query in any::<String>(), fragment in any::<String>()) {
            let _ = Callback::from_location(&query, &fragment);
        }

        #[test]
        fn a_token_survives_its_encoding(token in "[!-~]{1,40}") {
            let fragment = format!("#?token={}", encode_segment(&token));
            prop_assert_eq!(Callback::from_location("", &fragment), Some(tokens(&token, None, None)));
        }
    }
}
