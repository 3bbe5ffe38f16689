//! The short way to read a piece of text.

use std::borrow::Cow;

use serde::Deserialize;

use super::Event;

/// A piece of text as nearly all of them are. There are thousands a second, so they are read without a detour; whatever
/// is not exactly so goes the way of all others.
#[derive(Deserialize)]
pub struct Piece<'a> {
    #[serde(rename = "type")]
    kind: PieceKind,
    #[serde(rename = "messageId", borrow)]
    message_id: Cow<'a, str>,
    #[serde(borrow)]
    delta: Cow<'a, str>,
    timestamp: Option<i64>,
}

#[derive(Deserialize)]
enum PieceKind {
    #[serde(rename = "TEXT_MESSAGE_CONTENT")]
    Text,
    #[serde(rename = "REASONING_MESSAGE_CONTENT")]
    Reasoning,
}

impl Piece<'_> {
    /// The event, if it is such a piece.
    pub fn read(data: &str) -> Option<Event> {
        // A list of the right values would count as well.
        if !data.starts_with('{') {
            return None;
        }
        let piece: Piece<'_> = serde_json::from_str(data).ok()?;
        let message_id = piece.message_id.into_owned();
        let (delta, at) = (piece.delta.into_owned(), piece.timestamp);
        Some(match piece.kind {
            PieceKind::Text => Event::TextContent {
                message_id,
                delta,
                at,
            },
            PieceKind::Reasoning => Event::ReasoningMessageContent {
                message_id,
                delta,
                at,
            },
        })
    }
}
