//! Building blocks of the interface: they know no word of the product.

mod button;
mod clamp;
mod dialog;
mod field;
mod icon;
mod menu;
mod monogram;
mod panel;
mod skeleton;
mod toast;
mod tone;

use std::sync::atomic::{AtomicU32, Ordering};

pub use button::{Button, Size, Variant};
pub use clamp::Clamp;
pub use dialog::{ConfirmDialog, Dialog};
pub use field::TextField;
pub use icon::{Icon, IconView, Mark};
pub use menu::{Menu, MenuItem};
pub use monogram::Monogram;
pub use panel::Panel;
pub use skeleton::{Skeleton, SkeletonShape};
pub use toast::{ToastItem, Toasts};
pub use tone::Tone;

/// An element id that no other part of the page has.
fn next_id(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{prefix}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
