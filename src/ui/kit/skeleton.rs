//! The shape of what is being loaded.

use leptos::prelude::*;

/// What is being loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SkeletonShape {
    /// Running text.
    #[default]
    Text,
    /// A list.
    Rows,
    /// A grid of cards.
    Cards,
}

/// Grey shapes in the place of content, seen only when loading takes longer than 150 ms; hidden from readers.
#[component]
pub fn Skeleton(
    /// What is being loaded.
    #[prop(optional)]
    shape: SkeletonShape,
    /// How many lines, rows or cards.
    #[prop(default = 3)]
    count: usize,
) -> impl IntoView {
    let shape = match shape {
        SkeletonShape::Text => "text",
        SkeletonShape::Rows => "rows",
        SkeletonShape::Cards => "cards",
    };
    let lines = (0..count)
        .map(|_| view! { <div class="skeleton__line"></div> })
        .collect_view();
    view! {
        <div class="skeleton" data-shape=shape aria-hidden="true">
            {lines}
        </div>
    }
}
