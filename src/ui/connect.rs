//! The connect page: an address, what is found there, and the way to sign in.

mod callback;
mod key;
mod known;
mod outside;
mod shared;
mod step;
mod waiting;

use leptos::html;
use leptos::prelude::*;

pub use self::callback::CallbackPage;
pub use self::key::KeyQuestion;
pub use self::known::KnownServers;
pub use self::outside::OutsidePanel;
pub use self::shared::SharedQuestion;
use self::step::StepView;
pub use self::waiting::WaitingPanel;
use super::kit::{Button, Mark, Size, TextField, Variant};
use super::late::{self, Piece};
use super::shell::BarePage;
use super::use_app;
use crate::core::route::Route;
use crate::i18n::connect as words;
use crate::state::connect::{Connect, Step};

/// The connect page.
#[component]
pub fn ConnectPage(
    /// The place of the moment; its query may name a server and a way back.
    #[prop(into)]
    route: Signal<Route>,
) -> impl IntoView {
    let app = use_app();
    let connect = app.connect();
    follow_address(&connect, route);

    let step = connect.step();
    on_cleanup({
        let (connect, step) = (connect.clone(), step.clone());
        move || {
            // A step belongs to the visit it was reached in; the way out to a provider is never called back.
            if !matches!(*step.read_untracked(), Step::Leaving { .. }) {
                connect.cancel();
            }
        }
    });
    let waiting = connect.waiting();
    let return_to = Signal::derive(move || match route.get() {
        Route::Home { return_to, .. } => return_to,
        _ => None,
    });
    {
        // Another tab may have signed in meanwhile.
        let (app, waiting) = (app.clone(), waiting.clone());
        Effect::new(move |_| {
            let server = waiting
                .read()
                .as_ref()
                .map(|waiting| waiting.server.clone());
            if let Some(server) =
                server.filter(|server| server.is_connected() && !server.busy().get())
            {
                app.arrive(&server, return_to.read_untracked().as_deref());
            }
        });
    }
    let is_waiting = {
        let waiting = waiting.clone();
        Memo::new(move |_| waiting.read().is_some())
    };
    let suggested = {
        let connect = connect.clone();
        move || (!is_waiting.get()).then(|| suggestions(&connect))
    };
    let known = {
        let servers = app.servers();
        let has_any = Memo::new(move |_| !servers.read().is_empty());
        move || has_any.get().then(|| late::home(Piece::Known))
    };
    let top = {
        let connect = connect.clone();
        move || match waiting.get() {
            Some(waiting) => late::home(Piece::Waiting(waiting, return_to)),
            None => address_form(&connect),
        }
    };
    view! {
        <BarePage title=words::TITLE>
            <div class="connect">
                <div class="connect__card">
                    {top} <StepView connect=connect.clone() /> {known} {suggested}
                </div>
            </div>
        </BarePage>
    }
    .into_any()
}

/// Tells the connect state what the address of the page asks for.
fn follow_address(connect: &Connect, route: Signal<Route>) {
    let asked =
        Memo::new(
            move |was: Option<&(Option<String>, Option<String>)>| match route.get() {
                Route::Home { url, return_to } => (url, return_to),
                _ => was.cloned().unwrap_or_default(),
            },
        );
    let connect = connect.clone();
    Effect::new(move |was: Option<()>| {
        let (url, return_to) = asked.get();
        // "Sign in" elsewhere has led here to choose among providers.
        let is_choosing =
            was.is_none() && url.is_none() && connect.step().read_untracked().is_question();
        if !is_choosing {
            connect.open(url.as_deref(), return_to.as_deref());
        }
    });
}

fn address_form(connect: &Connect) -> AnyView {
    let (address, step) = (connect.address(), connect.step());
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |was: Option<bool>| {
        let node = field.get();
        if let (Some(node), Some(false) | None) = (&node, was) {
            // Without the focus the field works all the same.
            let _ = node.focus();
        }
        node.is_some()
    });
    let is_busy = {
        let step = step.clone();
        Memo::new(move |_| matches!(*step.read(), Step::Probing { .. } | Step::Leaving { .. }))
    };
    let error = {
        let step = step.clone();
        MaybeProp::derive(move || match &*step.read() {
            Step::Failed { problem } if problem.field => {
                Some(format!("{}. {}", problem.title, problem.text))
            }
            _ => None,
        })
    };
    let typed = {
        let (connect, address, step) = (connect.clone(), address.clone(), step);
        move |text: String| {
            address.set(text);
            if !matches!(*step.read_untracked(), Step::Address) {
                connect.cancel();
            }
        }
    };
    let submit = {
        let connect = connect.clone();
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            connect.submit();
        }
    };
    view! {
        <div class="connect__head">
            <div class="connect__mark">
                <Mark />
            </div>
            <h1 class="connect__title">{words::TITLE}</h1>
            <p class="connect__lead">{words::LEAD}</p>
        </div>
        <form class="connect__field" novalidate=true on:submit=submit>
            <div class="connect__row">
                <TextField
                    label=words::ADDRESS
                    value=address
                    on_input=Callback::new(typed)
                    error=error
                    placeholder=words::EXAMPLE
                    autocomplete="url"
                    size=Size::Large
                    node_ref=field
                />
                <Button variant=Variant::Primary size=Size::Large submit=true busy=is_busy>
                    {words::CONNECT}
                </Button>
            </div>
            <p class="connect__hint">{words::NEXT}</p>
        </form>
    }
    .into_any()
}

fn suggestions(connect: &Connect) -> impl IntoView + use<> {
    let connect = connect.clone();
    move || {
        let found = connect.suggestions().get();
        let chips = found
            .iter()
            .map(|found| {
                let (connect, id) = (connect.clone(), found.id.clone());
                let (name, host) = (found.name.clone(), id.host_and_port().to_owned());
                let host = (name != host)
                    .then(|| view! { <span class="chip__note" dir="ltr">{host}</span> });
                let take = move |_| {
                    connect.cancel();
                    connect.address().set(id.as_str().to_owned());
                    connect.submit();
                };
                view! {
                    <li>
                        <button class="chip" type="button" on:click=take>
                            <span class="truncate" dir="auto">{name}</span>
                            {host}
                        </button>
                    </li>
                }
            })
            .collect_view();
        (!found.is_empty()).then(|| {
            view! {
                <section class="connect__recent" aria-label=words::SUGGESTED>
                    <h2>{words::SUGGESTED}</h2>
                    <ul class="row">{chips}</ul>
                </section>
            }
            .into_any()
        })
    }
}
