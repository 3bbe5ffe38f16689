//! What opens a server that keeps the session itself: its core token, then the account.

use leptos::{html, prelude::*};

use crate::i18n::connect as connect_words;
use crate::i18n::openhuman as words;
use crate::state::connect::Connect;
use crate::state::openhuman::door::{Door, Wants};
use crate::ui::kit::{Button, Monogram, TextField, Variant};
use crate::ui::shell::hue;
use crate::ui::use_app;
use crate::web::dom::focus;

/// Asks for what is missing, one thing after the other.
#[component]
pub fn KeyQuestion(
    /// The state of connecting.
    connect: Connect,
) -> impl IntoView {
    let app = use_app();
    Door::at(&app, &connect).map(|door| form(&connect, door))
}

fn form(connect: &Connect, door: Door) -> AnyView {
    let (name, id) = (door.name(), door.server().clone());
    let (wants, busy, problem) = (door.wants(), door.busy(), door.problem());
    let typed = RwSignal::new(String::new());
    let is_core_token = Memo::new(move |_| wants.get() == Wants::CoreToken);
    let field = NodeRef::<html::Input>::new();
    // What was typed belongs to one question only, and whoever has come as far as this goes on typing.
    Effect::new(move |_| {
        is_core_token.track();
        typed.set(String::new());
        if let Some(field) = field.get() {
            focus(&field);
        }
    });
    let pick = move |core: &'static str, account: &'static str| {
        Signal::derive(move || if is_core_token.get() { core } else { account }.to_owned())
    };
    let (titled, told) = (name.clone(), name.clone());
    let title = Signal::derive(move || {
        if is_core_token.get() {
            words::core_title(&titled)
        } else {
            words::account_title(&titled)
        }
    });
    let text = move || {
        if is_core_token.get() {
            words::core_text(&told)
        } else {
            words::account_text(&told)
        }
    };
    let (submitting, changing, leaving) = (door.clone(), door.clone(), connect.clone());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        submitting.enter(&typed.get_untracked());
    };
    let other = move || {
        let door = changing.clone();
        (!is_core_token.get()).then(|| {
            view! {
                <Button
                    variant=Variant::Ghost
                    on_press=Callback::new(move |()| door.ask_anew())
                >
                    {words::OTHER_TOKEN}
                </Button>
            }
        })
    };
    view! {
        <section class="connect__why" aria-label=title>
            <div class="connect__who">
                <Monogram name=name hue=hue(&id) />
                <div>
                    <h2 dir="auto">{title}</h2>
                    <p class="quiet small" dir="auto">{text}</p>
                </div>
            </div>
            <form class="connect__key" novalidate=true on:submit=submit>
                <TextField
                    label=pick(words::CORE_TOKEN, words::SESSION_TOKEN)
                    hint=pick(words::CORE_TOKEN_HINT, words::SESSION_TOKEN_HINT)
                    value=typed
                    on_input=Callback::new(move |text| typed.set(text))
                    error=MaybeProp::derive(move || problem.get())
                    kind="password"
                    autocomplete="off"
                    node_ref=field
                />
                <div class="row">
                    <Button variant=Variant::Primary submit=true busy=busy>
                        {pick(words::OPEN, words::SIGN_IN)}
                    </Button>
                    {other}
                    <Button variant=Variant::Ghost on_press=Callback::new(move |()| leaving.cancel())>
                        {connect_words::CANCEL}
                    </Button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
