//! The images of the message that is being written.

use std::sync::atomic::Ordering;

use reactive_graph::computed::ArcMemo;
use reactive_graph::traits::{ReadUntracked, Update, WithUntracked};

use super::Composer;
use crate::core::composer::image::MOST_BYTES;
use crate::core::composer::outgoing::Image;
use crate::core::composer::written::{self, Content, Slot, State, Written};

/// How many bytes of images whose token is gone are kept for an undo.
const SPARE: usize = 2 * MOST_BYTES;

impl Composer {
    /// The images in the text, in the order of their tokens.
    #[must_use]
    pub fn images(&self) -> ArcMemo<Vec<Slot>> {
        self.0.images.clone()
    }

    /// Whether the images let the message go.
    #[must_use]
    pub fn image_state(&self) -> ArcMemo<State> {
        self.0.image_state.clone()
    }

    /// How many images are in the text, and their bytes.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        let slots = self.0.slots.read_untracked();
        self.0
            .text
            .with_untracked(|text| written::load(text, &slots))
    }

    /// What is written here goes to a server that takes text only.
    pub(in crate::state) fn take_text_only(&self) {
        self.0.is_text_only.store(true, Ordering::Relaxed);
    }

    /// Whether images can go along.
    #[must_use]
    pub fn takes_images(&self) -> bool {
        !self.0.is_text_only.load(Ordering::Relaxed)
    }

    /// Takes in an image. It is part of the message as soon as the token that comes back stands in the text.
    #[must_use]
    pub fn add_image(&self, image: Image) -> String {
        let mut written = self.written();
        written.drop_hidden(SPARE);
        let token = written.take_in(Content::Here(image));
        self.0.slots.update(|slots| *slots = written.slots);
        token
    }

    /// Puts an image in the place of one that is there by its name alone.
    pub fn replace_image(&self, number: u32, image: Image) {
        self.0.slots.update(|slots| {
            if let Some(slot) = slots.iter_mut().find(|slot| slot.number == number) {
                slot.content = Content::Here(image);
            }
        });
        self.save();
    }

    /// Where an image stands in the text, with its token, in UTF-16 units.
    #[must_use]
    pub fn place_of_image(&self, number: u32) -> Option<std::ops::Range<usize>> {
        let slots = self.0.slots.read_untracked();
        self.0
            .text
            .with_untracked(|text| written::place_of(text, &slots, number))
    }

    /// Takes an image out of the message.
    pub fn remove_image(&self, number: u32) {
        let mut written: Written = self.written();
        written.remove(number);
        self.fill(written.text);
    }

    /// The token that a caret touches, in UTF-16 units.
    #[must_use]
    pub fn token_at(&self, caret: usize, touch: written::Touch) -> Option<std::ops::Range<usize>> {
        let slots = self.0.slots.read_untracked();
        self.0
            .text
            .with_untracked(|text| written::token_at(text, &slots, caret, touch))
    }
}
