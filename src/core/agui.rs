//! What a run sends: bytes to frames to events, and the cursor to resume by.

pub mod sse;
pub mod event;
pub mod run;
