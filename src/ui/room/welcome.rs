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

/// The room's own words and its first questions; a question goes into the field and waits there.
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
    let chip = |suggestion: &String| {
        let (composer, suggestions, suggestion) =
            (composer.clone(), suggestions.clone(), suggestion.clone());
        let shown = suggestion.clone();
        let take = move |_| {
            let typed = composer.text().get_untracked();
            // Another suggestion makes way; the person's own words do not.
            let is_own = !typed.trim().is_empty() && !suggestions.contains(&typed);
            composer.typed(if is_own {
                format!("{}\n\n{suggestion}", typed.trim_end())
            } else {
                suggestion.clone()
            });
            request_animation_frame(move || focus_end(field));
        };
        view! {
            <button class="chip" type="button" dir="auto" on:click=take>
                {shown}
            </button>
        }
        .into_any()
    };
    suggestions.iter().map(chip).collect()
}
