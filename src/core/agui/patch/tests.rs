use super::*;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn operations_change_the_document_as_the_table_says() {
    for (before, operation, after) in [
        (
            json!({}),
            json!({"op":"add","path":"/a","value":1}),
            json!({"a":1}),
        ),
        (
            json!({"a":1}),
            json!({"op":"replace","path":"/a","value":2}),
            json!({"a":2}),
        ),
        (
            json!({}),
            json!({"op":"replace","path":"/a/b","value":2}),
            json!({"a":{"b":2}}),
        ),
        (
            json!({}),
            json!({"op":"add","path":"/a/-","value":2}),
            json!({"a":[2]}),
        ),
        (
            json!({"a":null}),
            json!({"op":"add","path":"/a/b","value":2}),
            json!({"a":{"b":2}}),
        ),
        (
            json!({"a":[1,3]}),
            json!({"op":"add","path":"/a/1","value":2}),
            json!({"a":[1,2,3]}),
        ),
        (
            json!({"a":[1]}),
            json!({"op":"add","path":"/a/-","value":2}),
            json!({"a":[1,2]}),
        ),
        (
            json!({"a":[1]}),
            json!({"op":"replace","path":"/a/0","value":2}),
            json!({"a":[2]}),
        ),
        (
            json!({"a":[1]}),
            json!({"op":"remove","path":"/a/0"}),
            json!({"a":[]}),
        ),
        (
            json!({"a":1}),
            json!({"op":"remove","path":"/b/c"}),
            json!({"a":1}),
        ),
        (
            json!({}),
            json!({"op":"add","path":"/a~1b~0c","value":1}),
            json!({"a/b~c":1}),
        ),
        (
            json!({"a":1}),
            json!({"op":"replace","path":"","value":{"b":2}}),
            json!({"b":2}),
        ),
    ] {
        let mut document = before;
        assert_eq!(
            apply(&mut document, std::slice::from_ref(&operation)),
            0,
            "{operation}"
        );
        assert_eq!(document, after, "{operation}");
    }
}

#[test]
fn a_bad_operation_is_skipped_without_a_trace_and_the_rest_applied() {
    let mut document = json!({"a":[1],"s":"text"});
    let bad = [
        json!({"op":"add","path":"/a/7","value":1}),
        json!({"op":"replace","path":"/a/1","value":1}),
        json!({"op":"add","path":"/s/x","value":1}),
        json!({"op":"add","path":"no-slash","value":1}),
        json!({"op":"add","path":"/x"}),
        json!({"op":"replace","path":"","value":7}),
        json!({"op":"move","from":"/a","path":"/s/x"}),
        json!({"op":"move","from":"/a","path":"/a/0"}),
        json!({"op":"move","from":"/a/0","path":"/a/7"}),
        json!({"op":"move","from":"/s","path":""}),
        json!({"op":"copy","from":"/s","path":""}),
        json!({"op":"copy","from":"/none","path":"/x"}),
        json!({"op":"copy","from":"/a","path":"/none/x"}),
        json!({"op":"remove","path":"/a/x"}),
        json!({"op":"remove","path":""}),
        json!({"op":"add","path":"/m/5/x","value":1}),
        json!({"op":"add","path":"/a~2","value":1}),
        json!({"op":"test","path":"/a","value":1}),
        json!("text"),
        json!({"op":"add","path":"/z","value":true}),
    ];
    assert_eq!(apply(&mut document, &bad), bad.len() - 1);
    assert_eq!(document, json!({"a":[1],"s":"text","z":true}));
}

#[test]
fn a_path_without_end_is_skipped() {
    let mut document = json!({});
    assert_eq!(
        apply(
            &mut document,
            &[json!({"op":"add","path":"/a".repeat(100_000),"value":1})]
        ),
        1
    );
    assert_eq!(document, json!({}));
}

#[test]
fn a_document_cannot_be_made_deeper_than_it_can_be_dropped() {
    let mut document = json!({"a":{}});
    let deeper = [
        json!({"op":"add","path":format!("/a{}", "/x".repeat(100)),"value":1}),
        json!({"op":"move","from":"/a","path":"/b/x"}),
        json!({"op":"add","path":"/b","value":{}}),
        json!({"op":"move","from":"/a","path":"/b/x"}),
        json!({"op":"add","path":"/c/x/x/x","value":1}),
        json!({"op":"copy","from":"/b","path":"/c/x/x/y"}),
        json!({"op":"add","path":format!("/d{}", "/x".repeat(40)),"value":1}),
    ];
    for _ in 0..200 {
        apply(&mut document, &deeper);
        assert!(depth(&document) <= MAX_DEPTH + 1);
    }
}

#[test]
fn copies_of_copies_do_not_fill_the_memory() {
    let mut document = json!({"a":["0123456789"]});
    let double: Vec<_> = (0..100)
        .map(|_| json!({"op":"copy","from":"/a","path":"/a/-"}))
        .collect();
    for _ in 0..3 {
        assert!(apply(&mut document, &double) > 50);
        assert!(size(&document, usize::MAX) <= MAX_SIZE);
    }
}

#[test]
fn a_patch_names_the_members_it_is_about() {
    let patch = [
        json!({"op":"add","path":"/rag/citations/-","value":"c"}),
        json!({"op":"add","path":"/a~1b","value":1}),
        json!({"op":"add","path":"","value":{}}),
        json!(7),
    ];
    assert_eq!(namespaces(&patch), ["rag", "a/b"]);
}

proptest! {
    #[test]
    fn no_path_makes_it_panic(path in "[/a0-9~-]{0,12}", from in "[/a0-9~-]{0,6}", op in "add|replace|remove|copy|move|test") {
        let mut document = json!({"a":[1,{"a":[]}],"0":{}});
        apply(&mut document, &[json!({"op":op,"path":path,"from":from,"value":1})]);
        prop_assert!(document.is_object());
    }
}
