//! The panel about a server whose session has ended: which, why one is here, what comes back.

use leptos::prelude::*;

use crate::core::route::Route;
use crate::core::session::machine::Session;
use crate::core::session::return_to::ReturnTo;
use crate::i18n::connect as words;
use crate::state::connect::{Step, Waiting};
use crate::state::server::Standing;
use crate::ui::kit::{Button, Icon, IconView, Mark, Monogram, Size, Variant};
use crate::ui::shell::hue;
use crate::ui::{href, use_app};

/// Asks for sign-in to one known server.
#[component]
pub fn WaitingPanel(
    /// What is waited for.
    waiting: Waiting,
    /// The way back, as it stands in the address.
    #[prop(into)]
    return_to: Signal<Option<String>>,
) -> impl IntoView {
    let app = use_app();
    let Waiting {
        server,
        place,
        has_draft,
        stuck,
    } = waiting;
    let standing = server.standing();
    let session = server.session().signal();
    let has_ended = Memo::new(move |_| standing.get() == Standing::Expired);
    let name = {
        let server = server.clone();
        Memo::new(move |_| server.name())
    };
    let label = move || {
        if has_ended.get() {
            words::EXPIRED_REGION
        } else {
            words::SIGN_IN
        }
    };
    let safe = if has_draft {
        words::DRAFT_SAVED
    } else {
        words::NOTHING_LOST
    };
    let kept = [
        place.as_deref().map(words::waiting_place),
        Some(safe.to_owned()),
    ]
    .into_iter()
    .flatten()
    .map(|text| {
        view! {
            <li>
                <IconView icon=Icon::Check />
                <span dir="auto">{text}</span>
            </li>
        }
    })
    .collect_view();
    let stuck = stuck.then(|| {
        view! {
            <div class="connect__error" role="alert">
                <p>{move || words::stuck(&name.read())}</p>
            </div>
        }
    });
    // What is asked for below takes the place of the buttons.
    let step = app.connect().step();
    let is_asked = Memo::new(move |_| step.with(|step| matches!(step, Step::Key { .. })));
    let sign_in = {
        let server = server.clone();
        move |()| {
            let back = return_to
                .get_untracked()
                .and_then(|text| ReturnTo::parse(&text).ok());
            let back = back.filter(|place| place.for_server(&server.alias()));
            app.sign_in(&server, back.map(|place| place.route().clone()));
        }
    };
    let hue = hue(server.id());
    let (busy, host) = (server.busy(), server.host());
    view! {
        <section class="connect__waiting" aria-label=label>
            <div class="connect__head">
                <div class="connect__mark">
                    <Mark shut=true />
                </div>
                <h1 class="connect__title" dir="auto">
                    {move || words::waiting_title(&name.read(), has_ended.get())}
                </h1>
                <p class="connect__lead" dir="auto">
                    {move || words::waiting_why(&name.read(), session.with(Session::expiry))}
                </p>
            </div>
            <div class="connect__why">
                <div class="connect__who">
                    <Monogram name=name hue=hue />
                    <div class="connect__name">
                        <strong class="truncate" dir="auto">
                            {move || name.get()}
                        </strong>
                        <span class="connect__host">{host}</span>
                    </div>
                </div>
                <ul>{kept}</ul>
                {stuck}
            </div>
            <div class="row" style:display=move || is_asked.get().then_some("none")>
                <Button
                    variant=Variant::Primary
                    size=Size::Large
                    icon=Icon::SignIn
                    busy=busy
                    on_press=Callback::new(sign_in)
                >
                    {words::SIGN_IN}
                </Button>
                <a class="button" data-variant="ghost" data-size="large" href=href(&Route::home())>
                    {words::OTHER_SERVER}
                </a>
            </div>
        </section>
    }
    .into_any()
}
