//! The public test suite for JSON patches, read strictly where it accepts and leniently where it refuses.

use enfilade::core::agui::patch::apply;
use proptest::prelude::*;
use serde_json::{Value, json};

const SUITES: [&str; 2] = [
    include_str!("json-patch/tests.json"),
    include_str!("json-patch/spec_tests.json"),
];

struct Case {
    name: String,
    document: Value,
    patch: Vec<Value>,
    expected: Option<Value>,
}

/// The cases in use, those that must be accepted (with the result) and those that a strict reader refuses (without).
fn cases() -> Vec<Case> {
    let records = SUITES.map(|suite| serde_json::from_str::<Vec<Value>>(suite).unwrap());
    let used = |record: &&Value| record.get("patch").is_some() && record["disabled"] != json!(true);
    let cases = records.iter().flatten().filter(used).map(|record| Case {
        name: format!("{} {}", record["comment"], record["patch"]),
        document: record["doc"].clone(),
        patch: record["patch"].as_array().unwrap().clone(),
        expected: match (record.get("error"), record.get("expected")) {
            (Some(_), _) => None,
            (None, Some(expected)) => Some(expected.clone()),
            (None, None) => Some(record["doc"].clone()),
        },
    });
    cases.collect()
}

#[test]
fn what_the_suite_accepts_gives_the_result_it_asks_for() {
    let cases: Vec<_> = cases();
    let accepted = cases
        .iter()
        .filter_map(|case| Some((case, case.expected.as_ref()?)));
    let mut count = 0;
    for (case, expected) in accepted {
        let mut document = case.document.clone();
        assert_eq!(apply(&mut document, &case.patch), 0, "{}", case.name);
        assert_eq!(document, *expected, "{}", case.name);
        count += 1;
    }
    assert!(count > 60, "{count} cases");
}

#[test]
fn what_the_suite_refuses_is_skipped_without_a_trace_or_has_its_parents_made() {
    let made = [
        (json!({"q":{"bar":2}}), json!({"q":{"bar":2},"a":{"b":1}})),
        (
            json!({"foo":"bar"}),
            json!({"foo":"bar","baz":{"bat":"qux"}}),
        ),
    ];
    let mut count = 0;
    for case in cases().iter().filter(|case| case.expected.is_none()) {
        let mut document = case.document.clone();
        let skipped = apply(&mut document, &case.patch);
        let is_made = made.contains(&(case.document.clone(), document.clone()));
        // To take out what is not there is no error.
        let is_absent = case.name.contains("/baz/1e0/qux");
        assert_eq!(
            skipped,
            usize::from(!is_made && !is_absent),
            "{}",
            case.name
        );
        assert!(is_made || document == case.document, "{}", case.name);
        count += 1;
    }
    assert!(count > 20, "{count} cases");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        Just(json!(1)),
        Just(json!("x")),
        Just(json!({}))
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::hash_map("[ab0]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_operation() -> impl Strategy<Value = Value> {
    let op = proptest::sample::select(vec!["add", "replace", "remove", "move", "copy", "test"]);
    let path = || "(/[ab01-]){0,3}";
    (op, path(), path(), any_value())
        .prop_map(|(op, path, from, value)| json!({"op":op,"path":path,"from":from,"value":value}))
}

proptest! {
    #[test]
    fn an_operation_that_a_strict_reader_accepts_does_the_same_here(
        document in proptest::collection::hash_map("[ab0]", any_value(), 0..3),
        operations in proptest::collection::vec(any_operation(), 0..8),
    ) {
        let mut document = Value::Object(document.into_iter().collect());
        for operation in operations {
            let mut strict = document.clone();
            let patch: json_patch::Patch = serde_json::from_value(json!([operation])).unwrap();
            let is_accepted = json_patch::patch(&mut strict, &patch).is_ok();
            let before = document.clone();
            let skipped = apply(&mut document, std::slice::from_ref(&operation));
            if is_accepted && strict.is_object() {
                prop_assert_eq!(&document, &strict, "{}", operation);
                prop_assert_eq!(skipped, 0);
            } else if skipped > 0 {
                prop_assert_eq!(&document, &before, "{} has left a trace", operation);
            }
            prop_assert!(document.is_object());
        }
    }

    #[test]
    fn no_patch_makes_it_panic(document in any_value(), operations in proptest::collection::vec(any_value(), 0..4)) {
        let mut document = document;
        apply(&mut document, &operations);
    }
}
