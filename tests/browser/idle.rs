//! The question whether somebody is still there, as a person finds it.

use enfilade::core::record::keys;
use enfilade::core::route::Route;
use enfilade::core::session::idle::Limits;
use enfilade::core::settings::Settings;
use enfilade::port::Clock;
use enfilade::state::server::Standing;
use enfilade::web::clock::BrowserClock;
use reactive_graph::traits::GetUntracked;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, Event, EventInit, HtmlDialogElement};

use crate::fake::HOUR;
use crate::page::{all, document, find_in, name, press, root, text, texts_of, until};
use crate::pages::Opened;

fn set_limits(opened: &Opened, inactivity: Limits) {
    let settings = Settings {
        inactivity,
        ..Settings::default()
    };
    opened.disk.put(&keys::settings(), &settings.encode());
    opened.app.storage_changed(&keys::settings());
}

fn shown() -> Option<HtmlDialogElement> {
    let open = all(&root(), "dialog[open][role=alertdialog]").pop()?;
    Some(open.unchecked_into())
}

fn seconds_left(dialog: &Element) -> i64 {
    let timer = all(dialog, "[role=timer]").pop().unwrap();
    let shown = text(&timer);
    let (minutes, seconds) = shown.split_once(':').unwrap();
    assert_eq!((minutes.len(), seconds.len()), (2, 2), "{shown}");
    let (minutes, seconds): (i64, i64) = (minutes.parse().unwrap(), seconds.parse().unwrap());
    let spoken = name(&timer);
    assert!(spoken.starts_with("4 minutes"), "{spoken}");
    assert_eq!(timer.get_attribute("aria-live").as_deref(), Some("off"));
    minutes * 60 + seconds
}

async fn question() -> HtmlDialogElement {
    until("the question", shown).await
}

#[wasm_bindgen_test]
async fn the_question_counts_down_and_waits_for_one_of_its_two_answers() {
    let opened = Opened::at(|_| Route::Lobby).await;
    let harbor = opened.app.server_by_id(&opened.harbor.id()).unwrap();
    harbor.session().sign_in(
        opened.harbor.provider(),
        opened.harbor.tokens(BrowserClock.now(), HOUR),
    );
    opened.app.touch();
    assert!(shown().is_none());
    set_limits(
        &opened,
        Limits {
            warn_after_ms: 2_000,
            sign_out_after_ms: 247_000,
        },
    );

    let dialog = question().await;
    assert_eq!(name(&dialog), "Are you still there?");
    assert!(texts_of(&dialog, "aria-describedby").contains("What you typed is saved."));
    let first = seconds_left(&dialog);
    assert!((240..=247).contains(&first), "{first}");
    until("a second less", || {
        (seconds_left(&dialog) < first).then_some(())
    })
    .await;

    let stay = find_in(&dialog, "button", "Stay signed in").await;
    assert!(stay.is_same_node(document().active_element().as_deref()));
    assert_eq!(all(&dialog, "button").len(), 2, "and no third way out");
    let escape = EventInit::new();
    escape.set_cancelable(true);
    let escape = Event::new_with_event_init_dict("cancel", &escape).unwrap();
    let goes_on = dialog.dispatch_event(&escape).unwrap();
    assert!(!goes_on, "Escape is no answer");
    dialog.close();
    until("the dialog that came back", || {
        shown().filter(|open| open.matches(":modal").unwrap())
    })
    .await;

    press(&stay);
    until("the dialog that is gone", || {
        shown().is_none().then_some(())
    })
    .await;
    assert_eq!(harbor.standing().get_untracked(), Standing::SignedIn);

    let dialog = question().await;
    press(&find_in(&dialog, "button", "Sign out now").await);
    until("the dialog that is gone", || {
        shown().is_none().then_some(())
    })
    .await;
    assert_eq!(harbor.standing().get_untracked(), Standing::Expired);
    set_limits(&opened, Limits::default());
    // The other tests want to find this one as it was.
    let garden = opened.app.server_by_id(&opened.garden.id()).unwrap();
    let mut tokens = opened.garden.tokens(BrowserClock.now(), HOUR / 15);
    tokens.refresh = None;
    garden.session().sign_in(opened.garden.provider(), tokens);
    opened.close().await;
}
