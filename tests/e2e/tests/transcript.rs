//! What a conversation shows beside the answers: thoughts, tools, images, and what is far up in it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use enfilade_e2e::app::{App, button, conversation, message_field};
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::failure::{Failure, ensure};
use enfilade_e2e::journey::not_here;
use enfilade_e2e::steps::{has_messages, in_room, is_accessible};
use enfilade_e2e::{Browser, Found, Kind, Outcome, Server, Setup, journey};
use serde_json::Value;

/// Opens the line of that name, which may itself be in the line that stands for several steps.
async fn unfold(browser: &Browser, name: &str) -> Outcome<()> {
    let line = Found::having("button", name).within(conversation());
    let steps = Found::having("button", " steps").within(conversation());
    browser
        .wait_until(&format!("a line {name:?}"), PATIENCE, || async {
            if browser.has(&line).await? {
                return Ok(true);
            }
            for folded in browser.all(&steps).await? {
                if folded.attr("aria-expanded").await?.as_deref() == Some("false") {
                    folded.click().await?;
                }
            }
            Ok(false)
        })
        .await?;
    browser.click(&line).await
}

/// Waits until the conversation says this.
async fn says(browser: &Browser, wanted: &str) -> Outcome<()> {
    browser
        .wait_until(
            &format!("{wanted:?} in the conversation"),
            PATIENCE,
            || async {
                let log = browser.find(&conversation()).await?;
                Ok(log.text().await?.contains(wanted))
            },
        )
        .await
}

#[tokio::test]
async fn what_the_agent_thought_is_folded_and_opens() -> Outcome<()> {
    let setup = Setup::from_env();
    let server = Server::first(&setup, "reasoning").await?;
    let (question, thought) = match setup.kind {
        Kind::Real => ("think 2 hello", "Let me consider this carefully"),
        Kind::Demo => ("show thinking hello", "without a name"),
    };
    journey("reasoning", |browser| async move {
        let app = in_room(&browser, &setup, &server).await?;
        app.begin(question).await?;
        app.answers(1).await?;
        let log = browser.find(&conversation()).await?;
        ensure(!log.text().await?.contains(thought), || {
            "the thought was open before it was asked for".to_owned()
        })?;
        unfold(&browser, "Thought").await?;
        says(&browser, thought).await?;
        is_accessible(&browser, "a thread with its steps open").await
    })
    .await
}

#[tokio::test]
async fn a_tool_of_the_browser_answers_without_a_question() -> Outcome<()> {
    let setup = Setup::from_env();
    let server = Server::first(&setup, "clock").await?;
    journey("client_tool", |browser| async move {
        let app = in_room(&browser, &setup, &server).await?;
        app.begin("call get_current_time {}").await?;
        app.answers(1).await?;
        has_messages(&app, "user", "", 1).await?;
        unfold(&browser, "get_current_time").await?;
        says(&browser, "timezone").await?;
        browser.reload().await?;
        app.ready().await?;
        app.answers(1).await?;
        has_messages(&app, "user", "", 1).await?;
        unfold(&browser, "get_current_time").await?;
        says(&browser, "timezone").await
    })
    .await
}

/// Selects the first question, as somebody does who marks it with the pointer.
const SELECT: &str = "const body = document.querySelector('article[data-role=user] .message__body'); if (!body) return false; getSelection().selectAllChildren(body); return !getSelection().isCollapsed";

#[tokio::test]
async fn a_tool_that_reads_asks_first_and_takes_no_for_an_answer() -> Outcome<()> {
    let setup = Setup::from_env();
    let server = Server::first(&setup, "approval").await?;
    journey("approval", |browser| async move {
        let app = in_room(&browser, &setup, &server).await?;
        app.begin("echo the lighthouse keeper").await?;
        app.answers(1).await?;
        let question = Found::named("alertdialog", "Share the text you have selected?");
        for (count, press) in [(2, "Deny"), (3, "Allow once")] {
            let selected = browser.script(SELECT, vec![]).await?;
            ensure(selected == true, || "nothing could be selected".to_owned())?;
            app.send("call get_page_selection {}").await?;
            browser
                .wait_until("what would be shared", PATIENCE, || async {
                    let text = browser.find(&question).await?.text().await?;
                    Ok(text.contains("the lighthouse keeper"))
                })
                .await?;
            is_accessible(&browser, "the question before a tool").await?;
            press_until_gone(&browser, &question, press).await?;
            app.answers(count).await?;
        }
        has_messages(&app, "user", "", 3).await?;
        let results = results(&app).await?;
        ensure(
            matches!(&results[..], [no, yes] if no.contains("did not allow") && yes.contains("lighthouse keeper")),
            || format!("the agent was told {results:?}"),
        )
    })
    .await
}

/// What is pressed in the first moment of a question does not count.
async fn press_until_gone(browser: &Browser, question: &Found, name: &str) -> Outcome<()> {
    let answer = button(name).within(question.clone());
    browser
        .wait_until(&format!("{name} taken"), PATIENCE, || async {
            for found in browser.all(&answer).await? {
                found.click().await?;
            }
            Ok(!browser.has(question).await?)
        })
        .await
}

/// The results of all calls, in the order of the conversation.
async fn results(app: &App) -> Outcome<Vec<String>> {
    let open = "for (const folded of document.querySelectorAll('article[data-role=tool] details:not([open]) > summary')) folded.click()";
    app.browser.script(open, vec![]).await?;
    let read = "return [...document.querySelectorAll('article[data-role=tool]')].map((call) => call.innerText)";
    app.browser
        .wait_for("the results of the calls", PATIENCE, || async {
            let texts = app.browser.script(read, vec![]).await?;
            let texts = enfilade_e2e::server::texts(&texts);
            Ok(texts
                .iter()
                .all(|text| text.contains("Result"))
                .then_some(texts))
        })
        .await
}

/// Pastes a picture into the field, as the browser does: eight by eight pixels, made here.
const PASTE: &str = r"
const done = arguments[arguments.length - 1];
const canvas = Object.assign(document.createElement('canvas'), { width: 8, height: 8 });
canvas.getContext('2d').fillRect(0, 0, 4, 4);
canvas.toBlob((blob) => {
  const data = new DataTransfer();
  data.items.add(new File([blob], 'dot.png', { type: 'image/png' }));
  const field = document.querySelector('textarea');
  field.focus();
  // Firefox makes up the data of such an event by itself, without files.
  const paste = new ClipboardEvent('paste', { bubbles: true, cancelable: true });
  field.dispatchEvent(Object.defineProperty(paste, 'clipboardData', { value: data }));
  done(true);
});";

#[tokio::test]
async fn an_image_is_pasted_sent_and_there_again_after_a_reload() -> Outcome<()> {
    let setup = Setup::from_env();
    let server = Server::first(&setup, "image").await?;
    journey("image", |browser| async move {
        let app = in_room(&browser, &setup, &server).await?;
        browser.click(&button("New thread")).await?;
        browser.fill(&message_field(), "echo look at ").await?;
        browser.script_async(PASTE).await?;
        let taken = Found::starting("listitem", "").within(Found::named("list", "Images"));
        browser.find(&taken).await?;
        is_accessible(&browser, "a message with an image").await?;
        browser.click(&button("Send")).await?;
        app.answers(1).await?;
        is_shown(&browser).await?;
        browser.reload().await?;
        app.ready().await?;
        app.answers(1).await?;
        is_shown(&browser).await
    })
    .await
}

/// The picture of the message has been drawn.
async fn is_shown(browser: &Browser) -> Outcome<()> {
    let thumb = Found::having("button", "look at it").within(conversation());
    let element = browser.find(&thumb).await?;
    let width = "return arguments[0].querySelector('img')?.naturalWidth || 0";
    browser
        .wait_until("the picture in the message", PATIENCE, || async {
            let width = browser.script(width, vec![element.to_json()?]).await?;
            Ok(width == 8)
        })
        .await
}

/// A long thread of the demo, and its path.
async fn long_thread(app: &App, server: &Server, messages: usize) -> Outcome<String> {
    let room = app.browser.path().await?;
    let id = room.rsplit('/').next().unwrap_or_default().to_owned();
    let user: String = server.user.replace(' ', "%20");
    let made = server
        .ask(&format!("seed?room={id}&messages={messages}&user={user}"))
        .await?;
    let thread = made["thread_id"]
        .as_str()
        .ok_or_else(|| Failure::new(format!("no thread in {made}")))?;
    Ok(format!("{room}/thread/{thread}"))
}

/// Position and size of the set, as the first and the last article on the page tell them.
const PLACES: &str = "const all = [...document.querySelectorAll('article[aria-posinset]')]; const at = (article) => article ? [+article.getAttribute('aria-posinset'), +article.getAttribute('aria-setsize')] : null; return [at(all[0]), at(all.at(-1)), all.length]";

async fn places(browser: &Browser) -> Outcome<Value> {
    browser.script(PLACES, vec![]).await
}

#[tokio::test]
async fn a_long_thread_opens_at_its_end_and_what_is_found_is_brought_from_far_up() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "long_thread";
    if setup.kind == Kind::Real {
        return not_here(name, "only the demo makes long threads at once");
    }
    let server = Server::first(&setup, name).await?;
    journey(name, |browser| async move {
        let app = in_room(&browser, &setup, &server).await?;
        let thread = long_thread(&app, &server, 400).await?;
        app.open(&thread).await?;
        browser
            .wait_until(
                "the last message, and all of them counted",
                PATIENCE,
                || async {
                    let places = places(&browser).await?;
                    Ok(places[1][0] == places[1][1] && places[1][1].as_u64() >= Some(400))
                },
            )
            .await?;
        let drawn = places(&browser).await?[2].as_u64().unwrap_or_default();
        ensure(drawn < 120, || {
            format!("{drawn} messages are on the page at once")
        })?;

        is_accessible(&browser, "a long thread").await?;
        open_search(&browser, "section 1?").await?;
        at_match(&browser, |at, all| (at, all) == (1, 1)).await?;
        browser
            .wait_until("the first question, in view", PATIENCE, || async {
                let is_seen = browser
                    .script(SEEN, vec!["(message 1 of 400)".into()])
                    .await?;
                Ok(is_seen == true)
            })
            .await
    })
    .await
}

/// Whether a question with this in it is in view.
const SEEN: &str = r"
const view = document.querySelector('[role=log]').getBoundingClientRect();
return [...document.querySelectorAll('article[data-role=user]')].some((article) => {
  const place = article.getBoundingClientRect();
  return article.textContent.includes(arguments[0]) && place.top >= view.top && place.bottom <= view.bottom;
});";

/// Looks for a text with the keys of the browser's own search.
async fn open_search(browser: &Browser, text: &str) -> Outcome<()> {
    browser.press_with_control('f').await?;
    let field = Found::named("searchbox", "Find in conversation");
    browser
        .wait_until("the field of the search, in focus", PATIENCE, || async {
            let field = browser.find(&field).await?.to_json()?;
            let is_active = "return arguments[0] === document.activeElement";
            Ok(browser.script(is_active, vec![field]).await? == true)
        })
        .await?;
    browser.type_here(text).await
}

fn search_bar() -> Found {
    Found::named("search", "Find in conversation")
}

#[tokio::test]
async fn what_is_looked_for_is_counted_and_gone_through() -> Outcome<()> {
    let setup = Setup::from_env();
    let server = Server::first(&setup, "find").await?;
    journey("find", |browser| async move {
        let app = in_room(&browser, &setup, &server).await?;
        app.begin("echo the lighthouse").await?;
        app.answers(1).await?;
        app.send("echo another lighthouse").await?;
        app.answers(2).await?;
        open_search(&browser, "LIGHTHOUSE").await?;
        let first = at_match(&browser, |_, _| true).await?;
        ensure(first.1 >= 2, || format!("{} matches", first.1))?;
        browser
            .click(&button("Next match").within(search_bar()))
            .await?;
        at_match(&browser, |at, _| at == first.0 % first.1 + 1).await?;
        is_accessible(&browser, "the search in a conversation").await?;
        browser.type_here(ESCAPE).await?;
        browser
            .wait_until("the end of the search", PATIENCE, || async {
                Ok(!browser.has(&search_bar()).await?)
            })
            .await
    })
    .await
}

/// The key Escape, as drivers take it.
const ESCAPE: &str = "\u{e00c}";

/// The number of the match and of all, once they fit.
async fn at_match(
    browser: &Browser,
    fits: impl Fn(usize, usize) -> bool,
) -> Outcome<(usize, usize)> {
    let count = Found::any("status").within(search_bar());
    browser
        .wait_for("the count of matches", PATIENCE, || async {
            let said = browser.find(&count).await?.text().await?;
            let Some((at, all)) = said.split_once(" of ") else {
                return Ok(None);
            };
            let found = at.trim().parse().ok().zip(all.trim().parse().ok());
            Ok(found.filter(|(at, all)| fits(*at, *all)))
        })
        .await
}

/// Scrolls near the beginning of what is loaded; gives the first message in view and where its upper edge is.
const TO_TOP: &str = r"
const log = document.querySelector('[role=log]');
log.dispatchEvent(new WheelEvent('wheel', { deltaY: -1, bubbles: true }));
log.scrollTop = 100;
const edge = log.getBoundingClientRect().top;
const seen = [...log.querySelectorAll('article')].find((article) => article.getBoundingClientRect().top >= edge);
return seen ? [seen.dataset.messageId, seen.getBoundingClientRect().top, +seen.getAttribute('aria-posinset')] : null;
";

/// Where that message is now.
const WHERE: &str = "const seen = document.querySelector(`article[data-message-id='${arguments[0]}']`); return seen ? [seen.getBoundingClientRect().top, +seen.getAttribute('aria-posinset')] : null";

#[tokio::test]
async fn older_messages_come_above_without_moving_what_is_read() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "older";
    if setup.kind == Kind::Real {
        return not_here(name, "only the demo makes long threads at once");
    }
    let server = Server::first(&setup, name).await?;
    journey(name, |browser| async move {
        let app = in_room(&browser, &setup, &server).await?;
        let thread = long_thread(&app, &server, 120).await?;
        server.switch("delay?ms=250").await?;
        app.open(&thread).await?;
        browser
            .wait_until("the last screen", PATIENCE, || async {
                Ok(places(&browser).await?[2].as_u64() >= Some(6))
            })
            .await?;
        let before = browser
            .wait_for("a message near the top", PATIENCE, || async {
                let seen = browser.script(TO_TOP, vec![]).await?;
                Ok(Some(seen).filter(|seen| seen[0].is_string()))
            })
            .await?;
        let after = browser
            .wait_for("older messages above it", PATIENCE, || async {
                let place = browser.script(WHERE, vec![before[0].clone()]).await?;
                Ok(Some(place).filter(|place| place[1].as_u64() > before[2].as_u64()))
            })
            .await?;
        server.switch("delay?ms=0").await?;
        let (was, is) = (before[1].as_f64(), after[0].as_f64());
        let moved = was.zip(is).map(|(was, is)| (was - is).abs());
        ensure(moved.is_some_and(|moved| moved < 2.0), || {
            format!("{before} went to {after}")
        })?;
        Ok(())
    })
    .await
}
