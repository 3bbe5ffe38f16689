use super::*;
use proptest::prelude::*;

const TODAY: i64 = 20_000;

/// `u1`: said by the person in run 1; `a1`: an answer; `w1`: work; `n1`: a note. `@2`: two days ago.
fn seen(id: &RowId) -> Option<Seen> {
    let (word, ago) = id.0.split_once('@').unwrap_or((&id.0, ""));
    let part = match word.as_bytes()[0] {
        b'u' | b'a' => Part::Message,
        b'w' => Part::Work,
        _ => Part::Note,
    };
    Some(Seen {
        part,
        run: word.get(1..2).map(str::to_owned),
        day: ago.get(..1).map(|ago| TODAY - ago.parse::<i64>().unwrap()),
        guess: 100.0,
    })
}

fn ids(words: &str) -> Vec<RowId> {
    let words = words.split_whitespace();
    words.map(|word| RowId(word.to_owned())).collect()
}

#[test]
fn a_question_whose_time_is_corrected_opens_no_day_of_its_own() {
    let mut case = Case::default();
    let ahead = |id: &RowId| {
        let seen = seen(id)?;
        Some(Seen {
            // The clock of this device is ahead.
            day: if id.0 == "u2" {
                Some(TODAY + 3)
            } else {
                seen.day
            },
            ..seen
        })
    };
    case.display.take_rows(&ids("u1@0 a1@0 u2"), ahead);
    case.arrange();
    assert_eq!(case.text(), "day-0 u1@0 a1@0 day--3 u2");
    let known = |id: &RowId| {
        let seen = seen(id)?;
        Some(Seen {
            day: seen.day.or(Some(TODAY)),
            ..seen
        })
    };
    case.display.take_rows(&ids("u1@0 a1@0 u2 a2@0"), known);
    case.arrange();
    assert_eq!(case.text(), "day-0 u1@0 a1@0 u2 a2@0");
}

#[derive(Default)]
struct Case {
    display: Display,
    open: HashSet<RowKey>,
    is_live: bool,
    unread: Option<String>,
}

impl Case {
    fn show(&mut self, words: &str) -> String {
        self.display.take_rows(&ids(words), seen);
        self.arrange();
        self.text()
    }

    fn arrange(&mut self) -> bool {
        let unread = self.unread.clone().map(RowId);
        self.display.arrange(Setting {
            today: TODAY,
            is_live: self.is_live,
            unread_after: unread.and_then(|id| self.display.key(&id)),
            open: &self.open,
        })
    }

    fn text(&self) -> String {
        let words = self.display.items().iter().map(|item| match item {
            Item::Day(day) => format!("day-{}", TODAY - day),
            Item::Unread => "new".to_owned(),
            Item::Row(key) => self.display.id(*key).unwrap().0.clone(),
            Item::Steps(key) => format!("steps:{}", self.display.steps(*key).len()),
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

fn shown(words: &str) -> String {
    Case::default().show(words)
}

#[test]
fn nothing_shows_nothing() {
    assert_eq!(shown(""), "");
}

#[test]
fn a_day_begins_above_the_first_row_and_where_it_changes() {
    assert_eq!(
        shown("u1@2 a1@2 u2@1 a2@1"),
        "day-2 u1@2 a1@2 day-1 u2@1 a2@1"
    );
}

#[test]
fn a_row_without_a_time_belongs_to_the_day_of_its_neighbours_and_else_to_today() {
    assert_eq!(
        shown("u1 a1@3 n1 u2@1 n2"),
        "day-3 u1 a1@3 n1 day-1 u2@1 n2"
    );
    assert_eq!(shown("u1 a1"), "day-0 u1 a1");
}

#[test]
fn a_clock_that_goes_back_opens_no_day_twice() {
    assert_eq!(
        shown("u1@2 a1@1 u2@2 a2@1"),
        "day-2 u1@2 day-1 a1@1 u2@2 a2@1"
    );
}

#[test]
fn what_is_new_is_divided_off_unless_nothing_follows() {
    let mut case = Case {
        unread: Some("a1".to_owned()),
        ..Case::default()
    };
    assert_eq!(case.show("u1 a1 u2 a2"), "day-0 u1 a1 new u2 a2");
    assert_eq!(case.show("u1 a1"), "day-0 u1 a1");
}

#[test]
fn three_steps_of_a_run_become_one_line_once_it_has_said_something() {
    assert_eq!(shown("u1 w1 w1b w1c a1"), "day-0 u1 steps:3 a1");
    assert_eq!(shown("u1 w1 w1b a1"), "day-0 u1 w1 w1b a1");
    assert_eq!(shown("w1 w1b w2 w2b"), "day-0 w1 w1b w2 w2b");
}

#[test]
fn the_latest_work_of_a_run_that_goes_on_is_seen() {
    let mut case = Case {
        is_live: true,
        ..Case::default()
    };
    assert_eq!(case.show("u1 w1 w1b w1c"), "day-0 u1 w1 w1b w1c");
    assert_eq!(
        case.show("u1 w1 w1b w1c a1 w1d w1e w1f"),
        "day-0 u1 steps:3 a1 w1d w1e w1f"
    );
    case.is_live = false;
    assert!(case.arrange());
    assert_eq!(case.text(), "day-0 u1 steps:3 a1 steps:3");
}

#[test]
fn unfolded_work_is_listed_below_its_line() {
    let mut case = Case::default();
    case.show("u1 w1 w1b w1c a1");
    let first = case.display.key(&RowId("w1".to_owned())).unwrap();
    let folded = case.display.key(&RowId("w1c".to_owned())).unwrap();
    assert_eq!(case.display.item_of(folded), Some(Item::Steps(first)));
    case.open.insert(first);
    assert!(case.arrange());
    assert_eq!(case.text(), "day-0 u1 steps:3 w1 w1b w1c a1");
    assert_eq!(case.display.item_of(folded), Some(Item::Row(folded)));
    assert!(case.display.is_unfolded(first) && case.display.is_unfolded(folded));
    assert!(!case.display.is_unfolded(case.display.last().unwrap()));
    assert!(!case.arrange());
}

#[test]
fn rows_are_counted_as_they_are_shown() {
    let mut case = Case::default();
    assert_eq!(case.show("u1 w1 w1b w1c a1"), "day-0 u1 steps:3 a1");
    assert_eq!(case.display.position(1), (1, 2));
    assert_eq!(case.display.position(3), (2, 2));
}

#[test]
fn what_came_at_the_end_is_found_also_after_older_rows_have_come() {
    let mut case = Case::default();
    case.show("u2 a2");
    let last = case.display.last();
    case.show("u1 a1 u2 a2 u3 w3 a3");
    let new: Vec<_> = case.display.after(last).map(|(_, part)| part).collect();
    assert_eq!(new, [Part::Message, Part::Work, Part::Message]);
}

#[test]
fn a_known_row_is_not_looked_at_again() {
    let mut display = Display::default();
    display.take_rows(&ids("u2 a2 u3"), seen);
    let mut asked = Vec::new();
    let order = ids("u1 a1 u2 a2 a2b u3");
    display.take_rows(&order, |id| {
        asked.push(id.0.clone());
        seen(id)
    });
    asked.sort();
    assert_eq!(asked, ["a1", "a2b", "u1"]);
}

proptest! {
    #[test]
    fn changes_one_after_the_other_lead_to_what_the_last_order_shows(
        orders in prop::collection::vec(prop::collection::vec(0_usize..40, 0..30), 1..6),
        is_live in any::<bool>(),
    ) {
        let kinds = ["u", "a", "w", "w", "w", "n"];
        let words: Vec<String> = orders.iter().map(|order| {
            let mut used = HashSet::new();
            let order = order.iter().filter(|n| used.insert(**n));
            order.map(|n| format!("{}{}{n}@{} ", kinds[n % 6], n / 12, 3 - n / 10)).collect()
        }).collect();
        let mut case = Case { is_live, ..Case::default() };
        for words in &words {
            case.show(words);
        }
        let mut fresh = Case { is_live, ..Case::default() };
        prop_assert_eq!(case.text(), fresh.show(words.last().unwrap()));
        let items: HashSet<Item> = case.display.items().iter().copied().collect();
        prop_assert_eq!(case.display.guesses().len(), items.len());
        for (item, guess) in case.display.items().iter().zip(case.display.guesses()) {
            prop_assert_eq!(matches!(item, Item::Row(_)), *guess > 99.0);
        }
        prop_assert_eq!(items.len(), case.display.items().len(), "no name stands twice");
        let stepped: usize = case.display.items().iter().map(|item| match item {
            Item::Steps(first) => case.display.steps(*first).len(),
            Item::Row(_) => 1,
            _ => 0,
        }).sum();
        prop_assert_eq!(stepped, case.display.rows.len(), "every row is there once");
    }
}
