//! Files of the release: names that change with their content, and ready-made compressed copies.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::failure::{Outcome, Trying};
use crate::sizes::Size;

/// A name that changes whenever one of `contents` does: `stem-HASH.extension`.
pub fn hashed_name(stem: &str, extension: &str, contents: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for content in contents {
        hash.update(content.len().to_le_bytes());
        hash.update(content);
    }
    let mut name = format!("{stem}-");
    for byte in hash.finalize().iter().take(8) {
        let _ = write!(name, "{byte:02x}");
    }
    name + "." + extension
}

/// Whether compressing files of this kind is worth anything.
pub fn is_compressible(path: &str) -> bool {
    const KINDS: [&str; 12] = [
        "css",
        "html",
        "ico",
        "js",
        "json",
        "map",
        "mjs",
        "svg",
        "txt",
        "wasm",
        "webmanifest",
        "xml",
    ];
    Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| KINDS.contains(&extension))
}

/// Writes `content` at `path` below `folder`, with `.br` and `.gz` beside it where they are smaller.
pub fn write(folder: &Path, path: &str, content: &[u8]) -> Outcome<Size> {
    let target = folder.join(path);
    let trying = || format!("write {}", target.display());
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).trying(trying)?;
    }
    fs::write(&target, content).trying(trying)?;
    let mut size = Size {
        path: path.to_owned(),
        raw: content.len(),
        gzip: None,
        brotli: None,
        first_load: false,
    };
    if is_compressible(path) {
        let beside = |extension: &str, bytes: &[u8]| -> Outcome<Option<usize>> {
            if bytes.len() >= content.len() {
                return Ok(None);
            }
            fs::write(folder.join(format!("{path}.{extension}")), bytes).trying(trying)?;
            Ok(Some(bytes.len()))
        };
        size.gzip = beside("gz", &gzip(content).trying(trying)?)?;
        size.brotli = beside("br", &brotli(content).trying(trying)?)?;
    }
    Ok(size)
}

fn gzip(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}

fn brotli(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let settings = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &settings)?;
    Ok(compressed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_name_changes_with_its_content_only() {
        let name = hashed_name("app", "js", &[b"one"]);
        assert_eq!(name, hashed_name("app", "js", &[b"one"]));
        assert_ne!(name, hashed_name("app", "js", &[b"two"]));
        assert_ne!(
            hashed_name("app", "js", &[b"ab", b"c"]),
            hashed_name("app", "js", &[b"a", b"bc"])
        );
        assert!(name.starts_with("app-") && name.ends_with(".js"));
        assert_eq!(name.len(), "app-0123456789abcdef.js".len());
    }

    #[test]
    fn compressed_copies_hold_the_same_bytes() {
        let text = "the same words, ".repeat(200);
        let mut plain = String::new();
        flate2::read::GzDecoder::new(gzip(text.as_bytes()).unwrap().as_slice())
            .read_to_string(&mut plain)
            .unwrap();
        assert_eq!(plain, text);
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut brotli(text.as_bytes()).unwrap().as_slice(), &mut plain)
            .unwrap();
        assert_eq!(plain, text.as_bytes());
    }

    #[test]
    fn copies_that_would_be_larger_are_left_out() {
        let folder = std::env::temp_dir().join(format!("xtask-assets-{}", std::process::id()));
        let long = write(&folder, "deep/long.js", &[b'a'; 500]).unwrap();
        assert_eq!(long.raw, 500);
        assert!(long.gzip.is_some() && long.brotli.is_some());
        assert!(
            folder.join("deep/long.js.br").is_file() && folder.join("deep/long.js.gz").is_file()
        );
        let short = write(&folder, "short.js", b"1").unwrap();
        assert_eq!((short.gzip, short.brotli), (None, None));
        let picture = write(&folder, "picture.png", &[b'a'; 500]).unwrap();
        assert_eq!((picture.gzip, picture.brotli), (None, None));
        fs::remove_dir_all(folder).unwrap();
    }
}
