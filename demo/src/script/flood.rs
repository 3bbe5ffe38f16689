//! Much Markdown in little pieces, for measurements: headings, paragraphs, lists, tables, quotes and code, the same each time.

/// What a piece has on average, in bytes.
const PIECE: usize = 20;
/// Most pieces that can be asked for.
pub const MOST: usize = 200_000;

const PARAGRAPHS: [&str; 6] = [
    "The harbour wakes **slowly**, and the first boats go out before anybody has looked at the `tide table` twice; by then the wind has turned, and the *north pier* lies in the sun.",
    "A reader who is called away wants to find the very word again. That is easy while the text is short, and it is a promise worth keeping when it has become [long](https://example.org/long) and is still growing.",
    "Nothing is lost when a line breaks. What was sent before stays, what comes after is asked for by its number, and the seam between the two is **not to be seen** by anyone who reads on.",
    "There are three kinds of doors: those that open inward, those that open outward, and those that were ~~painted~~ drawn on the wall by somebody with a good eye for `perspective` and time to spare.",
    "Measured at the pier, the water rose by *four metres* within six hours. The gauge writes one line a minute, so a day makes 1440 of them, and a year more than half a million.",
    "Soup, bread, and a quiet corner: more is not needed for a long talk. The kitchen closes at ten, though the cook, who knows **everyone** by name, has rarely sent anybody home.",
];

const CODE: [(&str, &str); 3] = [
    (
        "rust",
        "/// Sum of what was measured, without the gaps.\nfn total(lines: &[Option<f64>]) -> f64 {\n    let mut sum = 0.0;\n    for value in lines.iter().flatten() {\n        sum += value;\n    }\n    sum\n}",
    ),
    (
        "python",
        "def tides(rows):\n    \"\"\"High water first.\"\"\"\n    found = [row for row in rows if row[\"kind\"] == \"high\"]\n    return sorted(found, key=lambda row: row[\"at\"], reverse=True)",
    ),
    (
        "sql",
        "SELECT pier, max(height) AS highest\nFROM gauge\nWHERE taken > '2026-01-01'\nGROUP BY pier\nORDER BY highest DESC;",
    ),
];

fn pick<T>(list: &[T], number: usize) -> Option<&T> {
    list.get(number % list.len().max(1))
}

fn paragraph(number: usize) -> &'static str {
    pick(&PARAGRAPHS, number).copied().unwrap_or_default()
}

fn list(number: usize) -> String {
    if number.is_multiple_of(2) {
        return format!(
            "1. Look at gauge {number}, and write the figure down\n2. Compare it with the **day before**\n   - a fall is `normal`\n   - a rise is told to the pilot\n3. Close the log"
        );
    }
    format!(
        "- boat {number} has left the *inner* basin\n- the next one waits for high water\n- [ ] lamp at the pier\n- [x] rope and `fender`"
    )
}

fn table(number: usize) -> String {
    let mut lines = String::from("| tide | time | height | note |\n| --- | --- | ---: | --- |");
    for row in 0..4 {
        let (hour, minute) = ((number + 6 * row) % 24, (number * 7 + row * 13) % 60);
        let note = if row % 2 == 0 { "**high**" } else { "`low`" };
        lines.push_str(&format!(
            "\n| {row} | {hour:02}:{minute:02} | {}.{} m | {note} |",
            row % 5,
            number % 10
        ));
    }
    lines
}

fn code(number: usize) -> String {
    let (language, text) = pick(&CODE, number).copied().unwrap_or_default();
    format!("```{language}\n{text}\n```")
}

/// One section of the text, with a heading of its own.
pub fn section(number: usize) -> String {
    let heading = if number.is_multiple_of(5) {
        "##"
    } else {
        "###"
    };
    let first = paragraph(number);
    let middle = match number % 4 {
        0 => list(number / 4),
        1 => table(number),
        2 => code(number / 4),
        _ => format!("> {}", paragraph(number + 2)),
    };
    let last = paragraph(number + 3);
    format!("{heading} Section {number}\n\n{first}\n\n{middle}\n\n{last}\n\n")
}

/// What the text of so many pieces ends with.
fn ending(count: usize) -> String {
    format!("That was the flood of {count}.")
}

/// So many pieces, of 20 bytes on average.
pub fn pieces(count: usize) -> Vec<String> {
    let count = count.clamp(1, MOST);
    let ending = ending(count);
    let room = (count * PIECE).saturating_sub(ending.len());
    let mut text = String::new();
    for number in 1.. {
        let section = section(number);
        if text.len() + section.len() > room {
            break;
        }
        text.push_str(&section);
    }
    let words = "and the water goes on rising ";
    while text.len() + words.len() + 2 < room {
        text.push_str(words);
    }
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(&ending);
    cut(&text, count)
}

/// The text in so many parts of about the same length.
fn cut(text: &str, count: usize) -> Vec<String> {
    let mut rest = text;
    let mut parts = Vec::with_capacity(count);
    for left in (1..=count).rev() {
        let part = rest.floor_char_boundary(rest.len().div_ceil(left));
        let (head, tail) = rest.split_at(part);
        parts.push(head.to_owned());
        rest = tail;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_has_the_pieces_that_were_asked_for_and_ends_with_their_number() {
        for count in [1, 2, 7, 200, 20_000] {
            let pieces = pieces(count);
            assert_eq!(pieces.len(), count);
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
            assert!(pieces.concat().ends_with(&ending(count)));
        }
    }

    #[test]
    fn a_piece_has_twenty_bytes_on_average() {
        let text = pieces(20_000).concat();
        assert!((398_000..=400_000).contains(&text.len()), "{}", text.len());
        for mark in ["\n## ", "\n- ", "\n1. ", "\n| ", "\n```rust", "\n> "] {
            assert!(text.contains(mark), "{mark}");
        }
    }
}
