//! Fields of a JSON object, read one by one: derived readers of records weigh three times as much in the download.

use serde_json::Value;

/// A text that must be there.
pub fn text(object: &Value, name: &str) -> Option<String> {
    optional_text(object, name)?
}

/// A text that may be missing or null. `None` for anything else.
pub fn optional_text(object: &Value, name: &str) -> Option<Option<String>> {
    match object.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(text)) => Some(Some(text.clone())),
        Some(_) => None,
    }
}

/// A whole number that must be there.
pub fn number(object: &Value, name: &str) -> Option<i64> {
    object.get(name)?.as_i64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_apart_from_what_is_malformed() {
        let object = serde_json::json!({"a": "x", "b": null, "c": 3});
        assert_eq!(text(&object, "a").as_deref(), Some("x"));
        assert_eq!(optional_text(&object, "b"), Some(None));
        assert_eq!(optional_text(&object, "d"), Some(None));
        assert_eq!(optional_text(&object, "c"), None);
        for name in ["b", "c", "d"] {
            assert_eq!(text(&object, name), None, "{name}");
        }
        assert_eq!(number(&object, "c"), Some(3));
        assert_eq!(number(&object, "a"), None);
        assert_eq!(text(&Value::Null, "a"), None);
    }
}
