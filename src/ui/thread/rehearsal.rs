//! Shows a made-up conversation once, where nobody sees it, while nobody waits: the first real one is there sooner.

use std::cell::Cell;

use leptos::mount::mount_to;
use leptos::{html, prelude::*};

use super::follow::Follow;
use super::{announcer, conversation, jump, keep_up, thread_view};
use crate::core::route::Route;
use crate::state::room::RoomState;
use crate::state::task::spawn;
use crate::state::thread::{RunPhase, ThreadState};
use crate::web::dom::idle::when_idle;
use crate::web::dom::view;

thread_local! {
    static IS_DONE: Cell<bool> = const { Cell::new(false) };
}

/// Does it in idle time, once, if the page is still there by then.
pub fn rehearse(room: &RoomState, route: Signal<Route>) {
    let (Some(owner), room) = (Owner::current(), room.clone()) else {
        return;
    };
    let is_here = StoredValue::new(());
    when_idle(move || {
        if is_here.try_get_value().is_none() || IS_DONE.replace(true) {
            return;
        }
        let Some(stage) = view::block("room") else {
            return;
        };
        let (thread, shown) = (room.rehearsal(), room.clone());
        let played = thread.clone();
        let handle = owner.with(|| mount_to(stage, move || stage_view(&shown, &thread)));
        when_idle(move || {
            spawn(async move {
                played.rehearse().await;
                drop(handle);
                when_idle(move || {
                    if is_here.try_get_value().is_some() {
                        come_and_go(&owner, &room, &played, route);
                    }
                });
            });
        });
    });
}

/// The whole page of a thread. It listens to the window, so it is gone again before anything can happen there.
fn come_and_go(owner: &Owner, room: &RoomState, thread: &ThreadState, route: Signal<Route>) {
    if let Some(stage) = view::block("room") {
        let (room, thread) = (room.clone(), thread.clone());
        drop(owner.with(|| mount_to(stage, move || thread_view(&room, &thread, route))));
    }
}

/// What a thread shows of its conversation. Without the field below it, which listens to the whole page.
fn stage_view(room: &RoomState, thread: &ThreadState) -> AnyView {
    let follow = Follow::new(thread);
    let run: Signal<RunPhase> = {
        let run = thread.run();
        Signal::derive(move || run.get())
    };
    keep_up(thread, follow, run);
    let field = NodeRef::<html::Textarea>::new();
    view! { {conversation(room, thread, follow, field)} {jump(follow)} {announcer(thread, run)} }
        .into_any()
}
