//! When a row came.

use leptos::prelude::*;

use crate::core::thread::message::Row;
use crate::core::time::{DayDistance, format_rfc3339};
use crate::i18n::rows as words;
use crate::web::dom;
use crate::web::dom::time::{TimeStyle, local_day, written};

/// The time of a row, as near as people want to know it; the whole of it on pointing at it.
pub fn caption(row: &ArcRwSignal<Row>) -> AnyView {
    let row = row.clone();
    let at = Memo::new(move |_| row.with(|row| row.at));
    (move || at.get().map(time)).into_any()
}

fn time(at: i64) -> AnyView {
    let distance = local_day(at).distance(local_day(dom::time::now()));
    let day = match distance {
        DayDistance::Today | DayDistance::Yesterday => String::new(),
        DayDistance::ThisWeek => written(at, TimeStyle::Weekday),
        DayDistance::ThisYear => written(at, TimeStyle::Day),
        DayDistance::OtherYear => written(at, TimeStyle::DayAndYear),
    };
    let said = words::caption(distance, &day, &written(at, TimeStyle::Clock));
    view! {
        <time
            class="message__time"
            datetime=format_rfc3339(at)
            title=written(at, TimeStyle::Full)
        >
            {said}
        </time>
    }
    .into_any()
}
