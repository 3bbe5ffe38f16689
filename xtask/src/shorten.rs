//! Short names for what the app imports from its JavaScript and exports to it: most of them end in hashes, which no
//! compression makes smaller.

use std::collections::BTreeMap;

use crate::failure::{Failure, Outcome};
use crate::wasm::{number, number_length, put_number};

/// The number of the import section (WebAssembly core specification, section 5.5.5).
pub const IMPORTS: u8 = 2;
/// The number of the export section.
pub const EXPORTS: u8 = 7;
/// What the names begin with that wasm-bindgen makes up, and that come from the compiler.
const PREFIXES: [&str; 4] = ["__wbg_", "__wbindgen_cast_", "__wbindgen_generic_", "_ZN"];

/// Renames the imports and exports of `wasm` in it and in `script`.
pub fn shorten(wasm: &[u8], script: &str) -> Outcome<(Vec<u8>, String)> {
    let names = made_up_names(script);
    let wasm = rename_sections(wasm, &names).ok_or_else(|| {
        Failure::new(
            "the app's WASM file cannot be read: is wasm-opt of another version?".to_owned(),
        )
    })?;
    Ok((wasm, rename_words(script, &names)))
}

/// Every made-up name of the script with its short one. A name that is used as a whole word only.
fn made_up_names(script: &str) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for word in words(script)
        .filter(|word| PREFIXES.iter().any(|prefix| word.starts_with(prefix)) && word.len() > 12)
    {
        let next = names.len();
        names
            .entry(word.to_owned())
            .or_insert_with(|| format!("_{next:x}"));
    }
    names
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_word(c)).filter(|word| !word.is_empty())
}

fn rename_words(text: &str, names: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_word(c)).unwrap_or(from.len()));
        out.push_str(before);
        out.push_str(names.get(word).map_or(word, String::as_str));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The script without indentation, blank lines, line comments of their own and documentation comments. Made for
/// what wasm-bindgen writes: one statement a line, no text over several lines.
pub fn without_comments(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    let mut in_comment = false;
    for line in script.lines().map(str::trim) {
        let begins = line.starts_with("/*");
        if begins || in_comment {
            in_comment = !line.ends_with("*/");
            continue;
        }
        if !line.is_empty() && !line.starts_with("//") {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

fn rename_sections(wasm: &[u8], names: &BTreeMap<String, String>) -> Option<Vec<u8>> {
    let mut out = wasm.get(..8)?.to_vec();
    let mut rest = wasm.get(8..)?;
    while let Some((&kind, after)) = rest.split_first() {
        let (length, after) = number(after)?;
        let (body, after) = (after.get(..length)?, after.get(length..)?);
        let renamed;
        let body = match kind {
            IMPORTS => {
                renamed = import_section(body, names)?;
                &renamed
            }
            EXPORTS => {
                renamed = export_section(body, names)?;
                &renamed
            }
            _ => body,
        };
        out.push(kind);
        put_number(body.len(), &mut out);
        out.extend(body);
        rest = after;
    }
    Some(out)
}

fn import_section(body: &[u8], names: &BTreeMap<String, String>) -> Option<Vec<u8>> {
    let (count, mut rest) = number(body)?;
    let mut out = Vec::with_capacity(body.len());
    put_number(count, &mut out);
    for _ in 0..count {
        for is_field in [false, true] {
            let (name, after) = text(rest)?;
            let name = names
                .get(name)
                .filter(|_| is_field)
                .map_or(name, String::as_str);
            put_number(name.len(), &mut out);
            out.extend(name.as_bytes());
            rest = after;
        }
        let length = description(rest)?;
        out.extend(rest.get(..length)?);
        rest = rest.get(length..)?;
    }
    rest.is_empty().then_some(out)
}

fn export_section(body: &[u8], names: &BTreeMap<String, String>) -> Option<Vec<u8>> {
    let (count, mut rest) = number(body)?;
    let mut out = Vec::with_capacity(body.len());
    put_number(count, &mut out);
    for _ in 0..count {
        let (name, after) = text(rest)?;
        let name = names.get(name).map_or(name, String::as_str);
        put_number(name.len(), &mut out);
        out.extend(name.as_bytes());
        let length = 1 + number_length(after.get(1..)?)?;
        out.extend(after.get(..length)?);
        rest = after.get(length..)?;
    }
    rest.is_empty().then_some(out)
}

/// Length of an import's description: function, table, memory, global or tag.
pub fn description(bytes: &[u8]) -> Option<usize> {
    let limits = |at: usize| {
        let flags = *bytes.get(at)?;
        let mut end = at + 1;
        for _ in 0..=(flags & 1) {
            end += number_length(bytes.get(end..)?)?;
        }
        Some(end)
    };
    match *bytes.first()? {
        0 => Some(1 + number_length(bytes.get(1..)?)?),
        1 => limits(2),
        2 => limits(1),
        3 => Some(3),
        4 => Some(2 + number_length(bytes.get(2..)?)?),
        _ => None,
    }
}

pub fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = number(bytes)?;
    Some((
        std::str::from_utf8(rest.get(..length)?).ok()?,
        rest.get(length..)?,
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn wasm(field: &str) -> Vec<u8> {
        let mut section = vec![1];
        for name in ["./app_bg.js", field] {
            put_number(name.len(), &mut section);
            section.extend(name.as_bytes());
        }
        section.extend([0, 5]);
        let mut file = b"\0asm\x01\0\0\0".to_vec();
        file.push(IMPORTS);
        put_number(section.len(), &mut file);
        file.extend(section);
        file.extend([10, 1, 0]);
        file
    }

    #[test]
    fn an_import_gets_the_same_short_name_on_both_sides() {
        let script = "return { __wbg_fetch_0123456789abcdef: function() {}, other: 1 }; // __wbg_fetch_0123456789abcdefX";
        let (made, script) = shorten(&wasm("__wbg_fetch_0123456789abcdef"), script).unwrap();
        assert_eq!(made, wasm("_0"));
        assert_eq!(script, "return { _0: function() {}, other: 1 }; // _1");
    }

    #[test]
    fn an_export_gets_the_same_short_name_on_both_sides() {
        let exporting = |name: &str| {
            let mut file = b"\0asm\x01\0\0\0".to_vec();
            let length = u8::try_from(name.len()).unwrap();
            file.extend([EXPORTS, length + 4, 1, length]);
            file.extend(name.as_bytes());
            file.extend([0, 9]);
            file
        };
        let script = "wasm._ZN12invoke17h0123456789abcdefE(a); wasm.memory";
        let (made, script) =
            shorten(&exporting("_ZN12invoke17h0123456789abcdefE"), script).unwrap();
        assert_eq!(made, exporting("_0"));
        assert_eq!(script, "wasm._0(a); wasm.memory");
        let (made, _) = shorten(&exporting("memory"), &script).unwrap();
        assert_eq!(made, exporting("memory"));
    }

    #[test]
    fn comments_and_indentation_go_and_code_stays() {
        let script = "/**\n * says\n */\nfunction a() {\n    // why\n    return 1; /* x */\n}\n\n/* one */\nb();\n";
        assert_eq!(
            without_comments(script),
            "function a() {\nreturn 1; /* x */\n}\nb();\n"
        );
    }

    #[test]
    fn other_names_stay() {
        let (made, script) = shorten(&wasm("memory"), "a.memory").unwrap();
        assert_eq!((made, script.as_str()), (wasm("memory"), "a.memory"));
    }

    #[test]
    fn a_file_that_is_no_wasm_is_an_error() {
        assert!(shorten(b"\0asm\x01\0\0\0\x02\x7f", "").is_err());
        assert!(shorten(b"", "").is_err());
    }
}
