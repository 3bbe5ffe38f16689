//! Sentences about the tools that agents may call in this app: to the person, and as results to the agent.

/// Above what would be shared.
pub const SHARED: &str = "This would be shared";
/// Above the arguments of the call.
pub const ARGUMENTS: &str = "The agent asks for it with these details";
/// Says yes, this time.
pub const ONCE: &str = "Allow once";
/// Says yes for the rest of the thread.
pub const FOR_THREAD: &str = "Allow in this thread";
/// Says no.
pub const DENY: &str = "Deny";
/// Puts the question aside, so that the conversation can be read first.
pub const LATER: &str = "Later";
/// On the row of a call that waits for the person.
pub const WAITS: &str = "Waits for your answer";
/// Puts a question that was put aside to the person again.
pub const ANSWER: &str = "Answer now";
/// What an answer means.
pub const MEANING: &str = "What you allow in this thread is forgotten when you close this page. If you deny, the agent goes on without it.";

/// The question; `tool` by its name.
#[must_use]
pub fn question(tool: &str) -> String {
    match tool {
        "get_page_selection" => "Share the text you have selected?".to_owned(),
        "read_clipboard" => "Share the text on your clipboard?".to_owned(),
        _ => format!("Let the agent use \u{201c}{tool}\u{201d}?"),
    }
}

/// Who asks, and what for.
#[must_use]
pub fn asks(tool: &str, room: &str, server: &str) -> String {
    let what = match tool {
        "get_page_selection" => "wants to read the text that you have selected in this page",
        "read_clipboard" => "wants to read the text on your clipboard once",
        _ => "wants to use a tool of this app",
    };
    format!("The agent of \u{201c}{room}\u{201d} on {server} {what}.")
}

/// What would be shared where it cannot be shown before the answer.
#[must_use]
pub fn unseen(tool: &str) -> Option<&'static str> {
    (tool == "read_clipboard").then_some(
        "Enfilade does not know what is on your clipboard until you allow it. Your browser may ask you as well.",
    )
}

/// How much would be shared.
#[must_use]
pub fn amount(characters: usize) -> String {
    match characters {
        1 => "1 character".to_owned(),
        _ => format!("{characters} characters"),
    }
}

/// More would be shared than is shown.
#[must_use]
pub fn more(characters: usize) -> String {
    format!("\u{2026} and {} more", amount(characters))
}

/// To an agent: the person said no, or is not there to say yes.
#[must_use]
pub fn denied() -> String {
    "The person did not allow this. Go on without it, and do not ask again unless they bring it up."
        .to_owned()
}

/// To an agent: it took too long.
#[must_use]
pub fn too_slow(seconds: u32) -> String {
    format!("The tool gave no result within {seconds} seconds.")
}

/// To an agent: there is no such tool.
#[must_use]
pub fn no_such_tool(name: &str) -> String {
    format!("There is no tool \"{name}\" in this app.")
}

/// To an agent: nothing is selected.
#[must_use]
pub fn nothing_selected() -> String {
    "The person has not selected any text in the page.".to_owned()
}

/// To an agent: nothing is on the clipboard.
#[must_use]
pub fn clipboard_empty() -> String {
    "There is no text on the person's clipboard.".to_owned()
}

/// To an agent: the browser refuses.
#[must_use]
pub fn clipboard_refused() -> String {
    "The person agreed, but their browser did not let this app read the clipboard. They can paste the text into a message instead.".to_owned()
}
