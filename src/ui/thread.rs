//! A conversation and the field below it. What is in it belongs to the app: leaving ends nothing.

mod actions;
mod approval;
mod caption;
mod divider;
mod feedback;
mod find;
mod fold;
mod follow;
mod image;
mod json;
mod list;
mod older;
mod payload;
mod place;
mod rehearsal;
mod row;
mod sources;
mod steps;
mod zoom;

use leptos::{html, prelude::*};

use self::approval::approval;
use self::find::find_bar;
use self::follow::Follow;
use self::list::Outlook;
use self::older::older;
pub use self::rehearsal::rehearse;
use self::row::row_view;
use super::composer::{MessageField, earlier};
use super::kit::{Button, Icon, IconView, Mark, Panel, Skeleton, SkeletonShape, Tone, Variant};
use super::room::{server_panel, welcome};
use super::use_app;
use crate::core::error::ApiError;
use crate::core::route::Route;
use crate::core::thread::items::Item;
use crate::core::thread::message::{RowId, RowKind, RowState};
use crate::i18n::{composer as composer_words, errors, room as room_words, thread as words};
use crate::state::room::RoomState;
use crate::state::thread::{RunPhase, ThreadState};

/// A thread of a room.
pub fn thread_view(room: &RoomState, thread: &ThreadState, route: Signal<Route>) -> AnyView {
    thread.open();
    let follow = Follow::new(thread);
    // What is being closed may not get it through: it is kept until the server has it.
    let closing = window_event_listener(leptos::ev::pagehide, {
        let thread = thread.clone();
        move |_| thread.submit_opinions()
    });
    on_cleanup({
        let thread = thread.clone();
        move || {
            closing.remove();
            thread.submit_opinions();
        }
    });
    let field = NodeRef::<html::Textarea>::new();
    let run: Signal<RunPhase> = {
        let run = thread.run();
        Signal::derive(move || run.get())
    };
    keep_up(thread, follow, run);

    let stop = {
        let thread = thread.clone();
        Callback::new(move |()| thread.stop())
    };
    view! {
        <div class="room">
            {find_bar(thread, follow)}
            {conversation(room, thread, follow, field)}
            <div class="dock">
                {jump(follow)} {server_panel(&room.server(), route)}
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

/// The rows, and what stands above them.
fn conversation(
    room: &RoomState,
    thread: &ThreadState,
    follow: Follow,
    field: NodeRef<html::Textarea>,
) -> AnyView {
    view! {
        <div
            class="transcript"
            role="log"
            aria-label=words::CONVERSATION
            aria-live="off"
            tabindex="0"
            on:scroll=move |_| follow.scrolled()
            on:wheel=move |event| follow.wheeled(&event)
            on:keydown=move |event| follow.key(&event)
            on:pointermove=move |_| follow.pointed()
            on:click=move |event| follow.pressed(&event)
            node_ref=follow.log
        >
            {past(room, thread, field)} {older(thread, follow)}
            <div class="transcript__list" node_ref=follow.list></div>
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

/// Shows the rows as they come. What is in a row changes without this.
fn keep_up(thread: &ThreadState, follow: Follow, run: Signal<RunPhase>) {
    let (order, unread_after) = (thread.order(), thread.unread_after());
    // What is new is told once, as it was on arrival: what comes while one looks on is not.
    let unread = StoredValue::new(None::<Option<RowId>>);
    let is_live =
        Memo::new(move |_| matches!(run.get(), RunPhase::Streaming | RunPhase::Resuming { .. }));
    Effect::new(move |_| {
        let after = unread_after.get();
        follow.outlook.open.track();
        order.with(|order| {
            if let Some(after) = after
                && unread.with_value(Option::is_none)
                && order.contains(&after)
            {
                unread.set_value(Some(
                    Some(after).filter(|after| order.last() != Some(after)),
                ));
            }
            let unread = unread.get_value().flatten();
            follow.take(order, is_live.get(), unread.as_ref());
        });
    });
}

/// One thing in the list.
fn row_item(
    thread: &ThreadState,
    item: Item,
    rows: &[RowId],
    outlook: Outlook,
    today: i64,
) -> AnyView {
    match (item, rows.first()) {
        (Item::Day(day), _) => divider::day(day, today),
        (Item::Unread, _) => divider::unread(),
        (Item::Row(_), Some(id)) => row_view(thread, id),
        (Item::Steps(_), _) => steps::steps(thread, rows, outlook),
        (Item::Row(_), None) => ().into_any(),
    }
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

fn jump(follow: Follow) -> AnyView {
    let Outlook { is_away, new, .. } = follow.outlook;
    view! {
        <button
            class="jump"
            type="button"
            data-shown=move || if is_away.get() { "true" } else { "false" }
            on:click=move |_| follow.hold()
        >
            <IconView icon=Icon::ArrowDown />
            {move || words::jump(new.get())}
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
