//! Who signs in: a name, and what is made of it.

use serde::{Deserialize, Serialize};

/// Who signed in: made from the name alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// As typed.
    pub name: String,
    /// `preferred_username`: lower case, other characters than letters and digits become dots.
    pub username: String,
}

impl Person {
    /// `None` when nothing of the name is left.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let username = username_of(&name);
        (!username.is_empty()).then_some(Self { name, username })
    }
}

/// The `preferred_username` a name gets.
pub fn username_of(name: &str) -> String {
    name.to_lowercase()
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(".")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_name_becomes_a_username() {
        assert_eq!(Person::named("  Ann  Lee ").unwrap().username, "ann.lee");
        assert_eq!(Person::named("Ann  Lee").unwrap().name, "Ann Lee");
        assert!(Person::named(" .. ").is_none());
    }
}
