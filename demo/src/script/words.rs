//! Texts of the plain rooms, and how text is cut into the pieces a stream carries.

use super::Request;

/// Longest piece without a blank, in characters: scripts without blanks still come piece by piece.
const LONGEST_PIECE: usize = 12;
/// Sections of the slow room when nobody says otherwise.
const SECTIONS: usize = 8;

/// Words with the blanks after them; long words in parts. Put together again they are the text.
pub fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut was_blank = false;
    for letter in text.chars() {
        let is_blank = letter.is_whitespace();
        let is_full = piece.chars().count() >= LONGEST_PIECE && !is_blank;
        if !piece.is_empty() && ((was_blank && !is_blank) || is_full) {
            pieces.push(std::mem::take(&mut piece));
        }
        piece.push(letter);
        was_blank = is_blank;
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// What was written, and that pictures came with it.
pub fn echo(request: &Request) -> String {
    let pictures = match request.pictures {
        0 => String::new(),
        1 => "(and one picture)".to_owned(),
        count => format!("(and {count} pictures)"),
    };
    match (request.text.as_str(), pictures.as_str()) {
        ("", "") => "You wrote nothing that could be said back.".to_owned(),
        ("", _) => pictures,
        (text, "") => text.to_owned(),
        (text, _) => format!("{text}\n\n{pictures}"),
    }
}

/// A message on one line, without what would end the emphasis around it.
pub fn quoted(text: &str) -> String {
    let line = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(['*', '_', '`', '|'], "");
    if line.is_empty() {
        "nothing in particular".to_owned()
    } else {
        line
    }
}

const ROOMS: [(&str, &str); 8] = [
    (
        "The porch",
        "The first door stands open and the light falls straight through to the last one. Nobody has to knock here, and whatever you carry may stay in your hands while you look around, for as long as you like.",
    ),
    (
        "The map room",
        "Every wall is a chart. One shows the coast, one the inland waters, and a third only the doors between them, with a small pin for each conversation that is still going on behind one of them.",
    ),
    (
        "The library",
        "Shelves up to the ceiling, and a ladder that rolls without a sound. The books remember their page by themselves, so that a reader who is called away comes back to the very word where they stopped.",
    ),
    (
        "The workshop",
        "On the bench lies a letter, half written. The lamp above it was turned off in the middle of a sentence, and when it is lit again the ink is still wet and the thought is still there, waiting.",
    ),
    (
        "The winter garden",
        "Glass on three sides, and plants that grow whether or not somebody watches. Leave for an hour and come back: the leaves have moved on, and the garden tells you quietly what happened in between.",
    ),
    (
        "The music room",
        "A piano plays on its own. When the window is shut the tune does not stop, it only cannot be heard, and with the window open again the missing bars come first and then the rest of the piece.",
    ),
    (
        "The kitchen",
        "Something takes its time here. The pot needs neither hurry nor company, and the smell goes through all the doors in a row, so that everybody in the house knows how far the soup has come by now.",
    ),
    (
        "The tower",
        "From the top all the rooms lie in one line, door behind door behind door. That view is called an enfilade, and it is the reason for the long walk: one look, and nothing of the house is out of sight.",
    ),
];

fn section(index: usize, count: usize) -> String {
    let (name, text) = ROOMS[index % ROOMS.len()];
    format!("## {} of {count}: {name}\n\n{text}", index + 1)
}

/// So many sections; none is an empty text.
pub fn sections(count: usize) -> String {
    (0..count)
        .map(|index| section(index, count))
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// The answer of the slow room.
pub fn walk(request: &Request, count: Option<usize>) -> String {
    let count = count.unwrap_or(SECTIONS);
    let opening = format!(
        "A walk through {count} rooms, because you said: *{}*",
        quoted(&request.text)
    );
    format!("{opening}\n\n{}\n\nThat was the walk.", sections(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_put_together_are_the_text() {
        for text in [
            "",
            "a",
            "  two  words\n",
            "春眠不覚暁処処聞啼鳥夜来風雨声花落知多少",
            "Supercalifragilisticexpialidocious!",
        ] {
            let pieces = pieces(text);
            assert_eq!(pieces.concat(), text);
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
        }
        assert_eq!(pieces("two words"), ["two ", "words"]);
        assert!(pieces("春眠不覚暁処処聞啼鳥夜来風雨声").len() > 1);
    }
}
