//! The images of the message: picked, pasted or dropped, shown above the text, in which each has its token.

use std::sync::Arc;

use leptos::ev::{self, ClipboardEvent};
use leptos::{html, prelude::*};

use super::{Desk, focus_end, small};
use crate::core::composer::image::{Refusal, fits};
use crate::core::composer::outgoing::Image;
use crate::core::composer::written::{Content, Slot};
use crate::i18n::composer as words;
use crate::state::task::spawn;
use crate::ui::kit::{Button, Icon, IconView, Size, Variant};
use crate::web::dom::field;
use crate::web::dom::files::{self, Picked};

/// What the file dialog offers; what is chosen is looked into all the same.
const ACCEPT: &str = "image/png,image/jpeg,image/webp,image/gif";

/// Takes images in.
#[derive(Clone)]
pub struct Picker {
    desk: Desk,
    input: NodeRef<html::Input>,
    /// The image that the next choice is to take the place of.
    instead: StoredValue<Option<u32>>,
    /// How many are being read.
    reading: RwSignal<usize>,
    /// What was not taken in, and why.
    refused: RwSignal<String>,
    is_over: RwSignal<bool>,
}

impl Picker {
    pub fn new(desk: &Desk) -> Self {
        Self {
            desk: desk.clone(),
            input: NodeRef::new(),
            instead: StoredValue::new(None),
            reading: RwSignal::new(0),
            refused: RwSignal::new(String::new()),
            is_over: RwSignal::new(false),
        }
    }

    /// Whether files are being dragged over the room, as an attribute.
    pub fn is_over(&self) -> impl Fn() -> Option<&'static str> + Send + Sync + 'static + use<> {
        let is_over = self.is_over;
        move || is_over.get().then_some("true")
    }

    fn choose(&self, instead: Option<u32>) {
        self.instead.set_value(instead);
        if let Some(input) = self.input.get_untracked() {
            input.click();
        }
    }

    /// The button, with the file dialog that it opens.
    pub fn button(&self) -> AnyView {
        if !self.desk.composer.takes_images() {
            return ().into_any();
        }
        let (this, chosen) = (self.clone(), self.clone());
        let reading = self.reading;
        let press = move |()| this.choose(None);
        let change = move |_| {
            let Some(input) = chosen.input.get_untracked() else {
                return;
            };
            let files = files::chosen(&input);
            let instead = chosen.instead.try_update_value(Option::take).flatten();
            match (instead, files.into_iter().collect::<Vec<_>>()) {
                (Some(number), mut files) if files.len() == 1 => {
                    chosen.replace(number, files.remove(0));
                }
                (_, files) => chosen.take(files),
            }
        };
        view! {
            <Button
                variant=Variant::Icon
                icon=Icon::Image
                label=words::ADD_IMAGES
                busy=Signal::derive(move || reading.get() > 0)
                on_press=Callback::new(press)
            />
            <input
                class="composer__files-input"
                type="file"
                accept=ACCEPT
                multiple
                hidden
                tabindex="-1"
                on:change=change
                node_ref=self.input
            />
        }
        .into_any()
    }

    /// What was not taken in, until it is dismissed or something else is.
    pub fn note(&self) -> AnyView {
        let refused = self.refused;
        let line =
            move || {
                Some(refused.get()).filter(|text| !text.is_empty()).map(|text| {
                view! {
                    <p class="composer__note">
                        <IconView icon=Icon::Info />
                        <span dir="auto">{text}</span>
                        {small(Icon::Close, words::DISMISS, move || refused.set(String::new()))}
                    </p>
                }
            })
            };
        view! { <div role="status">{line}</div> }.into_any()
    }

    /// Nobody has to read any more what was not taken in.
    pub fn dismiss(&self) {
        self.refused.set(String::new());
    }

    /// A paste of files goes here; one of text goes its usual way.
    pub fn pasted(&self, event: &ClipboardEvent) {
        let files = files::pasted(event);
        if !files.is_empty() {
            event.prevent_default();
            self.take(files);
        }
    }

    /// Takes what is dropped anywhere in the room, and nothing else that is dragged.
    pub fn take_dropped(&self) {
        let is_over = self.is_over;
        let over = window_event_listener(ev::dragover, move |event| {
            if files::has_files(&event) && !event.default_prevented() {
                event.prevent_default();
                is_over.try_set(true);
            }
        });
        let leave = window_event_listener(ev::dragleave, move |event| {
            if files::leaves_page(&event) {
                is_over.try_set(false);
            }
        });
        let this = self.clone();
        let drop = window_event_listener(ev::drop, move |event| {
            is_over.try_set(false);
            if files::has_files(&event) && !event.default_prevented() {
                event.prevent_default();
                this.take(files::dropped(&event));
            }
        });
        on_cleanup(move || {
            over.remove();
            leave.remove();
            drop.remove();
        });
    }

    fn take(&self, files: Vec<Picked>) {
        let this = self.clone();
        this.refused.try_set(String::new());
        this.reading.try_update(|reading| *reading += 1);
        spawn(async move {
            let mut refused = Vec::new();
            for file in files {
                if let Err(why) = this.take_one(&file).await {
                    refused.push((file.name(), why));
                }
            }
            this.settle(&refused);
        });
    }

    async fn take_one(&self, file: &Picked) -> Result<(), Refusal> {
        let composer = &self.desk.composer;
        let has_room = || {
            let (count, bytes) = composer.load();
            fits(count, bytes, file.size())
        };
        if !composer.takes_images() {
            return Err(Refusal::Unwanted);
        }
        // A file that cannot be sent is told as such, however many there are already.
        let image = match has_room() {
            Ok(()) => file.image().await?,
            Err(why) => return Err(file.kind().await.err().unwrap_or(why)),
        };
        // Others may have come while it was read.
        has_room()?;
        self.put_in(image);
        Ok(())
    }

    /// Types the token of the image where the caret is. Whoever has left the thread meanwhile wants it no more.
    fn put_in(&self, image: Image) {
        let Some(area) = self.desk.field.try_get_untracked().flatten() else {
            return;
        };
        let composer = &self.desk.composer;
        let token = composer.add_image(image);
        let (before, after) = field::around(&area);
        let lead = if before.is_none_or(char::is_whitespace) {
            ""
        } else {
            " "
        };
        let tail = if after.is_some_and(char::is_whitespace) {
            ""
        } else {
            " "
        };
        if !field::type_text(&area, &format!("{lead}{token}{tail}")) {
            let text = composer.text().get_untracked();
            composer.fill(format!("{text}{lead}{token}{tail}"));
        }
    }

    fn replace(&self, number: u32, file: Picked) {
        let this = self.clone();
        this.refused.try_set(String::new());
        this.reading.try_update(|reading| *reading += 1);
        spawn(async move {
            let (count, bytes) = this.desk.composer.load();
            let outcome = match fits(count.saturating_sub(1), bytes, file.size()) {
                Ok(()) => file.image().await,
                Err(why) => Err(why),
            };
            let refused = match outcome {
                Ok(image) => {
                    this.desk.composer.replace_image(number, image);
                    Vec::new()
                }
                Err(why) => vec![(file.name(), why)],
            };
            this.settle(&refused);
            focus_end(this.desk.field);
        });
    }

    fn settle(&self, refused: &[(String, Refusal)]) {
        self.reading.try_update(|reading| *reading -= 1);
        self.refused.try_set(words::refused(refused));
    }
}

/// The images of the message, in the order in which they stand in the text.
pub fn image_row(desk: &Desk, picker: &Picker) -> AnyView {
    let images = desk.composer.images();
    let is_any = {
        let images = images.clone();
        Memo::new(move |_| images.with(|images| !images.is_empty()))
    };
    let key = |slot: &Slot| (slot.number, matches!(slot.content, Content::Here(_)));
    let (desk, picker) = (desk.clone(), picker.clone());
    let row = move || {
        let (images, desk, picker) = (images.clone(), desk.clone(), picker.clone());
        is_any.get().then(|| {
            view! {
                <ul class="composer__files" aria-label=words::IMAGES>
                    <For
                        each=move || images.get()
                        key=key
                        children=move |slot| image_chip(&desk, &picker, slot)
                    />
                </ul>
            }
        })
    };
    row.into_any()
}

fn image_chip(desk: &Desk, picker: &Picker, slot: Slot) -> AnyView {
    let number = slot.number;
    let name = slot.name().to_owned();
    let (picture, again) = match slot.content {
        Content::Here(image) => (thumbnail(&image), None),
        Content::Gone(_) => {
            let picker = picker.clone();
            let press = Callback::new(move |()| picker.choose(Some(number)));
            let again = view! {
                <Button size=Size::Small on_press=press>
                    {words::CHOOSE_AGAIN}
                </Button>
            };
            (
                view! { <IconView icon=Icon::Warning /> }.into_any(),
                Some(again),
            )
        }
    };
    let is_gone = again.is_some();
    let title = name.clone();
    let desk = desk.clone();
    let remove = move || {
        let place = desk.composer.place_of_image(number);
        let area = desk.field.try_get_untracked().flatten();
        let is_done = area
            .zip(place)
            .is_some_and(|(area, place)| field::delete(&area, place));
        if !is_done {
            desk.composer.remove_image(number);
        }
    };
    view! {
        <li
            class="composer__file"
            data-state=is_gone.then_some("missing")
            title=title
        >
            {picture}
            <span class="composer__file-name">
                <b>{if is_gone { words::image_gone(number) } else { words::image(number) }}</b>
                <span dir="auto">{name}</span>
            </span>
            {again}
            {small(Icon::Close, words::remove_image(number), remove)}
        </li>
    }
    .into_any()
}

fn thumbnail(image: &Image) -> AnyView {
    let url = format!("data:{};base64,{}", image.mime, Arc::clone(&image.data));
    // Its name stands beside it.
    view! { <img class="composer__thumb" src=url alt="" /> }.into_any()
}
