//! Randomness of the browser.

use super::window;
use crate::port::Random;

/// `crypto.getRandomValues`.
#[derive(Debug)]
pub struct Crypto;

impl Random for Crypto {
    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let filled = window()
            .crypto()
            .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
        // Every browser that runs WebAssembly has it. Ids that can be guessed would be worse than none.
        assert!(filled.is_ok(), "this browser has no secure randomness");
        bytes
    }
}
