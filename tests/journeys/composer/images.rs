//! Images in a message and in its draft.

use super::*;

#[test]
fn images_go_with_the_message_in_the_order_of_the_text() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    composer.typed("see ".into());
    attach(&composer, "cat.png");
    attach(&composer, "dog.png");
    composer.typed("see [Image 2] beside [Image 1]".into());
    assert_eq!(images(&composer), ["dog.png", "cat.png"]);
    composer.send();
    tab.settle();
    assert_eq!((text(&composer).as_str(), images(&composer).len()), ("", 0));
    let sent = world
        .net
        .last(&format!("POST /{}", harbor.last_run()))
        .json();
    let parts = sent["messages"][0]["content"].as_array().unwrap().clone();
    let kinds: Vec<_> = parts
        .iter()
        .map(|part| part["text"].as_str().unwrap_or("(image)").trim().to_owned())
        .collect();
    assert_eq!(
        kinds,
        [
            "see", "Image 1:", "(image)", "beside", "Image 2:", "(image)"
        ]
    );
}

#[test]
fn a_failed_send_gives_text_and_images_back() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    attach(&composer, "cat.png");
    let gate = world.net.hold("POST /agui/t-1");
    composer.send();
    attach(&composer, "dog.png");
    tab.settle();
    gate.answer(reply(503, ""));
    tab.settle();
    assert_eq!(text(&composer), "[Image 2]\n\n[Image 1]");
    assert_eq!(images(&composer), ["cat.png", "dog.png"]);
    assert!(composer.can_send().get(), "nothing has to be chosen again");
}

#[test]
fn a_failure_after_the_thread_was_made_brings_images_and_what_waits_there() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    tab.visit(&harbor.path(None));
    let made = world.net.hold("POST /api/v1/rooms/echo/agui");
    let page = tab.room(&harbor).new_thread();
    attach(&page, "cat.png");
    page.send();
    write(&page, "and then");
    attach(&page, "dog.png");
    tab.settle();
    assert_eq!(waiting(&page), ["and then"]);
    made.answer(reply(200, r#"{"thread_id":"t-9","runs":{"gone":{}}}"#));
    tab.settle();
    let composer = tab.thread(&harbor, "t-9").composer();
    assert_eq!(images(&composer), ["cat.png", "dog.png"]);
    assert_eq!(waiting(&composer), ["held: and then"]);
    assert_eq!(text(&page), "");
    assert_eq!((images(&page).len(), waiting(&page).len()), (0, 0));
    assert_eq!(drafts(&world).len(), 1, "under one place only");
}

#[test]
fn a_draft_names_its_images_and_they_can_be_chosen_again() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    composer.typed("look ".into());
    attach(&composer, "cat.png");
    attach(&composer, "dog.png");
    world.advance(300);
    assert!(!drafts(&world)[0].contains("AAAA"), "no bytes are kept");
    tab.close();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    assert_eq!(text(&composer), "look [Image 1][Image 2]");
    assert_eq!(images(&composer), ["gone: cat.png", "gone: dog.png"]);
    assert!(!composer.can_send().get());
    composer.replace_image(1, image("other.png"));
    assert!(!composer.can_send().get());
    composer.remove_image(2);
    assert_eq!(text(&composer), "look [Image 1]");
    assert!(composer.can_send().get());
    assert!(drafts(&world)[0].contains("other.png"));
}

#[test]
fn an_image_comes_back_with_its_token() {
    let (world, harbor) = World::with_one();
    let tab = world.open();
    let composer = tab.thread(&harbor, "t-1").composer();
    attach(&composer, "cat.png");
    composer.typed("cut".into());
    assert_eq!(images(&composer), [""; 0]);
    assert_eq!(composer.load(), (0, 0));
    attach(&composer, "dog.png");
    assert_eq!(text(&composer), "cut[Image 2]");
    composer.typed("[Image 1] cut[Image 2]".into());
    assert_eq!(images(&composer), ["cat.png", "dog.png"]);
    drop(world);
}

#[test]
fn a_draft_with_images_reaches_the_other_tabs_by_name_and_leaves_this_one_alone() {
    let (world, harbor) = World::with_one();
    let (one, two) = (world.open(), world.open());
    let (here, there) = (
        one.thread(&harbor, "t-1").composer(),
        two.thread(&harbor, "t-1").composer(),
    );
    attach(&here, "cat.png");
    here.flush();
    world.deliver();
    assert_eq!(images(&there), ["gone: cat.png"]);
    there.typed(text(&there) + " a cat");
    there.flush();
    world.deliver();
    assert_eq!(text(&here), "[Image 1] a cat");
    assert_eq!(images(&here), ["cat.png"]);
}
