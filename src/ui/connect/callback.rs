//! Where a sign-in comes back to.

use leptos::prelude::*;

use crate::core::route::Route;
use crate::i18n::connect as words;
use crate::state::app::CallbackState;
use crate::ui::kit::Mark;
use crate::ui::shell::BarePage;
use crate::ui::{href, use_app};

/// Finishes a sign-in, or says why it did not work.
#[component]
pub fn CallbackPage(
    /// The flow that the address names, unchecked.
    flow: String,
) -> impl IntoView {
    let app = use_app();
    let state = app.callback();
    Effect::new(move |_| app.finish_sign_in(&flow));
    let content = move || match state.get() {
        CallbackState::Working | CallbackState::Done => view! {
            <div class="empty" role="status">
                <Mark />
                <h1 class="empty__title">{words::SIGNING_IN}</h1>
            </div>
        }
        .into_any(),
        CallbackState::Failed { title, text, retry } => {
            let retry = retry.map(|place| {
                view! {
                    <a class="button" data-variant="primary" href=href(&place)>
                        {words::TRY_AGAIN}
                    </a>
                }
            });
            view! {
                <div class="empty" role="alert">
                    <Mark shut=true />
                    <h1 class="empty__title">{title}</h1>
                    <p class="empty__text" dir="auto">
                        {text}
                    </p>
                    <div class="row">
                        {retry}
                        <a class="button" data-variant="quiet" href=href(&Route::home())>
                            {words::TO_CONNECT}
                        </a>
                    </div>
                </div>
            }
            .into_any()
        }
    };
    view! {
        <BarePage title=words::SIGNING_IN>
            <div class="connect">{content}</div>
        </BarePage>
    }
    .into_any()
}
