//! A conversation and the field below it. What is in it belongs to the app: leaving ends nothing.

mod actions;
mod approval;
mod caption;
mod feedback;
mod fold;
mod follow;
mod image;
mod json;
mod payload;
mod row;
mod sources;
mod zoom;

use leptos::{html, prelude::*};

use self::approval::approval;
use self::follow::Follow;
use self::row::row_view;
use super::composer::{MessageField, earlier};
use super::kit::{Button, Icon, IconView, Mark, Panel, Skeleton, SkeletonShape, Tone, Variant};
use super::room::{server_panel, welcome};
use super::use_app;
use crate::core::error::ApiError;
use crate::core::route::Route;
use crate::core::thread::message::{RowKind, RowState};
use crate::i18n::{composer as composer_words, errors, room as room_words, thread as words};
use crate::state::room::RoomState;
use crate::state::thread::{RunPhase, ThreadState};

/// A thread of a room.
pub fn thread_view(room: &RoomState, thread: &ThreadState, route: Signal<Route>) -> AnyView {
    thread.open();
    on_cleanup({
        let thread = thread.clone();
        move || thread.submit_opinions()
    });
    let follow = Follow::new();
    let field = NodeRef::<html::Textarea>::new();
    let order = thread.order();
    let run: Signal<RunPhase> = {
        let run = thread.run();
        Signal::derive(move || run.get())
    };
    keep_end_in_view(thread, follow, run);

    let on_scroll = {
        let order = order.clone();
        move |_| follow.scrolled(order.with_untracked(Vec::len))
    };
    let rows = {
        let thread = thread.clone();
        move |id| row_view(&thread, &id)
    };
    let stop = {
        let thread = thread.clone();
        Callback::new(move |()| thread.stop())
    };
    view! {
        <div class="room">
            <div
                class="transcript"
                role="log"
                aria-label=words::CONVERSATION
                aria-live="off"
                tabindex="0"
                on:scroll=on_scroll
                on:wheel=move |event| follow.wheeled(&event)
                on:keydown=move |event| follow.key(&event)
                node_ref=follow.log
            >
                {past(room, thread, field)}
                <For each=move || order.get() key=Clone::clone children=rows />
            </div>
            <div class="dock">
                {jump(thread, follow)} {server_panel(&room.server(), route)}
                <MessageField
                    composer=thread.composer()
                    run=run
                    earlier=earlier(thread)
                    placeholder=placeholder(room)
                    on_send=Callback::new(move |()| follow.hold())
                    on_stop=stop
                    field=field
                />
            </div>
            {announcer(thread, run)} {approval(room, thread, field)}
        </div>
    }
    .into_any()
}

/// The page on which a thread begins with its first message.
pub fn new_thread_view(room: &RoomState, route: Signal<Route>) -> AnyView {
    let field = NodeRef::<html::Textarea>::new();
    let composer = room.new_thread();
    view! {
        <div class="room">
            <div class="transcript">{welcome(room, &composer, field)}</div>
            <div class="dock">
                {server_panel(&room.server(), route)}
                <MessageField
                    composer=composer.clone()
                    run=Signal::stored(RunPhase::Idle)
                    placeholder=placeholder(room)
                    on_send=Callback::new(|()| ())
                    on_stop=Callback::new(|()| ())
                    field=field
                />
            </div>
        </div>
    }
    .into_any()
}

fn placeholder(room: &RoomState) -> Signal<String> {
    let room = room.clone();
    Signal::derive(move || composer_words::placeholder(&super::room::name(&room)))
}

fn keep_end_in_view(thread: &ThreadState, follow: Follow, run: Signal<RunPhase>) {
    let (order, state, text) = (thread.order(), thread.clone(), thread.composer().text());
    Effect::new(move |_| {
        run.track();
        // The field grows with its text and leaves less room for the conversation.
        text.track();
        let (rows, last) = order.with(|order| (order.len(), order.last().cloned()));
        if let Some(row) = last.and_then(|id| state.row(&id)) {
            row.track();
        }
        follow.settle(Some(rows));
    });
}

/// What stands above the rows: how the loading of the past goes, or a welcome where there is none.
fn past(room: &RoomState, thread: &ThreadState, field: NodeRef<html::Textarea>) -> AnyView {
    #[derive(Clone, PartialEq)]
    enum Past {
        Loading,
        NotHere,
        Failed(ApiError),
        Empty,
        There,
    }
    let (history, order) = (thread.history(), thread.order());
    let past = Memo::new(move |_| {
        let has_rows = order.with(|order| !order.is_empty());
        history.with(|load| match (&load.error, load.data.is_some()) {
            // A name that is none in the server's eyes (422) is as good as one that nothing has.
            (Some(ApiError::NotFound { .. } | ApiError::Rejected { .. }), false) if !has_rows => {
                Past::NotHere
            }
            // The end of the session has its own panel.
            (Some(error), _) if !load.busy && *error != ApiError::Unauthorized => {
                Past::Failed(error.clone())
            }
            _ if has_rows => Past::There,
            (_, true) => Past::Empty,
            (_, false) => Past::Loading,
        })
    });
    let (room, thread) = (room.clone(), thread.clone());
    let content = move || match past.get() {
        Past::There => ().into_any(),
        Past::Loading => loading(),
        Past::Empty => welcome(&room, &thread.composer(), field),
        Past::NotHere => not_here(&room),
        Past::Failed(error) => {
            let thread = thread.clone();
            load_failed(&error, Callback::new(move |()| thread.reload()))
        }
    };
    content.into_any()
}

fn loading() -> AnyView {
    view! {
        <div aria-busy="true">
            <p class="visually-hidden">{words::LOADING}</p>
            <Skeleton shape=SkeletonShape::Text count=6 />
        </div>
    }
    .into_any()
}

fn not_here(room: &RoomState) -> AnyView {
    let app = use_app();
    let route = Route::room(room.server().alias(), room.id().clone());
    view! {
        <div class="empty">
            <Mark shut=true />
            <h2 class="empty__title">{words::NOT_HERE}</h2>
            <p class="empty__text">{words::NOT_HERE_TEXT}</p>
            <Button variant=Variant::Primary on_press=Callback::new(move |()| app.go(&route))>
                {room_words::NEW_THREAD}
            </Button>
        </div>
    }
    .into_any()
}

/// Something could not be loaded: why, and the way to try again where that may help.
pub fn load_failed(error: &ApiError, retry: Callback<()>) -> AnyView {
    let (title, text) = errors::api_error(error);
    let can_help = !matches!(error, ApiError::PermissionDenied { .. });
    let button = can_help.then(|| view! { <Button on_press=retry>{room_words::RETRY}</Button> });
    view! {
        <Panel tone=Tone::Danger title=title text=text>
            {button}
        </Panel>
    }
    .into_any()
}

fn jump(thread: &ThreadState, follow: Follow) -> AnyView {
    let (order, thread) = (thread.order(), thread.clone());
    let is_message = move |kind: &RowKind| {
        matches!(
            kind,
            RowKind::User { .. } | RowKind::Assistant { .. } | RowKind::Error { .. }
        )
    };
    let label = move || {
        let seen = follow.seen();
        let new = order.with(|order| {
            let rows = order.iter().skip(seen).filter_map(|id| thread.row(id));
            rows.filter(|row| row.with_untracked(|row| is_message(&row.kind)))
                .count()
        });
        words::jump(new)
    };
    view! {
        <button
            class="jump"
            type="button"
            data-shown=move || if follow.is_away() { "true" } else { "false" }
            on:click=move |_| follow.hold()
        >
            <IconView icon=Icon::ArrowDown />
            {label}
        </button>
    }
    .into_any()
}

/// Says how the answer goes to those who do not see it grow; the growing text itself is not read out.
fn announcer(thread: &ThreadState, run: Signal<RunPhase>) -> AnyView {
    let thread = thread.clone();
    let said = Memo::new(move |was: Option<&(RunPhase, &'static str)>| {
        let now = run.get();
        let Some((before, said)) = was else {
            return (now, "");
        };
        let said = match (before, now) {
            (RunPhase::Idle | RunPhase::Queued | RunPhase::Starting, RunPhase::Streaming) => {
                words::STARTED
            }
            (RunPhase::Resuming { .. }, RunPhase::Resuming { .. }) => said,
            (_, RunPhase::Resuming { .. }) => words::LOST,
            (RunPhase::Streaming | RunPhase::Resuming { .. }, RunPhase::Idle) => outcome(&thread),
            (_, RunPhase::Starting) | (RunPhase::Resuming { .. }, RunPhase::Streaming) => "",
            _ => said,
        };
        (now, said)
    });
    view! {
        <p class="visually-hidden" role="status">
            {move || said.get().1}
        </p>
    }
    .into_any()
}

fn outcome(thread: &ThreadState) -> &'static str {
    let last = thread.order().with_untracked(|order| order.last().cloned());
    let row = last.and_then(|id| thread.row(&id));
    let outcome = row.map(|row| {
        row.with_untracked(|row| match (&row.kind, row.state) {
            (RowKind::Error { .. } | RowKind::NoResponse, _) | (_, RowState::Failed) => {
                words::FAILED
            }
            (_, RowState::Partial) => words::STOPPED,
            _ => words::COMPLETE,
        })
    });
    outcome.unwrap_or(words::COMPLETE)
}
