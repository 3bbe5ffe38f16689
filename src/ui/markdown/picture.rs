//! Images of a text. What is not in the text itself is loaded only when somebody asks for it.

use super::code::icon;
use super::draw::link;
use crate::core::markdown::node::ImageSrc;
use crate::core::markdown::tree::{Element, Node};
use crate::i18n::thread as words;
use crate::ui::kit::Icon;

/// An image, the button that loads it, or its text.
pub fn picture(src: &ImageSrc, alt: &str) -> Node {
    let address = match src {
        ImageSrc::Data(src) => src.as_str(),
        ImageSrc::Blob(src) => src.as_str(),
        ImageSrc::Remote(url) => {
            let load = Element::new("button")
                .with("class", "button")
                .with("type", "button")
                .with("data-size", "small")
                .with("data-act", "picture")
                .with("title", url.as_str().to_owned())
                .holding([
                    icon(Icon::Download),
                    Node::Text(words::show_image(url.host())),
                ]);
            let mut parts = vec![load.into()];
            if !alt.trim().is_empty() {
                parts.push(
                    Element::new("span")
                        .with("class", "md__alt")
                        .saying(alt)
                        .into(),
                );
            }
            return frame(url.as_str(), alt).holding(parts).into();
        }
        ImageSrc::Refused => return Node::Text(words::image(alt)),
    };
    frame("", alt).holding([image(address, alt)]).into()
}

fn frame(address: &str, alt: &str) -> Element {
    let frame = Element::new("span")
        .with("class", "md__picture")
        .with("data-alt", alt.to_owned());
    match address {
        "" => frame,
        _ => frame.with("data-address", address.to_owned()),
    }
    .whole()
}

/// The image itself. The other side is not told where it is shown.
pub fn image(address: &str, alt: &str) -> Node {
    Element::new("img")
        .with("alt", alt.to_owned())
        .with("referrerpolicy", "no-referrer")
        .with("decoding", "async")
        .with("src", address.to_owned())
        .into()
}

/// What stands in the place of an image that does not come.
pub fn missing(address: Option<&str>, alt: &str, is_refused: bool) -> Vec<Node> {
    let why = if is_refused {
        words::IMAGE_REFUSED
    } else {
        words::IMAGE_FAILED
    };
    let mut parts = vec![
        icon(Icon::Info),
        Node::Text(format!("{}. {why}", words::image(alt))),
    ];
    if let Some(address) = address {
        parts.push(Node::Text(String::from(" ")));
        parts.push(
            link(
                address,
                None,
                vec![Node::Text(words::IMAGE_OPEN.to_owned())],
            )
            .into(),
        );
    }
    parts
}
