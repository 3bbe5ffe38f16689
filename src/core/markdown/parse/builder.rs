//! The containers that are open while a text is read.

use pulldown_cmark::{Alignment, CodeBlockKind, Event, LinkType, Tag};

use crate::core::markdown::link::{BlobUrl, DataImage, SafeUrl, link_bare};
use crate::core::markdown::math::{Cover, Piece};
use crate::core::markdown::node::{Align, Block, ImageSrc, Inline, Item};

/// Deeper quotes, lists and emphasis are shown at this depth: views walk the tree by recursion.
pub(super) const MAX_DEPTH: usize = 24;

/// An open container. Blocks and inlines that come go to the innermost one.
enum Frame {
    Quote,
    List {
        ordered: Option<u64>,
        items: Vec<Item>,
    },
    Item {
        checked: Option<bool>,
        tight: bool,
    },
    Paragraph,
    Heading(u8),
    Code {
        language: Option<String>,
        text: String,
        is_open: bool,
    },
    Note(String),
    Html(String),
    Table {
        align: Vec<Align>,
        head: Vec<Vec<Inline>>,
        rows: Vec<Vec<Vec<Inline>>>,
    },
    Row {
        is_head: bool,
        cells: Vec<Vec<Inline>>,
    },
    Cell,
    Emphasis,
    Strong,
    Strike,
    Link {
        href: Option<SafeUrl>,
        title: Option<String>,
    },
    Image {
        src: ImageSrc,
        alt: String,
    },
}

struct Open {
    frame: Frame,
    blocks: Vec<Block>,
    inlines: Vec<Inline>,
}

/// Puts the nodes together that the events tell of.
pub(super) struct Builder<'c> {
    cover: &'c Cover<'c>,
    root: Vec<Block>,
    /// Text that stands directly in the root; only flattened containers leave some.
    root_inlines: Vec<Inline>,
    stack: Vec<Open>,
    /// For every open tag whether it has a place on the stack.
    kept: Vec<bool>,
    depth: usize,
    links: usize,
}

impl Frame {
    fn nests(&self) -> bool {
        matches!(
            self,
            Self::Quote
                | Self::Note(_)
                | Self::List { .. }
                | Self::Emphasis
                | Self::Strong
                | Self::Strike
                | Self::Link { .. }
        )
    }

    fn is_block(&self) -> bool {
        !matches!(
            self,
            Self::Emphasis
                | Self::Strong
                | Self::Strike
                | Self::Link { .. }
                | Self::Image { .. }
                | Self::Cell
        )
    }
}

impl<'c> Builder<'c> {
    pub(super) fn new(cover: &'c Cover<'c>) -> Self {
        Self {
            cover,
            root: Vec::new(),
            root_inlines: Vec::new(),
            stack: Vec::new(),
            kept: Vec::new(),
            depth: 0,
            links: 0,
        }
    }

    pub(super) fn start(&mut self, tag: Tag<'_>) {
        let frame = frame_for(tag, self.cover).filter(|frame| self.has_place(frame));
        self.kept.push(frame.is_some());
        let Some(frame) = frame else {
            // Paragraphs of a flattened container stay apart.
            self.flush();
            return;
        };
        if frame.is_block() {
            self.flush();
        }
        self.depth += usize::from(frame.nests());
        self.links += usize::from(matches!(frame, Frame::Link { .. }));
        if matches!(frame, Frame::Paragraph)
            && let Some(Open {
                frame: Frame::Item { tight, .. },
                ..
            }) = self.stack.last_mut()
        {
            *tight = false;
        }
        self.stack.push(Open {
            frame,
            blocks: Vec::new(),
            inlines: Vec::new(),
        });
    }

    fn has_place(&self, frame: &Frame) -> bool {
        match (self.stack.last().map(|open| &open.frame), frame) {
            // An image has only text in it.
            (Some(Frame::Image { .. }), _) => false,
            (parent, Frame::Item { .. }) => matches!(parent, Some(Frame::List { .. })),
            _ => !frame.nests() || self.depth < MAX_DEPTH,
        }
    }

    /// Whether the code that ends next is to go on in what has not come yet.
    pub(super) fn code_is_open(&mut self, still: bool) {
        if let Some(Open {
            frame: Frame::Code { is_open, .. },
            ..
        }) = self.stack.last_mut()
        {
            *is_open = still;
        }
    }

    pub(super) fn end(&mut self) {
        if self.kept.pop() != Some(true) {
            self.flush();
            return;
        }
        self.flush();
        let Some(Open {
            frame,
            blocks,
            inlines,
        }) = self.stack.pop()
        else {
            return;
        };
        self.depth -= usize::from(frame.nests());
        self.links -= usize::from(matches!(frame, Frame::Link { .. }));
        match frame {
            Frame::Paragraph => {
                let block = self.paragraph(inlines);
                self.push_block(block);
            }
            Frame::Heading(level) => {
                let inlines = self.finished(inlines);
                self.push_block(Block::Heading { level, inlines });
            }
            Frame::Quote => self.push_block(Block::Quote(blocks)),
            Frame::List { ordered, items } => self.push_block(Block::List { ordered, items }),
            Frame::Item { checked, tight } => {
                if let Some(Open {
                    frame: Frame::List { items, .. },
                    ..
                }) = self.stack.last_mut()
                {
                    items.push(Item {
                        checked,
                        blocks,
                        tight,
                    });
                }
            }
            Frame::Code {
                language,
                mut text,
                is_open,
            } => {
                if text.ends_with('\n') {
                    text.pop();
                }
                self.push_block(Block::Code {
                    language,
                    text,
                    is_open,
                });
            }
            Frame::Note(label) => self.push_block(Block::Note { label, blocks }),
            Frame::Html(text) => self.push_block(Block::Html(text)),
            Frame::Table { align, head, rows } => {
                self.push_block(Block::Table { align, head, rows })
            }
            Frame::Row { is_head, cells } => {
                if let Some(Open {
                    frame: Frame::Table { head, rows, .. },
                    ..
                }) = self.stack.last_mut()
                {
                    if is_head {
                        *head = cells
                    } else {
                        rows.push(cells)
                    }
                }
            }
            Frame::Cell => {
                let inlines = self.finished(inlines);
                if let Some(Open {
                    frame: Frame::Row { cells, .. },
                    ..
                }) = self.stack.last_mut()
                {
                    cells.push(inlines);
                }
            }
            Frame::Emphasis => {
                let inlines = self.finished(inlines);
                self.push_inline(Inline::Emphasis(inlines));
            }
            Frame::Strong => {
                let inlines = self.finished(inlines);
                self.push_inline(Inline::Strong(inlines));
            }
            Frame::Strike => {
                let inlines = self.finished(inlines);
                self.push_inline(Inline::Strike(inlines));
            }
            Frame::Link { href, title } => self.push_inline(Inline::Link {
                href,
                title,
                inlines,
            }),
            Frame::Image { src, alt } => self.push_inline(Inline::Image { src, alt }),
        }
    }

    pub(super) fn leaf(&mut self, event: Event<'_>) {
        match event {
            Event::Text(text) => self.push_text(&text),
            Event::Code(text) => {
                let text = self.cover.lift(&text).into_owned();
                self.push_inline(Inline::Code(text));
            }
            Event::Html(html) => {
                let html = self.cover.lift(&html);
                match self.stack.last_mut() {
                    Some(Open {
                        frame: Frame::Html(text),
                        ..
                    }) => text.push_str(&html),
                    _ => self.push_inline(Inline::Html(html.into_owned())),
                }
            }
            Event::InlineHtml(html) if is_line_break(&html) => self.push_inline(Inline::HardBreak),
            Event::InlineHtml(html) => {
                let html = self.cover.lift(&html).into_owned();
                self.push_inline(Inline::Html(html));
            }
            Event::SoftBreak => self.push_inline(Inline::SoftBreak),
            Event::HardBreak => self.push_inline(Inline::HardBreak),
            Event::Rule => {
                self.flush();
                self.push_block(Block::Rule);
            }
            Event::TaskListMarker(is_checked) => {
                let item = self
                    .stack
                    .iter_mut()
                    .rev()
                    .find_map(|open| match &mut open.frame {
                        Frame::Item { checked, .. } => Some(checked),
                        _ => None,
                    });
                if let Some(checked) = item {
                    *checked = Some(is_checked);
                }
            }
            Event::FootnoteReference(label) => {
                let label = self.cover.lift(&label).into_owned();
                self.push_inline(Inline::NoteRef(label));
            }
            Event::InlineMath(text) | Event::DisplayMath(text) => self.push_text(&text),
            Event::Start(_) | Event::End(_) => {}
        }
    }

    fn push_text(&mut self, more: &str) {
        let clean = more.contains('\0').then(|| more.replace('\0', "\u{FFFD}"));
        let more = clean.as_deref().unwrap_or(more);
        let is_quoted = self
            .stack
            .iter()
            .any(|open| matches!(open.frame, Frame::Quote));
        let inlines = match self.stack.last_mut() {
            Some(Open {
                frame: Frame::Code { text, .. } | Frame::Html(text) | Frame::Image { alt: text, .. },
                ..
            }) => {
                text.push_str(&match is_quoted {
                    true => self.cover.lift(more),
                    false => self.cover.lift_unquoted(more),
                });
                return;
            }
            Some(open) => &mut open.inlines,
            None => &mut self.root_inlines,
        };
        for piece in self.cover.split(more) {
            match (piece, inlines.last_mut()) {
                (Piece::Text(more), Some(Inline::Text(text))) => text.push_str(more),
                (Piece::Text(more), _) => inlines.push(Inline::Text(more.to_owned())),
                (Piece::Math { source, display }, _) => {
                    inlines.push(Inline::Math { source, display })
                }
            }
        }
    }

    fn push_inline(&mut self, inline: Inline) {
        match self.stack.last_mut() {
            Some(Open {
                frame: Frame::Image { alt, .. } | Frame::Html(alt),
                ..
            }) => match inline {
                Inline::Code(text) | Inline::Text(text) | Inline::Html(text) => alt.push_str(&text),
                Inline::NoteRef(label) => alt.push_str(&format!("[^{label}]")),
                Inline::SoftBreak | Inline::HardBreak => alt.push(' '),
                _ => {}
            },
            Some(open) => open.inlines.push(inline),
            None => self.root_inlines.push(inline),
        }
    }

    fn push_block(&mut self, block: Block) {
        match self.stack.last_mut() {
            Some(open) => open.blocks.push(block),
            None => self.root.push(block),
        }
    }

    /// Text directly in a container of blocks, as in a tight list, becomes a paragraph.
    fn flush(&mut self) {
        let inlines = match self.stack.last_mut() {
            Some(Open {
                frame: Frame::Quote | Frame::Note(_) | Frame::Item { .. },
                inlines,
                ..
            }) => inlines,
            None => &mut self.root_inlines,
            Some(_) => return,
        };
        if inlines.is_empty() {
            return;
        }
        let inlines = std::mem::take(inlines);
        let block = self.paragraph(inlines);
        self.push_block(block);
    }

    /// A large formula that stands for itself is a block.
    fn paragraph(&self, inlines: Vec<Inline>) -> Block {
        let mut inlines = self.finished(inlines);
        match &mut inlines[..] {
            [
                Inline::Math {
                    source,
                    display: true,
                },
            ] => Block::Math(std::mem::take(source)),
            _ => Block::Paragraph(inlines),
        }
    }

    fn finished(&self, inlines: Vec<Inline>) -> Vec<Inline> {
        if self.links == 0 {
            link_bare(inlines)
        } else {
            inlines
        }
    }

    pub(super) fn take_blocks(&mut self) -> Vec<Block> {
        self.flush();
        std::mem::take(&mut self.root)
    }
}

fn frame_for(tag: Tag<'_>, cover: &Cover<'_>) -> Option<Frame> {
    Some(match tag {
        Tag::Paragraph => Frame::Paragraph,
        Tag::Heading { level, .. } => Frame::Heading(level as u8),
        Tag::BlockQuote(_) => Frame::Quote,
        Tag::CodeBlock(kind) => Frame::Code {
            language: language(&kind, cover),
            text: String::new(),
            is_open: false,
        },
        Tag::FootnoteDefinition(label) => Frame::Note(cover.lift(&label).into_owned()),
        Tag::HtmlBlock => Frame::Html(String::new()),
        Tag::List(ordered) => Frame::List {
            ordered,
            items: Vec::new(),
        },
        Tag::Item => Frame::Item {
            checked: None,
            tight: true,
        },
        Tag::Table(columns) => Frame::Table {
            align: columns.iter().map(align).collect(),
            head: Vec::new(),
            rows: Vec::new(),
        },
        Tag::TableHead => Frame::Row {
            is_head: true,
            cells: Vec::new(),
        },
        Tag::TableRow => Frame::Row {
            is_head: false,
            cells: Vec::new(),
        },
        Tag::TableCell => Frame::Cell,
        Tag::Emphasis => Frame::Emphasis,
        Tag::Strong => Frame::Strong,
        Tag::Strikethrough => Frame::Strike,
        Tag::Link {
            link_type,
            dest_url,
            title,
            ..
        } => {
            let address = cover.lift(&dest_url);
            let href = match link_type {
                LinkType::Email => SafeUrl::parse(&format!("mailto:{address}")),
                _ => SafeUrl::parse(&address),
            };
            Frame::Link {
                href,
                title: (!title.is_empty()).then(|| cover.lift(&title).into_owned()),
            }
        }
        Tag::Image { dest_url, .. } => Frame::Image {
            src: image_src(&cover.lift(&dest_url)),
            alt: String::new(),
        },
        _ => return None,
    })
}

fn image_src(url: &str) -> ImageSrc {
    if let Some(image) = DataImage::parse(url) {
        return ImageSrc::Data(image);
    }
    if let Some(image) = BlobUrl::parse(url) {
        return ImageSrc::Blob(image);
    }
    SafeUrl::parse(url)
        .filter(|url| !url.as_str().starts_with("mailto:"))
        .map_or(ImageSrc::Refused, ImageSrc::Remote)
}

fn language(kind: &CodeBlockKind<'_>, cover: &Cover<'_>) -> Option<String> {
    let CodeBlockKind::Fenced(info) = kind else {
        return None;
    };
    let word = info.split([' ', '\t', ',']).find(|word| !word.is_empty())?;
    Some(cover.lift(word).into_owned())
}

fn align(column: &Alignment) -> Align {
    match column {
        Alignment::None => Align::None,
        Alignment::Left => Align::Left,
        Alignment::Center => Align::Center,
        Alignment::Right => Align::Right,
    }
}

fn is_line_break(html: &str) -> bool {
    let inner = html
        .strip_prefix('<')
        .and_then(|html| html.strip_suffix('>'))
        .unwrap_or_default();
    inner
        .trim_end_matches('/')
        .trim_end()
        .eq_ignore_ascii_case("br")
}
