//! A source that an answer rests on, as retrieval servers tell of it in their state (wire contract section 8.4).

use serde_json::{Map, Value};

/// Stands between a document and one that is embedded in it.
const EMBEDDED: &str = "#attachment=";

/// One source of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its number in the answer, from 1.
    pub number: u64,
    /// Title of the document, or else its file name; empty if it has neither.
    pub title: String,
    /// Where the document is, as the server writes it; not always an address a browser can open.
    pub uri: String,
    /// Where people find the document, if the server says so; an http(s) address.
    pub link: Option<String>,
    /// The headings above the passage, outermost first.
    pub headings: Vec<String>,
    /// Pages of the passage.
    pub pages: Vec<u64>,
    /// The passage.
    pub content: String,
    /// The id of the passage at the server.
    pub chunk: String,
}

impl Source {
    /// What it is called in a list: the name of its file, or else its title; empty if it has neither.
    #[must_use]
    pub fn label(&self) -> String {
        self.file_name().unwrap_or_else(|| self.title.clone())
    }

    /// The name of its file, if its address has one.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        file_names(&self.uri).pop().flatten()
    }

    /// The documents that it is embedded in, innermost first.
    #[must_use]
    pub fn containers(&self) -> Vec<String> {
        let mut names = file_names(&self.uri);
        names.pop();
        names.into_iter().rev().flatten().collect()
    }

    /// `p.5`, `p.1-3` for pages in a row, `p.1, 5` otherwise; empty without pages.
    #[must_use]
    pub fn pages_text(&self) -> String {
        let mut pages = self.pages.clone();
        pages.sort_unstable();
        pages.dedup();
        let is_row =
            |pair: &[u64]| matches!(pair, [one, next] if one.checked_add(1) == Some(*next));
        match pages.as_slice() {
            [] => String::new(),
            [first, .., last] if pages.windows(2).all(is_row) => format!("p.{first}-{last}"),
            _ => {
                let pages: Vec<_> = pages.iter().map(u64::to_string).collect();
                format!("p.{}", pages.join(", "))
            }
        }
    }

    /// What is copied: title, headings, pages, address and id of the passage, a line each, and the passage after an empty one.
    #[must_use]
    pub fn copied(&self) -> String {
        let parts = [
            self.title.clone(),
            self.headings.join(" > "),
            self.pages_text(),
            self.uri.clone(),
            self.chunk.clone(),
        ];
        let lines: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{}\n\n{}", lines.join("\n"), self.content)
    }
}

/// What the state names as cited: namespace and id, in its order. A namespace is one for citations if it has an index of them.
pub(super) fn cited(state: &Value) -> impl Iterator<Item = (String, String)> + '_ {
    let namespaces = state.as_object().into_iter().flatten();
    namespaces.flat_map(|(name, namespace)| {
        let ids = namespace
            .get("citation_index")
            .filter(|index| index.is_object())
            .and_then(|_| namespace.get("citations")?.as_array());
        ids.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|id| (name.clone(), id.to_owned()))
    })
}

/// The source of this id; `position` is its number where the server gives none.
pub(super) fn look_up(state: &Value, namespace: &str, id: &str, position: u64) -> Option<Source> {
    let entry = state
        .get(namespace)?
        .get("citation_index")?
        .get(id)?
        .as_object()?;
    let uri = text(entry, "document_uri");
    let title = text(entry, "document_title");
    let link = entry
        .get("document_meta")
        .and_then(|meta| meta.get("source_url")?.as_str())
        .filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    let chunk = text(entry, "chunk_id");
    Some(Source {
        number: entry
            .get("index")
            .and_then(Value::as_u64)
            .unwrap_or(position),
        title: if title.trim().is_empty() {
            file_names(&uri).pop().flatten().unwrap_or_default()
        } else {
            title
        },
        link: link.map(str::to_owned),
        headings: strings(entry.get("headings")),
        pages: list(entry.get("page_numbers"))
            .filter_map(Value::as_u64)
            .collect(),
        content: text(entry, "content"),
        chunk: if chunk.is_empty() {
            id.to_owned()
        } else {
            chunk
        },
        uri,
    })
}

fn text(entry: &Map<String, Value>, field: &str) -> String {
    let text = entry.get(field).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn strings(value: Option<&Value>) -> Vec<String> {
    list(value)
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// The names along an address, the outermost document first; `None` for one that has no name.
fn file_names(uri: &str) -> Vec<Option<String>> {
    let mut parts = uri.split(EMBEDDED);
    let root = parts.next().unwrap_or_default();
    let root = root.split(['?', '#']).next().unwrap_or_default();
    // An address without a path has no file: `https://example.test`.
    let root = root.split_once("://").map_or(root, |(_, rest)| {
        rest.split_once('/').map_or("", |(_, path)| path)
    });
    std::iter::once(root).chain(parts).map(file_name).collect()
}

fn file_name(path: &str) -> Option<String> {
    let last = path.rsplit('/').next().unwrap_or_default();
    let name = unescaped(last);
    (!name.trim().is_empty() && !is_uuid(&name)).then_some(name)
}

fn is_uuid(name: &str) -> bool {
    let groups: Vec<_> = name.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && name.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Percent sequences resolved; what does not give text then stays as it is.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex
            .filter(|hex| *first == b'%' && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = tail
            .get(if byte.is_some() { 2 } else { 0 }..)
            .unwrap_or_default();
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(uri: &str) -> Source {
        Source {
            uri: uri.to_owned(),
            ..Source::default()
        }
    }

    #[test]
    fn a_file_is_named_by_the_last_part_of_its_address() {
        for (uri, name) in [
            ("file:///docs/danube.pdf", Some("danube.pdf")),
            (
                "https://h.test/a/Gr%C3%B6%C3%9Fe%20x.pdf?v=1#page=2",
                Some("Größe x.pdf"),
            ),
            ("notes.md", Some("notes.md")),
            ("https://h.test/a/100%.txt", Some("100%.txt")),
            ("https://h.test/a/%FF.txt", Some("%FF.txt")),
            ("https://h.test/%2", Some("%2")),
            ("https://h.test/a/", None),
            ("https://h.test", None),
            ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", None),
            ("", None),
            (
                "file:///m/mail.eml#attachment=report.zip#attachment=in%20it.pdf",
                Some("in it.pdf"),
            ),
        ] {
            assert_eq!(at(uri).file_name().as_deref(), name, "{uri}");
        }
        let nested = at("file:///m/mail.eml?x=1#attachment=report.zip#attachment=a.pdf");
        assert_eq!(nested.containers(), ["report.zip", "mail.eml"]);
        assert!(at("file:///a.pdf").containers().is_empty());
    }

    #[test]
    fn a_source_without_a_file_name_goes_by_its_title() {
        let source = Source {
            title: "Danube notes".into(),
            ..at("3f2504e0-4f89-11d3-9a0c-0305e82c3301")
        };
        assert_eq!(source.label(), "Danube notes");
        assert_eq!(at("file:///d.pdf").label(), "d.pdf");
        assert_eq!(at("").label(), "");
    }

    #[test]
    fn pages_in_a_row_are_shortened() {
        for (pages, text) in [
            (&[][..], ""),
            (&[5], "p.5"),
            (&[1, 2, 3], "p.1-3"),
            (&[3, 1, 2, 2], "p.1-3"),
            (&[5, 1], "p.1, 5"),
            (&[u64::MAX, 1], "p.1, 18446744073709551615"),
        ] {
            let source = Source {
                pages: pages.to_vec(),
                ..Source::default()
            };
            assert_eq!(source.pages_text(), text);
        }
    }

    #[test]
    fn what_is_copied_has_a_line_for_each_thing_that_is_known() {
        let source = Source {
            title: "T".into(),
            headings: vec!["A".into(), "B".into()],
            pages: vec![1],
            chunk: "c".into(),
            content: "text".into(),
            ..Source::default()
        };
        assert_eq!(source.copied(), "T\nA > B\np.1\nc\n\ntext");
    }

    #[test]
    fn a_source_is_looked_up_in_the_index_of_its_namespace() {
        let state = json!({
            "rag":{"citation_index":{"c":{
                "index":4,"chunk_id":"c","document_uri":"file:///d/danube.pdf","document_title":null,
                "document_meta":{"source_url":"https://h.test/x"},"page_numbers":[1,"x"],"headings":null,"content":"text"}},
                "citations":["c",7,"lost"]},
            "plain":{"citations":["c"]},
            "odd":{"citation_index":{},"citations":"c"},
            "n":7,
        });
        let cited: Vec<_> = cited(&state).collect();
        let pair = |id: &str| ("rag".to_owned(), id.to_owned());
        assert_eq!(cited, [pair("c"), pair("lost")]);
        assert_eq!(
            look_up(&state, "rag", "c", 1),
            Some(Source {
                number: 4,
                title: "danube.pdf".into(),
                uri: "file:///d/danube.pdf".into(),
                link: Some("https://h.test/x".into()),
                headings: Vec::new(),
                pages: vec![1],
                content: "text".into(),
                chunk: "c".into(),
            })
        );
        assert_eq!(look_up(&state, "rag", "lost", 1), None);
        assert_eq!(look_up(&state, "none", "c", 1), None);
    }

    #[test]
    fn a_source_without_a_number_has_that_of_its_place_and_no_link_that_is_none() {
        let state = json!({"r":{"citation_index":{"c":{"document_title":" ","document_meta":{"source_url":"javascript:x"}}}}});
        let source = look_up(&state, "r", "c", 3).unwrap();
        assert_eq!((source.number, source.link), (3, None));
        assert_eq!((source.title.as_str(), source.chunk.as_str()), ("", "c"));
    }
}
