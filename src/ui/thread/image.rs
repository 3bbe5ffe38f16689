//! What the person wrote: plain text, and its images as thumbnails above it and as pills where they stand.

use std::sync::Arc;

use leptos::prelude::*;

use super::row::RowContext;
use super::zoom::{Look, zoom};
use crate::core::thread::picture::{Composed, Picture, Piece};
use crate::i18n::rows as words;
use crate::ui::kit::{Clamp, Icon, IconView};

/// How many lines of a message are shown at first.
const LINES: u32 = 30;
/// How many bytes a line has at least, also on a narrow page.
const NARROW: usize = 25;

/// The message of a row.
pub fn message(context: &RowContext) -> AnyView {
    let composed = context.thread.composed(&context.id);
    match composed.filter(|composed| !composed.pictures.is_empty()) {
        Some(composed) => with_images(context, composed),
        None => {
            let text = context.read(|row| row.kind.text().to_owned());
            let length = Signal::derive(move || Some(text.with(String::len)));
            let is_short = Memo::new(move |_| text.with(|text| is_short(text)));
            let context = context.clone();
            let shown = move || {
                let content = (move || text.get()).into_any();
                if is_short.get() {
                    view! {
                        <div class="message__body" dir="auto">
                            {content}
                        </div>
                    }
                    .into_any()
                } else {
                    body(&context, length, content)
                }
            };
            shown.into_any()
        }
    }
}

/// Whether it surely has no more lines than are shown, so that nobody needs to measure it.
fn is_short(text: &str) -> bool {
    text.matches('\n').count() + text.len() / NARROW < LINES as usize
}

fn body(context: &RowContext, version: Signal<Option<usize>>, content: AnyView) -> AnyView {
    let (opened, id) = (context.thread.opened(), context.id.clone());
    let is_open = RwSignal::new(opened.has(&id, "message"));
    let toggle = move |open| {
        opened.set(&id, "message", open);
        is_open.set(open);
    };
    view! {
        <div class="message__body" dir="auto">
            <Clamp
                lines=LINES
                open=is_open
                on_toggle=Callback::new(toggle)
                more=words::MORE
                less=words::LESS
                version=version
            >
                {content}
            </Clamp>
        </div>
    }
    .into_any()
}

fn with_images(context: &RowContext, composed: Composed) -> AnyView {
    let Composed { pieces, pictures } = composed;
    let looks: Arc<[Look]> = pictures.into_iter().map(Look::new).collect();
    let shown = RwSignal::new(None::<usize>);
    let thumbs = looks
        .iter()
        .enumerate()
        .map(|(place, look)| thumb(look, place, shown))
        .collect_view();
    let has_text = pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Text(text) if !text.trim().is_empty()));
    let text = has_text.then(|| {
        let parts = pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => text.into_any(),
            Piece::Picture(place) => looks
                .get(place)
                .map_or_else(|| ().into_any(), |look| pill(look, place, shown)),
        });
        let content = parts.collect_view().into_any();
        body(context, Signal::stored(None), content)
    });
    // Once it was opened it stays, so that it can give the focus back.
    let was_opened =
        Memo::new(move |was: Option<&bool>| was == Some(&true) || shown.get().is_some());
    let viewer = {
        let looks = Arc::clone(&looks);
        move || was_opened.get().then(|| zoom(&looks, shown))
    };
    view! {
        <div class="thumbs">{thumbs}</div>
        {text}
        {viewer}
    }
    .into_any()
}

fn thumb(look: &Look, place: usize, shown: RwSignal<Option<usize>>) -> AnyView {
    let Look { picture, is_broken } = look.clone();
    let Picture { number, image } = picture;
    let number_badge = number.map(|number| view! { <span class="thumbs__number">{number}</span> });
    let name = {
        let look = look.clone();
        move || {
            look.trouble()
                .unwrap_or_else(|| words::look_at(look.picture.number))
        }
    };
    let source = image.ok().map(|image| image.as_str().to_owned());
    let picture = move || match source.clone().filter(|_| !is_broken.get()) {
        Some(source) => view! {
            <img
                src=source
                alt=""
                decoding="async"
                on:error=move |_| _ = is_broken.try_set(true)
            />
        }
        .into_any(),
        None => view! { <IconView icon=Icon::Warning /> }.into_any(),
    };
    view! {
        <button
            class="thumbs__one"
            type="button"
            aria-label=name.clone()
            title=name
            on:click=move |_| shown.set(Some(place))
        >
            {picture}
            {number_badge}
        </button>
    }
    .into_any()
}

fn pill(look: &Look, place: usize, shown: RwSignal<Option<usize>>) -> AnyView {
    let (name, state) = (look.clone(), look.clone());
    let title = move || {
        let name = name.clone();
        name.trouble()
            .unwrap_or_else(|| words::image(name.picture.number))
    };
    let number = look.picture.number;
    view! {
        <button
            class="pill"
            type="button"
            data-state=move || if state.trouble().is_some() { "failed" } else { "done" }
            title=title
            on:click=move |_| shown.set(Some(place))
        >
            {words::image(number)}
        </button>
    }
    .into_any()
}
