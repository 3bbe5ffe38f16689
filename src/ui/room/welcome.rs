//! What an empty thread says.

use leptos::{html, prelude::*};

use super::name;
use crate::i18n::{room as words, thread as thread_words};
use crate::state::composer::Composer;
use crate::state::room::RoomState;
use crate::ui::composer::focus_end;
use crate::ui::href;
use crate::ui::kit::Mark;
use crate::ui::markdown::markdown_text;

/// The room's own words and its first questions; a press on one asks it.
pub fn welcome(room: &RoomState, composer: &Composer, field: NodeRef<html::Textarea>) -> AnyView {
    let (room, composer) = (room.clone(), composer.clone());
    let rooms = room.server().rooms();
    let content = move || match room.room() {
        Some(known) => {
            let text = known
                .welcome
                .or(known.description)
                .unwrap_or_else(|| thread_words::BEGIN.to_owned());
            let chips = chips(&composer, known.suggestions, field);
            view! {
                <h2 class="welcome__title" dir="auto">
                    {known.name}
                </h2>
                <div class="welcome__text">
                    {markdown_text(Signal::stored(text), Signal::stored(false))}
                </div>
                <div class="welcome__chips">{chips}</div>
            }
            .into_any()
        }
        None if rooms.with(|load| load.data.is_some()) => {
            let lobby = href(&crate::core::route::Route::Lobby);
            view! {
                <h2 class="welcome__title">{words::ROOM_NOT_HERE}</h2>
                <p class="welcome__text">{words::ROOM_NOT_HERE_TEXT}</p>
                <p>
                    <a class="link" href=lobby>
                        {words::TO_LOBBY}
                    </a>
                </p>
            }
            .into_any()
        }
        None => view! {
            <h2 class="welcome__title" dir="auto">
                {name(&room)}
            </h2>
            <p class="welcome__text">{thread_words::BEGIN}</p>
        }
        .into_any(),
    };
    view! {
        <div class="welcome">
            <Mark />
            {content}
        </div>
    }
    .into_any()
}

fn chips(
    composer: &Composer,
    suggestions: Vec<String>,
    field: NodeRef<html::Textarea>,
) -> Vec<AnyView> {
    let (sending, blocked) = (composer.sending(), composer.blocked());
    let is_busy = Memo::new(move |_| sending.get() || blocked.get());
    let chip = |suggestion: String| {
        let (composer, shown) = (composer.clone(), suggestion.clone());
        // What is being written stays where it is.
        let send = move |_| {
            composer.send_alone(suggestion.clone());
            focus_end(field);
        };
        view! {
            <button
                class="chip"
                type="button"
                dir="auto"
                disabled=move || is_busy.get()
                on:click=send
            >
                {shown}
            </button>
        }
        .into_any()
    };
    suggestions.into_iter().map(chip).collect()
}
