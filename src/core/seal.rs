//! Sealing of texts at rest, and base64url.
//!
//! The key never touches storage: the browser derives it with a key that cannot be exported.

use chacha20poly1305::aead::{AeadInPlace, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce, Tag};

use crate::core::secret::Secret;

/// Length of a key in bytes.
pub const KEY: usize = 32;
/// Length of a nonce in bytes (RFC 8439 section 2.3).
const NONCE: usize = 12;
/// Length of a tag in bytes (RFC 8439 section 2.5).
const TAG: usize = 16;

/// Seals texts with ChaCha20-Poly1305 (RFC 8439) for as long as the page lives.
#[derive(Clone)]
pub struct Seal(Secret<[u8; KEY]>);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// Seals with this key.
    #[must_use]
    pub const fn new(key: [u8; KEY]) -> Self {
        Self(Secret::new(key))
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(Key::from_slice(self.0.expose()))
    }

    /// Seals a text for one place, which has to be named again to open it. `random` must never come twice:
    /// its first 12 bytes are the nonce.
    #[must_use]
    pub fn close(&self, text: &str, place: &str, random: [u8; 16]) -> Option<String> {
        let nonce = &random[..NONCE];
        let mut bytes = text.as_bytes().to_vec();
        let tag = self
            .cipher()
            .encrypt_in_place_detached(Nonce::from_slice(nonce), place.as_bytes(), &mut bytes)
            .ok()?;
        Some(encode_base64url(&[nonce, &bytes, tag.as_slice()].concat()))
    }

    /// Opens what [`Seal::close`] made for the same place; `None` for anything else.
    #[must_use]
    pub fn open(&self, sealed: &str, place: &str) -> Option<String> {
        let bytes = decode_base64url(sealed)?;
        let (nonce, rest) = bytes.split_at_checked(NONCE)?;
        let (body, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
        let mut body = body.to_vec();
        self.cipher()
            .decrypt_in_place_detached(
                Nonce::from_slice(nonce),
                place.as_bytes(),
                &mut body,
                Tag::from_slice(tag),
            )
            .ok()?;
        String::from_utf8(body).ok()
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Encodes as base64url (RFC 4648 section 5), without padding.
#[must_use]
pub fn encode_base64url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut gathered = [0; 4];
        gathered[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(gathered);
        for place in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

/// Decodes base64url (RFC 4648 section 5), padding optional.
#[must_use]
pub fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let mut gathered: u32 = 0;
    let mut bits = 0;
    for digit in text.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        gathered = (gathered << 6 | u32::from(value)) & 0xFFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(gathered >> bits & 0xFF).ok()?);
        }
    }
    // Six bits alone make no byte: the text was cut.
    (bits < 6).then_some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEAL: Seal = Seal::new([7; KEY]);

    #[test]
    fn a_sealed_text_opens_with_its_key_and_its_place_only() {
        let sealed = SEAL.close("secret", "here", [1; 16]).unwrap();
        assert!(!sealed.contains("secret"));
        assert_eq!(SEAL.open(&sealed, "here").as_deref(), Some("secret"));
        assert_eq!(SEAL.open(&sealed, "there"), None);
        assert_eq!(Seal::new([8; KEY]).open(&sealed, "here"), None);
    }

    #[test]
    fn another_nonce_gives_another_text() {
        let one = SEAL.close("secret", "here", [1; 16]);
        assert_ne!(one, SEAL.close("secret", "here", [2; 16]));
    }

    #[test]
    fn the_cipher_is_that_of_rfc_8439() {
        // Section 2.8.2: the key, nonce and additional data of the example.
        let key: [u8; 32] = std::array::from_fn(|i| 0x80 + u8::try_from(i).unwrap());
        let nonce = [
            0x07, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47,
        ];
        let place = [
            0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
        ];
        let mut text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.".to_vec();
        let tag = Seal::new(key)
            .cipher()
            .encrypt_in_place_detached(Nonce::from_slice(&nonce), &place, &mut text)
            .unwrap();
        assert_eq!(&text[..4], [0xd3, 0x1a, 0x8d, 0x34]);
        assert_eq!(&tag[..4], [0x1a, 0xe1, 0x0b, 0x59]);
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{SEAL:?}"), "Seal");
    }

    proptest! {
        #[test]
        fn bytes_survive_base64url(bytes: Vec<u8>) {
            prop_assert_eq!(decode_base64url(&encode_base64url(&bytes)), Some(bytes));
        }

        #[test]
        fn whatever_is_opened_never_panics(text in ".{0,60}") {
            prop_assert_eq!(SEAL.open(&text, "here"), None);
        }

        #[test]
        fn a_changed_digit_is_noticed(at in 0_usize..40, text in "[a-z]{20}") {
            let sealed = SEAL.close(&text, "here", [3; 16]).unwrap();
            let mut digits: Vec<char> = sealed.chars().collect();
            let at = at % digits.len();
            digits[at] = if digits[at] == 'A' { 'B' } else { 'A' };
            let changed: String = digits.into_iter().collect();
            // The last digit may carry bits that no byte is made of.
            prop_assert!(SEAL.open(&changed, "here").is_none_or(|opened| opened == text));
        }
    }
}
