//! The first tools: what only the person's own browser knows.

use std::sync::Arc;

use futures_util::FutureExt;
use serde_json::{Map, Value, json};

use super::{Executor, Job, TIMEOUT, Tool};
use crate::core::time::{format_local, weekday};
use crate::core::tool::{Definition, cut, whole};
use crate::i18n::tools as words;
use crate::port::Ports;

/// All of them.
pub fn all() -> Vec<Tool> {
    vec![current_time(), page_selection(), clipboard()]
}

fn current_time() -> Tool {
    let run: Executor = Arc::new(|job: Job| {
        let ports = job.ports;
        let desk = ports.desk.get();
        let (now, zone) = (ports.clock.now(), desk.map(|desk| desk.zone()));
        let offset = desk.map_or(0, |desk| desk.offset());
        let text = json!({
            "local": format_local(now, offset),
            "utc": format_local(now, 0),
            "timezone": zone.unwrap_or_else(|| "UTC".to_owned()),
            "weekday": weekday(now + i64::from(offset) * 60_000),
        });
        async move { Ok(text.to_string()) }.boxed_local()
    });
    Tool {
        definition: Definition {
            name: "get_current_time",
            description: "The person's current local date and time with its offset, the same in UTC, their IANA time zone and the weekday.",
            parameters: json!({ "type": "object", "properties": {} }),
        },
        needs_approval: false,
        glance: None,
        timeout: TIMEOUT,
        run,
    }
}

/// The arguments of a tool that hands over a text.
fn text_parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "max_characters": {
                "type": "integer",
                "minimum": 1,
                "description": "Only the first so many characters are needed.",
            },
        },
    })
}

fn page_selection() -> Tool {
    let run: Executor = Arc::new(|job: Job| {
        let shown = job.shown.ok_or_else(words::nothing_selected);
        async move { shown }.boxed_local()
    });
    Tool {
        definition: Definition {
            name: "get_page_selection",
            description: "The text that the person has selected in this chat's page. They are asked first and may refuse.",
            parameters: text_parameters(),
        },
        needs_approval: true,
        glance: Some(selected),
        timeout: TIMEOUT,
        run,
    }
}

fn selected(ports: &Ports, arguments: &Map<String, Value>) -> Result<String, String> {
    let text = ports.desk.get().and_then(|desk| desk.selection());
    let text = text.filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(words::nothing_selected)?;
    Ok(cut(&text, whole(arguments, "max_characters")))
}

fn clipboard() -> Tool {
    let run: Executor = Arc::new(|job: Job| {
        let most = whole(&job.arguments, "max_characters");
        let reading = job.ports.desk.get().map(|desk| desk.clipboard());
        async move {
            let text = match reading {
                Some(reading) => reading.await,
                None => Err(()),
            };
            let text = text.map_err(|()| words::clipboard_refused())?;
            if text.is_empty() {
                return Err(words::clipboard_empty());
            }
            Ok(cut(&text, most))
        }
        .boxed_local()
    });
    Tool {
        definition: Definition {
            name: "read_clipboard",
            description: "The text on the person's clipboard. They are asked first and may refuse.",
            parameters: text_parameters(),
        },
        needs_approval: true,
        // Browsers hand the clipboard out only after a press, so it cannot be shown before.
        glance: None,
        timeout: TIMEOUT,
        run,
    }
}
