//! Points in time in the words of the person's own language and time zone.

use js_sys::{Array, Date, Intl::DateTimeFormat, Object, Reflect};
use std::cell::RefCell;
use wasm_bindgen::JsValue;

use crate::core::time::LocalDay;

/// How a point in time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeStyle {
    /// `15:30`
    Clock,
    /// `Mon`
    Weekday,
    /// `Mar 3`
    Day,
    /// `Mar 3, 2025`
    DayAndYear,
    /// `Monday, March 3, 2025 at 15:30:12`
    Full,
}

impl TimeStyle {
    const fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Clock => &[("timeStyle", "short")],
            Self::Weekday => &[("weekday", "short")],
            Self::Day => &[("month", "short"), ("day", "numeric")],
            Self::DayAndYear => &[("month", "short"), ("day", "numeric"), ("year", "numeric")],
            Self::Full => &[("dateStyle", "full"), ("timeStyle", "medium")],
        }
    }
}

thread_local! {
    /// Those that were needed: making one takes far longer than using it.
    static FORMATS: RefCell<Vec<(TimeStyle, DateTimeFormat)>> = const { RefCell::new(Vec::new()) };
}

/// Writes a point in time (milliseconds since 1970) as the browser's language does.
#[must_use]
pub fn written(at: i64, style: TimeStyle) -> String {
    FORMATS
        .with(|formats| {
            let mut formats = formats.borrow_mut();
            let known = formats.iter().position(|(known, _)| *known == style);
            let place = known.unwrap_or_else(|| {
                formats.push((style, format(style)));
                formats.len() - 1
            });
            let (_, format) = formats.get(place)?;
            let written = format.format().call1(&JsValue::UNDEFINED, &date(at));
            written.ok()?.as_string()
        })
        .unwrap_or_default()
}

/// Now, in milliseconds since 1970.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a date holds whole milliseconds"
)]
pub fn now() -> i64 {
    Date::now() as i64
}

/// The day of a point in time, where the person is.
#[must_use]
pub fn local_day(at: i64) -> LocalDay {
    let date = date(at);
    LocalDay::new(
        i64::from(date.get_full_year()),
        i64::from(date.get_month()) + 1,
        i64::from(date.get_date()),
    )
}

fn format(style: TimeStyle) -> DateTimeFormat {
    let options = Object::new();
    for (name, value) in style.options() {
        // A plain object takes every field.
        let _ = Reflect::set(&options, &(*name).into(), &(*value).into());
    }
    // An empty list: the browser's own language.
    DateTimeFormat::new(&Array::new(), &options)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a date holds whole milliseconds far beyond any message"
)]
fn date(at: i64) -> Date {
    Date::new(&JsValue::from_f64(at as f64))
}
