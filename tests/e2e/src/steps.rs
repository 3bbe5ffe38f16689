//! Longer steps of the journeys: a session that ends, an answer that goes on, a thread found again.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{ANSWER, App, button, headings, letters, message_field};
use crate::browser::{Browser, PATIENCE, is_still};
use crate::failure::{Failure, Outcome, ensure};
use crate::found::Found;
use crate::server::Server;
use crate::setup::Setup;

/// A server in the lobby, and a room of it on show.
pub async fn in_room(browser: &Browser, setup: &Setup, server: &Server) -> Outcome<App> {
    let app = App::new(browser, setup);
    app.add(server).await?;
    app.open_room(app.rooms().0).await?;
    Ok(app)
}

/// So many messages of the role, in that state; an empty word fits all.
pub async fn has_messages(app: &App, role: &str, state: &str, count: usize) -> Outcome<()> {
    app.browser
        .wait_until(&format!("{count} {role} {state}"), ANSWER, || async {
            Ok(app.messages(role, state).await?.len() == count)
        })
        .await
}

/// An answer is under way, even where the server keeps it back until it is whole.
pub async fn under_way(app: &App) -> Outcome<()> {
    app.browser.find(&button("Stop")).await?;
    Ok(())
}

/// The newest answer gets longer, or has come to its end.
pub async fn growing(app: &App) -> Outcome<()> {
    let has_text = || async { Ok(Some(app.newest_answer().await?).filter(|text| text.len() > 20)) };
    let before = app
        .browser
        .wait_for("the beginning of an answer", ANSWER, has_text)
        .await?;
    app.browser
        .wait_until("more of the answer", ANSWER, || async {
            let is_done = !app.messages("assistant", "done").await?.is_empty();
            Ok(is_done || app.newest_answer().await?.len() > before.len())
        })
        .await
}

/// What a page hears when its machine wakes up, its tab is chosen, or the network is back.
pub const WAKE: &str = "for (const [target, type] of [[window, 'online'], [window, 'focus'], [document, 'visibilitychange']]) target.dispatchEvent(new Event(type))";

/// Waits for the page that asks for a sign-in, waking the app until it finds out.
pub async fn asks_for_sign_in(app: &App, server: &Server, thread: &str) -> Outcome<()> {
    let path = app
        .browser
        .wait_for(
            "the page that asks for a sign-in",
            server.grace(),
            || async {
                let path = app.browser.path().await?;
                if path.starts_with("/?") && path.contains("returnTo=") {
                    return Ok(Some(path));
                }
                app.browser.script(WAKE, vec![]).await?;
                Ok(None)
            },
        )
        .await?;
    let decoded = "const query = new URLSearchParams(location.search); return [query.get('url'), query.get('returnTo')]";
    let asked = app.browser.script(decoded, vec![]).await?;
    ensure(asked == json!([server.base, thread]), || {
        format!("{path} asks for {asked}")
    })?;
    let text = app.browser.text().await?;
    ensure(text.contains(&server.name), || {
        format!("{} is not named: {text}", server.name)
    })
}

/// Back in the history to the page that asks for a sign-in: it is a step of the app, not a load.
pub async fn back_to_sign_in(app: &App) -> Outcome<()> {
    for _ in 0..6 {
        if app.browser.path().await?.contains("returnTo=") {
            return Ok(());
        }
        app.browser.back().await?;
        app.ready().await?;
    }
    app.at("the page that asks for a sign-in", |path| {
        path.contains("returnTo=")
    })
    .await?;
    Ok(())
}

/// Presses what the page offers to sign in.
pub async fn start_sign_in(app: &App, server: &Server) -> Outcome<()> {
    let offers = [Found::starting("button", "Sign in"), button("Connect")];
    app.browser
        .wait_until("a way to sign in", PATIENCE, || async {
            for offer in &offers {
                if app.browser.has(offer).await? {
                    app.browser.click(offer).await?;
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await?;
    ensure(!server.user.is_empty(), || "nobody signs in".to_owned())
}

/// Opens a thread by its link in the list of threads.
pub async fn open_thread(app: &App, thread: &str) -> Outcome<()> {
    let script = "const link = [...document.querySelectorAll('nav a[href]')].find((a) => new URL(a.href).pathname === arguments[0]); if (!link) return false; link.click(); return true";
    app.browser
        .wait_until("the thread in the list", PATIENCE, || async {
            if app.browser.path().await? == thread {
                return Ok(true);
            }
            Ok(app.browser.script(script, vec![json!(thread)]).await? == true)
        })
        .await?;
    app.at("the thread", |path| path == thread).await?;
    app.browser.find(&message_field()).await?;
    Ok(())
}

/// From the lobby, or a page that shows the room's link, to a thread of the room.
pub async fn to_thread(app: &App, room: &str, thread: &str) -> Outcome<()> {
    let is_in_room = app.browser.path().await?.starts_with("/room/");
    if !is_in_room {
        app.open_room(room).await?;
    }
    open_thread(app, thread).await
}

/// Types one more letter where the caret is, and finds it behind the draft or in it.
pub async fn caret_works(browser: &Browser, draft: &str) -> Outcome<()> {
    let focused = "return document.activeElement && document.activeElement.matches('textarea, [role=textbox]')";
    if browser.script(focused, vec![]).await? != true {
        browser.find(&message_field()).await?.click().await?;
    }
    browser.type_here("!").await?;
    let value = browser.value(&message_field()).await?;
    ensure(
        value.len() == draft.len() + 1 && value.contains('!'),
        || format!("after typing on: {value:?}"),
    )
}

/// What is shown is what the server stored: every heading once, in order, and the last words.
pub async fn is_complete(app: &App, server: &Server, thread: &str) -> Outcome<()> {
    let shown = app.answers(1).await?;
    let count = app.messages("assistant", "").await?.len();
    ensure(count == 1, || format!("{count} answers instead of 1"))?;
    let parts: Vec<&str> = thread.split('/').collect();
    let [_, _, _, room, _, id] = parts[..] else {
        return Err(Failure::new(format!("{thread} is no path of a thread")));
    };
    let token = server.token_in(&app.browser).await?;
    let stored = server.stored_answer(token.as_deref(), room, id).await?;
    let stored =
        stored.ok_or_else(|| Failure::new("the server says that the answer is not finished"))?;
    let script = "return [...document.querySelectorAll('article[data-role=assistant]')].flatMap((article) => [...article.querySelectorAll('h1, h2, h3, h4, h5, h6')]).map((heading) => heading.textContent.trim())";
    let titles = app.browser.script(script, vec![]).await?;
    let expected: Vec<String> = headings(&stored)
        .iter()
        .map(|title| letters(title))
        .collect();
    let titles: Vec<String> = titles
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(letters)
        .collect();
    ensure(titles == expected, || {
        format!("headings {titles:?} instead of {expected:?}")
    })?;
    let last: String = stored
        .lines()
        .rev()
        .find(|line| letters(line).len() > 10)
        .map(letters)
        .unwrap_or_default();
    let tail: String = last
        .chars()
        .rev()
        .take(10)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    ensure(letters(&shown).contains(&tail), || {
        format!("{tail:?} is missing at the end of {shown:?}")
    })
}

/// Finds a command for the server, on the page or in a menu that names the server, and confirms it where asked.
pub async fn choose(app: &App, server: &Server, command: &str) -> Outcome<()> {
    let browser = &app.browser;
    let offers = || ["menuitem", "button"].map(|role| Found::starting(role, command));
    let opener = Found::having("button", &server.name);
    browser
        .wait_until(
            &format!("{command} for {}", server.name),
            PATIENCE,
            || async {
                for offer in offers() {
                    if let Some(found) = browser.all(&offer).await?.first() {
                        if !is_still(found).await? {
                            return Ok(false);
                        }
                        found.click().await?;
                        return Ok(true);
                    }
                }
                for menu in browser.all(&opener).await? {
                    if menu.attr("aria-haspopup").await?.is_some() {
                        menu.click().await?;
                        break;
                    }
                }
                Ok(false)
            },
        )
        .await?;
    // A dialog may ask once more.
    let dialog = Found::any("dialog");
    let settled = Duration::from_millis(800);
    let asked = browser
        .wait_until("a question", settled, || browser.has(&dialog))
        .await;
    if asked.is_ok() {
        browser
            .click(&Found::starting("button", command).within(dialog))
            .await?;
    }
    Ok(())
}

/// The faults that axe-core finds in the page on show, against WCAG 2.2 AA and its best practices.
pub async fn is_accessible(browser: &Browser, page: &str) -> Outcome<()> {
    let path = crate::setup::axe()
        .ok_or_else(|| Failure::new("ENFILADE_AXE names no axe-core".to_owned()))?;
    let source =
        std::fs::read_to_string(&path).map_err(|error| Failure::new(format!("{path}: {error}")))?;
    browser.script(&source, vec![]).await?;
    let run = r"
        const done = arguments[arguments.length - 1];
        // Colours on their way from light to dark are nobody's contrast.
        const passing = document.getAnimations().filter((a) => Number.isFinite(a.effect.getComputedTiming().endTime));
        Promise.all(passing.map((a) => a.finished.catch(() => {}))).then(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] }))
          .then((found) => done(found.violations.map((fault) =>
            `${fault.id}: ${fault.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ')}`)))
          .catch((error) => done([String(error)]));";
    let faults = browser.script_async(run).await?;
    let faults = faults.as_array().cloned().unwrap_or_default();
    ensure(faults.is_empty(), || format!("{page}: {faults:?}"))
}
