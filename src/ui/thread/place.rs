//! Where somebody reads in a thread, kept by the tab over navigation and reload.

use serde::{Deserialize, Serialize};

use crate::core::record::{decode, encode, keys};
use crate::state::thread::ThreadKey;
use crate::web::dom::tab;

const VERSION: u32 = 1;

/// A row, and how far it stands below the upper edge of the view, in CSS pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The row.
    pub row: String,
    /// Its distance; negative where it begins above the edge.
    pub below: f64,
}

/// What is kept of a visit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Where it was read; `None` at the end.
    pub place: Option<Place>,
    /// The work that was unfolded, by the first row of each.
    pub open: Vec<String>,
}

fn name(key: &ThreadKey) -> String {
    keys::reading(&key.server, key.room.as_str(), key.thread.as_str())
}

/// What was kept of the last visit. What cannot be read is as good as nothing: the view begins at the end.
pub fn kept(key: &ThreadKey) -> Reading {
    let text = tab::kept(&name(key));
    let reading = text.and_then(|text| decode(VERSION, &text).ok());
    reading.unwrap_or_default()
}

/// Keeps it for the next visit.
pub fn keep(key: &ThreadKey, reading: &Reading) {
    let is_plain = *reading == Reading::default();
    let text = (!is_plain).then(|| encode(VERSION, reading));
    tab::keep(&name(key), text.as_deref());
}
