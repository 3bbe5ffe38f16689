//! What is happening, or what is asked, after an address was given.

use leptos::prelude::*;

use crate::i18n::connect as words;
use crate::state::connect::{Connect, Found, Step};
use crate::state::shell::IS_BUILT;
use crate::ui::kit::{Button, Icon, Monogram, Panel, Size, Tone, Variant};
use crate::ui::late::{self, Piece};
use crate::ui::shell::hue;

/// The step of the moment, below the field.
#[component]
pub fn StepView(
    /// The state of connecting.
    connect: Connect,
) -> impl IntoView {
    let step = connect.step();
    // In place before anything is told, or it is not read out.
    view! {
        <div class="connect__step" role="status">
            {
                let (step, connect) = (step.clone(), connect.clone());
                move || progress(&connect, &step.read())
            }
        </div>
        <div class="connect__step" role="alert">
            {
                let step = step.clone();
                move || match &*step.read() {
                    Step::Failed { problem } if !problem.field => {
                        let (title, text) = (problem.title.clone(), problem.text.clone());
                        Some(
                            view! {
                                <div class="connect__error">
                                    <strong>{title}</strong>
                                    <p>{text}</p>
                                </div>
                            },
                        )
                    }
                    _ => None,
                }
            }
        </div>
        <div class="connect__step" aria-live="polite">
            {move || question(&connect, &step.read())}
        </div>
    }
    .into_any()
}

fn progress(connect: &Connect, step: &Step) -> Option<AnyView> {
    let (text, note) = match step {
        Step::Probing { address } => (words::probing(address), None),
        Step::Leaving { name } => (words::leaving(name), Some(words::LEAVING_TEXT)),
        _ => return None,
    };
    let cancel = matches!(step, Step::Probing { .. }).then(|| cancel(connect, Variant::Quiet));
    Some(
        view! {
            <div class="connect__progress">
                <p class="connect__lead">{text} " " {note}</p>
                {cancel}
            </div>
        }
        .into_any(),
    )
}

fn cancel(connect: &Connect, variant: Variant) -> AnyView {
    let connect = connect.clone();
    view! {
        <Button variant=variant on_press=Callback::new(move |()| connect.cancel())>
            {words::CANCEL}
        </Button>
    }
    .into_any()
}

fn question(connect: &Connect, step: &Step) -> Option<AnyView> {
    match step {
        Step::Insecure { found } => {
            let go_on = connect.clone();
            let cancel = cancel(connect, Variant::Primary);
            Some(
                view! {
                    <Panel
                        tone=Tone::Caution
                        icon=Icon::LockOpen
                        title=words::INSECURE
                        text=words::insecure_text(found.id.as_str(), found.fell_back)
                    >
                        {cancel}
                        <Button on_press=Callback::new(move |()| go_on.accept_insecure())>
                            {words::INSECURE_GO_ON}
                        </Button>
                    </Panel>
                }
                .into_any(),
            )
        }
        Step::Choose { found } => Some(providers(connect, found)),
        // Only somebody who knows another server is asked.
        Step::Shared { .. } => Some(late::home(Piece::Shared(connect.clone()))),
        Step::Key { .. } => Some(late::home(Piece::Key(connect.clone()))),
        Step::Outside if IS_BUILT => Some(late::home(Piece::Outside(connect.clone()))),
        _ => None,
    }
}

fn providers(connect: &Connect, found: &Found) -> AnyView {
    let buttons = found
        .providers
        .iter()
        .map(|provider| {
            let (connect, id, title) =
                (connect.clone(), provider.id.clone(), provider.title.clone());
            view! {
                <Button
                    size=Size::Large
                    class="connect__provider"
                    on_press=Callback::new(move |()| connect.choose(&id))
                >
                    <span class="truncate" dir="auto">
                        {title}
                    </span>
                </Button>
            }
            .into_any()
        })
        .collect_view();
    let description = found.description.clone().map(|text| {
        view! {
            <p class="quiet small" dir="auto">
                {text}
            </p>
        }
    });
    view! {
        <section class="connect__why" aria-label=words::CHOOSE>
            <div class="connect__who">
                <Monogram name=found.name.clone() hue=hue(&found.id) />
                <div>
                    <h2 dir="auto" title=found.name.clone()>
                        <span class="truncate">{found.name.clone()}</span>
                    </h2>
                    {description}
                </div>
            </div>
            <p>{words::CHOOSE}</p>
            <div class="connect__providers">{buttons}</div>
            {cancel(connect, Variant::Ghost)}
        </section>
    }
    .into_any()
}
