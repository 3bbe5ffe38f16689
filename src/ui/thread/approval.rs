//! The question before a tool reads something of the person's.
//!
//! It has to be answered: Escape does nothing, because a key pressed by mistake must neither share nor refuse. For the
//! same reason no button has the focus at first, and what is pressed in the first moment does not count: the dialog may
//! come while somebody is typing. Whoever wants to read the conversation first puts the question aside; the row of the
//! call brings it back. Leaving the thread leaves the question open; it is put again on coming back.

use leptos::{html, prelude::*};

use super::json::pretty;
use crate::i18n::tools as words;
use crate::state::app::App;
use crate::state::room::RoomState;
use crate::state::thread::ThreadState;
use crate::state::tools::{Answer, Approval, Tools};
use crate::ui::kit::{Button, Dialog, Variant};
use crate::ui::use_app;

/// How long a press does not count after the question has come, in milliseconds.
const TOO_SOON: i64 = 400;
/// How much of a text that would be shared is shown, in characters.
const SHOWN: usize = 4_000;

/// The first question of this thread, as long as one waits. The focus goes to the field afterwards.
pub fn approval(room: &RoomState, thread: &ThreadState, field: NodeRef<html::Textarea>) -> AnyView {
    let (app, tools, key) = (use_app(), room.tools(), thread.key().clone());
    tools.bring_back(&key);
    tools.look(&key);
    let first = {
        let tools = tools.clone();
        Memo::new(move |_| tools.in_front(&key))
    };
    let room = room.clone();
    // One dialog for each question: a second press on a button of the first must not answer the next.
    let id = Memo::new(move |_| first.with(|first| first.as_ref().map(|asked| asked.id)));
    Effect::new(move |was: Option<bool>| {
        let is_asked = id.get().is_some();
        // Where one types on the screen, the focus would bring the keyboard up.
        if was == Some(true) && !is_asked && !crate::web::dom::is_coarse_pointer() {
            request_animation_frame(move || {
                if let Some(field) = field.try_get_untracked().flatten() {
                    // It may be gone with its page.
                    let _ = field.focus();
                }
            });
        }
        is_asked
    });
    let content = move || {
        id.track();
        let asked = first.get_untracked()?;
        Some(question(&app, &room, &tools, asked))
    };
    content.into_any()
}

fn question(app: &App, room: &RoomState, tools: &Tools, asked: Approval) -> AnyView {
    let since = app.now();
    let answer = {
        let (app, tools, id) = (app.clone(), tools.clone(), asked.id);
        move |answer: Answer| {
            let (app, tools) = (app.clone(), tools.clone());
            Callback::new(move |()| {
                if app.now() - since >= TOO_SOON {
                    tools.answer(id, answer);
                }
            })
        }
    };
    let (deny, thread, once) = (
        answer(Answer::Deny),
        answer(Answer::ForThread),
        answer(Answer::Once),
    );
    let later = {
        let (app, tools, id) = (app.clone(), tools.clone(), asked.id);
        Callback::new(move |()| {
            if app.now() - since >= TOO_SOON {
                tools.put_aside(id);
            }
        })
    };
    let foot = move || {
        view! {
            <Button class="approval__later" variant=Variant::Ghost on_press=later>
                {words::LATER}
            </Button>
            <Button on_press=deny>{words::DENY}</Button>
            <Button on_press=thread>{words::FOR_THREAD}</Button>
            <Button variant=Variant::Primary on_press=once>
                {words::ONCE}
            </Button>
        }
    };
    let asks = {
        let (room, server, tool) = (room.clone(), room.server(), asked.tool.clone());
        move || words::asks(&tool, &crate::ui::room::name(&room), &server.name())
    };
    let title = words::question(&asked.tool);
    view! {
        <Dialog open=true title=title foot=foot>
            <div class="approval">
                <p class="approval__text" tabindex="-1" autofocus>
                    {asks}
                </p>
                {shares(&asked)} {arguments(&asked)} <p class="approval__note">{words::MEANING}</p>
            </div>
        </Dialog>
    }
    .into_any()
}

/// What would be shared, as far as it can be shown.
fn shares(asked: &Approval) -> AnyView {
    let Some(text) = asked.shares.as_deref() else {
        return words::unseen(&asked.tool)
            .map(|text| view! { <p>{text}</p> })
            .into_any();
    };
    let count = text.chars().count();
    let shown: String = text.chars().take(SHOWN).collect();
    let more = (count > SHOWN).then(|| words::more(count - SHOWN));
    view! {
        <section class="approval__part">
            <h3 class="approval__head">
                {words::SHARED} <span class="approval__count">{words::amount(count)}</span>
            </h3>
            <blockquote class="approval__quote" dir="auto" tabindex="0">
                {shown}
                {more.map(|more| view! { <span class="approval__more">{more}</span> })}
            </blockquote>
        </section>
    }
    .into_any()
}

fn arguments(asked: &Approval) -> AnyView {
    let args = asked.args.trim();
    if matches!(args, "" | "{}" | "null") {
        return ().into_any();
    }
    view! {
        <section class="approval__part">
            <h3 class="approval__head">{words::ARGUMENTS}</h3>
            <pre class="approval__args" tabindex="0">
                {pretty(args)}
            </pre>
        </section>
    }
    .into_any()
}
