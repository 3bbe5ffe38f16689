//! incremental.
