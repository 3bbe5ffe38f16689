//! Takes out of the app what a library brings and the app never uses: the streams of `wasm-streams` that JavaScript could
//! read from, which come with the framework and are exported whether anybody asks or not.

use std::collections::BTreeSet;

use crate::failure::{Failure, Outcome};
use crate::shorten::{EXPORTS, IMPORTS, description, text, words};
use crate::wasm::{number, number_length, put_number};

/// Begins the names of the classes in the script.
const CLASS: &str = "IntoUnderlying";
/// Is in the names of their functions in the WASM file.
const FUNCTIONS: &str = "intounderlying";

/// Drops the classes from `script`, and from `wasm` the exports that only they call, so that the optimiser drops the rest.
pub fn without_streams(wasm: &[u8], script: &str) -> Outcome<(Vec<u8>, String)> {
    let wasm = without_exports(wasm).ok_or_else(|| {
        Failure::new(
            "the app's WASM file cannot be read: is wasm-bindgen of another version?".to_owned(),
        )
    })?;
    let script = without_classes(script);
    // Better to stop here than to ship a page that stops there.
    if words(&script).any(|word| word.contains(FUNCTIONS) || word.contains(CLASS)) {
        return Err(Failure::new(
            "wasm-bindgen writes its classes in another way than this command knows: see xtask/src/prune.rs".to_owned(),
        ));
    }
    Ok((wasm, script))
}

/// Drops the functions from `script` that `wasm` no longer imports after it was optimised.
pub fn without_unused(wasm: &[u8], script: &str) -> Outcome<String> {
    let used = imported(wasm)
        .ok_or_else(|| Failure::new("the app's WASM file cannot be read".to_owned()))?;
    let mut out = String::with_capacity(script.len());
    let mut is_dropped = false;
    for line in script.split_inclusive('\n') {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if let Some((name, _)) = text.split_once(": function(").filter(|_| indent == 8) {
            is_dropped = name.starts_with("__wb") && !used.contains(name);
        }
        if !is_dropped {
            out.push_str(line);
        }
        if indent == 8 && text.starts_with('}') {
            is_dropped = false;
        }
    }
    Ok(out)
}

/// As wasm-bindgen writes them: a class from its name to the brace at the start of a line, and statements that name one.
fn without_classes(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    let mut end = None;
    for line in script.split_inclusive('\n') {
        let text = line.trim_end();
        if let Some(last) = end {
            if text.starts_with('}') && last == '}' || text.ends_with(';') && last == ';' {
                end = None;
            }
            continue;
        }
        let begins = |start: &str| text.starts_with(&format!("{start}{CLASS}"));
        if begins("export class ") {
            end = Some('}');
        } else if begins("const ") {
            end = (!text.ends_with(';')).then_some(';');
        } else if !begins("if (Symbol.dispose) ") {
            out.push_str(line);
        }
    }
    out
}

fn without_exports(wasm: &[u8]) -> Option<Vec<u8>> {
    let mut out = wasm.get(..8)?.to_vec();
    let mut rest = wasm.get(8..)?;
    while let Some((&kind, after)) = rest.split_first() {
        let (length, after) = number(after)?;
        let (body, after) = (after.get(..length)?, after.get(length..)?);
        let kept = match kind {
            EXPORTS => kept_exports(body)?,
            _ => body.to_vec(),
        };
        out.push(kind);
        put_number(kept.len(), &mut out);
        out.extend(kept);
        rest = after;
    }
    Some(out)
}

fn kept_exports(body: &[u8]) -> Option<Vec<u8>> {
    let (count, mut rest) = number(body)?;
    let (mut kept, mut entries) = (0, Vec::<u8>::with_capacity(body.len()));
    for _ in 0..count {
        let (name, after) = text(rest)?;
        let end = 1 + number_length(after.get(1..)?)?;
        let after_all = after.get(end..)?;
        if !name.contains(FUNCTIONS) {
            kept += 1;
            entries.extend(rest.get(..rest.len() - after_all.len())?);
        }
        rest = after_all;
    }
    let mut out = Vec::with_capacity(entries.len() + 5);
    put_number(kept, &mut out);
    out.extend(entries);
    rest.is_empty().then_some(out)
}

fn imported(wasm: &[u8]) -> Option<BTreeSet<&str>> {
    let mut names = BTreeSet::new();
    let mut rest = wasm.get(8..)?;
    while let Some((&kind, after)) = rest.split_first() {
        let (length, after) = number(after)?;
        if kind == IMPORTS {
            let (count, mut entries) = number(after.get(..length)?)?;
            for _ in 0..count {
                let (_, after) = text(entries)?;
                let (name, after) = text(after)?;
                names.insert(name);
                entries = after.get(description(after)?..)?;
            }
        }
        rest = after.get(length..)?;
    }
    Some(names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SCRIPT: &str = "export class IntoUnderlyingSink {
    free() {
        wasm.__wbg_intounderlyingsink_free(this, 0);
    }
}
if (Symbol.dispose) IntoUnderlyingSink.prototype[Symbol.dispose] = IntoUnderlyingSink.prototype.free;
export function start() {
    wasm.start();
}
        __wbg_fetch_1: function(arg0) {
            return fetch(arg0);
        },
        __wbg_byob_2: function(arg0) { return handleError(function (arg0) {
            return arg0.byobRequest;
        }, arguments); },
        __wbg_log_3: function(arg0) {
            console.log(arg0);
        },
const IntoUnderlyingSinkFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_intounderlyingsink_free(ptr, 1));
const other = 1;
";

    fn named(out: &mut Vec<u8>, name: &str) {
        put_number(name.len(), out);
        out.extend(name.as_bytes());
    }

    fn file(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut file = b"\0asm\x01\0\0\0".to_vec();
        file.push(kind);
        put_number(body.len(), &mut file);
        file.extend(body);
        file
    }

    fn exporting(names: &[&str]) -> Vec<u8> {
        let mut body = vec![u8::try_from(names.len()).unwrap()];
        for name in names {
            named(&mut body, name);
            body.extend([0, 7]);
        }
        file(EXPORTS, &body)
    }

    #[test]
    fn the_classes_go_with_what_they_call_and_nothing_else_does() {
        let wasm = exporting(&[
            "main",
            "__wbg_intounderlyingsink_free",
            "intounderlyingsink_write",
            "memory",
        ]);
        let (wasm, script) = without_streams(&wasm, SCRIPT).unwrap();
        assert_eq!(wasm, exporting(&["main", "memory"]));
        assert!(script.starts_with("export function start() {\n    wasm.start();\n}\n"));
        assert!(
            script.ends_with("        },\nconst other = 1;\n"),
            "{script}"
        );
    }

    #[test]
    fn a_class_that_is_written_otherwise_is_told() {
        let script = format!("{SCRIPT}use(IntoUnderlyingSink);\n");
        assert!(without_streams(&exporting(&["main"]), &script).is_err());
        assert!(without_streams(b"", SCRIPT).is_err());
    }

    #[test]
    fn a_function_that_is_no_longer_imported_goes() {
        let mut body = vec![2];
        for name in ["__wbg_fetch_1", "__wbg_log_3"] {
            named(&mut body, "./app_bg.js");
            named(&mut body, name);
            body.extend([0, 1]);
        }
        let script = without_unused(&file(IMPORTS, &body), SCRIPT).unwrap();
        assert!(!script.contains("byob"), "{script}");
        assert!(
            script.contains("return fetch(arg0);\n        },\n        __wbg_log_3"),
            "{script}"
        );
    }
}
