//! draft.
