//! When a core drops its session because of what a call failed with. Two generations do it differently.

use serde::{Deserialize, Serialize};

/// How old a core is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Generation {
    /// 0.53: any 401 ends the session, and there is no offline session.
    #[default]
    Older,
    /// Anchored patterns, a typed refusal, offline sessions.
    Newer,
}

/// Begin the texts of failed calls to the hosted service.
const VERBS: [&str; 5] = ["GET /", "POST /", "PUT /", "DELETE /", "PATCH /"];
/// Begin the texts of the hosted models.
const HOSTED: [&str; 3] = [
    "OpenHuman API error (401",
    "Embedding API error (401",
    "OpenHuman streaming API error (401",
];

impl Generation {
    /// Whether a core of this age drops the session when a call fails so.
    pub fn drops_session(self, text: &str) -> bool {
        let lower = text.to_lowercase();
        let is_401 = lower.contains("401") && lower.contains("unauthorized");
        match self {
            Self::Older => {
                is_401 || lower.contains("invalid token") || text.contains("SESSION_EXPIRED")
            }
            Self::Newer => {
                let phrases = [
                    "session expired",
                    "no backend session token",
                    "session jwt required",
                    "backend rejected session token",
                ];
                let is_hosted = || HOSTED.iter().any(|start| text.contains(start));
                phrases.iter().any(|phrase| lower.contains(phrase))
                    || text.contains("SESSION_EXPIRED")
                    || (is_hosted() && text.contains(r#""error":"Invalid token""#))
                    || (is_401 && VERBS.iter().any(|verb| text.starts_with(verb)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::texts;

    #[test]
    fn an_older_core_drops_its_session_at_any_401() {
        let older = Generation::Older;
        assert!(older.drops_session(texts::PROVIDER_KEY));
        assert!(older.drops_session("Invalid Token"));
        assert!(older.drops_session(&texts::sentinel("GET", "/x")));
        assert!(!older.drops_session(texts::NO_SESSION));
        assert!(!older.drops_session("session_expired"));
    }

    #[test]
    fn a_newer_core_looks_where_the_401_came_from() {
        let newer = Generation::Newer;
        assert!(!newer.drops_session(texts::PROVIDER_KEY));
        assert!(!newer.drops_session("Invalid Token"));
        assert!(!newer.drops_session("session_expired"));
        assert!(newer.drops_session(texts::NO_SESSION));
        assert!(newer.drops_session(&texts::refused("PATCH", "/teams", 401, "{}")));
        assert!(!newer.drops_session(&texts::refused("HEAD", "/teams", 401, "{}")));
        assert!(
            newer.drops_session(
                r#"OpenHuman API error (401 Unauthorized): {"error":"Invalid token"}"#
            )
        );
        assert!(!newer.drops_session("OpenHuman API error (401 Unauthorized): no"));
    }
}
