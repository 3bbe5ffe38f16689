//! JSON Patch (RFC 6902) for state and activities: the `json-patch` crate does each operation, this decides which are done, and forgives
//! where a strict reader would refuse.

use json_patch::jsonptr::{Pointer, PointerBuf, Token, index::Index};
use json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Deeper values could not be copied or dropped: both go down by calling themselves.
const MAX_DEPTH: usize = 128;
/// Copies and moves beyond this size of the whole, in values and characters, are skipped: a few copies could fill the memory.
const MAX_SIZE: usize = 16 * 1024 * 1024;

/// Applies a list of operations one by one and returns how many were skipped.
///
/// What a strict reader accepts gives the same result here, with one exception: the whole document is only ever replaced by an object.
/// What it refuses:
///
/// * A bad operation is skipped without a trace and the rest applied; so is one that would make the document too deep or, by copying, too large.
/// * `add` and `replace` make missing parents (a list where the next key is a number or `-`, else an object; `null` counts as missing).
/// * `replace` of a missing member adds it. `remove` of one does nothing. A `test` that fails stops nothing.
///
/// Pointers are those of RFC 6901: `~0` and `~1` are unescaped, `/` names the empty key.
pub fn apply(document: &mut Value, operations: &[Value]) -> usize {
    let mut room = None;
    let skipped = |operation: &&Value| apply_one(document, operation, &mut room).is_none();
    operations.iter().filter(skipped).count()
}

/// The members of the document that a list of operations is about.
pub(crate) fn namespaces(operations: &[Value]) -> Vec<String> {
    let first = |operation: &Value| {
        let path = Pointer::parse(operation.get("path")?.as_str()?).ok()?;
        Some(path.first()?.decoded().into_owned())
    };
    operations.iter().filter_map(first).collect()
}

fn apply_one(document: &mut Value, operation: &Value, room: &mut Option<usize>) -> Option<()> {
    let is_shallow = |pointer: &Pointer| pointer.count() < MAX_DEPTH;
    match PatchOperation::deserialize(operation).ok()? {
        PatchOperation::Add(AddOperation { path, value }) => {
            is_shallow(&path).then_some(())?;
            write(document, &path, value, true)
        }
        PatchOperation::Replace(ReplaceOperation { path, value }) => {
            is_shallow(&path).then_some(())?;
            write(document, &path, value, false)
        }
        PatchOperation::Remove(RemoveOperation { path }) => remove(document, path),
        PatchOperation::Copy(copy) => {
            let source = copy.from.resolve(&*document).ok()?;
            take_room(document, source, room)?;
            is_placeable(document, &copy.path, source).then_some(())?;
            run(document, PatchOperation::Copy(copy))
        }
        PatchOperation::Move(moved) => {
            if moved.from == moved.path {
                return moved.from.resolve(&*document).ok().map(|_| ());
            }
            let source = moved.from.resolve(&*document).ok()?;
            take_room(document, source, room)?;
            is_placeable(document, &moved.path, source).then_some(())?;
            move_value(document, &moved.from, moved.path)
        }
        test @ PatchOperation::Test(_) => run(document, test),
    }
}

/// Measuring takes time as well, so that a move is counted like a copy, and the first that does not fit is the last that is measured.
fn take_room(document: &Value, source: &Value, room: &mut Option<usize>) -> Option<()> {
    let left = room.get_or_insert_with(|| MAX_SIZE.saturating_sub(size(document, MAX_SIZE)));
    *left = left.saturating_sub(size(source, *left));
    (*left > 0).then_some(())
}

/// One operation that leaves the document as it is if it fails.
fn run(document: &mut Value, operation: PatchOperation) -> Option<()> {
    json_patch::patch_unsafe(document, std::slice::from_ref(&operation)).ok()
}

/// Adds or replaces. Parents that are missing come with the value, as one operation, so that none is left behind by one that fails.
fn write(document: &mut Value, path: &Pointer, value: Value, is_add: bool) -> Option<()> {
    if path.is_root() {
        (value.is_object() && depth(&value) <= MAX_DEPTH).then_some(())?;
        *document = value;
        return Some(());
    }
    let tokens: Vec<Token<'_>> = path.tokens().collect();
    let (reach, is_null) = existing(document, &tokens);
    (depth(&value) + tokens.len() <= MAX_DEPTH).then_some(())?;
    // All but the last key is there: the operation as it came, or an addition of what was to be replaced.
    if reach + 1 >= tokens.len() && !is_null {
        let path = path.to_buf();
        let is_there = reach == tokens.len();
        let is_end = tokens.last().is_some_and(Token::is_next);
        let parent = path
            .parent()
            .and_then(|parent| parent.resolve(&*document).ok());
        return match (is_add || is_end, is_there) {
            (false, true) => run(
                document,
                PatchOperation::Replace(ReplaceOperation { path, value }),
            ),
            (false, false) if !parent.is_some_and(Value::is_object) => None,
            _ => run(document, PatchOperation::Add(AddOperation { path, value })),
        };
    }
    let (kept, missing) = tokens.split_at_checked(if is_null { reach } else { reach + 1 })?;
    let value = wrapped(missing, value)?;
    let path = PointerBuf::from_tokens(kept.iter().cloned());
    if kept.is_empty() {
        return None;
    }
    let operation = if is_null {
        PatchOperation::Replace(ReplaceOperation { path, value })
    } else {
        PatchOperation::Add(AddOperation { path, value })
    };
    run(document, operation)
}

/// How many of the keys lead to something, and whether what they lead to is a null that a parent can take the place of.
fn existing(document: &Value, tokens: &[Token<'_>]) -> (usize, bool) {
    let mut value = document;
    for (reach, token) in tokens.iter().enumerate() {
        let next = match value {
            Value::Object(map) => map.get(token.decoded().as_ref()),
            Value::Array(list) => match token.to_index() {
                Ok(Index::Num(index)) => list.get(index),
                _ => None,
            },
            _ => return (reach, value.is_null() && reach > 0),
        };
        match next {
            Some(next) => value = next,
            None => return (reach, false),
        }
    }
    (tokens.len(), false)
}

/// The value inside of the parents that these keys ask for. A list that is new has only a first place.
fn wrapped(keys: &[Token<'_>], value: Value) -> Option<Value> {
    let mut value = value;
    for key in keys.iter().rev() {
        value = match key.to_index() {
            Ok(Index::Next | Index::Num(0)) => Value::Array(vec![value]),
            Ok(Index::Num(_)) => return None,
            Err(_) => Value::Object(Map::from_iter([(key.decoded().into_owned(), value)])),
        };
    }
    Some(value)
}

fn remove(document: &mut Value, path: PointerBuf) -> Option<()> {
    if path.resolve(&*document).is_ok() {
        return run(document, PatchOperation::Remove(RemoveOperation { path }));
    }
    // A key that could never be one of a list is an error; one that is only missing is not.
    let parent = path.parent()?.resolve(&*document);
    let is_no_index = path.last().is_some_and(|key| key.to_index().is_err());
    (!(parent.is_ok_and(Value::is_array) && is_no_index)).then_some(())
}

fn is_placeable(document: &Value, path: &Pointer, value: &Value) -> bool {
    if path.is_root() {
        return value.is_object();
    }
    path.count() < MAX_DEPTH
        && depth(value) + path.count() <= MAX_DEPTH
        && path
            .parent()
            .is_some_and(|parent| parent.resolve(document).is_ok())
}

/// Moves by hand what the crate would take out before it knows whether it can be put in.
fn move_value(document: &mut Value, from: &Pointer, path: PointerBuf) -> Option<()> {
    if path.starts_with(from) {
        return None;
    }
    let (parent, key) = from.split_back()?;
    let parent = parent.resolve_mut(document).ok()?;
    let (value, place) = match parent {
        Value::Object(map) => (map.remove(key.decoded().as_ref())?, None),
        Value::Array(list) => {
            let index = key.to_index().ok()?.for_len(list.len()).ok()?;
            (list.remove(index), Some(index))
        }
        _ => return None,
    };
    let operation = AddOperation { path, value };
    let error = json_patch::patch_unsafe(document, &[PatchOperation::Add(operation.clone())]).err();
    if error.is_none() {
        return Some(());
    }
    match (from.parent()?.resolve_mut(document).ok()?, place) {
        (Value::Object(map), _) => {
            map.insert(key.decoded().into_owned(), operation.value);
        }
        (Value::Array(list), Some(index)) => list.insert(index, operation.value),
        _ => {}
    }
    None
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 1,
    }
}

/// Values and characters in it, counted no further than to the limit.
fn size(value: &Value, limit: usize) -> usize {
    let mut total = 1;
    let mut add = |more: usize| {
        total += more;
        total < limit
    };
    match value {
        Value::String(text) => {
            add(text.len());
        }
        Value::Array(list) => {
            for item in list {
                if !add(size(item, limit)) {
                    break;
                }
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                if !add(key.len() + size(item, limit)) {
                    break;
                }
            }
        }
        _ => {}
    }
    total
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
