//! What a message of the person is made of: text, and the images that stand in it.

use serde_json::Value;

use crate::core::agui::run::UserContent;
use crate::core::markdown::link::DataImage;

/// A message in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composed {
    /// Text and images, in the order of the message.
    pub pieces: Vec<Piece>,
    /// The images, and what could not be shown as one.
    pub pictures: Vec<Picture>,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it was typed.
    Text(String),
    /// The place of an image: its position among the pictures.
    Picture(usize),
}

/// An image of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its number in the thread, where it was given one.
    pub number: Option<u64>,
    /// The image, or why it cannot be shown.
    pub image: Result<DataImage, Unshown>,
}

/// Why a part of a message cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unshown {
    /// Its bytes are no image.
    Undecodable,
    /// It is of a kind that is not shown here, by the server's name for it.
    Kind(String),
    /// It is stored somewhere else, and is not fetched from there.
    Elsewhere,
}

/// Takes a message apart. The label before an image is for the model and left out.
#[must_use]
pub fn compose(content: &UserContent) -> Composed {
    let parts = match content {
        UserContent::Text(text) => {
            return Composed {
                pieces: vec![Piece::Text(text.clone())],
                pictures: Vec::new(),
            };
        }
        UserContent::Parts(parts) => parts,
    };
    let mut composed = Composed::default();
    for (position, part) in parts.iter().enumerate() {
        match text_of(part, "type") {
            Some("text") => {
                let text = text_of(part, "text").unwrap_or_default();
                if !text.is_empty() && !is_label(text, parts.get(position + 1)) {
                    composed.pieces.push(Piece::Text(text.to_owned()));
                }
            }
            Some(kind) => {
                composed
                    .pieces
                    .push(Piece::Picture(composed.pictures.len()));
                composed.pictures.push(Picture {
                    number: number(part),
                    image: image(part, kind),
                });
            }
            None => {}
        }
    }
    composed
}

fn is_label(text: &str, next: Option<&Value>) -> bool {
    let number = next
        .filter(|next| text_of(next, "type") == Some("image"))
        .and_then(number);
    number.is_some_and(|number| text.trim() == format!("Image {number}:"))
}

fn number(part: &Value) -> Option<u64> {
    part.get("metadata")?.get("soliplex_image_number")?.as_u64()
}

fn image(part: &Value, kind: &str) -> Result<DataImage, Unshown> {
    // Newer servers put the bytes into a source, older ones into the part itself.
    let source = part.get("source").unwrap_or(part);
    let mime = text_of(source, "mimeType").or_else(|| text_of(part, "mimeType"));
    let is_image = kind == "image" || mime.is_some_and(|mime| mime.starts_with("image/"));
    if !is_image {
        return Err(Unshown::Kind(mime.unwrap_or(kind).to_owned()));
    }
    let url = text_of(source, "url")
        .or_else(|| text_of(source, "value").filter(|_| text_of(source, "type") == Some("url")));
    if let Some(url) = url {
        let is_inside = url
            .get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case("data:"));
        return if is_inside {
            DataImage::parse(url).ok_or(Unshown::Undecodable)
        } else {
            Err(Unshown::Elsewhere)
        };
    }
    let data = text_of(source, "value").or_else(|| text_of(source, "data"));
    let (Some(data), Some(mime)) = (data, mime) else {
        return Err(Unshown::Undecodable);
    };
    DataImage::parse(&format!("data:{mime};base64,{data}")).ok_or_else(|| {
        let is_known = [
            "image/png",
            "image/jpeg",
            "image/jpg",
            "image/webp",
            "image/gif",
        ];
        if is_known.contains(&mime.to_ascii_lowercase().as_str()) {
            Unshown::Undecodable
        } else {
            Unshown::Kind(mime.to_owned())
        }
    })
}

fn text_of<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::core::composer::outgoing::{IMAGE_MARK, Image, Outgoing};
    use serde_json::json;

    fn image(data: &str) -> Image {
        Image {
            name: "a.png".into(),
            mime: "image/png",
            size: 3,
            data: data.into(),
        }
    }

    fn part(source: &Value) -> Picture {
        let content = UserContent::Parts(vec![json!({"type": "image", "source": source})]);
        compose(&content).pictures.pop().unwrap()
    }

    #[test]
    fn a_message_comes_apart_where_its_images_stood() {
        let message = Outgoing {
            text: format!("look at {IMAGE_MARK} and {IMAGE_MARK}"),
            images: vec![image("AAAA"), image("BBBB")],
        };
        let composed = compose(&message.content(4));
        assert_eq!(
            composed.pieces,
            [
                Piece::Text("look at ".into()),
                Piece::Picture(0),
                Piece::Text(" and ".into()),
                Piece::Picture(1)
            ]
        );
        let numbers: Vec<_> = composed.pictures.iter().map(|one| one.number).collect();
        assert_eq!(numbers, [Some(4), Some(5)]);
        let first = composed.pictures[0].image.clone().unwrap();
        assert_eq!(first.as_str(), "data:image/png;base64,AAAA");
    }

    #[test]
    fn a_text_that_only_looks_like_a_label_stays() {
        let content = UserContent::Parts(vec![json!({"type": "text", "text": "Image 1:"})]);
        assert_eq!(compose(&content).pieces, [Piece::Text("Image 1:".into())]);
    }

    #[test]
    fn what_cannot_be_shown_says_why() {
        let data =
            |mime: &str, value: &str| json!({"type": "data", "mimeType": mime, "value": value});
        let elsewhere = json!({"type": "url", "value": "https://pictures.example/a.png"});
        for (source, reason) in [
            (data("image/png", "no base64!"), Unshown::Undecodable),
            (
                data("image/svg+xml", "AAAA"),
                Unshown::Kind("image/svg+xml".into()),
            ),
            (elsewhere, Unshown::Elsewhere),
            (json!({}), Unshown::Undecodable),
            (json!(7), Unshown::Undecodable),
        ] {
            assert_eq!(part(&source).image, Err(reason), "{source}");
        }
        let audio = json!({"type": "audio", "source": {"type": "data", "value": "AAAA", "mimeType": "audio/wav"}});
        let composed = compose(&UserContent::Parts(vec![
            audio,
            json!(null),
            json!({"type": 3}),
        ]));
        assert_eq!(composed.pictures.len(), 1);
        assert_eq!(
            composed.pictures[0].image,
            Err(Unshown::Kind("audio/wav".into()))
        );
    }

    #[test]
    fn an_image_in_the_way_of_older_servers_is_shown_too() {
        let old = json!({"type": "binary", "mimeType": "image/jpeg", "data": "AAAA"});
        let composed = compose(&UserContent::Parts(vec![old]));
        let image = composed.pictures[0].image.clone().unwrap();
        assert_eq!(image.as_str(), "data:image/jpeg;base64,AAAA");
        let inside = part(&json!({"type": "url", "value": "data:image/gif;base64,AAAA"}));
        assert!(inside.image.is_ok());
    }
}
