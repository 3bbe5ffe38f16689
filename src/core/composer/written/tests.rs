use super::*;
use proptest::prelude::*;

fn image(name: &str) -> Image {
    Image {
        name: name.into(),
        mime: "image/png",
        size: 10,
        data: "AAAA".into(),
    }
}

fn with_images(text: &str, count: u32) -> Written {
    let slots = (1..=count).map(|number| Slot {
        number,
        content: Content::Here(image(&format!("{number}.png"))),
    });
    Written {
        text: text.into(),
        slots: slots.collect(),
    }
}

fn names(outgoing: &Outgoing) -> Vec<&str> {
    outgoing.images.iter().map(|image| &*image.name).collect()
}

#[test]
fn images_go_in_the_order_of_their_tokens() {
    let out = with_images("a [Image 2] b [Image 1] c", 2)
        .outgoing()
        .unwrap();
    assert_eq!(out.text, "a \u{FFFC} b \u{FFFC} c");
    assert_eq!(names(&out), ["2.png", "1.png"]);
}

#[test]
fn an_image_whose_token_is_gone_does_not_go_and_is_back_with_its_token() {
    let mut written = with_images("see [Image 1] and [Image 2]", 2);
    written.remove(1);
    assert_eq!(written.text, "see  and [Image 2]");
    assert_eq!(names(&written.outgoing().unwrap()), ["2.png"]);
    written.text.push_str("[Image 1]");
    assert_eq!(names(&written.outgoing().unwrap()), ["2.png", "1.png"]);
    assert_eq!(written.next(), 3);
}

#[test]
fn a_second_token_and_one_that_nobody_made_are_words() {
    let out = with_images("[Image 1] [Image 1] [Image 7] [Image 01]", 1)
        .outgoing()
        .unwrap();
    assert_eq!(out.text, "\u{FFFC} [Image 1] [Image 7] [Image 01]");
    assert_eq!(out.images.len(), 1);
}

#[test]
fn a_broken_token_is_no_image() {
    for text in [
        "[Image 1",
        "Image 1]",
        "[Imag e 1]",
        "[Image  1]",
        "[Image x]",
    ] {
        let out = with_images(text, 1).outgoing().unwrap();
        assert_eq!((out.text.as_str(), out.images.len()), (text, 0));
    }
}

#[test]
fn nothing_goes_while_an_image_is_known_by_its_name_alone() {
    let mut written = with_images("look [Image 1]", 0);
    written.slots.push(Slot {
        number: 1,
        content: Content::Gone("cat.png".into()),
    });
    assert_eq!(written.outgoing(), None);
    assert_eq!(state(&written.text, &written.slots), State::Missing);
    written.remove(1);
    assert_eq!(written.outgoing(), Some(Outgoing::text("look ")));
}

#[test]
fn more_images_than_allowed_stay_in_the_field() {
    let written = with_images("[Image 1][Image 2][Image 3][Image 4][Image 5]", 5);
    assert_eq!(written.outgoing(), None);
    assert_eq!(state(&written.text, &written.slots), State::TooMuch);
}

#[test]
fn the_words_of_a_text_are_what_stands_between_its_tokens() {
    assert_eq!(
        without_tokens("a [Image 1] b[Image 12]\u{FFFC}c [Image]"),
        "a  bc [Image]"
    );
}

#[test]
fn a_mark_that_was_typed_is_not_taken_for_an_image() {
    let out = with_images("a\u{FFFC}b [Image 1]", 1).outgoing().unwrap();
    assert_eq!(out.text, "ab \u{FFFC}");
}

#[test]
fn what_comes_back_stands_before_what_was_typed_meanwhile_under_new_numbers() {
    let sent = with_images("one [Image 1] two [Image 2]", 2)
        .outgoing()
        .unwrap();
    let mut typed = with_images("three [Image 1]", 1);
    typed.put_before(&sent);
    assert_eq!(typed.text, "one [Image 2] two [Image 3]\n\nthree [Image 1]");
    let out = typed.outgoing().unwrap();
    assert_eq!(names(&out), ["1.png", "2.png", "1.png"]);

    let mut again = with_images("three [Image 1]", 1);
    again.put_written_before(&with_images("one [Image 1] two [Image 2]", 2));
    assert_eq!(again, typed);
}

#[test]
fn a_token_is_found_from_the_caret_in_units_of_the_browser() {
    let written = with_images("\u{1F600}[Image 1]x", 1);
    let at = |caret, touch| token_at(&written.text, &written.slots, caret, touch);
    assert_eq!(at(2, Touch::Before), None);
    assert_eq!(at(2, Touch::Behind), Some(2..11));
    assert_eq!(at(11, Touch::Before), Some(2..11));
    assert_eq!(at(11, Touch::Behind), None);
    assert_eq!(at(12, Touch::Before), None);
    for inside in 3..11 {
        assert_eq!(at(inside, Touch::Inside), Some(2..11));
    }
    assert_eq!((at(2, Touch::Inside), at(11, Touch::Inside)), (None, None));
}

proptest! {
    #[test]
    fn marks_and_images_always_agree(text in "(\\[Image [1-6]\\]|[a\u{FFFC}\u{e9} \\]\\[]|\\[Image ){0,12}", count in 0_u32..5) {
        let written = with_images(&text, count);
        if let Some(out) = written.outgoing() {
            prop_assert_eq!(out.text.matches(IMAGE_MARK).count(), out.images.len());
            let mut back = Written::default();
            back.put_before(&out);
            // What comes back goes out as it was.
            if out.images.len() == written.shown().len() && !text.contains("[Image") {
                prop_assert_eq!(back.outgoing(), Some(out));
            }
        }
        for caret in 0..text.len() + 2 {
            for touch in [Touch::Inside, Touch::Before, Touch::Behind] {
                let _ = token_at(&text, &written.slots, caret, touch);
            }
        }
    }
}
