//! Values that must never be printed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that prints as "•••" wherever it is formatted: tokens, codes and the like.
///
/// It serialises as the bare value, which is meant for storage only: a record that holds a secret is never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for a request header, a request body or storage. The name is meant to stand out in review.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Holder {
        #[allow(dead_code)]
        token: Option<Secret<String>>,
    }

    #[test]
    fn a_secret_prints_as_dots_alone_and_inside_other_values() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret}"), "•••");
        assert_eq!(format!("{secret:?}"), "•••");
        assert_eq!(format!("{secret:#?}"), "•••");
        let holder = Holder {
            token: Some(secret),
        };
        assert!(!format!("{holder:?}").contains("hunter2"));
    }

    #[test]
    fn a_secret_is_stored_as_its_bare_value() {
        let secret = Secret::new("hunter2".to_owned());
        let text = serde_json::to_string(&secret).unwrap();
        assert_eq!(text, "\"hunter2\"");
        let back: Secret<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(back, secret);
        assert_eq!(back.expose(), "hunter2");
    }
}
