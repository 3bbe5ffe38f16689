//! The field in the place of a thread's name.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::{html, prelude::*};

use crate::core::room::ThreadId;
use crate::i18n::room as words;
use crate::state::room::RoomState;
use crate::web::dom;

/// Enter and leaving the field give the name, Escape does not. The focus goes back to the row.
pub fn rename_field(
    room: &RoomState,
    id: &ThreadId,
    name: Signal<String>,
    renaming: RwSignal<Option<ThreadId>>,
    link: NodeRef<html::A>,
) -> AnyView {
    let field = NodeRef::<html::Input>::new();
    let before = name.get_untracked();
    let first = before.clone();
    let (room, id) = (room.clone(), id.clone());
    let end = Callback::new(move |is_kept: bool| {
        // Leaving the field ends this too, also when it leaves the page because this has ended.
        let is_open = renaming.try_with_untracked(|renaming| renaming.as_ref() == Some(&id));
        let Some(field) = field
            .try_get_untracked()
            .flatten()
            .filter(|_| is_open == Some(true))
        else {
            return;
        };
        let typed = field.value();
        renaming.set(None);
        if is_kept && !typed.trim().is_empty() && typed.trim() != before {
            room.rename(&id, typed);
        }
    });
    let back = move || {
        request_animation_frame(move || {
            if let Some(link) = link.try_get_untracked().flatten() {
                // A link takes the focus wherever it is shown.
                let _ = link.focus();
            }
        });
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        end.run(true);
        back();
    };
    let key = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !dom::is_composing(&event) {
            // Escape closes the panels too, where nobody else wants it.
            event.prevent_default();
            end.run(false);
            back();
        }
    };
    Effect::new(move |_| {
        if field.get().is_some() {
            // The menu gives the focus back to its button first.
            request_animation_frame(move || {
                if let Some(field) = field.try_get_untracked().flatten() {
                    let _ = field.focus();
                    field.select();
                }
            });
        }
    });
    view! {
        <form class="thread-row thread-row--edited" on:submit=submit>
            <input
                class="field__input"
                aria-label=words::THREAD_NAME
                dir="auto"
                autocomplete="off"
                enterkeyhint="done"
                maxlength="200"
                prop:value=first
                on:keydown=key
                on:blur=move |_| {
                    let _ = end.try_run(true);
                }
                node_ref=field
            />
        </form>
    }
    .into_any()
}
