//! The page in front of a person.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::port::{Desk, Permission};

/// This page.
#[derive(Debug, Clone, Copy)]
pub struct BrowserDesk;

impl Desk for BrowserDesk {
    fn zone(&self) -> String {
        String::from("UTC")
    }

    fn offset(&self) -> i32 {
        0
    }

    fn selection(&self) -> Option<String> {
        None
    }

    fn clipboard(&self) -> LocalBoxFuture<'static, Result<String, ()>> {
        async { Err(()) }.boxed_local()
    }

    fn is_hidden(&self) -> bool {
        super::window()
            .document()
            .is_some_and(|document| document.hidden())
    }

    fn permission(&self) -> Permission {
        Permission::Denied
    }

    fn ask_permission(&self) -> LocalBoxFuture<'static, Permission> {
        async { Permission::Denied }.boxed_local()
    }

    fn notify(&self, _title: &str, _body: &str, _tag: &str, _on_press: Box<dyn Fn()>) {}

    fn badge(&self, _count: usize) {}
}
