//! The tree that a view renders. Nesting is limited by the parser, so walking it needs no care.

use super::link::{BlobUrl, DataImage, SafeUrl};

/// A block of text.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A heading.
    Heading {
        /// 1 to 6.
        level: u8,
        /// Its text.
        inlines: Vec<Inline>,
    },
    /// Code in a box.
    Code {
        /// First word of the fence, if any.
        language: Option<String>,
        /// The code, without the last line end.
        text: String,
        /// Whether the end of it has not come yet.
        is_open: bool,
    },
    /// A formula of its own, in LaTeX.
    Math(String),
    /// A footnote, where it stands in the text.
    Note {
        /// Its name, as the text refers to it.
        label: String,
        /// What it says.
        blocks: Vec<Self>,
    },
    /// A quotation.
    Quote(Vec<Self>),
    /// A list.
    List {
        /// The first number of a numbered list.
        ordered: Option<u64>,
        /// Its items.
        items: Vec<Item>,
    },
    /// A table. Rows may be shorter or longer than the head.
    Table {
        /// Alignment of each column.
        align: Vec<Align>,
        /// Cells of the head.
        head: Vec<Vec<Inline>>,
        /// Cells of each row.
        rows: Vec<Vec<Vec<Inline>>>,
    },
    /// A line across.
    Rule,
    /// HTML, to be shown as text.
    Html(String),
}

/// One item of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Whether the box of a task is ticked; `None` for an item that is no task.
    pub checked: Option<bool>,
    /// What is in it.
    pub blocks: Vec<Block>,
    /// Whether its text stands without the space of a paragraph.
    pub tight: bool,
}

/// Alignment of a table column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// As the language has it.
    None,
    /// Left.
    Left,
    /// Centre.
    Center,
    /// Right.
    Right,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Inline {
    /// Text.
    Text(String),
    /// Code in the line.
    Code(String),
    /// A formula, in LaTeX.
    Math {
        /// Its source, without what opens and closes it.
        source: String,
        /// Whether it is to be drawn large.
        display: bool,
    },
    /// Points to the footnote of this name.
    NoteRef(String),
    /// Emphasis.
    Emphasis(Vec<Self>),
    /// Strong emphasis.
    Strong(Vec<Self>),
    /// Struck out.
    Strike(Vec<Self>),
    /// A link.
    Link {
        /// Where to; `None` when the address is not safe to follow, then only the text is shown.
        href: Option<SafeUrl>,
        /// Its title.
        title: Option<String>,
        /// Its text.
        inlines: Vec<Self>,
    },
    /// An image.
    Image {
        /// Where from.
        src: ImageSrc,
        /// Its text.
        alt: String,
    },
    /// A line end in the source.
    SoftBreak,
    /// A line end to be shown.
    HardBreak,
    /// HTML, to be shown as text.
    Html(String),
}

/// Where an image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSrc {
    /// In the text itself: may be shown.
    Data(DataImage),
    /// Made in this browser: may be shown.
    Blob(BlobUrl),
    /// On some server: loaded only when asked for, since that tells the server who reads.
    Remote(SafeUrl),
    /// Neither: only its text is shown.
    Refused,
}
