//! JSON texts made readable, with their order and their numbers as they came.

use serde_json::Value;

/// Longest line that stands for a whole text, in characters.
const GIST: usize = 120;
/// The arguments that say by themselves what a call is about, best first.
const TELLING: [&str; 4] = ["script", "code", "query", "command"];

/// The text with line ends and indents, if it is JSON that is more than one value; unchanged otherwise.
pub fn pretty(text: &str) -> String {
    let is_nested = matches!(
        serde_json::from_str(text),
        Ok(Value::Object(_) | Value::Array(_))
    );
    if is_nested {
        indent(text)
    } else {
        text.to_owned()
    }
}

/// What a call was made with, as it is read best: the argument that says it all, or all of them; `None` without any.
pub fn arguments(args: &str) -> Option<String> {
    if matches!(args.trim(), "" | "{}" | "null") {
        return None;
    }
    Some(telling(args).unwrap_or_else(|| pretty(args)))
}

/// What an activity is called: the tool that it tells of, or else its type.
pub fn activity_name(activity: &str, content: &str) -> String {
    let parsed = serde_json::from_str::<Value>(content).ok();
    let tool = parsed
        .as_ref()
        .and_then(|content| content.get("tool_name")?.as_str())
        .filter(|name| !name.trim().is_empty());
    tool.unwrap_or(activity).to_owned()
}

fn telling(args: &str) -> Option<String> {
    let parsed = serde_json::from_str::<Value>(args).ok()?;
    let mut found = TELLING
        .iter()
        .filter_map(|name| parsed.get(name)?.as_str())
        .filter(|text| !text.trim().is_empty());
    found.next().map(str::to_owned)
}

/// What a call is about, in one line.
pub fn gist(args: &str) -> String {
    let telling = telling(args);
    let text = telling.as_deref().unwrap_or(args);
    if text.trim() == "{}" {
        return String::new();
    }
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(GIST) {
        line.truncate(end);
        line.push('…');
    }
    line
}

fn indent(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let (mut is_in_text, mut is_escaped) = (false, false);
    let mut chars = text
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        (0..depth).for_each(|_| out.push_str("  "));
    };
    while let Some(c) = chars.next() {
        if is_in_text {
            out.push(c);
            is_in_text = c != '"' || is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            continue;
        }
        match c {
            '"' => {
                is_in_text = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = chars.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}
