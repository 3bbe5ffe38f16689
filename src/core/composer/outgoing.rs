//! A message on its way: text, and the images that stand in it.

use std::sync::Arc;

use serde_json::json;

use crate::core::agui::run::UserContent;

/// Stands in a text where an image is (U+FFFC, object replacement character).
pub const IMAGE_MARK: char = '\u{FFFC}';

/// An image of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// File name, where it has one.
    pub name: String,
    /// `image/png`, `image/jpeg`, `image/webp` or `image/gif`, found by its content.
    pub mime: &'static str,
    /// Size before base64, in bytes.
    pub size: usize,
    /// The bytes as base64.
    pub data: Arc<str>,
}

/// What a person sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// As typed, with an [`IMAGE_MARK`] for each image.
    pub text: String,
    /// The images, in the order of their marks.
    pub images: Vec<Image>,
}

impl Outgoing {
    /// A message of text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            images: Vec::new(),
        }
    }

    /// What is sent: text, or parts in which each image follows its label `Image N:` (wire contract section 7). `first` is the number of the
    /// first image; numbers are unique in a thread.
    #[must_use]
    pub fn content(&self, first: u64) -> UserContent {
        if self.images.is_empty() {
            return UserContent::Text(self.text.clone());
        }
        let mut parts = Vec::new();
        let push_text = |parts: &mut Vec<serde_json::Value>, text: &str| {
            if !text.trim().is_empty() {
                parts.push(json!({"type": "text", "text": text}));
            }
        };
        let mut pieces = self.text.split(IMAGE_MARK);
        push_text(&mut parts, pieces.next().unwrap_or_default());
        for (number, image) in (first..).zip(&self.images) {
            parts.push(json!({"type": "text", "text": format!("Image {number}:")}));
            parts.push(json!({
                "type": "image",
                "source": {"type": "data", "value": &*image.data, "mimeType": image.mime},
                "metadata": {"soliplex_image_number": number},
            }));
            push_text(&mut parts, pieces.next().unwrap_or_default());
        }
        UserContent::Parts(parts)
    }
}
