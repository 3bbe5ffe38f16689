//! Markdown (GitHub flavour) to nodes. Never fails, whatever the text.

use super::link::{DataImage, SafeUrl, link_bare};
use super::node::{Align, Block, ImageSrc, Inline, Item};
use pulldown_cmark::{Alignment, CodeBlockKind, Event, LinkType, OffsetIter, Options, Parser, Tag};

/// Deeper quotes, lists and emphasis are shown at this depth: views walk the tree by recursion.
const MAX_DEPTH: usize = 24;

/// Reads a whole text.
#[must_use]
pub fn parse(text: &str) -> Vec<Block> {
    parse_sections(text)
        .blocks
        .into_iter()
        .map(|(_, block)| block)
        .collect()
}

/// The top-level blocks of a text with the byte each begins at.
pub(super) struct Sections {
    pub(super) blocks: Vec<(usize, Block)>,
    /// Whether the text defines link references, which reach over the whole text.
    pub(super) has_references: bool,
}

pub(super) fn parse_sections(text: &str) -> Sections {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let parser = Parser::new_ext(text, options);
    let has_references = parser.reference_definitions().iter().next().is_some();
    Sections {
        blocks: read(parser.into_offset_iter()),
        has_references,
    }
}

fn read(events: OffsetIter<'_>) -> Vec<(usize, Block)> {
    let mut builder = Builder::default();
    let mut sections = Vec::new();
    let mut start = 0;
    let mut depth = 0_usize;
    for (event, range) in events {
        if depth == 0 {
            start = range.start;
        }
        match event {
            Event::Start(tag) => {
                depth += 1;
                builder.start(tag);
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                builder.end();
            }
            other => builder.leaf(other),
        }
        if depth == 0 {
            sections.extend(
                builder
                    .take_blocks()
                    .into_iter()
                    .map(|block| (start, block)),
            );
        }
    }
    sections
}

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
    },
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

#[derive(Default)]
struct Builder {
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

impl Builder {
    fn start(&mut self, tag: Tag<'_>) {
        let frame = frame_for(tag).filter(|frame| self.has_place(frame));
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

    fn end(&mut self) {
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
                let inlines = self.finished(inlines);
                self.push_block(Block::Paragraph(inlines));
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
            Frame::Code { language, mut text } => {
                if text.ends_with('\n') {
                    text.pop();
                }
                self.push_block(Block::Code { language, text });
            }
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

    fn leaf(&mut self, event: Event<'_>) {
        match event {
            Event::Text(text) => self.push_text(&text),
            Event::Code(text) => self.push_inline(Inline::Code(text.into_string())),
            Event::Html(html) => match self.stack.last_mut() {
                Some(Open {
                    frame: Frame::Html(text),
                    ..
                }) => text.push_str(&html),
                _ => self.push_inline(Inline::Html(html.into_string())),
            },
            Event::InlineHtml(html) if is_line_break(&html) => self.push_inline(Inline::HardBreak),
            Event::InlineHtml(html) => self.push_inline(Inline::Html(html.into_string())),
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
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.push_text(&text)
            }
            Event::Start(_) | Event::End(_) => {}
        }
    }

    fn push_text(&mut self, more: &str) {
        let clean = more.contains('\0').then(|| more.replace('\0', "\u{FFFD}"));
        let more = clean.as_deref().unwrap_or(more);
        let inlines = match self.stack.last_mut() {
            Some(Open {
                frame: Frame::Code { text, .. } | Frame::Html(text) | Frame::Image { alt: text, .. },
                ..
            }) => {
                text.push_str(more);
                return;
            }
            Some(open) => &mut open.inlines,
            None => &mut self.root_inlines,
        };
        match inlines.last_mut() {
            Some(Inline::Text(text)) => text.push_str(more),
            _ => inlines.push(Inline::Text(more.to_owned())),
        }
    }

    fn push_inline(&mut self, inline: Inline) {
        match self.stack.last_mut() {
            Some(Open {
                frame: Frame::Image { alt, .. } | Frame::Html(alt),
                ..
            }) => match inline {
                Inline::Code(text) | Inline::Text(text) | Inline::Html(text) => alt.push_str(&text),
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
                frame: Frame::Quote | Frame::Item { .. },
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
        let inlines = self.finished(inlines);
        self.push_block(Block::Paragraph(inlines));
    }

    fn finished(&self, inlines: Vec<Inline>) -> Vec<Inline> {
        if self.links == 0 {
            link_bare(inlines)
        } else {
            inlines
        }
    }

    fn take_blocks(&mut self) -> Vec<Block> {
        self.flush();
        std::mem::take(&mut self.root)
    }
}

fn frame_for(tag: Tag<'_>) -> Option<Frame> {
    Some(match tag {
        Tag::Paragraph => Frame::Paragraph,
        Tag::Heading { level, .. } => Frame::Heading(level as u8),
        Tag::BlockQuote(_) => Frame::Quote,
        Tag::CodeBlock(kind) => Frame::Code {
            language: language(&kind),
            text: String::new(),
        },
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
            let href = match link_type {
                LinkType::Email => SafeUrl::parse(&format!("mailto:{dest_url}")),
                _ => SafeUrl::parse(&dest_url),
            };
            Frame::Link {
                href,
                title: (!title.is_empty()).then(|| title.into_string()),
            }
        }
        Tag::Image { dest_url, .. } => Frame::Image {
            src: image_src(&dest_url),
            alt: String::new(),
        },
        _ => return None,
    })
}

fn image_src(url: &str) -> ImageSrc {
    if let Some(image) = DataImage::parse(url) {
        return ImageSrc::Data(image);
    }
    SafeUrl::parse(url)
        .filter(|url| !url.as_str().starts_with("mailto:"))
        .map_or(ImageSrc::Refused, ImageSrc::Remote)
}

fn language(kind: &CodeBlockKind<'_>) -> Option<String> {
    let CodeBlockKind::Fenced(info) = kind else {
        return None;
    };
    let word = info.split([' ', '\t', ',']).find(|word| !word.is_empty())?;
    Some(word.to_owned())
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
