//! The page in front of a person: what is selected, copied and told.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use enfilade::port::{Desk, Permission};
use enfilade::state::task::spawn;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

thread_local! {
    /// What presses on the notices of this test do.
    static PRESSES: RefCell<Vec<Box<dyn Fn()>>> = RefCell::default();
    /// Who listens to the other tabs.
    static HEARERS: RefCell<Vec<Hearer>> = RefCell::default();
}

struct Hearer {
    desk: FakeDesk,
    heard: Rc<dyn Fn(&str) -> bool>,
}

/// Clones share it.
#[derive(Clone)]
pub struct FakeDesk {
    /// The browser, and which of its tabs this is.
    pub tab: (Arc<AtomicBool>, usize),
    pub hidden: Arc<AtomicBool>,
    pub selection: Arc<Mutex<Option<String>>>,
    /// `None`: the browser refuses.
    pub clipboard: Arc<Mutex<Option<String>>>,
    pub permission: Arc<Mutex<Permission>>,
    /// What the person will say when asked.
    pub answer: Arc<Mutex<Permission>>,
    /// Title, body and tag of every notification.
    pub told: Arc<Mutex<Vec<(String, String, String)>>>,
    pub counts: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Default for FakeDesk {
    fn default() -> Self {
        Self {
            tab: (Arc::default(), 0),
            hidden: Arc::default(),
            selection: Arc::default(),
            clipboard: Arc::default(),
            permission: Arc::new(Mutex::new(Permission::Unasked)),
            answer: Arc::new(Mutex::new(Permission::Granted)),
            told: Arc::default(),
            counts: Arc::default(),
        }
    }
}

impl FakeDesk {
    /// Presses on a notice.
    pub fn press(&self, index: usize) {
        PRESSES.with_borrow(|presses| presses[index]());
    }
}

impl Desk for FakeDesk {
    fn zone(&self) -> String {
        "Europe/Vienna".to_owned()
    }

    fn offset(&self) -> i32 {
        60
    }

    fn selection(&self) -> Option<String> {
        self.selection.lock().unwrap().clone()
    }

    fn clipboard(&self) -> LocalBoxFuture<'static, Result<String, ()>> {
        let text = self.clipboard.lock().unwrap().clone().ok_or(());
        async move { text }.boxed_local()
    }

    fn is_hidden(&self) -> bool {
        self.hidden.load(Ordering::Relaxed)
    }

    fn permission(&self) -> Permission {
        *self.permission.lock().unwrap()
    }

    fn ask_permission(&self) -> LocalBoxFuture<'static, Permission> {
        let answer = *self.answer.lock().unwrap();
        *self.permission.lock().unwrap() = answer;
        async move { answer }.boxed_local()
    }

    fn notify(&self, title: &str, body: &str, tag: &str, on_press: Box<dyn Fn()>) {
        PRESSES.with_borrow_mut(|presses| presses.push(on_press));
        let told = (title.to_owned(), body.to_owned(), tag.to_owned());
        self.told.lock().unwrap().push(told);
    }

    fn tell_tabs(&self, word: &str) {
        let ((browser, own), word) = (self.tab.clone(), word.to_owned());
        spawn(async move {
            let others: Vec<_> = HEARERS.with_borrow(|hearers| {
                let others = hearers.iter().filter(|hearer| {
                    let (other, number) = &hearer.desk.tab;
                    Arc::ptr_eq(other, &browser) && *number != own
                });
                others.map(|hearer| hearer.heard.clone()).collect()
            });
            for heard in others {
                heard(&word);
            }
        });
    }

    fn hear_tabs(&self, heard: Box<dyn Fn(&str) -> bool>) {
        let (desk, heard) = (self.clone(), Rc::from(heard));
        HEARERS.with_borrow_mut(|hearers| hearers.push(Hearer { desk, heard }));
    }

    fn badge(&self, place: &str, count: usize) {
        self.counts.lock().unwrap().insert(place.to_owned(), count);
    }
}
