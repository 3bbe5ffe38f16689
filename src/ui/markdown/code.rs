//! A block of code: its language, and what one does with it.

use leptos::prelude::*;

use super::copy::copy_button;
use crate::i18n::thread as words;
use crate::ui::kit::{Icon, IconView};

/// Code in a box. Whether its lines are broken is kept by the checkbox itself, so that growing code does not undo it.
pub fn code_block(language: Option<String>, text: String) -> AnyView {
    let language = language.unwrap_or_else(|| words::CODE.to_owned());
    let copied = text.clone();
    view! {
        <div class="md__code">
            <div class="md__code-head">
                <span class="truncate">{language}</span>
                <label class="md__wrap" title=words::WRAP>
                    <input type="checkbox" class="visually-hidden" aria-label=words::WRAP />
                    <IconView icon=Icon::Wrap />
                </label>
                {copy_button(words::COPY_CODE, Callback::new(move |()| copied.clone()))}
            </div>
            <pre tabindex="0">
                <code>{text}</code>
            </pre>
        </div>
    }
    .into_any()
}
