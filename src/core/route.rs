//! The places of the app, as values.
