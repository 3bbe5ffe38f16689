//! The rules of the source tree, held by reading it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file: its path below `src/`, and its code without tests, comments and texts.
struct Source {
    path: String,
    /// As written, up to the tests.
    raw: String,
    /// Without comments.
    code: String,
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The part before the tests; a file that is nothing but tests has none.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| {
            if line.trim_start().starts_with("//") {
                ""
            } else {
                line
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    assert!(found.len() > 50, "the sources are found");
    found.sort();
    found
        .iter()
        .map(|file| {
            let path = file
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            let raw = without_tests(&fs::read_to_string(file).unwrap()).to_owned();
            Source {
                path,
                code: without_comments(&raw),
                raw,
            }
        })
        // `tests.rs` is declared under `#[cfg(test)]` by its parent.
        .filter(|source| !source.path.ends_with("/tests.rs"))
        .collect()
}

/// The layer of a file: `core`, `api`, `port`, `state`, `web`, `ui`, `i18n`, `main` or `lib`.
fn layer(path: &str) -> &str {
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

/// What follows `crate::` anywhere in the code: the parts of our own that a file names.
fn named(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for mark in ["crate::", "enfilade::"] {
        for (at, _) in code.match_indices(mark) {
            let is_whole_word =
                !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            if is_whole_word {
                found.extend(heads(&code[at + mark.len()..]));
            }
        }
    }
    found
}

/// The first two segments of a path; of each path in a group.
fn heads(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else {
        let path: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
            .collect();
        return vec![path.split("::").take(2).collect::<Vec<_>>().join("::")];
    };
    let mut depth = 0_i32;
    let inner = group.chars().take_while(|c| {
        depth += i32::from(*c == '{') - i32::from(*c == '}');
        depth >= 0
    });
    let mut depth = 0_i32;
    let mut parts = vec![String::new()];
    for c in inner {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(c);
        }
    }
    parts
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
        .flat_map(heads)
        .collect()
}

/// What a layer may import, its own modules aside. `state` tells people things, so it uses `i18n`; `main`
/// hands the address of the page to `state` in the types of `core`.
fn allowed(path: &str) -> &'static [&'static str] {
    match layer(path) {
        "ui" if path.starts_with("ui/kit") => &[],
        // The part of the app that needs it hands the page to `state`.
        "ui" if path == "ui/late.rs" => &["state", "core", "i18n", "web::dom", "web::desk"],
        "ui" => &["state", "core", "i18n", "web::dom", "web::navigator"],
        "state" => &["core", "api", "port", "i18n"],
        "web" => &["port", "core"],
        "api" | "i18n" | "port" => &["core"],
        "main" => &["ui", "web", "state", "core"],
        _ => &[],
    }
}

fn is_own(path: &str, name: &str) -> bool {
    let head = name.split("::").next().unwrap();
    if path.starts_with("ui/kit") {
        return name.starts_with("ui::kit");
    }
    head == layer(path)
}

/// What a file imports against the rules.
fn broken_imports(path: &str, code: &str) -> Vec<String> {
    named(code)
        .into_iter()
        .filter(|name| !is_own(path, name))
        .filter(|name| {
            !allowed(path)
                .iter()
                .any(|good| name == good || name.starts_with(&format!("{good}::")))
        })
        .map(|name| format!("{path} uses {name}"))
        .collect()
}

fn lines_with<'a>(source: &'a Source, needles: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
    source
        .code
        .lines()
        .filter(move |line| needles.iter().any(|needle| line.contains(needle)))
        .map(move |line| format!("{}: {}", source.path, line.trim()))
}

/// Lines with one of these texts, outside the files where they belong.
fn outside(needles: &[&str], is_home: impl Fn(&str) -> bool) -> Vec<String> {
    sources()
        .iter()
        .filter(|source| !is_home(&source.path))
        .flat_map(|source| lines_with(source, needles).collect::<Vec<_>>())
        .collect()
}

#[test]
fn every_layer_imports_only_what_it_may() {
    let broken: Vec<String> = sources()
        .iter()
        .flat_map(|source| broken_imports(&source.path, &source.code))
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_reader_of_imports_sees_what_breaks_a_rule() {
    for (path, code) in [
        ("core/a.rs", "use crate::state::app::App;"),
        ("core/a.rs", "fn f() { crate::web::dom::focus() }"),
        (
            "api/a.rs",
            "use crate::{core::room::Room, state::app::App};",
        ),
        ("state/a.rs", "use crate::web::storage;"),
        ("web/a.rs", "use crate::state::app::App;"),
        ("ui/a.rs", "use crate::web::fetch::Fetch;"),
        ("ui/a.rs", "use crate::{i18n, api::soliplex};"),
        ("ui/kit/a.rs", "use crate::state::app::App;"),
        ("ui/kit/a.rs", "use crate::ui::shell::Page;"),
        ("i18n/a.rs", "use crate::state::Load;"),
    ] {
        assert_eq!(broken_imports(path, code).len(), 1, "{path}: {code}");
    }
    for (path, code) in [
        ("core/a.rs", "use crate::core::room::{Room, RoomId};"),
        (
            "ui/a.rs",
            "use crate::web::dom; use crate::{core::room::Room, state::{app::App, Load}};",
        ),
        ("ui/kit/a.rs", "use crate::ui::kit::Button;"),
    ] {
        assert_eq!(broken_imports(path, code), Vec::<String>::new());
    }
}

#[test]
fn kit_reaches_nothing_above_it() {
    let broken: Vec<String> = sources()
        .iter()
        .filter(|source| source.path.starts_with("ui/kit/"))
        .flat_map(|source| lines_with(source, &["super::super"]).collect::<Vec<_>>())
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn core_and_api_know_no_signals_browser_clock_or_randomness() {
    let foreign = [
        "leptos",
        "reactive_graph",
        "any_spawner",
        "web_sys",
        "js_sys",
        "wasm_bindgen",
        "gloo",
        "SystemTime",
        "Instant::now",
        "async fn",
        "RefCell",
        "log::",
    ];
    let broken: Vec<String> = sources()
        .iter()
        .filter(|source| matches!(layer(&source.path), "core" | "api"))
        .flat_map(|source| lines_with(source, &foreign).collect::<Vec<_>>())
        // `api` notes what it leaves out of a list.
        .filter(|line| !(line.starts_with("api/") && line.contains("log::warn!")))
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn only_web_names_the_browser() {
    let mut broken = outside(&["js_sys", "gloo_", "wasm_bindgen", "web_sys"], |path| {
        layer(path) == "web"
    });
    // leptos hands out elements and events, and its own names for their types are what a view may use.
    broken.retain(|line| !line.contains("init_wasm_bindgen") && !line.contains("leptos::"));
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn files_have_five_hundred_lines_at_most() {
    let long: Vec<String> = sources()
        .iter()
        .map(|source| {
            (
                source
                    .raw
                    .lines()
                    .filter(|line| !line.trim().is_empty())
                    .count(),
                &source.path,
            )
        })
        .filter(|(lines, _)| *lines > 500)
        .map(|(lines, path)| format!("{path}: {lines}"))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn there_is_no_mod_rs() {
    let found: Vec<String> = sources()
        .into_iter()
        .map(|source| source.path)
        .filter(|path| path.ends_with("mod.rs"))
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn every_file_says_what_it_owns() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|source| !source.raw.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn navigation_happens_in_one_place() {
    let broken = outside(
        &[
            "navigate(",
            "use_navigate",
            "set_href(",
            "location().assign",
            "location().replace",
            "push_state",
        ],
        |path| path.starts_with("ui/app") || path == "web/navigator.rs",
    );
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn requests_are_sent_in_one_place() {
    let broken = outside(
        &[
            "fetch_with",
            ".fetch(",
            "gloo_net",
            "XmlHttpRequest",
            "EventSource",
            "WebSocket",
            "send_beacon",
        ],
        |path| path == "web/fetch.rs",
    );
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn only_the_client_and_the_session_send_requests() {
    let senders = [
        "state/client.rs",
        "state/session/provider.rs",
        "state/app.rs",
        // Passes on what the client sends, with the port of the server on this computer in its address.
        "state/shell/sidecar.rs",
        "state/shared.rs",
    ];
    let broken = outside(&["ports.http", "http.send(", "http.stream("], |path| {
        senders.contains(&path)
    });
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Scripts that the page or the shell's own pages bring along, beside the ones that the build makes.
fn scripts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["public", "src-tauri"] {
        let mut folders = vec![root.join(folder)];
        while let Some(folder) = folders.pop() {
            // A checkout without the shell has none of its pages.
            let Ok(entries) = fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let ends = |end: &str| name.ends_with(end);
                if path.is_dir() && !["target", "gen", "icons"].contains(&name.as_str()) {
                    folders.push(path);
                } else if [".js", ".mjs", ".html", ".rs"].iter().any(|end| ends(end)) {
                    let text = fs::read_to_string(&path).unwrap();
                    let path = path.strip_prefix(root).unwrap().to_string_lossy();
                    found.push((path.into_owned(), text));
                }
            }
        }
    }
    assert!(!found.is_empty(), "boot.js at least");
    found
}

/// What reads like a request to a server's API and is none.
const KNOWN: [(&str, &str); 3] = [
    // The page at the end of a sign-in, to the listener that served it.
    (
        "src-tauri/src/sign_in/page.js",
        "const answer = await fetch(pathname + \"/answer\", {",
    ),
    // Without a token: whether the shell's own server is up.
    (
        "src-tauri/src/backend/process.rs",
        "const HEALTH: &str = \"/api/ok\";",
    ),
    // In a test of what may be opened in the browser.
    (
        "src-tauri/src/browser.rs",
        "\"http://127.0.0.1:8000/api/login/x\",",
    ),
];

/// What in a script sends a request or makes a header that only the client may make. Comments are passed over.
fn sends(text: &str) -> Vec<String> {
    let needles = [
        "fetch(",
        "XMLHttpRequest",
        "EventSource",
        "WebSocket(",
        "sendBeacon",
        "/api/",
        "authorization",
    ];
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .filter(|line| {
            let line = line.to_ascii_lowercase();
            needles
                .iter()
                .any(|needle| line.contains(&needle.to_ascii_lowercase()))
        })
        .map(|line| line.trim().to_owned())
        .collect()
}

#[test]
fn no_script_beside_the_client_calls_a_server() {
    let mut broken = Vec::new();
    for (path, text) in scripts() {
        // The shell itself speaks to a token endpoint and to the health of its own server, never to an API with a token.
        let is_native = path.ends_with(".rs");
        for line in sends(&text) {
            // The health of the local server, which has no sign-in; and the page at the end of one, which speaks to the listener that served it.
            let is_known = (path.ends_with("backend/process.rs") && line.contains("\"/api/ok\""))
                || (path.ends_with("sign_in/page.js")
                    && line.contains("fetch(pathname + \"/answer\""));
            if is_known {
                continue;
            }
            let is_api = line.contains("/api/") || line.to_ascii_lowercase().contains("bearer");
            let is_known = KNOWN.contains(&(path.as_str(), line.as_str()));
            if (!is_native || is_api) && !is_known {
                broken.push(format!("{path}: {line}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_reader_of_scripts_sees_a_request() {
    for line in [
        "fetch('/api/v1/rooms')",
        "const x = new XMLHttpRequest()",
        "navigator.sendBeacon(u)",
        "h.set('Authorization', t)",
    ] {
        assert_eq!(sends(line).len(), 1, "{line}");
    }
    assert!(sends("// fetch( is what the client does\nlet a = 1;").is_empty());
}

#[test]
fn the_authorization_header_is_made_in_one_place() {
    let broken = outside(&["authorization\"", "Bearer {"], |path| {
        path == "web/fetch.rs"
    });
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_bridge_of_the_shell_is_named_in_one_place() {
    let broken = outside(&["__TAURI"], |path| path == "web/shell.rs");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn nothing_becomes_html() {
    let broken = outside(
        &[
            "inner_html",
            "outer_html",
            "insert_adjacent_html",
            "document_write",
        ],
        |_| false,
    );
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn storage_keys_live_in_one_module() {
    let broken = outside(&["\"enfilade/"], |path| path == "core/record.rs");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn storage_is_touched_in_one_place() {
    let broken = outside(
        &[
            "localStorage",
            "local_storage",
            "session_storage",
            "gloo_storage",
        ],
        |path| path == "web/storage.rs",
    );
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn tasks_are_started_in_one_place() {
    let broken = outside(
        &[
            "spawn_local",
            "Executor::spawn",
            "tokio::",
            "future_to_promise",
        ],
        |path| path == "state/task.rs",
    );
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn no_view_ends_a_session() {
    let broken = outside(&["mark_expired("], |path| path.starts_with("state/session"));
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Where each kind of server is at home.
const KINDS: [(&str, &[&str]); 2] = [
    ("soliplex", &["api/soliplex", "state/backend/soliplex"]),
    (
        "openhuman",
        &[
            "api/openhuman",
            "core/rpc",
            "i18n/openhuman",
            "state/openhuman",
        ],
    ),
];

#[test]
fn the_kinds_of_servers_do_not_know_each_other() {
    let sources = sources();
    for (kind, home) in KINDS {
        let is_home = |path: &str| home.iter().any(|home| path.starts_with(home));
        let own = sources.iter().filter(|source| is_home(&source.path));
        let texts: Vec<_> = own
            .map(|source| (&source.path, source.raw.to_lowercase()))
            .collect();
        assert!(!texts.is_empty(), "{kind} is at home somewhere");
        for (other, _) in KINDS.iter().filter(|(other, _)| *other != kind) {
            let broken = texts.iter().find(|(_, text)| text.contains(other));
            assert!(
                broken.is_none(),
                "{:?} names {other}",
                broken.map(|at| at.0)
            );
        }
    }
}

#[test]
fn secrets_are_exposed_only_where_they_are_sent_or_stored() {
    let broken = outside(&[".expose()"], |path| {
        [
            "api/oidc.rs",
            "core/session/pkce.rs",
            "api/openhuman/session.rs",
            "web/fetch.rs",
            "core/session/machine.rs",
            "core/session/token.rs",
            "core/secret.rs",
            "core/seal.rs",
        ]
        .contains(&path)
    });
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn nothing_is_left_undone_or_printed() {
    let broken = outside(
        &["todo!(", "unimplemented!(", "dbg!(", "println!("],
        |path| path == "main.rs",
    );
    assert!(broken.is_empty(), "{broken:#?}");
}
