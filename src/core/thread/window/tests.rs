use super::*;
use proptest::prelude::*;

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-6
}

fn heights() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(
        (0_u32..4000).prop_map(|height| f64::from(height) / 4.0),
        0..200,
    )
}

#[test]
fn an_empty_list_has_nothing_anywhere() {
    let window = Window::default();
    assert_eq!(window.between(0.0, 900.0), 0..0);
    assert_eq!(window.last(900.0), 0..0);
    assert!(near(window.total(), 0.0));
    assert!(window.covers(&(0..0), 0.0, 900.0));
}

#[test]
fn items_are_found_by_where_they_are() {
    let window = Window::new(vec![10.0, 20.0, 30.0]);
    for (offset, at) in [
        (-5.0, 0),
        (0.0, 0),
        (9.9, 0),
        (10.0, 1),
        (30.0, 2),
        (99.0, 2),
    ] {
        assert_eq!(window.at(offset), at, "{offset}");
    }
    assert_eq!(window.between(12.0, 29.0), 1..2);
    assert_eq!(window.last(31.0), 1..3);
}

#[test]
fn what_is_left_out_leaves_its_room() {
    let window = Window::new(vec![10.0, 20.0, 30.0, 40.0, 50.0]);
    let (before, after) = window.gaps(&[1, 3]);
    assert_eq!(before, [10.0, 30.0]);
    assert!(near(after, 50.0));
    assert_eq!(window.gaps(&[0, 1, 2, 3, 4]), (vec![0.0; 5], 0.0));
}

proptest! {
    #[test]
    fn places_are_sums_of_heights(heights in heights(), changes in prop::collection::vec((0_usize..220, 0_u32..9000), 0..50)) {
        let mut plain = heights.clone();
        let mut window = Window::new(heights);
        for (at, height) in changes {
            let height = f64::from(height) / 8.0;
            window.set(at, height);
            if let Some(old) = plain.get_mut(at) {
                *old = height;
            }
        }
        let mut sum = 0.0;
        for (at, height) in plain.iter().enumerate() {
            prop_assert!(near(window.top(at), sum));
            prop_assert!(near(window.height(at), *height));
            sum += height;
        }
        prop_assert!(near(window.total(), sum));
    }

    #[test]
    fn what_is_found_at_a_place_is_there(heights in heights(), part in 0.0_f64..1.0) {
        prop_assume!(!heights.is_empty());
        let window = Window::new(heights);
        let offset = window.total() * part;
        let at = window.at(offset);
        prop_assert!(window.top(at) <= offset + 1e-6);
        prop_assert!(at + 1 == window.len() || window.top(at + 1) >= offset - 1e-6);
    }

    #[test]
    fn a_part_of_the_list_covers_what_was_asked_for(heights in heights(), from in -500.0_f64..50_000.0, height in 0.0_f64..3000.0) {
        let window = Window::new(heights);
        let items = window.between(from, from + height);
        prop_assert!(window.covers(&items, from, from + height));
        prop_assert!(items.end <= window.len());
        let last = window.last(height);
        prop_assert!(window.covers(&last, window.total() - height, window.total()));
    }

    #[test]
    fn gaps_and_drawn_items_are_as_high_as_the_list(heights in heights(), chosen in prop::collection::btree_set(0_usize..200, 0..40)) {
        let window = Window::new(heights);
        let drawn: Vec<usize> = chosen.into_iter().filter(|at| *at < window.len()).collect();
        let (before, after) = window.gaps(&drawn);
        let drawn: f64 = drawn.iter().map(|at| window.height(*at)).sum();
        prop_assert!(near(before.iter().sum::<f64>() + after + drawn, window.total()));
    }

    #[test]
    fn what_is_read_stays_where_it_is_whatever_comes_above(
        heights in heights(),
        above in heights(),
        part in 0.0_f64..1.0,
        below in -300.0_f64..300.0,
        measured in prop::collection::vec((0_usize..400, 0_u32..900), 0..30),
    ) {
        prop_assume!(!heights.is_empty());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let read = ((heights.len() - 1) as f64 * part) as usize;
        let before = Window::new(heights.clone());
        let seen = before.top(read) - before.scroll_for(read, below);
        let now = above.len() + read;
        let mut after = Window::new(above.into_iter().chain(heights).collect());
        for (at, height) in measured {
            after.set(at, f64::from(height));
        }
        prop_assert!(near(after.top(now) - after.scroll_for(now, below), seen));
    }
}
