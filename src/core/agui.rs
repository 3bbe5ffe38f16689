//! What a run sends: bytes to frames to events, and the cursor to resume by.

pub mod event;
pub mod patch;
pub mod reader;
pub mod run;
pub mod sse;
