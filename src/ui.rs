//! Components: what a person sees, and what they can do about it.

mod app;
mod connect;
pub mod kit;
mod lobby;
#[cfg(any())]
pub mod room;
pub mod shell;

pub use crate::state::app::use_app;
pub use app::{href, mount};

mod plain_room {
    use leptos::prelude::*;
    #[component]
    pub fn RoomPage(room: crate::state::room::RoomState, #[prop(into)] route: Signal<crate::core::route::Route>) -> impl IntoView { let _ = (room, route); }
}
