//! What goes to the console, and what a person sees after a bug.

use std::panic::PanicHookInfo;

use log::{Level, LevelFilter, Log, Metadata, Record};
use web_sys::console;

use super::window;

struct Console;

impl Log for Console {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{}", record.args()).into();
        match record.level() {
            Level::Error => console::error_1(&line),
            Level::Warn => console::warn_1(&line),
            Level::Info => console::info_1(&line),
            Level::Debug | Level::Trace => console::debug_1(&line),
        }
    }

    fn flush(&self) {}
}

/// Sends log lines to the console, and panics there and to the person.
pub fn install() {
    // Fails only where it is installed already.
    if log::set_logger(&Console).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
    std::panic::set_hook(Box::new(panicked));
}

fn panicked(info: &PanicHookInfo<'_>) {
    console::error_1(&info.to_string().into());
    // A page that only seems to work is worse than one that says so. Drafts are saved by now.
    let Some(document) = window().document() else {
        return;
    };
    if document.get_element_by_id("panic").is_some() {
        return;
    }
    let (Some(body), Ok(panel), Ok(text), Ok(link)) = (
        document.body(),
        document.create_element("div"),
        document.create_element("p"),
        document.create_element("a"),
    ) else {
        return;
    };
    panel.set_id("panic");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    text.set_text_content(Some(&format!(
        "Enfilade has met an error of its own and cannot go on. What you typed is saved. ({place})"
    )));
    link.set_text_content(Some("Reload"));
    // An empty address would mean the folder of the app, by `<base>`.
    let here = window().location().href().unwrap_or_default();
    let _ = link.set_attribute("href", &here);
    let _ = link.set_attribute("rel", "external");
    let _ = panel.set_attribute("role", "alert");
    let _ = panel.set_attribute("class", "panic");
    let _ = panel.append_child(&text);
    let _ = panel.append_child(&link);
    let _ = body.append_child(&panel);
}
