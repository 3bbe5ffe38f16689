//! The app's JavaScript and WASM files: renamed after their content, with the names inside them rewritten.

use crate::assets::hashed_name;
use crate::failure::{Failure, Outcome};

/// The file `wasm-bindgen` makes first.
pub const APP_JS: &str = "app.js";
/// The app itself.
pub const APP_WASM: &str = "app_bg.wasm";

/// A file of the app with its path below the assets folder.
pub struct Module {
    /// The path that holds its hash.
    pub path: String,
    /// Its content.
    pub content: Vec<u8>,
    /// Whether the app cannot start without it.
    pub first_load: bool,
}

/// The app's files and the two the page names.
pub struct Modules {
    /// All files.
    pub files: Vec<Module>,
    /// Where [`APP_JS`] went.
    pub app_js: String,
    /// Where [`APP_WASM`] went.
    pub app_wasm: String,
}

/// Renames `(path, content)` files. JavaScript modules may import each other in a circle, so they share one hash.
pub fn rename(files: Vec<(String, Vec<u8>)>) -> Outcome<Modules> {
    let (scripts, others): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|(path, _)| path.ends_with(".js"));
    let mut names: Vec<(String, String)> = others
        .iter()
        .map(|(path, content)| (path.clone(), hashed(path, &[content])))
        .collect();
    let mut scripts: Vec<(String, String)> = scripts
        .into_iter()
        .map(|(path, content)| {
            let text = String::from_utf8_lossy(&content).into_owned();
            let text = rewritten(&text, &names);
            (path, text)
        })
        .collect();
    let texts: Vec<&[u8]> = scripts.iter().map(|(_, text)| text.as_bytes()).collect();
    let script_names: Vec<(String, String)> = scripts
        .iter()
        .map(|(path, _)| (path.clone(), hashed(path, &texts)))
        .collect();
    for (_, text) in &mut scripts {
        *text = rewritten(text, &script_names);
    }
    names.extend(script_names);
    let renamed = |path: &str| -> Outcome<String> {
        let found = names.iter().find(|(old, _)| old == path);
        found
            .map(|(_, new)| new.clone())
            .ok_or_else(|| Failure::new(format!("wasm-bindgen did not make {path}")))
    };
    let mut made = Modules {
        files: Vec::new(),
        app_js: renamed(APP_JS)?,
        app_wasm: renamed(APP_WASM)?,
    };
    let scripts = scripts
        .into_iter()
        .map(|(path, text)| (path, text.into_bytes()));
    for (path, content) in others.into_iter().chain(scripts) {
        made.files.push(Module {
            path: renamed(&path)?,
            first_load: path == APP_WASM || path.ends_with(".js"),
            content,
        });
    }
    Ok(made)
}

fn hashed(path: &str, contents: &[&[u8]]) -> String {
    let (stem, extension) = path.rsplit_once('.').unwrap_or((path, ""));
    hashed_name(stem, extension, contents)
}

/// Replaces names where a file is imported or fetched. Other strings are left alone: the WASM file asks for its imports
/// by the old names.
fn rewritten(text: &str, names: &[(String, String)]) -> String {
    const BEFORE: [&str; 4] = ["from ", "import ", "import(", "new URL("];
    let mut text = text.to_owned();
    for (old, new) in names {
        for before in BEFORE {
            for quote in ['"', '\''] {
                for lead in ["", "./"] {
                    text = text.replace(
                        &format!("{before}{quote}{lead}{old}{quote}"),
                        &format!("{before}{quote}./{new}{quote}"),
                    );
                }
            }
        }
    }
    text
}

/// The module that the page loads: an external file, so that a content security policy needs no hash.
pub fn start_script(app_js: &str, app_wasm: &str) -> String {
    format!(
        "import init from \"./{app_js}\";\ninit({{ module_or_path: new URL(\"./{app_wasm}\", import.meta.url) }});\n"
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn files(wasm: &str, chunk: &str) -> Vec<(String, Vec<u8>)> {
        let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
        vec![
            file(
                "app.js",
                "import * as a from \"./__wasm_split.js\"; import { b } from './snippets/c-1/inline0.js'; new URL('app_bg.wasm', import.meta.url); const imports = { \"./__wasm_split.js\": a };",
            ),
            file("app_bg.wasm", wasm),
            file(
                "__wasm_split.js",
                "import { initSync } from \"./app.js\"; fetch(new URL(\"./split_x.wasm\", import.meta.url));",
            ),
            file("split_x.wasm", chunk),
            file(
                "snippets/c-1/inline0.js",
                "export const b = 'the app.js of old';",
            ),
        ]
    }

    fn content<'a>(modules: &'a Modules, start: &str) -> (&'a str, &'a str) {
        let module = modules
            .files
            .iter()
            .find(|module| module.path.starts_with(start))
            .unwrap();
        (
            module.path.as_str(),
            std::str::from_utf8(&module.content).unwrap(),
        )
    }

    #[test]
    fn every_import_and_fetch_names_a_file_that_is_there() {
        let modules = rename(files("main", "chunk")).unwrap();
        let (split_js, split_text) = content(&modules, "__wasm_split-");
        let (app_js, app_text) = content(&modules, "app-");
        let (chunk, _) = content(&modules, "split_x-");
        let (snippet, snippet_text) = content(&modules, "snippets/c-1/inline0-");
        assert_eq!(modules.app_js, app_js);
        assert!(app_text.contains(&format!("\"./{split_js}\"")));
        assert!(app_text.contains(&format!("'./{snippet}'")));
        assert!(app_text.contains(&format!("'./{}'", modules.app_wasm)));
        assert!(split_text.contains(&format!("\"./{app_js}\"")));
        assert!(split_text.contains(&format!("\"./{chunk}\"")));
        assert!(app_text.contains("{ \"./__wasm_split.js\": a }"));
        assert!(snippet_text.contains("the app.js of old"));
    }

    #[test]
    fn a_changed_chunk_changes_the_names_of_what_leads_to_it_but_not_of_the_rest() {
        let before = rename(files("main", "chunk")).unwrap();
        let after = rename(files("main", "another chunk")).unwrap();
        assert_ne!(before.app_js, after.app_js);
        assert_eq!(before.app_wasm, after.app_wasm);
    }

    #[test]
    fn split_parts_are_no_part_of_the_first_load() {
        let modules = rename(files("main", "chunk")).unwrap();
        let later: Vec<&str> = modules
            .files
            .iter()
            .filter(|module| !module.first_load)
            .map(|module| module.path.as_str())
            .collect();
        assert_eq!(later.len(), 1);
        assert!(later[0].starts_with("split_x-"));
    }

    #[test]
    fn a_missing_app_is_told() {
        assert!(rename(vec![("app.js".to_owned(), Vec::new())]).is_err());
    }
}
