//! What may go with a message as an image: told by its content, within limits.

/// Most images in one message.
pub const MOST: usize = 4;
/// Most bytes of all images of a message, before base64.
pub const MOST_BYTES: usize = 15 * 1024 * 1024;
/// How much of a file has to be looked at to tell what it is.
pub const HEAD: usize = 512;

/// Why a file does not go with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// HEIC or HEIF, which no model and hardly any browser reads.
    Heic,
    /// A drawing, not a picture: SVG.
    Svg,
    /// No image, or one of another kind.
    Other,
    /// There are [`MOST`] already.
    TooMany,
    /// It would be more than [`MOST_BYTES`].
    TooLarge,
    /// It could not be read.
    Unreadable,
    /// The server takes text only.
    Unwanted,
}

/// The media type of an image by its first bytes; its name and what it is said to be count for nothing.
///
/// # Errors
/// Everything but PNG, JPEG, WebP and GIF.
pub fn sniff(head: &[u8]) -> Result<&'static str, Refusal> {
    let at = |start: usize, wanted: &[u8]| {
        head.get(start..start + wanted.len())
            .is_some_and(|bytes| bytes == wanted)
    };
    if at(0, b"\x89PNG\r\n\x1a\n") {
        return Ok("image/png");
    }
    if at(0, &[0xFF, 0xD8, 0xFF]) {
        return Ok("image/jpeg");
    }
    if at(0, b"RIFF") && at(8, b"WEBP") {
        return Ok("image/webp");
    }
    if at(0, b"GIF87a") || at(0, b"GIF89a") {
        return Ok("image/gif");
    }
    let brands: [&[u8]; 6] = [b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1"];
    if at(4, b"ftyp") && brands.iter().any(|brand| at(8, brand)) {
        return Err(Refusal::Heic);
    }
    let text = String::from_utf8_lossy(head.get(..head.len().min(HEAD)).unwrap_or_default());
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
    if text.starts_with("<svg") || (text.starts_with('<') && text.contains("<svg")) {
        return Err(Refusal::Svg);
    }
    Err(Refusal::Other)
}

/// Whether one more image of this size goes with those that are there.
///
/// # Errors
/// `TooMany` or `TooLarge`.
pub fn fits(count: usize, bytes: usize, more: usize) -> Result<(), Refusal> {
    if count >= MOST {
        Err(Refusal::TooMany)
    } else if bytes.saturating_add(more) > MOST_BYTES {
        Err(Refusal::TooLarge)
    } else {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_four_kinds_are_told_by_their_content() {
        for (head, mime) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "image/png"),
            (b"\xFF\xD8\xFF\xE0\0\x10JFIF", "image/jpeg"),
            (b"\xFF\xD8\xFF\xE1\0\x10Exif", "image/jpeg"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
            (b"GIF87a\x01\0", "image/gif"),
            (b"GIF89a\x01\0", "image/gif"),
        ] {
            assert_eq!(sniff(head), Ok(mime));
            assert!(sniff(&head[..3]) != Ok(mime) || mime == "image/jpeg");
        }
    }

    #[test]
    fn heic_svg_and_everything_else_are_refused_by_name() {
        for (head, why) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0"[..], Refusal::Heic),
            (b"\0\0\0\x18ftypmif1\0\0\0\0", Refusal::Heic),
            (b"\0\0\0\x18ftypavif\0\0\0\0", Refusal::Other),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Refusal::Svg),
            (
                b"\xEF\xBB\xBF <?xml version='1.0'?><!-- a --><svg>",
                Refusal::Svg,
            ),
            (b"RIFF\x24\0\0\0WAVEfmt ", Refusal::Other),
            (b"%PDF-1.7", Refusal::Other),
            (b"", Refusal::Other),
        ] {
            assert_eq!(sniff(head), Err(why), "{head:?}");
        }
    }

    #[test]
    fn four_images_of_fifteen_mebibytes_fit_and_no_more() {
        assert_eq!(fits(3, 0, MOST_BYTES), Ok(()));
        assert_eq!(fits(4, 0, 1), Err(Refusal::TooMany));
        assert_eq!(fits(1, MOST_BYTES - 1, 1), Ok(()));
        assert_eq!(fits(1, MOST_BYTES - 1, 2), Err(Refusal::TooLarge));
        assert_eq!(fits(0, 1, usize::MAX), Err(Refusal::TooLarge));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(head in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = sniff(&head);
        }
    }
}
