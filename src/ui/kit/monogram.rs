//! A letter or two on a coloured ground, in the place of a picture.

use leptos::prelude::*;

use super::button::Size;

/// The first letters of the first two words, or the first letter of a single word.
fn initials(name: &str) -> String {
    let letters: String = name
        .split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| word.chars().next())
        .take(2)
        .collect();
    if letters.is_empty() {
        String::from("?")
    } else {
        letters
    }
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
