//! The app in this page, with scripted servers.

use enfilade::core::room::{RoomId, ThreadId};
use enfilade::core::route::Route;
use enfilade::state::app::App;
use std::cell::OnceCell;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlButtonElement};

use crate::fake::disk::Disk;
use crate::fake::{Backend, World, content, finished, started, text_end, text_start};
use crate::page::{
    all, every, find, find_in, name, press, root, text, texts_of, type_in, until, value,
};

/// The app and its servers: one for all tests, because a page has one history.
#[derive(Clone)]
pub struct Opened {
    pub app: App,
    pub harbor: Backend,
    meadow: Backend,
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
            harbor,
            meadow,
            disk,
            ports,
        } = World::new();
        let app = App::start(ports, None);
        enfilade::ui::mount(app.clone());
        Self {
            app,
            harbor,
            meadow,
            disk,
            address,
        }
    }

    async fn go(&self, route: &Route) {
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

    fn room(&self) -> Route {
        Route::room(self.meadow.alias(), RoomId::from("echo"))
    }

    fn thread(&self, thread: &str) -> Route {
        let (alias, room) = (self.meadow.alias(), RoomId::from("echo"));
        Route::thread(alias, room, ThreadId::from(thread))
    }

    /// Types and sends; the run that comes of it.
    async fn ask(&self, words: &str) -> String {
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
        (names.len() == 2).then_some(names)
    })
    .await;
    assert_eq!(names, ["harbor, session expired", "meadow, signed in"]);
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
