//! The icons, one stroke style on a grid of 16, and the mark.

use leptos::prelude::*;

/// One icon of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each name says what is drawn")]
pub enum Icon {
    Activity,
    Alert,
    ArrowDown,
    ArrowLeft,
    ArrowUp,
    Attach,
    Book,
    Check,
    ChevronDown,
    ChevronLeft,
    ChevronRight,
    Clock,
    Close,
    Copy,
    Door,
    Download,
    Edit,
    External,
    File,
    Image,
    Info,
    Lock,
    LockOpen,
    Menu,
    Message,
    More,
    Offline,
    Plus,
    Quiz,
    Refresh,
    Search,
    Server,
    Settings,
    SignIn,
    SignOut,
    Stop,
    Thought,
    ThumbDown,
    ThumbUp,
    Tool,
    Trash,
    Upload,
    User,
    Warning,
    Wrap,
}

impl Icon {
    /// What to draw, as the `d` of a path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Activity => "M2 8h3l2-4.5 2.5 9L11 8h3",
            Self::Alert => {
                "M8 2.25a5.75 5.75 0 1 1 0 11.5 5.75 5.75 0 0 1 0-11.5zM8 5v3.5M8 11v.01"
            }
            Self::ArrowDown => "M8 3v10M3.5 8.5 8 13l4.5-4.5",
            Self::ArrowLeft => "M13 8H3M7.5 3.5 3 8l4.5 4.5",
            Self::ArrowUp => "M8 13V3M3.5 7.5 8 3l4.5 4.5",
            Self::Attach => {
                "m13.2 7.4-5.3 5.3a3.2 3.2 0 0 1-4.6-4.6l5.5-5.4a2.2 2.2 0 0 1 3 3l-5.4 5.5a1.1 1.1 0 0 1-1.6-1.6l5-4.9"
            }
            Self::Book => {
                "M8 4C6.5 3 4.5 2.8 2.5 3v9.5c2-.2 4 0 5.5 1 1.5-1 3.5-1.2 5.5-1V3c-2-.2-4 0-5.5 1zM8 4v9.5"
            }
            Self::Check => "M3 8.5 6.5 12 13 4.5",
            Self::ChevronDown => "m4 6 4 4 4-4",
            Self::ChevronLeft => "m10 4-4 4 4 4",
            Self::ChevronRight => "m6 4 4 4-4 4",
            Self::Clock => "M8 2.25a5.75 5.75 0 1 1 0 11.5 5.75 5.75 0 0 1 0-11.5zM8 5v3.2l2 1.3",
            Self::Close => "m4 4 8 8M12 4l-8 8",
            Self::Copy => "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
            Self::Door => "M3.5 13.5v-11h9v11M2 13.5h12M9.8 8v.5",
            Self::Download => "M8 2.5V11M4.5 7.5 8 11l3.5-3.5M3 13.5h10",
            Self::Edit => "m11 2.5 2.5 2.5-8 8H3v-2.5zM9.5 4 12 6.5",
            Self::External => "M6.5 3.5h-4v10h10v-4M9 2.5h4.5V7M13.5 2.5l-6 6",
            Self::File => "M4 2.5h5l3 3v8H4zM9 2.5v3h3",
            Self::Image => "M2.5 3h11v10h-11zM2.5 11l3-3 2.5 2.5 2-2 3.5 3.5M10.5 6v.01",
            Self::Info => "M8 2.25a5.75 5.75 0 1 1 0 11.5 5.75 5.75 0 0 1 0-11.5zM8 7.5V11M8 5v.01",
            Self::Lock => "M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
            Self::LockOpen => "M3.5 7.5h9v6h-9zM5.5 7.5V4.5a2.5 2.5 0 0 1 4.8-1",
            Self::Menu => "M2 4h12M2 8h12M2 12h12",
            Self::Message => "M2.5 3.5h11v8h-6L4.5 14v-2.5h-2z",
            Self::More => {
                "M3 8a.5.5 0 1 0 1 0 .5.5 0 0 0-1 0zm4.5 0a.5.5 0 1 0 1 0 .5.5 0 0 0-1 0zM12 8a.5.5 0 1 0 1 0 .5.5 0 0 0-1 0z"
            }
            Self::Offline => {
                "M2.5 6.5a8.5 8.5 0 0 1 11 0M4.8 9.2a5 5 0 0 1 6.4 0M8 12v.01M2.5 2.5l11 11"
            }
            Self::Plus => "M8 3v10M3 8h10",
            Self::Quiz => "m2.5 4.5 1 1 1.8-2M2.5 11l1 1 1.8-2M8 4.5h5.5M8 11h5.5",
            Self::Refresh => "M13 8a5 5 0 1 1-1.6-3.7L13 5.8M13 2.5v3.3H9.7",
            Self::Search => "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3l3.2 3.2",
            Self::Server => "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5v.01M5 11v.01",
            Self::Settings => {
                "M2.5 5h6M11.5 5h2M2.5 11h2M7.5 11h6M10 3.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3zM6 9.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3z"
            }
            Self::SignIn => "M9.5 2.5h4v11h-4M2.5 8h7M6.5 5l3 3-3 3",
            Self::SignOut => "M6.5 2.5h-4v11h4M6 8h7.5M10.5 5l3 3-3 3",
            Self::Stop => "M4.5 4.5h7v7h-7z",
            Self::Thought => {
                "M6 11.5c0-1.5-2-2.3-2-4.7a4 4 0 0 1 8 0c0 2.4-2 3.2-2 4.7zM6.5 13.8h3"
            }
            Self::ThumbDown => {
                "M5 8.5v-6H2.5v6zM5 8.5l2.8 5c1 0 1.6-.7 1.4-1.7l-.4-2.3h3.6c.8 0 1.3-.7 1.1-1.5l-1-4.3c-.2-.7-.7-1.2-1.5-1.2H5"
            }
            Self::ThumbUp => {
                "M5 7.5v6H2.5v-6zM5 7.5l2.8-5c1 0 1.6.7 1.4 1.7l-.4 2.3h3.6c.8 0 1.3.7 1.1 1.5l-1 4.3c-.2.7-.7 1.2-1.5 1.2H5"
            }
            Self::Tool => {
                "M13.3 4.6 11 6.9H9.1V5l2.3-2.3a3.7 3.7 0 0 0-4.9 4.7l-3.9 3.9a1.5 1.5 0 0 0 2.1 2.1l3.9-3.9a3.7 3.7 0 0 0 4.7-4.9z"
            }
            Self::Trash => "M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.5 9h6l.5-9M6.8 7v4M9.2 7v4",
            Self::Upload => "M8 11V2.5M4.5 6 8 2.5 11.5 6M3 13.5h10",
            Self::User => {
                "M8 8a2.75 2.75 0 1 0 0-5.5A2.75 2.75 0 0 0 8 8zM3 13.5c.5-2.3 2.5-3.5 5-3.5s4.5 1.2 5 3.5"
            }
            Self::Warning => "m8 2.5 6 11H2zM8 6.5v3M8 11.6v.01",
            Self::Wrap => "M2.5 4h11M2.5 8H11a2 2 0 0 1 0 4.2H8M9.7 10.5 8 12.2l1.7 1.7M2.5 12.2H5",
        }
    }

    /// Arrows along the line of text point the other way where text runs right to left.
    const fn follows_text(self) -> bool {
        matches!(
            self,
            Self::ArrowLeft | Self::ChevronLeft | Self::ChevronRight | Self::SignIn | Self::SignOut
        )
    }
}

/// Draws an icon in the colour of the text around it; always beside a name in words, so hidden from readers.
#[component]
pub fn IconView(
    /// What to draw.
    #[prop(into)]
    icon: Signal<Icon>,
) -> impl IntoView {
    view! {
        <svg
            class="icon"
            viewBox="0 0 16 16"
            aria-hidden="true"
            data-flip=move || icon.get().follows_text().then_some("true")
        >
            <path d=move || icon.get().path()></path>
        </svg>
    }
}

/// The logo: three door frames, one behind the other.
#[component]
pub fn Mark(
    /// Whether the innermost door is closed.
    #[prop(optional, into)]
    shut: Signal<bool>,
) -> impl IntoView {
    const FRAME: &str = "M12 25.5v-13h8v13M20 12.5l-4 3v12l4-2";
    const CLOSED: &str = "M12 25.5v-13h8v13zM17.4 19.2v.6";
    view! {
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
            <path d="M3 29.5V2.5h26v27"></path>
            <path d="M7.5 27.5V7.5h17v20"></path>
            <path d=move || if shut.get() { CLOSED } else { FRAME }></path>
        </svg>
    }
}
