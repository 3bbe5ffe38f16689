//! Shows a made-up conversation once, where nobody sees it, while nobody waits: the first real one is there sooner.
//! It is laid out too: a browser looks for the fonts of bold text, of code and so on when it first needs them.

use std::any::Any;
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

/// A view that nobody sees, hears or reaches. With it goes whatever it listens to.
struct Stage {
    owner: Owner,
    element: Option<view::Part>,
    _view: Option<Box<dyn Any>>,
}

impl Stage {
    fn new(owner: &Owner, shown: impl FnOnce() -> AnyView + 'static) -> Self {
        let owner = owner.with(Owner::new);
        let element = view::block("room backstage");
        let view = element.clone();
        let view = view.map(|element| owner.with(|| mount_to(element, shown)));
        Self {
            owner,
            element,
            _view: view.map(|view| Box::new(view) as Box<dyn Any>),
        }
    }

    /// Puts it on the page, behind everything.
    fn lay_out(&self) {
        if let Some(element) = &self.element {
            view::put_behind(element);
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What was mounted may be held for a while by effects that have not run yet.
        self.owner.cleanup();
        if let Some(element) = &self.element {
            element.remove();
        }
    }
}

thread_local! {
    static IS_DONE: Cell<bool> = const { Cell::new(false) };
}

/// Does it in idle time, once, if the page is still there by then.
pub fn rehearse(room: &RoomState, route: Signal<Route>) {
    // Not held: a page that is left goes at once, with all that it listens to.
    let page = Owner::current().map(|owner| owner.downgrade());
    let (page, room) = (move || page.as_ref()?.upgrade(), room.clone());
    when_idle(move || {
        let Some(owner) = page().filter(|_| !IS_DONE.replace(true)) else {
            return;
        };
        let (thread, shown) = (room.rehearsal(), room.clone());
        let played = thread.clone();
        let stage = Stage::new(&owner, move || stage_view(&shown, &thread));
        stage.lay_out();
        drop(owner);
        when_idle(move || {
            spawn(async move {
                played.rehearse().await;
                drop(stage);
                when_idle(move || {
                    if let Some(owner) = page() {
                        come_and_go(&owner, &room, &played, route);
                    }
                });
            });
        });
    });
}

/// The whole page of a thread. It listens to the window, so it is gone again before anything can happen there.
fn come_and_go(owner: &Owner, room: &RoomState, thread: &ThreadState, route: Signal<Route>) {
    let (room, thread) = (room.clone(), thread.clone());
    drop(Stage::new(owner, move || {
        thread_view(&room, &thread, route)
    }));
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
