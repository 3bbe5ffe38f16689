//! Who is signed in on a server that holds the session itself, and what they have left to spend.

use super::cascade::Seen;

/// What a server says of itself and its session: what it holds in secret is not in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Whether it holds a session, and of what kind.
    pub seen: Seen,
    /// Who is signed in.
    pub user: Option<User>,
    /// Whether the person has been through the first conversation; before that the server answers chats with few tools.
    pub is_onboarded: bool,
}

/// Who is signed in, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Id of the account.
    pub id: String,
    /// A name to show.
    pub name: Option<String>,
    /// Address.
    pub email: Option<String>,
}

/// What is left to spend in the cycle under way, in cents; `None` where the server does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// What is left.
    pub remaining: Option<i64>,
    /// What there was.
    pub budget: Option<i64>,
    /// When the cycle ends, in milliseconds since 1970.
    pub ends: Option<i64>,
}
