//! The viewer of images: one at a time, larger and smaller, with the others a key away.

use std::sync::Arc;

use leptos::ev::{KeyboardEvent, WheelEvent};
use leptos::prelude::*;

use crate::core::thread::picture::Picture;
use crate::i18n::rows as words;
use crate::ui::kit::{Button, Dialog, Icon, IconView, Size, Variant};

const STEP: f64 = 1.25;
const LARGEST: f64 = 4.0;

/// An image, and whether the browser could not make anything of it.
#[derive(Clone)]
pub struct Look {
    /// The image.
    pub picture: Picture,
    /// Set once the browser has refused it.
    pub is_broken: RwSignal<bool>,
}

impl Look {
    /// An image that nobody has looked at.
    pub fn new(picture: Picture) -> Self {
        Self {
            picture,
            is_broken: RwSignal::new(false),
        }
    }

    /// Why it cannot be shown (tracked).
    pub fn trouble(&self) -> Option<String> {
        match &self.picture.image {
            Err(why) => Some(words::unshown(why)),
            Ok(_) if self.is_broken.get() => Some(words::unshown(
                &crate::core::thread::picture::Unshown::Undecodable,
            )),
            Ok(_) => None,
        }
    }
}

/// The viewer; `shown` says which image it shows, if any.
pub fn zoom(looks: &Arc<[Look]>, shown: RwSignal<Option<usize>>) -> AnyView {
    let count = looks.len();
    let scale = RwSignal::new(1.0_f64);
    let go = move |place: usize| {
        scale.set(1.0);
        shown.set(Some(place));
    };
    let at = move || shown.get().unwrap_or_default();
    let step = move |back: bool| {
        let place = shown.get_untracked().unwrap_or_default();
        let next = if back {
            place.checked_sub(1)
        } else {
            Some(place + 1)
        };
        if let Some(next) = next.filter(|next| *next < count) {
            go(next);
        }
    };
    let grow =
        move |factor: f64| scale.update(|scale| *scale = (*scale * factor).clamp(1.0, LARGEST));
    let key = move |event: KeyboardEvent| {
        match event.key().as_str() {
            // In an enlarged image the arrows move what is seen of it.
            "ArrowLeft" if scale.get_untracked() <= 1.0 => step(true),
            "ArrowRight" if scale.get_untracked() <= 1.0 => step(false),
            "+" | "=" => grow(STEP),
            "-" => grow(1.0 / STEP),
            "0" => scale.set(1.0),
            _ => return,
        }
        event.prevent_default();
    };
    let wheel = move |event: WheelEvent| {
        event.prevent_default();
        grow(if event.delta_y() < 0.0 {
            STEP
        } else {
            1.0 / STEP
        });
    };
    let picture = {
        let looks = Arc::clone(looks);
        move || looks.get(shown.get()?).map(|look| picture(look, scale))
    };
    let pager = (count > 1).then(|| {
        view! {
            {tool(words::PREVIOUS, Icon::ChevronLeft, Signal::derive(move || at() == 0), move || step(true))}
            <span class="zoom__place" aria-live="polite">
                {move || words::place(at() + 1, count)}
            </span>
            {tool(words::NEXT, Icon::ChevronRight, Signal::derive(move || at() + 1 >= count), move || step(false))}
        }
    });
    let smallest = Signal::derive(move || scale.get() <= 1.0);
    let largest = Signal::derive(move || scale.get() >= LARGEST);
    let close = Callback::new(move |()| {
        scale.set(1.0);
        shown.set(None);
    });
    view! {
        <Dialog
            open=Signal::derive(move || shown.get().is_some())
            on_close=close
            title=words::IMAGES
            close_label=words::CLOSE
            wide=true
        >
            <div class="zoom" on:keydown=key>
                <div class="zoom__stage" tabindex="0" on:wheel=wheel>
                    {picture}
                </div>
                <div class="zoom__tools">
                    {pager} <span class="grow"></span>
                    {sign(words::ZOOM_OUT, "−", smallest, move || grow(1.0 / STEP))}
                    {sign(words::ZOOM_IN, "+", largest, move || grow(STEP))}
                    {tool(words::ZOOM_RESET, Icon::Refresh, smallest, move || scale.set(1.0))}
                </div>
            </div>
        </Dialog>
    }
    .into_any()
}

fn picture(look: &Look, scale: RwSignal<f64>) -> AnyView {
    let name = words::image(look.picture.number);
    let source = look.picture.image.as_ref().ok();
    let source = source.map(|image| image.as_str().to_owned());
    let look = look.clone();
    let shown = move || match (look.trouble(), source.clone()) {
        (None, Some(source)) => {
            let is_broken = look.is_broken;
            view! {
                <img
                    class="zoom__image"
                    src=source
                    alt=name.clone()
                    style=("--zoom", move || scale.get().to_string())
                    on:error=move |_| _ = is_broken.try_set(true)
                />
            }
            .into_any()
        }
        (trouble, _) => view! {
            <p class="zoom__trouble">
                <IconView icon=Icon::Warning />
                {trouble}
            </p>
        }
        .into_any(),
    };
    shown.into_any()
}

fn tool(
    name: &'static str,
    icon: Icon,
    disabled: Signal<bool>,
    press: impl Fn() + Send + Sync + 'static,
) -> AnyView {
    view! {
        <Button
            variant=Variant::Icon
            size=Size::Small
            icon=icon
            label=name
            disabled=disabled
            on_press=Callback::new(move |()| press())
        />
    }
    .into_any()
}

fn sign(
    name: &'static str,
    sign: &'static str,
    disabled: Signal<bool>,
    press: impl Fn() + Send + Sync + 'static,
) -> AnyView {
    view! {
        <Button
            variant=Variant::Icon
            size=Size::Small
            label=name
            disabled=disabled
            on_press=Callback::new(move |()| press())
        >
            {sign}
        </Button>
    }
    .into_any()
}
