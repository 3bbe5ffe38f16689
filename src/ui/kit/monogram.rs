//! A letter or two on a coloured ground, in the place of a picture.

use leptos::prelude::*;

use super::button::Size;

/// The first letters of the first two words, or the first letter of a single word.
fn initials(name: &str) -> String {
    let letters: String = name
        .split(is_between_words)
        .filter_map(|word| word.chars().next())
        .take(2)
        .collect();
    if letters.is_empty() {
        String::from("?")
    } else {
        letters
    }
}

/// Whether it belongs to no word: ASCII signs, spaces, and the blocks of punctuation, symbols and pictures. The standard
/// library knows every letter of every script by tables that weigh more than this component.
fn is_between_words(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_alphanumeric();
    }
    matches!(c,
        '\u{80}'..='\u{a9}' | '\u{ab}'..='\u{b1}' | '\u{b4}' | '\u{b6}'..='\u{b8}' | '\u{bb}' | '\u{bf}'
        | '\u{d7}' | '\u{f7}' | '\u{2000}'..='\u{2bff}' | '\u{2e00}'..='\u{2e7f}' | '\u{3000}'..='\u{3004}'
        | '\u{3008}'..='\u{3020}' | '\u{fe00}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}'
        | '\u{1f000}'..='\u{1faff}' | '\u{e000}'..='\u{f8ff}')
}

/// Initials on a ground of one hue; always beside a name in words, so hidden from readers.
#[component]
pub fn Monogram(
    /// The name to shorten.
    #[prop(into)]
    name: Signal<String>,
    /// The hue in degrees; that of the surroundings if absent.
    #[prop(optional, into)]
    hue: MaybeProp<u16>,
    /// How large it is.
    #[prop(optional)]
    size: Size,
    /// Whether it stands for a person.
    #[prop(optional)]
    round: bool,
) -> impl IntoView {
    view! {
        <span
            class="monogram"
            data-size=size.as_str()
            data-shape=round.then_some("round")
            aria-hidden="true"
            style:--hue=move || hue.get().map(|hue| hue.to_string())
        >
            {move || name.with(|name| initials(name))}
        </span>
    }
}
