//! Any bytes, cut anywhere, come to the same frames as the uncut ones.
#![no_main]

use enfilade::core::agui::sse::Decoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (usize, &[u8])| {
    let (cut, bytes) = input;
    let whole = Decoder::with_cap(1024).push(bytes);
    let (first, second) = bytes.split_at(cut.checked_rem(bytes.len() + 1).unwrap_or_default());
    let mut decoder = Decoder::with_cap(1024);
    let mut got = decoder.push(first);
    got.extend(decoder.push(second));
    assert_eq!(got, whole);
});
