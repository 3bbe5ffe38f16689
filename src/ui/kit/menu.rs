//! A button that opens a short list of actions.

use leptos::{ev::KeyboardEvent, html, prelude::*};

use super::{
    button::Size,
    icon::{Icon, IconView},
    next_id,
    tone::Tone,
};

/// One action in a [`Menu`].
#[derive(Debug, Clone)]
pub struct MenuItem {
    /// The text.
    pub label: String,
    /// An icon before it.
    pub icon: Option<Icon>,
    /// [`Tone::Danger`] for an action that destroys.
    pub tone: Tone,
    /// Whether it is shown but cannot be used now.
    pub is_disabled: bool,
    /// Called when it is chosen; the menu is closed by then.
    pub on_select: Callback<()>,
}

impl MenuItem {
    /// An action that can be used.
    pub fn new(label: impl Into<String>, on_select: impl Into<Callback<()>>) -> Self {
        Self {
            label: label.into(),
            icon: None,
            tone: Tone::Info,
            is_disabled: false,
            on_select: on_select.into(),
        }
    }

    /// Adds an icon.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// Marks an action that destroys.
    #[must_use]
    pub fn danger(mut self) -> Self {
        self.tone = Tone::Danger;
        self
    }

    /// Shows it as unusable if `is_disabled`.
    #[must_use]
    pub fn disabled(mut self, is_disabled: bool) -> Self {
        self.is_disabled = is_disabled;
        self
    }
}

/// Where the focus goes for a key pressed on item `current` of `labels`; `None` leaves it where it is.
fn next_index(key: &str, current: usize, labels: &[String]) -> Option<usize> {
    let count = labels.len();
    if count == 0 {
        return None;
    }
    match key {
        "ArrowDown" => Some((current + 1) % count),
        "ArrowUp" => Some((current + count - 1) % count),
        "Home" => Some(0),
        "End" => Some(count - 1),
        _ => {
            let mut chars = key.chars();
            let letter = chars.next().filter(|_| chars.next().is_none())?;
            let starts = |label: &String| {
                label
                    .chars()
                    .next()
                    .is_some_and(|first| first.to_lowercase().eq(letter.to_lowercase()))
            };
            (1..=count)
                .map(|step| (current + step) % count)
                .find(|&index| labels.get(index).is_some_and(starts))
        }
    }
}

/// A menu button: arrows, Home, End and first letters move, Escape, Tab and a click elsewhere close it.
///
/// The list lives in the browser's top layer, so no scrolling container cuts it off.
#[component]
pub fn Menu(
    /// The accessible name and tooltip of the button.
    #[prop(into)]
    label: Signal<String>,
    /// The actions.
    #[prop(into)]
    items: Signal<Vec<MenuItem>>,
    /// The icon of the button; three dots if absent.
    #[prop(optional)]
    icon: Option<Icon>,
    /// Visible text beside the icon.
    #[prop(optional, into)]
    text: MaybeProp<String>,
    /// How large the button is.
    #[prop(optional)]
    size: Size,
    /// Whether it opens towards the end of the line of text; otherwise towards its start.
    #[prop(optional)]
    opens_to_end: bool,
) -> impl IntoView {
    let id = next_id("menu");
    let list = NodeRef::<html::Div>::new();
    let trigger = NodeRef::<html::Button>::new();
    let open = RwSignal::new(false);
    let buttons = StoredValue::new(Vec::<NodeRef<html::Button>>::new());

    let focus = move |index: usize| {
        let node = buttons.try_with_value(|buttons| buttons.get(index).copied());
        if let Some(button) = node.flatten().and_then(|node| node.try_get_untracked()?) {
            // A browser that refuses the focus leaves it on the trigger, from where the menu still closes.
            let _ = button.focus();
        }
    };
    let toggled = move |_| {
        let shown = list
            .try_get_untracked()
            .flatten()
            .is_some_and(|list| list.matches(":popover-open").unwrap_or(false));
        open.try_set(shown);
        if shown {
            focus(0);
        }
    };
    let trigger_key = move |event: KeyboardEvent| {
        if event.key() == "ArrowDown" && !open.get_untracked() {
            event.prevent_default();
            if let Some(button) = trigger.get_untracked() {
                button.click();
            }
        }
    };
    let item_key = move |event: KeyboardEvent, index: usize| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        if event.key() == "Tab" {
            // Hiding gives the focus back to the button, and the key then moves on from there.
            if let Some(list) = list.get_untracked() {
                let _ = list.hide_popover();
            }
            return;
        }
        let labels: Vec<String> =
            items.with_untracked(|items| items.iter().map(|item| item.label.clone()).collect());
        if let Some(next) = next_index(&event.key(), index, &labels) {
            event.prevent_default();
            focus(next);
        }
    };

    let list_id = id.clone();
    let rows = move || {
        let items = items.get();
        let nodes: Vec<_> = items.iter().map(|_| NodeRef::new()).collect();
        buttons.set_value(nodes.clone());
        items
            .into_iter()
            .zip(nodes)
            .enumerate()
            .map(|(index, (item, node))| {
                let keys = move |event| item_key(event, index);
                item_view(item, node, &list_id, keys)
            })
            .collect_view()
    };

    let variant = if text.get_untracked().is_some() {
        "ghost"
    } else {
        "icon"
    };
    let icon = icon.unwrap_or(Icon::More);
    view! {
        <div class="menu" data-align=opens_to_end.then_some("start")>
            <button
                class="button"
                type="button"
                data-variant=variant
                data-size=size.as_str()
                aria-label=move || label.get()
                title=move || label.get()
                aria-haspopup="menu"
                aria-expanded=move || if open.get() { "true" } else { "false" }
                popovertarget=id.clone()
                on:keydown=trigger_key
                node_ref=trigger
            >
                <IconView icon=icon />
                {move || text.get().map(|text| view! { <span>{text}</span> })}
            </button>
            <div
                class="menu__list"
                id=id
                role="menu"
                aria-label=move || label.get()
                popover="auto"
                on:toggle=toggled
                node_ref=list
            >
                {rows}
            </div>
        </div>
    }
    .into_any()
}

fn item_view(
    item: MenuItem,
    node: NodeRef<html::Button>,
    list_id: &str,
    on_key: impl Fn(KeyboardEvent) + 'static,
) -> AnyView {
    let (on_select, is_disabled) = (item.on_select, item.is_disabled);
    // The browser closes the list after the click; an unusable item leaves it open.
    let target = (!is_disabled).then(|| list_id.to_owned());
    let select = move |_| {
        if !is_disabled {
            on_select.run(());
        }
    };
    view! {
        <button
            class="menu__item"
            type="button"
            role="menuitem"
            tabindex="-1"
            data-tone=item.tone.as_str()
            aria-disabled=is_disabled.then_some("true")
            popovertarget=target
            popovertargetaction="hide"
            on:keydown=on_key
            on:click=select
            node_ref=node
        >
            {item.icon.map(|icon| view! { <IconView icon=icon /> })}
            <span>{item.label}</span>
        </button>
    }
    .into_any()
}
