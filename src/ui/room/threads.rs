//! The threads of a room.

mod rename;

use leptos::{html, prelude::*};

use self::rename::rename_field;
use crate::core::error::ApiError;
use crate::core::room::ThreadId;
use crate::core::route::Route;
use crate::core::thread::history::ThreadSummary;
use crate::i18n::{room as words, unread as unread_words};
use crate::state::app::App;
use crate::state::room::RoomState;
use crate::state::server::Standing;
use crate::state::thread::RunPhase;
use crate::ui::kit::{
    Button, ConfirmDialog, Icon, IconView, Menu, MenuItem, Size, Skeleton, SkeletonShape,
};
use crate::ui::thread::load_failed;
use crate::ui::{href, use_app};

/// How long a thread counts as one of today, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What the rows share.
#[derive(Clone)]
struct List {
    app: App,
    room: RoomState,
    current: Memo<Option<ThreadId>>,
    renaming: RwSignal<Option<ThreadId>>,
    deleting: RwSignal<Option<ThreadId>>,
}

/// One line of the list.
#[derive(Clone, PartialEq)]
enum Line {
    Group(&'static str),
    Thread(ThreadId),
}

impl Line {
    fn key(&self) -> String {
        match self {
            Self::Group(name) => format!("group {name}"),
            Self::Thread(id) => format!("thread {id}"),
        }
    }
}

/// The threads, newest first, and the way to a new one.
pub fn threads(room: &RoomState, current: Memo<Option<ThreadId>>) -> AnyView {
    let list = List {
        app: use_app(),
        room: room.clone(),
        current,
        renaming: RwSignal::new(None),
        deleting: RwSignal::new(None),
    };
    let nav = NodeRef::<html::Nav>::new();
    let lines = {
        let list = list.clone();
        Memo::new(move |_| lines(&list))
    };
    let begin = {
        let (app, route) = (
            list.app.clone(),
            Route::room(room.server().alias(), room.id().clone()),
        );
        Callback::new(move |()| app.go(&route))
    };
    let line = {
        let list = list.clone();
        move |line: Line| match line {
            Line::Group(name) => view! { <li class="threads__group">{name}</li> }.into_any(),
            Line::Thread(id) => thread_row(&list, id),
        }
    };
    view! {
        <nav class="side__list" aria-label=words::THREADS tabindex="-1" node_ref=nav>
            <div class="threads__head">
                <Button icon=Icon::Plus on_press=begin attr:data-block="true">
                    {words::NEW_THREAD}
                </Button>
            </div>
            {standing(room)}
            <ul class="threads">
                <For each=move || lines.get() key=Line::key children=line />
            </ul>
            {delete_dialog(&list, nav)}
        </nav>
    }
    .into_any()
}

fn lines(list: &List) -> Vec<Line> {
    let _ = list.app.clock_tick().get();
    let now = list.app.now();
    let mut lines = Vec::new();
    let mut group = "";
    list.room.threads().with(|load| {
        for thread in load.data.iter().flatten() {
            let is_today = last_moved(thread).is_none_or(|at| now - at < DAY_MS);
            let name = if is_today {
                words::TODAY
            } else {
                words::EARLIER
            };
            // Each heading once, whatever the order of the list.
            if name != group && !lines.contains(&Line::Group(name)) {
                lines.push(Line::Group(name));
                group = name;
            }
            lines.push(Line::Thread(ThreadId::new(thread.id.to_string())));
        }
    });
    lines
}

fn last_moved(thread: &ThreadSummary) -> Option<i64> {
    thread.last_activity.or(thread.created)
}

/// How the loading goes. Threads that are known stay on show beside a failure.
fn standing(room: &RoomState) -> AnyView {
    let (room, threads) = (room.clone(), room.threads());
    let standing = room.server().standing();
    let content = move || {
        let is_away = standing.get() == Standing::Unreachable;
        threads.with(|load| match (&load.error, &load.data) {
            // The banner says it, once for the whole page.
            (Some(_), _) if is_away => ().into_any(),
            (Some(error), _) if !load.busy && *error != ApiError::Unauthorized => {
                let room = room.clone();
                load_failed(error, Callback::new(move |()| room.reload_threads()))
            }
            (_, None) => view! { <Skeleton shape=SkeletonShape::Rows count=5 /> }.into_any(),
            (_, Some(threads)) if threads.is_empty() => {
                view! { <p class="side__note">{words::NO_THREADS}</p> }.into_any()
            }
            (_, Some(_)) => ().into_any(),
        })
    };
    content.into_any()
}

fn thread_row(list: &List, id: ThreadId) -> AnyView {
    let link = NodeRef::<html::A>::new();
    let summary = {
        let (threads, id) = (list.room.threads(), id.clone());
        Memo::new(move |_| threads.with(|load| find(load.data.as_deref(), &id)))
    };
    let name = Signal::derive(move || {
        let name = summary.with(|summary| summary.as_ref()?.name.clone());
        name.filter(|name| !name.trim().is_empty())
            .unwrap_or_else(|| words::NEW_THREAD.to_owned())
    });
    let is_renamed = {
        let (renaming, id) = (list.renaming, id.clone());
        Memo::new(move |_| renaming.with(|renaming| renaming.as_ref() == Some(&id)))
    };
    let actions = Signal::derive(move || words::thread_actions(&name.get()));
    let items = {
        let (list, id) = (list.clone(), id.clone());
        Signal::derive(move || menu(&list, &id))
    };
    let content = {
        let list = list.clone();
        move || {
            if is_renamed.get() {
                rename_field(&list.room, &id, name, list.renaming, link)
            } else {
                thread_link(&list, &id, summary, name, link)
            }
        }
    };
    view! {
        <li>
            {content}
            <div class="thread-row__actions">
                <Menu label=actions items=items size=Size::Small />
            </div>
        </li>
    }
    .into_any()
}

fn find(threads: Option<&[ThreadSummary]>, id: &ThreadId) -> Option<ThreadSummary> {
    threads?
        .iter()
        .find(|thread| thread.id.to_string() == id.as_str())
        .cloned()
}

fn menu(list: &List, id: &ThreadId) -> Vec<MenuItem> {
    let (renaming, deleting) = (list.renaming, list.deleting);
    let (renamed, deleted) = (id.clone(), id.clone());
    vec![
        MenuItem::new(
            words::RENAME,
            Callback::new(move |()| renaming.set(Some(renamed.clone()))),
        )
        .icon(Icon::Edit),
        MenuItem::new(
            words::DELETE,
            Callback::new(move |()| deleting.set(Some(deleted.clone()))),
        )
        .icon(Icon::Trash)
        .danger(),
    ]
}

fn thread_link(
    list: &List,
    id: &ThreadId,
    summary: Memo<Option<ThreadSummary>>,
    name: Signal<String>,
    link: NodeRef<html::A>,
) -> AnyView {
    let route = Route::thread(
        list.room.server().alias(),
        list.room.id().clone(),
        id.clone(),
    );
    let (current, own) = (list.current, id.clone());
    let is_current = move || {
        current
            .with(|current| current.as_ref() == Some(&own))
            .then_some("page")
    };
    let doing = doing(list, id);
    let (unread, own) = (list.room.unread(), id.clone());
    let is_unread = Memo::new(move |_| {
        let at = summary.with(|summary| summary.as_ref().and_then(|summary| summary.last_activity));
        unread.is_unread(&own, at)
    });
    let preview = {
        let (unread, id) = (list.room.unread(), id.clone());
        Memo::new(move |_| unread.preview(&id))
    };
    let (app, tick) = (list.app.clone(), list.app.clock_tick());
    let time = move || {
        tick.track();
        let at = summary.with(|summary| summary.as_ref().and_then(last_moved));
        at.map(|at| words::ago(app.now() - at))
    };
    let when = move || match doing.get() {
        Doing::Waiting => view! { <IconView icon=Icon::Alert /> }.into_any(),
        Doing::Queued => view! { <IconView icon=Icon::Clock /> }.into_any(),
        Doing::Running => view! { <span class="thread-row__live"></span> }.into_any(),
        Doing::Nothing => time().into_any(),
    };
    let state_in_words = move || {
        let new = is_unread.get().then_some(unread_words::NEW);
        let words = doing.get().words().into_iter().chain(new);
        words.map(|word| format!(", {word}")).collect::<String>()
    };
    view! {
        <a
            class="thread-row"
            href=href(&route)
            aria-current=is_current
            aria-description=move || preview.get()
            data-state=move || doing.get().as_str()
            data-unread=move || is_unread.get().then_some("true")
            title=move || name.get()
            node_ref=link
        >
            <span class="thread-row__text">
                <span class="thread-row__title" dir="auto">
                    {move || name.get()} <span class="visually-hidden">{state_in_words}</span>
                </span>
                {move || {
                    preview
                        .get()
                        .map(|text| {
                            view! {
                                <span class="thread-row__preview" dir="auto" aria-hidden="true">
                                    {text}
                                </span>
                            }
                        })
                }}
            </span>
            <span class="thread-row__meta">{when}</span>
        </a>
    }
    .into_any()
}

/// What a thread is doing, as its row shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Nothing,
    Queued,
    Running,
    Waiting,
}

impl Doing {
    const fn words(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Queued => Some(unread_words::QUEUED),
            Self::Running => Some(words::RUNNING),
            Self::Waiting => Some(unread_words::WAITS),
        }
    }

    const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Queued => Some("queued"),
            Self::Running => Some("running"),
            Self::Waiting => Some("waiting"),
        }
    }
}

fn doing(list: &List, id: &ThreadId) -> Memo<Doing> {
    let (room, id) = (list.room.clone(), id.clone());
    let (running, waiting) = (room.running(), room.tools().waiting());
    Memo::new(move |_| {
        if waiting.with(|waiting| waiting.iter().any(|asked| asked.thread.thread == id)) {
            return Doing::Waiting;
        }
        if !running.with(|running| running.contains(&id)) {
            return Doing::Nothing;
        }
        match room.thread(&id).run().get() {
            RunPhase::Queued => Doing::Queued,
            _ => Doing::Running,
        }
    })
}

fn delete_dialog(list: &List, nav: NodeRef<html::Nav>) -> AnyView {
    let (deleting, room, threads) = (list.deleting, list.room.clone(), list.room.threads());
    // The dialog fades with the words it had.
    let text = Memo::new(move |was: Option<&String>| {
        let Some(id) = deleting.get() else {
            return was.cloned().unwrap_or_default();
        };
        let name = threads.with_untracked(|load| find(load.data.as_deref(), &id)?.name);
        words::delete_text(name.as_deref().unwrap_or(words::NEW_THREAD))
    });
    let confirm = move |()| {
        if let Some(id) = deleting.get_untracked() {
            room.delete(&id);
        }
        deleting.set(None);
        // The row is about to go, and the focus with it.
        request_animation_frame(move || {
            if let Some(nav) = nav.try_get_untracked().flatten() {
                // An element with a tabindex takes the focus wherever it is shown.
                let _ = nav.focus();
            }
        });
    };
    view! {
        <ConfirmDialog
            open=Signal::derive(move || deleting.with(Option::is_some))
            title=words::DELETE_TITLE
            text=text
            confirm_label=words::DELETE
            cancel_label=words::CANCEL
            danger=true
            on_confirm=Callback::new(confirm)
            on_cancel=Callback::new(move |()| deleting.set(None))
        />
    }
    .into_any()
}
