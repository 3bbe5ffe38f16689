//! Rooms with something new, as the lobby and the list of rooms show them.

use enfilade::core::route::Route;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Element;

use crate::fake::{content, finished, started, text_end, text_start};
use crate::page::{all, find, find_in, name, until};
use crate::pages::Opened;

/// The room's card in the lobby, once it has this name.
async fn card(wanted: &str) -> Element {
    let meadow = find("region", "meadow").await;
    let rooms = find_in(&meadow, "list", "Rooms").await;
    find_in(&rooms, "link", wanted).await
}

/// What the list beside the threads calls the room on show.
async fn beside() -> String {
    let link = until("the room in the list", || {
        all(&crate::page::root(), ".room-side__rooms a[href]").pop()
    });
    name(&link.await)
}

#[wasm_bindgen_test]
async fn a_room_with_an_answer_that_nobody_saw_is_new_in_words_until_it_is_read() {
    let opened = Opened::at(|opened| opened.thread("t-news")).await;
    find("textbox", "Message").await;
    let run = opened.ask("hello").await;
    opened.go(&Route::Lobby).await;
    let known = card("Echo").await;
    assert!(!known.has_attribute("data-unread"));
    let answer = [
        started(&run),
        text_start("m"),
        content("m", "Hello."),
        text_end("m"),
        finished(&run),
    ];
    opened.meadow.emit(&run, &answer);
    let new = card("Echo, new").await;
    assert_eq!(new.get_attribute("data-unread").as_deref(), Some("true"));
    opened.go(&opened.thread("t-news")).await;
    find("textbox", "Message").await;
    assert_eq!(beside().await, "Echo", "what is looked at is not new");
    opened.go(&Route::Lobby).await;
    card("Echo").await;
    opened.close().await;
}
