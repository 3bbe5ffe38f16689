//! pre_auth.
