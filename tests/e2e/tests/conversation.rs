//! A conversation and what may happen to it: stopped, cut, reloaded, looked at twice, asked again.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use enfilade_e2e::app::{ANSWER, button, letters, message_field};
use enfilade_e2e::browser::PATIENCE;
use enfilade_e2e::failure::ensure;
use enfilade_e2e::journey::not_here;
use enfilade_e2e::steps::{
    growing, has_messages, in_room, is_accessible, is_complete, open_thread, under_way,
};
use enfilade_e2e::{Found, Kind, Outcome, Server, Setup, journey};

#[tokio::test]
async fn stop_keeps_the_partial_answer_and_the_next_message_can_be_sent() -> Outcome<()> {
    let setup = Setup::from_env();
    let server = Server::first(&setup, "stop").await?;
    journey("stop", |browser| async move {
        let app = in_room(&browser, &setup, &server).await?;
        app.begin("pace 150 long 4 a story").await?;
        growing(&app).await?;
        if !app.messages("assistant", "done").await?.is_empty() {
            return not_here("stop", "the server keeps an answer back until it is whole");
        }
        browser.click(&button("Stop")).await?;
        has_messages(&app, "assistant", "partial", 1).await?;
        let kept = app.newest_answer().await?;
        ensure(letters(&kept).len() > 10, || format!("{kept:?} was kept"))?;

        app.send("echo and on we go").await?;
        app.answers(1).await?;
        let partial = app.messages("assistant", "partial").await?;
        ensure(partial.len() == 1, || {
            format!("{} answers are marked as stopped", partial.len())
        })
    })
    .await
}

#[tokio::test]
async fn an_answer_goes_on_after_a_reload_and_in_a_second_tab() -> Outcome<()> {
    let setup = Setup::from_env();
    let server = Server::first(&setup, "reload").await?;
    journey("reload_in_mid_stream", |browser| async move {
        let app = in_room(&browser, &setup, &server).await?;
        let thread = app.begin("pace 120 long 4 a story").await?;
        growing(&app).await?;
        browser.reload().await?;
        app.ready().await?;
        growing(&app).await?;

        let first = browser.tab().await?;
        let second = browser.new_tab().await?;
        app.open(&thread).await?;
        growing(&app).await?;
        is_complete(&app, &server, &thread).await?;
        browser.close_tab(&first).await?;
        drop(second);
        is_complete(&app, &server, &thread).await?;
        let questions = app.messages("user", "").await?.len();
        ensure(questions == 1, || format!("{questions} questions"))
    })
    .await
}

#[tokio::test]
async fn an_answer_that_is_cut_again_and_again_is_whole_in_the_end() -> Outcome<()> {
    let setup = Setup::from_env();
    let name = "cut";
    if setup.kind == Kind::Real {
        return not_here(name, "only the demo breaks off its streams");
    }
    let server = Server::first(&setup, name).await?;
    journey(name, |browser| async move {
        let app = in_room(&browser, &setup, &server).await?;
        server.switch("cut?after=40&mode=rude&count=2").await?;
        let thread = app.begin("pace 20 long 4 a story").await?;
        is_complete(&app, &server, &thread).await?;
        server.switch("cut?after=40&mode=polite&count=2").await?;
        app.to_lobby().await?;
        app.open_room(app.rooms().0).await?;
        let thread = app.begin("pace 20 long 3 another story").await?;
        is_complete(&app, &server, &thread).await?;
        server.switch("reset").await
    })
    .await
}

#[tokio::test]
async fn a_run_that_failed_is_asked_again() -> Outcome<()> {
    let setup = Setup::from_env();
    let server = Server::first(&setup, "retry").await?;
    journey("retry", |browser| async move {
        let app = in_room(&browser, &setup, &server).await?;
        app.begin("boom a story").await?;
        has_messages(&app, "error", "", 1).await?;
        is_accessible(&browser, "an error").await?;
        browser.click(&button("Try again")).await?;
        // The same words fail again, in a row of their own: nothing is doubled, nothing taken away.
        has_messages(&app, "error", "", 2).await?;
        has_messages(&app, "user", "", 2).await?;
        app.send("echo another question").await?;
        app.answers(1).await?;
        has_messages(&app, "user", "", 3).await
    })
    .await
}

#[tokio::test]
async fn what_is_sent_during_an_answer_waits_and_goes_by_itself() -> Outcome<()> {
    let setup = Setup::from_env();
    let server = Server::first(&setup, "queue").await?;
    journey("queue", |browser| async move {
        let app = in_room(&browser, &setup, &server).await?;
        app.begin("pace 100 long 2 a story").await?;
        under_way(&app).await?;
        app.send("echo the second").await?;
        app.send("echo the third").await?;
        let waiting = Found::any("listitem").within(Found::named("list", "Waiting messages"));
        let count = browser.all(&waiting).await?.len();
        ensure(count == 2, || format!("{count} messages wait"))?;
        ensure(browser.value(&message_field()).await?.is_empty(), || {
            "the field was not emptied".to_owned()
        })?;
        is_accessible(&browser, "messages that wait").await?;
        has_messages(&app, "user", "", 3).await?;
        app.answers(3).await?;
        ensure(browser.all(&waiting).await?.is_empty(), || {
            "something still waits".to_owned()
        })
    })
    .await
}

#[tokio::test]
async fn an_answer_that_ended_elsewhere_is_marked_as_new_until_it_is_looked_at() -> Outcome<()> {
    let setup = Setup::from_env();
    let server = Server::first(&setup, "unread").await?;
    journey("unread", |browser| async move {
        let app = in_room(&browser, &setup, &server).await?;
        let thread = app.begin("pace 40 long 2 a story").await?;
        under_way(&app).await?;
        browser.click(&button("New thread")).await?;
        app.at("an empty thread", |path| !path.contains("/thread/"))
            .await?;
        let threads = || Found::named("navigation", "Threads");
        let running = Found::having("link", ", answering").within(threads());
        browser.find(&running).await?;
        let new = Found::having("link", ", new").within(threads());
        browser
            .wait_until("the mark of something new", ANSWER, || browser.has(&new))
            .await?;
        let title = browser.script("return document.title", vec![]).await?;
        ensure(
            title.as_str().is_some_and(|title| title.starts_with("(1)")),
            || format!("the tab is called {title}"),
        )?;
        app.to_lobby().await?;
        let room = app.rooms().0;
        let new_room = Found::named("link", &format!("{room}, new"));
        browser.find(&new_room).await?;
        is_accessible(&browser, "a room with something new").await?;
        app.open_room(room).await?;
        open_thread(&app, &thread).await?;
        browser
            .wait_until("a thread without a mark", PATIENCE, || async {
                let title = browser.script("return document.title", vec![]).await?;
                let is_plain = title.as_str().is_some_and(|title| !title.starts_with('('));
                Ok(is_plain && !browser.has(&new).await?)
            })
            .await?;
        is_complete(&app, &server, &thread).await?;
        app.to_lobby().await?;
        browser.find(&Found::named("link", room)).await?;
        ensure(!browser.has(&new_room).await?, || {
            "the room is new after everything in it was read".to_owned()
        })
    })
    .await
}
