//! The app in this page, with scripted servers.

use enfilade::core::room::{RoomId, ThreadId};
use enfilade::core::route::Route;
use enfilade::state::app::App;
use reactive_graph::traits::GetUntracked;
use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlButtonElement};

use crate::fake::disk::Disk;
use crate::fake::{
    Backend, FLOW, Weather, World, content, finished, started, text_end, text_start,
};
use crate::page::{
    all, every, find, find_in, name, press, root, text, texts_of, type_in, until, value,
};

/// The app and its servers: one for all tests, because a page has one history.
#[derive(Clone)]
pub struct Opened {
    pub app: App,
    pub harbor: Backend,
    pub meadow: Backend,
    rooms_fail: Arc<AtomicU16>,
    pub garden: Backend,
    weather: Weather,
    /// What is stored, which another tab may change.
    pub disk: Disk,
    /// The address in which the tests found the page.
    address: String,
}

thread_local! {
    static OPENED: OnceCell<Opened> = const { OnceCell::new() };
}

fn address() -> String {
    web_sys::window().unwrap().location().pathname().unwrap()
}

impl Opened {
    /// The app at a place, ready for input.
    pub async fn at(route: impl FnOnce(&Self) -> Route) -> Self {
        let opened = OPENED.with(|opened| opened.get_or_init(Self::start).clone());
        until("data-ready", || {
            (root().get_attribute("data-ready")? == "true").then_some(())
        })
        .await;
        opened.go(&route(&opened)).await;
        opened
    }

    fn start() -> Self {
        let address = address();
        assert!(!root().has_attribute("data-ready"), "nothing is ready yet");
        // Fails only where it is initialised already.
        let _ = any_spawner::Executor::init_wasm_bindgen();
        let World {
            meadow,
            rooms_fail,
            garden,
            weather,
            harbor,
            disk,
            ports,
        } = World::new();
        let app = App::start(ports, None);
        enfilade::ui::mount(app.clone());
        Self {
            app,
            harbor,
            meadow,
            rooms_fail,
            garden,
            weather,
            disk,
            address,
        }
    }

    pub async fn go(&self, route: &Route) {
        let path = route.to_path();
        self.app.replace(route);
        until(&path, || (address() == path).then_some(())).await;
    }

    /// The page as it was found, for the test that comes next.
    pub async fn close(&self) {
        self.go(&Route::home()).await;
        assert_eq!(address(), self.address);
        // Shown, too: the next test must not find fields of this one.
        find("textbox", "Server address").await;
    }

    pub fn room(&self) -> Route {
        Route::room(self.meadow.alias(), RoomId::from("echo"))
    }

    /// Meadow stops answering, and the app notices.
    async fn lose_meadow(&self) {
        self.weather.silence_meadow(true);
        let meadow = self.app.server_by_id(&self.meadow.id()).unwrap();
        meadow.reload_rooms();
        until("the state in the list", || {
            let links = all(&root(), "nav[aria-label=Servers] a");
            links
                .iter()
                .any(|link| name(link) == "meadow, unreachable")
                .then_some(())
        })
        .await;
    }

    pub fn thread(&self, thread: &str) -> Route {
        let (alias, room) = (self.meadow.alias(), RoomId::from("echo"));
        Route::thread(alias, room, ThreadId::from(thread))
    }

    /// Types and sends; the run that comes of it.
    pub async fn ask(&self, words: &str) -> String {
        let before = self.meadow.runs();
        type_in(&find("textbox", "Message").await, words);
        let send = find("button", "Send").await;
        until("a button that can be pressed", || {
            let button = send.dyn_ref::<HtmlButtonElement>()?;
            (!button.disabled()).then_some(())
        })
        .await;
        press(&send);
        until("the run", || (self.meadow.runs() > before).then_some(())).await;
        self.meadow.last_run()
    }
}

/// What breaks a content security policy without `unsafe-inline`: handlers, and styles other than variables.
fn inline(within: &Element) -> Vec<String> {
    let mut found = Vec::new();
    for element in all(within, "*") {
        for attribute in element.get_attribute_names() {
            let attribute = attribute.as_string().unwrap();
            let text = element.get_attribute(&attribute).unwrap();
            let is_style = attribute == "style"
                && text
                    .split(';')
                    .map(str::trim)
                    .any(|one| !one.is_empty() && !one.starts_with("--"));
            if attribute.starts_with("on") || is_style {
                found.push(format!("{} {attribute}={text}", element.tag_name()));
            }
        }
    }
    found
}

fn shell() -> Element {
    all(&root(), ".shell").pop().unwrap()
}

fn answer() -> Option<Element> {
    all(&root(), "article[data-role=assistant]").pop()
}

async fn answer_in_state(state: &str) -> Element {
    let what = format!("an answer that is {state}");
    until(&what, || {
        answer().filter(|answer| answer.get_attribute("data-state").as_deref() == Some(state))
    })
    .await
}

#[wasm_bindgen_test]
async fn the_connect_page_has_its_field_and_its_button() {
    let opened = Opened::at(|_| Route::home()).await;
    let field = find("textbox", "Server address").await;
    find("button", "Connect").await;
    assert!(!field.has_attribute("aria-invalid"));
    assert_eq!(inline(&shell()), Vec::<String>::new());
    opened.close().await;
}

#[wasm_bindgen_test]
async fn every_server_is_a_link_that_begins_with_its_name_and_tells_its_state() {
    let opened = Opened::at(|_| Route::Lobby).await;
    let servers = find("navigation", "Servers").await;
    let names = until("the servers", || {
        let names: Vec<String> = all(&servers, "a[href]").iter().map(name).collect();
        (names.len() == 3).then_some(names)
    })
    .await;
    assert_eq!(
        names,
        [
            "harbor, session expired",
            "meadow, signed in",
            "garden, signed in"
        ]
    );
    opened.close().await;
}

#[wasm_bindgen_test]
async fn an_address_that_is_none_is_refused_beside_the_field() {
    let opened = Opened::at(|_| Route::home()).await;
    let field = find("textbox", "Server address").await;
    type_in(&field, "not an address");
    press(&find("button", "Connect").await);
    until("the refusal", || {
        (field.get_attribute("aria-invalid")? == "true").then_some(())
    })
    .await;
    let said = texts_of(&field, "aria-describedby");
    assert!(said.len() > 10, "it says why: {said}");
    let error = field.get_attribute("aria-describedby").unwrap();
    assert!(
        root()
            .query_selector(&format!("[aria-live] #{error}"))
            .unwrap()
            .is_some(),
        "it is read out when it comes"
    );
    assert_eq!(value(&field), "not an address", "what was typed is kept");
    type_in(&field, "chat.example");
    until("the field without a refusal", || {
        (!field.has_attribute("aria-invalid")).then_some(())
    })
    .await;
    type_in(&field, "");
    opened.close().await;
}

#[wasm_bindgen_test]
async fn the_lobby_has_the_rooms_of_one_server_and_the_way_back_into_the_other() {
    let opened = Opened::at(|_| Route::Lobby).await;
    let expired = find("region", "Session expired").await;
    find_in(&expired, "button", "Sign in").await;
    let harbor = find("region", "harbor").await;
    assert!(
        harbor.contains(Some(&expired)),
        "it is the session of harbor"
    );
    let meadow = find("region", "meadow").await;
    let rooms = find_in(&meadow, "list", "Rooms").await;
    let link = until("a room", || all(&rooms, "a[href]").pop()).await;
    assert!(name(&link).starts_with("Echo"), "{}", name(&link));
    assert_eq!(link.get_attribute("href"), Some(opened.room().to_path()));
    assert_eq!(inline(&shell()), Vec::<String>::new());
    press(&link);
    find("textbox", "Message").await;
    assert_eq!(
        address(),
        opened.room().to_path(),
        "without loading the page anew"
    );
    opened.close().await;
}

#[wasm_bindgen_test]
async fn a_menu_offers_what_fits_its_server_and_asks_before_it_removes() {
    let opened = Opened::at(|_| Route::Lobby).await;
    let offers = |server: &Element| -> Vec<String> {
        let items = all(server, "[role=menuitem]");
        items.iter().map(text).collect()
    };
    let (harbor, meadow) = (
        find("region", "harbor").await,
        find("region", "meadow").await,
    );
    let ended = ["Sign in", "Copy address", "Sign out", "Remove…"];
    assert_eq!(offers(&harbor), ended);
    assert_eq!(offers(&meadow), ["Reload rooms", "Copy address", "Remove…"]);
    press(&all(&harbor, "[role=menuitem]")[3]);
    let question = until("the question", || all(&harbor, "dialog[open]").pop()).await;
    assert!(text(&question).contains("drafts"), "it says what goes");
    press(&every(&question, "button", "Cancel")[0]);
    until("an answered question", || {
        all(&harbor, "dialog[open]").is_empty().then_some(())
    })
    .await;
    assert_eq!(opened.app.servers().get_untracked().len(), 3);
    assert_eq!(offers(&harbor), ended);
    opened.close().await;
}

#[wasm_bindgen_test]
async fn rooms_that_fail_offer_a_retry_and_refused_ones_do_not() {
    let opened = Opened::at(|_| Route::Lobby).await;
    let meadow = find("region", "meadow").await;
    find_in(&meadow, "list", "Rooms").await;
    opened.rooms_fail.store(500, Ordering::Relaxed);
    press(&all(&meadow, "[role=menuitem]")[0]);
    let retry = find_in(&meadow, "button", "Retry").await;
    find_in(&meadow, "list", "Rooms").await;
    opened.rooms_fail.store(403, Ordering::Relaxed);
    press(&retry);
    until("the refusal", || {
        text(&meadow).contains("permission").then_some(())
    })
    .await;
    assert!(every(&meadow, "button", "Retry").is_empty());
    opened.rooms_fail.store(0, Ordering::Relaxed);
    press(&all(&meadow, "[role=menuitem]")[0]);
    until("the rooms alone", || {
        (!text(&meadow).contains("permission")).then_some(())
    })
    .await;
    opened.close().await;
}

#[wasm_bindgen_test]
async fn a_sign_in_that_brought_nothing_leads_back_to_the_connect_page() {
    let opened = Opened::at(|_| Route::Callback { flow: FLOW.into() }).await;
    let told = until("what went wrong", || {
        all(&root(), ".empty[role=alert]").pop()
    })
    .await;
    find_in(&told, "link", "Try again").await;
    press(&find_in(&told, "link", "Back to the connect page").await);
    find("textbox", "Server address").await;
    assert_eq!(address(), opened.address);
    opened.close().await;
}

#[wasm_bindgen_test]
async fn the_field_has_the_focus_when_the_connect_page_opens() {
    let opened = Opened::at(|_| Route::Lobby).await;
    find("region", "meadow").await;
    opened.go(&Route::home()).await;
    let field = find("textbox", "Server address").await;
    until("the focus", || {
        let focused = crate::page::document().active_element()?;
        focused.is_same_node(Some(&field)).then_some(())
    })
    .await;
    opened.close().await;
}

#[wasm_bindgen_test]
async fn a_room_has_its_threads_and_the_field_for_a_message() {
    let opened = Opened::at(Opened::room).await;
    let field = find("textbox", "Message").await;
    let threads = find("navigation", "Threads").await;
    find_in(&threads, "button", "New thread").await;
    let send = find("button", "Send").await;
    assert!(send.has_attribute("disabled"), "there is nothing to send");
    until("the welcome", || {
        all(&root(), "h2")
            .iter()
            .find(|title| text(title) == "Echo")
            .map(|_| ())
    })
    .await;
    assert_eq!(value(&field), "");
    assert_eq!(inline(&shell()), Vec::<String>::new());
    opened.close().await;
}

#[wasm_bindgen_test]
async fn a_draft_is_still_there_after_a_walk_through_the_app() {
    let opened = Opened::at(|opened| opened.thread("t-walk")).await;
    type_in(&find("textbox", "Message").await, "not finished");
    opened.go(&Route::Lobby).await;
    find("region", "meadow").await;
    opened.go(&opened.thread("t-walk")).await;
    let field = find("textbox", "Message").await;
    until("the draft", || {
        (value(&field) == "not finished").then_some(())
    })
    .await;
    type_in(&field, "");
    opened.close().await;
}

#[wasm_bindgen_test]
async fn an_answer_grows_and_its_markdown_becomes_elements() {
    const TEXT: &str = "It is **really** [there](https://docs.example/a), [not](javascript:alert(1)) here.\n\n<img src=x onerror=alert(1)>\n";
    let opened = Opened::at(Opened::room).await;
    find("textbox", "Message").await;
    let run = opened.ask("hello").await;
    let log = find("log", "Conversation").await;
    let asked = until("the question", || {
        all(&log, "article[data-role=user][data-state=done]").pop()
    })
    .await;
    assert!(text(&asked).contains("hello"));
    assert_ne!(
        address(),
        opened.room().to_path(),
        "the thread has a place of its own"
    );

    let (begin, rest) = TEXT.split_at(12);
    let first = [started(&run), text_start("m-1"), content("m-1", begin)];
    opened.meadow.emit(&run, &first);
    let growing = answer_in_state("streaming").await;
    find("button", "Stop").await;
    opened.meadow.emit(
        &run,
        &[content("m-1", rest), text_end("m-1"), finished(&run)],
    );
    let answer = answer_in_state("done").await;
    assert!(growing.is_same_node(Some(&answer)), "it is the same row");
    assert!(answer.get_attribute("data-message-id").is_some());

    let strong = until("emphasis", || all(&answer, "strong").pop()).await;
    assert_eq!(text(&strong), "really");
    let links = all(&answer, "a");
    assert_eq!(links.len(), 1, "what is no link stays text");
    assert_eq!(
        links[0].get_attribute("href").as_deref(),
        Some("https://docs.example/a")
    );
    assert_eq!(links[0].get_attribute("target").as_deref(), Some("_blank"));
    let rel = links[0].get_attribute("rel").unwrap();
    for word in ["external", "noopener", "noreferrer"] {
        assert!(rel.split(' ').any(|part| part == word), "{rel}");
    }
    assert!(all(&answer, "img").is_empty(), "HTML of an answer is text");
    let said = text(&answer);
    assert!(
        said.contains("not") && said.contains("<img src=x onerror=alert(1)>"),
        "{said}"
    );
    assert_eq!(inline(&shell()), Vec::<String>::new());
    find("button", "Send").await;
    assert!(every(&root(), "button", "Stop").is_empty());
    opened.close().await;
}

#[wasm_bindgen_test]
async fn a_server_that_does_not_answer_is_named_until_it_does() {
    let opened = Opened::at(Opened::room).await;
    let field = find("textbox", "Message").await;
    type_in(&field, "not finished");
    opened.lose_meadow().await;
    let again = find("button", "Try now").await;
    let told = every_text("status", "meadow does not answer");
    assert_eq!(told.len(), 1, "it is read out, once: {told:?}");
    assert!(told[0].contains("nothing you wrote is lost"), "{told:?}");
    assert!(
        !text(&shell()).contains("cannot be reached"),
        "the page says it once: {}",
        text(&shell())
    );
    assert_eq!(value(&field), "not finished");
    assert_eq!(address(), opened.room().to_path());
    assert_eq!(inline(&shell()), Vec::<String>::new());
    press(&again);
    until("what came of it", || {
        (!every_text("status", "still does not answer").is_empty()
            || text(&root()).contains("meadow still does not answer"))
        .then_some(())
    })
    .await;

    opened.go(&Route::Lobby).await;
    let meadow = find("region", "meadow").await;
    find_in(&meadow, "button", "Try now").await;
    assert_eq!(every(&root(), "button", "Try now").len(), 1);
    opened.weather.silence_meadow(false);
    until("a page without the banner", || {
        every(&root(), "button", "Try now").is_empty().then_some(())
    })
    .await;
    opened.go(&opened.room()).await;
    type_in(&find("textbox", "Message").await, "");
    opened.close().await;
}

/// The texts of that role with these words in them.
fn every_text(role: &str, words: &str) -> Vec<String> {
    let found = all(&root(), &format!("[role={role}]"));
    let texts = found.iter().map(text);
    texts.filter(|text| text.contains(words)).collect()
}

#[wasm_bindgen_test]
async fn without_a_network_the_page_says_so_once_and_no_server_is_blamed() {
    let opened = Opened::at(|_| Route::Lobby).await;
    opened.lose_meadow().await;
    find("button", "Try now").await;
    opened.weather.go_offline(true);
    opened.app.wake();
    until("what is said about the network", || {
        (every_text("status", "You are offline").len() == 1).then_some(())
    })
    .await;
    assert!(every(&root(), "button", "Try now").is_empty());
    assert!(!text(&shell()).contains("does not answer"));
    opened.weather.silence_meadow(false);
    opened.weather.go_offline(false);
    opened.app.wake();
    until("the network", || {
        every_text("status", "You are offline")
            .is_empty()
            .then_some(())
    })
    .await;
    until("the server", || {
        let links = all(&root(), "nav[aria-label=Servers] a");
        links
            .iter()
            .any(|link| name(link) == "meadow, signed in")
            .then_some(())
    })
    .await;
    opened.close().await;
}

#[wasm_bindgen_test]
async fn a_session_that_is_about_to_end_offers_a_new_one_in_the_lobby_the_room_and_the_menu() {
    let opened = Opened::at(|_| Route::Lobby).await;
    let garden = find("region", "garden").await;
    find_in(&garden, "button", "Sign in again").await;
    assert!(
        text(&garden).contains("Your session on garden ends in less than 4 minutes"),
        "{}",
        text(&garden)
    );
    press(&find_in(&garden, "button", "More for garden").await);
    find("menuitem", "Sign in again").await;
    press(&find_in(&garden, "button", "More for garden").await);
    let room = Route::room(opened.garden.alias(), RoomId::from("echo"));
    opened.go(&room).await;
    find("textbox", "Message").await;
    find("button", "Sign in again").await;
    assert!(text(&shell()).contains("It cannot be renewed by itself"));
    let soon = every_text("status", "garden ends soon");
    assert_eq!(soon.len(), 1, "read out once, without the time: {soon:?}");
    assert_eq!(inline(&shell()), Vec::<String>::new());
    opened.close().await;
}

#[wasm_bindgen_test]
async fn a_shared_sign_in_is_a_question_before_anything_leaves_the_page() {
    let opened = Opened::at(|_| Route::home()).await;
    type_in(
        &find("textbox", "Server address").await,
        "https://orchard.example",
    );
    press(&find("button", "Connect").await);
    let question = find("region", "orchard.example uses the same sign-in as harbor").await;
    find_in(&question, "button", "Go on").await;
    assert!(
        text(&question).contains("through the same provider and client as harbor"),
        "{}",
        text(&question)
    );
    press(&find_in(&question, "button", "Cancel").await);
    until("the page without the question", || {
        every(&root(), "button", "Go on").is_empty().then_some(())
    })
    .await;
    type_in(&find("textbox", "Server address").await, "");
    opened.close().await;
}
