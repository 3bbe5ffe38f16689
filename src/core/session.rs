//! The session of one server: states, tokens, verdicts, the guard and the way back.

pub mod guard;
pub mod idle;
pub mod machine;
pub mod pkce;
pub mod pre_auth;
pub mod return_to;
pub mod stored;
pub mod token;
pub mod two_stores;
pub mod verdict;
