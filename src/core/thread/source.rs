//! A source that an answer rests on, as retrieval servers tell of it in their state (wire contract section 8.4).

/// One source of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its number in the answer, from 1.
    pub number: u64,
    /// Title of the document, or else its file name.
    pub title: String,
    /// Where the document is, as the server writes it; not always an address a browser can open.
    pub uri: String,
    /// The headings above the passage, outermost first.
    pub headings: Vec<String>,
    /// Pages of the passage.
    pub pages: Vec<u64>,
    /// The passage.
    pub content: String,
    /// The id of the passage at the server.
    pub chunk: String,
}
