//! One server in the lobby: who it is, how it stands, what one can do about that.

use leptos::html;
use leptos::prelude::*;

use super::rooms::{RoomList, load_panel};
use crate::core::route::Route;
use crate::i18n::{connect, lobby as words};
use crate::state::server::{Server, Standing};
use crate::ui::banner::ServerBanner;
use crate::ui::kit::{Button, Icon, IconView, Monogram, Panel, Size, Tone, Variant};
use crate::ui::shell::{Frame, ServerMenu, account, hue};
use crate::ui::use_app;

/// One server with its rooms.
#[component]
pub fn ServerSection(
    /// The server.
    server: Server,
    /// What the rooms are filtered by.
    #[prop(into)]
    filter: Signal<String>,
) -> impl IntoView {
    {
        let server = server.clone();
        Effect::new(move |_| {
            if server.is_connected() {
                server.load_rooms();
                server.look_for_news();
            }
        });
    }
    let section = NodeRef::<html::Section>::new();
    show_when_wanted(section, server.alias().as_str().to_owned());
    let standing = {
        let standing = server.standing();
        Memo::new(move |_| standing.get())
    };
    let name = {
        let server = server.clone();
        Memo::new(move |_| server.name())
    };
    let hue = hue(server.id());
    let account = account(&server);
    let panel = {
        let server = server.clone();
        move || panel(&server, standing.get(), name)
    };
    view! {
        <section
            class="lobby__server"
            id=server.alias().as_str().to_owned()
            tabindex="-1"
            aria-label=move || name.get()
            data-state=move || standing.get().as_str()
            style:--hue=hue.to_string()
            node_ref=section
        >
            <div class="lobby__server-head">
                <Monogram name=name hue=hue />
                <div class="lobby__names">
                    <h3 class="lobby__name" dir="auto" title=move || name.get()>
                        {move || name.get()}
                    </h3>
                    <p class="lobby__host">
                        <span class="truncate" dir="ltr">
                            {server.host()}
                        </span>
                        {move || {
                            account()
                                .filter(|_| standing.get() != Standing::Open)
                                .map(|account| {
                                    view! {
                                        <span class="lobby__account truncate" dir="auto">
                                            {account}
                                        </span>
                                    }
                                })
                        }}
                    </p>
                </div>
                <p class="lobby__state">
                    <IconView icon=Signal::derive(move || state_icon(standing.get())) />
                    {move || state_words(standing.get())}
                </p>
                <ServerMenu server=server.clone() />
            </div>
            <ServerBanner server=server.clone() back=Signal::stored(Route::Lobby) />
            {panel}
            <RoomList server=server.clone() filter=filter standing=standing />
        </section>
    }
    .into_any()
}

/// Nobody is signed in where no sign-in is needed, and nobody can read that from the tick alone.
fn state_words(standing: Standing) -> &'static str {
    match standing {
        Standing::Open => words::OPEN,
        _ => standing.words(),
    }
}

const fn state_icon(standing: Standing) -> Icon {
    match standing {
        Standing::SignedIn | Standing::Open => Icon::Check,
        Standing::Expired => Icon::LockOpen,
        Standing::SignedOut => Icon::SignOut,
        Standing::Unreachable => Icon::Offline,
    }
}

/// Scrolls to the section, and focuses it, when a link to its server was followed.
fn show_when_wanted(section: NodeRef<html::Section>, alias: String) {
    let frame = Frame::use_frame();
    Effect::new(move |_| {
        let is_wanted = frame.section().as_deref() == Some(alias.as_str());
        if let Some(section) = section.get().filter(|_| is_wanted) {
            frame.section_shown();
            section.scroll_into_view();
            // A section with a tabindex takes the focus wherever it is shown.
            let _ = section.focus();
        }
    });
}

/// What there is to say about the session or the connection, above the rooms.
fn panel(server: &Server, standing: Standing, name: Memo<String>) -> Option<AnyView> {
    let panel = match standing {
        // The banner says what there is to say.
        Standing::Unreachable => return None,
        Standing::SignedIn | Standing::Open => return load_panel(server),
        Standing::Expired => {
            let action = sign_in(server, Variant::Primary);
            view! {
                <Panel
                    tone=Tone::Caution
                    icon=Icon::LockOpen
                    label=connect::EXPIRED_REGION
                    title=Signal::derive(move || connect::waiting_title(&name.read(), true))
                    text=MaybeProp::derive(move || Some(connect::expired_text(&name.read())))
                >
                    {action}
                </Panel>
            }
            .into_any()
        }
        Standing::SignedOut => {
            let action = sign_in(server, Variant::Quiet);
            view! {
                <Panel
                    icon=Icon::Door
                    title=words::SIGNED_OUT
                    text=MaybeProp::derive(move || Some(words::signed_out_text(&name.read())))
                >
                    {action}
                </Panel>
            }
            .into_any()
        }
    };
    Some(panel)
}

fn sign_in(server: &Server, variant: Variant) -> AnyView {
    let (app, busy, server) = (use_app(), server.busy(), server.clone());
    view! {
        <Button
            variant=variant
            busy=busy
            on_press=Callback::new(move |()| app.sign_in(&server, Some(Route::Lobby)))
        >
            {connect::SIGN_IN}
        </Button>
    }
    .into_any()
}

/// Loads the rooms again.
pub fn retry(server: &Server) -> AnyView {
    let (rooms, server) = (server.rooms(), server.clone());
    view! {
        <Button
            size=Size::Small
            icon=Icon::Refresh
            busy=Signal::derive(move || rooms.read().busy)
            on_press=Callback::new(move |()| server.reload_rooms())
        >
            {words::RETRY}
        </Button>
    }
    .into_any()
}
