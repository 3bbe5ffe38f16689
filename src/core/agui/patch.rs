//! JSON Patch (RFC 6902) as far as servers use it for state: add, replace and remove, forgiving where a strict reader would refuse.

use serde_json::{Map, Value};

/// A longer path could nest the state deeper than it can be copied or dropped.
const MAX_PATH: usize = 64;

/// Applies a list of operations one by one and returns how many were skipped.
///
/// A bad operation is skipped and the rest applied. Missing parents are made (a list where the next key is a number
/// or `-`, else an object), `replace` of a missing member adds it, `remove` of one does nothing. `move`, `copy` and `test` are
/// skipped, and so is anything that would replace the whole document by something other than an object.
pub fn apply(document: &mut Value, operations: &[Value]) -> usize {
    operations
        .iter()
        .filter(|operation| apply_one(document, operation).is_none())
        .count()
}

fn apply_one(document: &mut Value, operation: &Value) -> Option<()> {
    let path = segments(operation.get("path")?.as_str()?)?;
    match operation.get("op")?.as_str()? {
        "add" => write(document, &path, operation.get("value")?, true),
        "replace" => write(document, &path, operation.get("value")?, false),
        "remove" => remove(document, &path),
        _ => None,
    }
}

fn segments(path: &str) -> Option<Vec<String>> {
    if path.is_empty() {
        return Some(Vec::new());
    }
    let rest = path.strip_prefix('/')?;
    if rest.split('/').count() > MAX_PATH {
        return None;
    }
    Some(
        rest.split('/')
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect(),
    )
}

fn write(document: &mut Value, path: &[String], value: &Value, insert: bool) -> Option<()> {
    let Some((last, parents)) = path.split_last() else {
        return value.is_object().then(|| value.clone_into(document));
    };
    // Look first: parents must not be left behind by an operation that is then skipped.
    let mut probe = &*document;
    for (depth, key) in path.iter().enumerate() {
        match probe {
            Value::Object(map) => match map.get(key) {
                Some(next) => probe = next,
                None => break,
            },
            Value::Array(list) => {
                let position = position(key, list.len())?;
                match list.get(position) {
                    Some(next) => probe = next,
                    None if insert || depth + 1 < path.len() || key == "-" => break,
                    None => return None,
                }
            }
            Value::Null => break,
            _ => return None,
        }
        if depth + 1 == path.len() {
            break;
        }
    }
    let mut target = document;
    for (key, next) in parents.iter().zip(path.iter().skip(1)) {
        target = child(target, key, next)?;
    }
    if target.is_null() {
        *target = container_for(last);
    }
    match target {
        Value::Object(map) => {
            map.insert(last.clone(), value.clone());
        }
        Value::Array(list) => {
            let position = position(last, list.len())?;
            match list.get_mut(position) {
                Some(slot) if !insert => value.clone_into(slot),
                _ => list.insert(position, value.clone()),
            }
        }
        _ => return None,
    }
    Some(())
}

fn child<'a>(target: &'a mut Value, key: &str, next: &str) -> Option<&'a mut Value> {
    if target.is_null() {
        *target = container_for(key);
    }
    match target {
        Value::Object(map) => Some(map.entry(key).or_insert_with(|| container_for(next))),
        Value::Array(list) => {
            let position = position(key, list.len())?;
            if position == list.len() {
                list.push(container_for(next));
            }
            list.get_mut(position)
        }
        _ => None,
    }
}

fn remove(document: &mut Value, path: &[String]) -> Option<()> {
    let (last, parents) = path.split_last()?;
    let mut target = document;
    for key in parents {
        let next = match target {
            Value::Object(map) => map.get_mut(key),
            Value::Array(list) => position(key, list.len()).and_then(|at| list.get_mut(at)),
            _ => None,
        };
        match next {
            Some(value) => target = value,
            None => return Some(()),
        }
    }
    match target {
        Value::Object(map) => {
            map.remove(last);
        }
        Value::Array(list) => {
            let position = position(last, list.len())?;
            if position < list.len() {
                list.remove(position);
            }
        }
        _ => {}
    }
    Some(())
}

fn container_for(key: &str) -> Value {
    if key == "-" || key.parse::<usize>().is_ok() {
        Value::Array(Vec::new())
    } else {
        Value::Object(Map::new())
    }
}

// At most one past the end, so that no operation can make a huge list.
fn position(key: &str, len: usize) -> Option<usize> {
    if key == "-" {
        return Some(len);
    }
    key.parse().ok().filter(|position| *position <= len)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
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
            json!({"op":"move","from":"/a","path":"/b"}),
            json!({"op":"test","path":"/a","value":1}),
            json!("text"),
            json!({"op":"add","path":"/z","value":true}),
        ];
        assert_eq!(apply(&mut document, &bad), 9);
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

    proptest! {
        #[test]
        fn no_path_makes_it_panic(path in "[/a0-9~-]{0,12}", op in "add|replace|remove") {
            let mut document = json!({"a":[1,{"a":[]}],"0":{}});
            apply(&mut document, &[json!({"op":op,"path":path,"value":1})]);
            prop_assert!(document.is_object());
        }
    }
}
