//! The Markdown showroom: one part per kind of markup, friendly and hostile.

const PARTS: [(&[&str], &str); 10] = [
    (&["heading"], include_str!("showroom/headings.md")),
    (&["list", "task"], include_str!("showroom/lists.md")),
    (&["table"], include_str!("showroom/tables.md")),
    (&["code"], include_str!("showroom/code.md")),
    (
        &["math", "formula", "note"],
        include_str!("showroom/maths.md"),
    ),
    (&["quote"], include_str!("showroom/quotes.md")),
    (
        &["link", "image", "dangerous", "html"],
        include_str!("showroom/links.md"),
    ),
    (
        &["script", "right-to-left", "cjk", "language"],
        include_str!("showroom/scripts.md"),
    ),
    (
        &["long line", "wide"],
        include_str!("showroom/long_lines.md"),
    ),
    (
        &["emphasis", "inline", "bold"],
        include_str!("showroom/inline.md"),
    ),
];

/// The parts the message names, or all.
pub fn answer(text: &str) -> String {
    let asked = text.to_lowercase();
    let is_asked = |words: &[&str]| words.iter().any(|word| asked.contains(word));
    let chosen: Vec<_> = PARTS
        .iter()
        .filter(|(words, _)| is_asked(words))
        .map(|(_, part)| part.trim())
        .collect();
    if chosen.is_empty() || asked.contains("everything") {
        return PARTS
            .iter()
            .map(|(_, part)| part.trim())
            .collect::<Vec<_>>()
            .join("\n\n---\n\n");
    }
    chosen.join("\n\n---\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_can_be_asked_for_alone() {
        assert!(answer("Tables, please").starts_with("## Tables"));
        assert!(!answer("Tables, please").contains("```"));
        let everything = answer("Show everything");
        assert!(
            PARTS
                .iter()
                .all(|(_, part)| everything.contains(part.trim()))
        );
        assert_eq!(answer("whatever"), everything);
    }
}
