//! The page: `index.html` with trunk's `<link data-trunk>` lines as a recipe, and the page made from it.

use std::ops::Range;

use crate::failure::{Failure, Outcome};

/// What the page's `data-trunk` lines ask for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// Style sheets, in order, as paths from the workspace's folder.
    pub styles: Vec<String>,
    /// Those of parts that come later (`data-late`), in order.
    pub late_styles: Vec<String>,
    /// Folders to be copied: from, and to where in the release ("." is its root).
    pub folders: Vec<(String, String)>,
}

/// Addresses of the made files, for the page.
pub struct Links<'a> {
    /// The style sheet.
    pub style: &'a str,
    /// The style sheet that the app asks for when it needs it.
    pub late_style: Option<&'a str>,
    /// The module that starts the app.
    pub start: &'a str,
    /// Modules it imports.
    pub modules: &'a [String],
    /// The app itself.
    pub wasm: &'a str,
}

#[derive(Debug)]
struct Tag {
    range: Range<usize>,
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The kind of a `data-trunk` line.
    fn trunk(&self) -> Option<&str> {
        self.get("data-trunk")
            .map(|_| self.get("rel").unwrap_or_default())
    }
}

/// Reads the recipe; refuses what `cargo xtask build` cannot do as `trunk` would.
pub fn recipe(html: &str) -> Outcome<Recipe> {
    let mut recipe = Recipe::default();
    let mut has_app = false;
    let mut has_base = false;
    for tag in tags(html) {
        let href = || {
            tag.get("href").map(str::to_owned).ok_or_else(|| {
                Failure::new(format!(
                    "index.html: a href is missing in {}",
                    &html[tag.range.clone()]
                ))
            })
        };
        match tag.trunk() {
            Some("rust") => has_app = true,
            Some("css") if tag.get("data-late").is_some() => recipe.late_styles.push(href()?),
            Some("css") => recipe.styles.push(href()?),
            Some("copy-dir") => {
                let from = href()?;
                let name = from.rsplit('/').next().unwrap_or_default();
                let to = tag.get("data-target-path").unwrap_or(name).to_owned();
                recipe.folders.push((from, to));
            }
            Some(other) => {
                return Err(Failure::new(format!(
                    "index.html: cargo xtask build does not know <link data-trunk rel=\"{other}\">: use rust, css or copy-dir"
                )));
            }
            None if tag.name == "base" => has_base = true,
            None if tag.name == "script" && tag.get("src").is_none() => {
                return Err(Failure::new(
                    "index.html has an inline script, which a strict content security policy would block: move it to a file in public/",
                ));
            }
            None => {}
        }
    }
    if !has_app {
        return Err(Failure::new(
            "index.html lacks <link data-trunk rel=\"rust\">, the place where the app is started",
        ));
    }
    if !has_base {
        return Err(Failure::new(
            "index.html lacks <base data-trunk-public-url>, without which addresses below a route would miss the files",
        ));
    }
    if recipe.styles.is_empty() {
        return Err(Failure::new(
            "index.html lists no style sheet with <link data-trunk rel=\"css\">",
        ));
    }
    Ok(recipe)
}

/// The page with its `data-trunk` lines carried out, without comments and indentation.
pub fn page(html: &str, links: &Links<'_>) -> String {
    let mut page = String::with_capacity(html.len());
    let mut at = 0;
    let mut has_style = false;
    for tag in tags(html) {
        let kind = match tag.trunk() {
            Some(kind) => kind,
            None if tag.get("data-trunk-public-url").is_some() => "base",
            None => continue,
        };
        page.push_str(&html[at..tag.range.start]);
        at = tag.range.end;
        match kind {
            "base" => page.push_str("<base href=\"/\">"),
            "rust" => page.push_str(&start(links)),
            "css" if !has_style => {
                has_style = true;
                page.push_str(&format!(
                    r#"<link rel="stylesheet" href="{}">"#,
                    links.style
                ));
                if let Some(late) = links.late_style {
                    page.push_str(&format!("\n<meta name=\"late-style\" content=\"{late}\">"));
                }
            }
            _ => {}
        }
    }
    page.push_str(&html[at..]);
    let page = without_comments(&page);
    let lines: Vec<&str> = page
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("\n") + "\n"
}

fn start(links: &Links<'_>) -> String {
    let mut text = String::new();
    for module in links.modules {
        text.push_str(&format!("<link rel=\"modulepreload\" href=\"{module}\">\n"));
    }
    text.push_str(&format!(
        "<link rel=\"preload\" href=\"{}\" as=\"fetch\" type=\"application/wasm\" crossorigin>\n",
        links.wasm
    ));
    text.push_str(&format!(
        "<script type=\"module\" src=\"{}\"></script>",
        links.start
    ));
    text
}

/// Paths in the release that `<link>` and `<script>` of a made page name.
pub fn references(page: &str) -> Vec<String> {
    let mut paths: Vec<String> = tags(page)
        .iter()
        .filter(|tag| tag.name != "base")
        .filter_map(|tag| tag.get("href").or_else(|| tag.get("src")))
        .filter(|address| !address.starts_with("//") && !address.contains(':'))
        .map(|address| address.trim_start_matches(['.', '/']).to_owned())
        .filter(|path| !path.is_empty())
        .collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// The `<base>`, `<link>` and `<script>` tags outside comments.
fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(found) = html[at..].find('<') {
        let start = at + found;
        let rest = &html[start..];
        if rest.starts_with("<!--") {
            at = start + rest.find("-->").map_or(rest.len(), |end| end + 3);
            continue;
        }
        let name = ["base", "link", "script"].into_iter().find(|name| {
            let after = rest
                .get(1..=name.len())
                .filter(|word| word.eq_ignore_ascii_case(name))
                .and_then(|_| rest.get(name.len() + 1..));
            after.is_some_and(|after| {
                after.starts_with(|c: char| c.is_whitespace() || c == '>' || c == '/')
            })
        });
        match name {
            Some(name) => {
                let (length, attributes) = attributes(&rest[name.len() + 1..]);
                let end = start + name.len() + 1 + length;
                tags.push(Tag {
                    range: start..end,
                    name: name.to_owned(),
                    attributes,
                });
                at = end;
            }
            None => at = start + 1,
        }
    }
    tags
}

/// The attributes in `text`, which begins after a tag's name, and the bytes up to and with its `>`.
fn attributes(text: &str) -> (usize, Vec<(String, String)>) {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return (text.len(), found);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (text.len() - after.len(), found);
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/'))
            .unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            (value, rest) = match quote {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => after.split_at(
                    after
                        .find(|c: char| c.is_whitespace() || c == '>')
                        .unwrap_or(after.len()),
                ),
            };
        } else if end == 0 {
            // A stray character, such as a quote: skipped so that the loop ends.
            rest = rest
                .get(rest.chars().next().map_or(0, char::len_utf8)..)
                .unwrap_or_default();
        }
        found.push((name, value.to_owned()));
    }
}

fn without_comments(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, comment)) = rest.split_once("<!--") {
        out.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    out + rest
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <base data-trunk-public-url>
    <!-- the order of the sheets is the order of their layers <link data-trunk rel="css" href="no.css"> -->
    <link data-trunk rel="css" href="style/tokens.css">
    <link data-trunk rel='css' href='style/base.css' />
    <link data-trunk rel="css" href="style/room.css" data-late>
    <link rel="icon" href="favicon.svg" type="image/svg+xml">
    <script src="/boot.js"></script>
    <link data-trunk rel="copy-dir" href="public" data-target-path=".">
    <link data-trunk rel="rust" data-bin="enfilade-app" data-wasm-opt="z">
  </head>
  <body><a href="/not-a-file">x</a></body>
</html>
"#;

    fn made() -> String {
        page(
            SOURCE,
            &Links {
                style: "assets/style-1.css",
                late_style: Some("assets/late-1.css"),
                start: "assets/start-1.js",
                modules: &["assets/app-1.js".to_owned()],
                wasm: "assets/app_bg-1.wasm",
            },
        )
    }

    #[test]
    fn the_recipe_is_read_from_trunks_lines_but_not_from_comments() {
        let recipe = recipe(SOURCE).unwrap();
        assert_eq!(recipe.styles, ["style/tokens.css", "style/base.css"]);
        assert_eq!(recipe.late_styles, ["style/room.css"]);
        assert_eq!(recipe.folders, [("public".to_owned(), ".".to_owned())]);
    }

    #[test]
    fn the_page_names_the_made_files_once_each() {
        let page = made();
        assert!(!page.contains("data-trunk"), "{page}");
        assert!(!page.contains("<!--"), "{page}");
        for part in [
            "<link rel=\"stylesheet\" href=\"assets/style-1.css\">",
            "<meta name=\"late-style\" content=\"assets/late-1.css\">",
            "<link rel=\"modulepreload\" href=\"assets/app-1.js\">",
            "<link rel=\"preload\" href=\"assets/app_bg-1.wasm\" as=\"fetch\" type=\"application/wasm\" crossorigin>",
            "<script type=\"module\" src=\"assets/start-1.js\"></script>",
            "<script src=\"/boot.js\"></script>",
            "<base href=\"/\">",
        ] {
            assert_eq!(page.matches(part).count(), 1, "{part}\n{page}");
        }
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">\n<head>\n"));
    }

    #[test]
    fn references_are_the_pages_own_links_and_scripts() {
        assert_eq!(
            references(&made()),
            [
                "assets/app-1.js",
                "assets/app_bg-1.wasm",
                "assets/start-1.js",
                "assets/style-1.css",
                "boot.js",
                "favicon.svg",
            ]
        );
        let foreign = r#"<link rel="x" href="//elsewhere/a"><link rel="y" href="https://b">"#;
        assert_eq!(references(foreign), Vec::<String>::new());
    }

    #[test]
    fn an_inline_script_is_refused() {
        let html = SOURCE.replace("<script src=\"/boot.js\">", "<script>boot()");
        let failure = recipe(&html).unwrap_err().to_string();
        assert!(failure.contains("inline script"), "{failure}");
    }

    #[test]
    fn an_asset_kind_that_only_trunk_knows_is_refused() {
        let html = SOURCE.replace("rel=\"copy-dir\"", "rel=\"sass\"");
        assert!(recipe(&html).unwrap_err().to_string().contains("\"sass\""));
        assert!(recipe("<p>").is_err());
        let html = SOURCE.replace("<base data-trunk-public-url>", "");
        assert!(recipe(&html).unwrap_err().to_string().contains("<base"));
    }

    #[test]
    fn attributes_are_read_in_every_form_and_nonsense_ends() {
        let (length, found) = attributes(" a b=1 C = 'x > y' d=\"\"/>rest");
        assert_eq!(length, " a b=1 C = 'x > y' d=\"\"/>".len());
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            found,
            [
                pair("a", ""),
                pair("b", "1"),
                pair("c", "x > y"),
                pair("d", "")
            ]
        );
        attributes(" = \" '' = >");
        attributes(" a='never closed");
        assert_eq!(tags("<linkage href=x><links>").len(), 0);
        assert_eq!(tags("<link").len(), 0);
    }
}
