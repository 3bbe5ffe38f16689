//! `cargo xtask build`: the release in `dist/`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::assets::{hashed_name, write};
use crate::failure::{Failure, Outcome, Trying};
use crate::modules::{APP_JS, APP_WASM, Modules, rename, start_script};
use crate::order::ordered;
use crate::process::{interrupted, run};
use crate::prune::{without_streams, without_unused};
use crate::shorten::{shorten, without_comments};
use crate::sizes::{Size, check_budget, table};
use crate::tools::{self, cargo, tool};
use crate::workspace::{APP_BIN, WASM, dist, root, shown, target};
use crate::{css, html, split};

/// The folder of files whose names change with their content, to be cached for ever.
const ASSETS: &str = "assets";

/// `-Oz` is smaller on disk, but larger after brotli: what counts is the download. Functions are not inlined for
/// speed either. Below address 1024 lies only the far end of the stack: Rust puts the stack below the data.
const OPTIMISE: [&str; 8] = [
    "-Os",
    "--low-memory-unused",
    "--always-inline-max-function-size",
    "0",
    "--flexible-inline-max-function-size",
    "0",
    "--one-caller-inline-max-function-size",
    "0",
];

/// Makes the release, prints its sizes and holds it to its budget.
pub fn run_build() -> Outcome<()> {
    let (made, sizes) = make(&[])?;
    put(&made, &dist())?;
    print!("{}", table(&sizes));
    check_budget(&sizes)
}

/// Makes the release that the desktop shell carries along: with the feature for it, and without compressed copies, since
/// nothing is sent anywhere.
pub fn build_for_shell(folder: &Path) -> Outcome<()> {
    let (made, sizes) = make(&["desktop"])?;
    for size in sizes {
        for extension in ["br", "gz"] {
            let copy = made.join(format!("{}.{extension}", size.path));
            if copy.is_file() {
                fs::remove_file(&copy).trying(|| format!("remove {}", shown(&copy)))?;
            }
        }
    }
    put(&made, folder)
}

/// The release with those features of the app, in a folder of its own, and what is in it.
fn make(features: &[&str]) -> Outcome<(PathBuf, Vec<Size>)> {
    let source = read_text("index.html")?;
    let recipe = html::recipe(&source)?;
    tools::need_wasm_target()?;
    tools::need_wasm_bindgen()?;
    tools::need_wasm_opt()?;
    tools::need_wasm_split()?;

    let work = target().join("release-web");
    let bound = fresh(&work.join("bound"))?;
    let made = fresh(&work.join("dist"))?;
    compile(features)?;
    bind(&bound)?;
    optimise(&bound)?;
    shorten_names(&bound)?;

    let release = Release {
        folder: &made,
        sizes: Vec::new(),
    };
    let sizes = release.assemble(&source, &recipe, rename(files_in(&bound)?)?)?;
    Ok((made, sizes))
}

/// Puts what was made in the place of what was made before.
fn put(made: &Path, folder: &Path) -> Outcome<()> {
    let trying = || format!("put the release into {}", shown(folder));
    if folder.exists() {
        fs::remove_dir_all(folder).trying(|| format!("empty {}", shown(folder)))?;
    }
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).trying(trying)?;
    }
    fs::rename(made, folder)
        .or_else(|_| copy_all(made, folder))
        .trying(trying)
}

fn compile(features: &[&str]) -> Outcome<()> {
    let mut command = cargo();
    command
        .args(["rustc", "--release", "--target", WASM, "--package"])
        .args(["enfilade", "--bin", APP_BIN])
        .arg("--features")
        .arg([&[split::FEATURES], features].concat().join(","))
        .arg("--")
        .args(split::LINK_ARGUMENTS);
    run("the release build of the app", &mut command)
}

fn bind(bound: &Path) -> Outcome<()> {
    let built = target()
        .join(WASM)
        .join("release")
        .join(format!("{APP_BIN}.wasm"));
    split::split(&built, bound)?;
    let wasm = bound.join("app.wasm");
    let mut command = tool("wasm-bindgen");
    command
        .args(["--target", "web", "--no-typescript", "--out-name", "app"])
        .arg("--out-dir")
        .arg(bound)
        .args(split::BINDGEN_ARGUMENTS);
    run("wasm-bindgen", command.arg(&wasm))?;
    fs::remove_file(&wasm).trying(|| format!("remove {}", shown(&wasm)))?;
    let (wasm, script) = read_pair(bound)?;
    let (wasm, script) = without_streams(&wasm, &script)?;
    write_pair(bound, &wasm, &script)
}

/// The app's WASM file and its script.
fn read_pair(bound: &Path) -> Outcome<(Vec<u8>, String)> {
    let (wasm_path, script_path) = (bound.join(APP_WASM), bound.join(APP_JS));
    let wasm = fs::read(&wasm_path).trying(|| format!("read {}", shown(&wasm_path)))?;
    let script =
        fs::read_to_string(&script_path).trying(|| format!("read {}", shown(&script_path)))?;
    Ok((wasm, script))
}

fn write_pair(bound: &Path, wasm: &[u8], script: &str) -> Outcome<()> {
    let (wasm_path, script_path) = (bound.join(APP_WASM), bound.join(APP_JS));
    fs::write(&wasm_path, wasm).trying(|| format!("write {}", shown(&wasm_path)))?;
    fs::write(&script_path, script).trying(|| format!("write {}", shown(&script_path)))
}

fn optimise(bound: &Path) -> Outcome<()> {
    for file in listed(bound)? {
        if file.extension().is_none_or(|extension| extension != "wasm") {
            continue;
        }
        let mut command = tool("wasm-opt");
        command.args(OPTIMISE).args(split::OPT_ARGUMENTS);
        run("wasm-opt", command.arg(&file).arg("-o").arg(&file))?;
        let wasm = fs::read(&file).trying(|| format!("read {}", shown(&file)))?;
        fs::write(&file, ordered(&wasm)?).trying(|| format!("write {}", shown(&file)))?;
    }
    Ok(())
}

fn shorten_names(bound: &Path) -> Outcome<()> {
    let (wasm, script) = read_pair(bound)?;
    let script = without_unused(&wasm, &script)?;
    let (wasm, script) = shorten(&wasm, &script)?;
    write_pair(bound, &wasm, &script)?;
    for path in listed(bound)? {
        if path.extension().is_some_and(|extension| extension == "js") {
            let script = fs::read_to_string(&path).trying(|| format!("read {}", shown(&path)))?;
            fs::write(&path, without_comments(&script))
                .trying(|| format!("write {}", shown(&path)))?;
        }
    }
    Ok(())
}

struct Release<'a> {
    folder: &'a Path,
    sizes: Vec<Size>,
}

impl Release<'_> {
    fn assemble(
        mut self,
        source: &str,
        recipe: &html::Recipe,
        modules: Modules,
    ) -> Outcome<Vec<Size>> {
        let style_path = self.add_style("style", &recipe.styles)?;
        let late_style = if recipe.late_styles.is_empty() {
            None
        } else {
            Some(self.add_style("late", &recipe.late_styles)?)
        };
        let start = start_script(&modules.app_js, &modules.app_wasm);
        let start_path = self.add_hashed("start", "js", start.as_bytes())?;
        let scripts: Vec<String> = modules
            .files
            .iter()
            .filter(|module| module.path.ends_with(".js"))
            .map(|module| format!("{ASSETS}/{}", module.path))
            .collect();
        let page = html::page(
            source,
            &html::Links {
                style: &style_path,
                late_style: late_style.as_deref(),
                start: &start_path,
                modules: &scripts,
                wasm: &format!("{ASSETS}/{}", modules.app_wasm),
            },
        );
        let needed = html::references(&page);
        for module in &modules.files {
            self.add(&format!("{ASSETS}/{}", module.path), &module.content)?;
            self.mark_last(module.first_load);
        }
        for (from, to) in &recipe.folders {
            self.copy(from, to)?;
        }
        for path in &needed {
            let Some(size) = self.sizes.iter_mut().find(|size| size.path == *path) else {
                return Err(Failure::new(format!(
                    "index.html names {path}, which is not in the release: put it into public/ or drop the line"
                )));
            };
            size.first_load = true;
        }
        self.add("index.html", page.as_bytes())?;
        self.mark_last(true);
        self.add("404.html", page.as_bytes())?;
        Ok(self.sizes)
    }

    fn add(&mut self, path: &str, content: &[u8]) -> Outcome<()> {
        if interrupted() {
            return Err(Failure::new("interrupted"));
        }
        self.sizes.push(write(self.folder, path, content)?);
        Ok(())
    }

    fn add_hashed(&mut self, stem: &str, extension: &str, content: &[u8]) -> Outcome<String> {
        let path = format!("{ASSETS}/{}", hashed_name(stem, extension, &[content]));
        self.add(&path, content)?;
        Ok(path)
    }

    fn add_style(&mut self, stem: &str, sources: &[String]) -> Outcome<String> {
        let mut sheets = Vec::new();
        for path in sources {
            sheets.push((path.clone(), read_text(path)?));
        }
        self.add_hashed(stem, "css", css::bundle(&sheets)?.as_bytes())
    }

    fn mark_last(&mut self, first_load: bool) {
        if let Some(size) = self.sizes.last_mut() {
            size.first_load = first_load;
        }
    }

    fn copy(&mut self, from: &str, to: &str) -> Outcome<()> {
        let to = to.trim_matches(['.', '/']);
        for (path, content) in files_in(&root().join(from))? {
            let path = if to.is_empty() {
                path
            } else {
                format!("{to}/{path}")
            };
            self.add(&path, &content)?;
        }
        Ok(())
    }
}

fn read_text(path: &str) -> Outcome<String> {
    fs::read_to_string(root().join(path)).trying(|| format!("read {path}"))
}

/// `folder`, new and empty.
fn fresh(folder: &Path) -> Outcome<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder).trying(|| format!("empty {}", shown(folder)))?;
    }
    fs::create_dir_all(folder).trying(|| format!("make {}", shown(folder)))?;
    Ok(folder.to_owned())
}

/// What is directly in `folder`, in the order of names.
fn listed(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let trying = || format!("list {}", shown(folder));
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).trying(trying)? {
        entries.push(entry.trying(trying)?.path());
    }
    entries.sort_unstable();
    Ok(entries)
}

/// All files below `folder`, with their paths from it on, `/` between the parts.
fn files_in(folder: &Path) -> Outcome<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for path in listed(folder)? {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let Some(name) = name.filter(|name| !name.starts_with('.')) else {
            continue;
        };
        if path.is_dir() {
            let below = files_in(&path)?;
            files.extend(
                below
                    .into_iter()
                    .map(|(path, content)| (format!("{name}/{path}"), content)),
            );
        } else {
            let content = fs::read(&path).trying(|| format!("read {}", shown(&path)))?;
            files.push((name, content));
        }
    }
    Ok(files)
}

/// For a target folder on another file system, where a rename cannot do.
fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::modules::{APP_JS, APP_WASM};

    fn modules() -> Modules {
        rename(vec![
            (
                APP_JS.to_owned(),
                b"new URL('app_bg.wasm', import.meta.url)".to_vec(),
            ),
            (APP_WASM.to_owned(), b"\0asm".to_vec()),
            ("split_later.wasm".to_owned(), b"\0asm later".to_vec()),
        ])
        .unwrap()
    }

    fn assembled(name: &str, html: &str) -> (PathBuf, Outcome<Vec<Size>>) {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let folder = fresh(&folder).unwrap();
        fs::write(folder.join("icon.svg"), "<svg></svg>").unwrap();
        let sheet = folder.join("a.css");
        fs::write(&sheet, "a { color: red; }").unwrap();
        // Absolute paths stand in for those from the workspace's folder.
        let recipe = html::Recipe {
            styles: vec![sheet.to_string_lossy().into_owned()],
            late_styles: vec![sheet.to_string_lossy().into_owned()],
            folders: vec![(folder.to_string_lossy().into_owned(), ".".to_owned())],
        };
        let out = fresh(&folder.join(".out")).unwrap();
        let release = Release {
            folder: &out,
            sizes: Vec::new(),
        };
        (folder, release.assemble(html, &recipe, modules()))
    }

    #[test]
    fn the_release_is_whole_and_its_first_load_is_what_the_page_needs() {
        let html = "<link data-trunk rel=\"css\" href=\"a.css\">\n<link rel=\"icon\" href=\"/icon.svg\">\n<link data-trunk rel=\"rust\">";
        let (folder, sizes) = assembled("whole", html);
        let sizes = sizes.unwrap();
        let later: Vec<&str> = sizes
            .iter()
            .filter(|size| !size.first_load)
            .map(|size| size.path.as_str())
            .collect();
        assert!(
            later.contains(&"404.html") && later.contains(&"a.css"),
            "{later:?}"
        );
        assert!(
            later
                .iter()
                .any(|path| path.starts_with("assets/split_later-"))
        );
        assert!(later.iter().any(|path| path.starts_with("assets/late-")));
        assert_eq!(later.len(), 4, "{later:?}");
        let out = folder.join(".out");
        assert_eq!(
            fs::read(out.join("index.html")).unwrap(),
            fs::read(out.join("404.html")).unwrap()
        );
        for size in &sizes {
            assert_eq!(fs::read(out.join(&size.path)).unwrap().len(), size.raw);
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_the_page_names_but_the_release_lacks_is_told() {
        let (folder, sizes) = assembled("lacks", "<link rel=\"icon\" href=\"/gone.svg\">");
        let failure = sizes.unwrap_err().to_string();
        assert!(failure.contains("gone.svg"), "{failure}");
        fs::remove_dir_all(folder).unwrap();
    }
}
