//! What a tool of ours is called, takes and gives back, as an agent sees it.

use serde_json::{Map, Value, json};

/// Longest result that is handed to an agent, in bytes.
pub const MAX_RESULT: usize = 64 * 1024;

/// How a tool is declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Its name; letters, digits and underscores, as every model provider takes it.
    pub name: &'static str,
    /// What it does and when to use it, for the agent.
    pub description: &'static str,
    /// JSON Schema of its arguments, an object.
    pub parameters: Value,
}

impl Definition {
    /// The AG-UI `Tool`.
    #[must_use]
    pub fn to_wire(&self) -> Value {
        json!({
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
        })
    }

    /// Reads the arguments of a call. Those that the schema does not name are let through: agents like to add some.
    ///
    /// # Errors
    /// [`Misfit`], which says what is wrong in words that an agent can act on.
    pub fn read_arguments(&self, text: &str) -> Result<Map<String, Value>, Misfit> {
        let arguments = match text.trim() {
            "" | "null" => Map::new(),
            text => match serde_json::from_str(text) {
                Ok(Value::Object(map)) => map,
                Ok(_) => return Err(Misfit::NotAnObject),
                Err(_) => return Err(Misfit::NotJson),
            },
        };
        let required = self.parameters.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if arguments.get(name).is_none_or(Value::is_null) {
                return Err(Misfit::Missing(name.to_owned()));
            }
        }
        let known = self.parameters.get("properties").and_then(Value::as_object);
        for (name, schema) in known.into_iter().flatten() {
            match arguments.get(name) {
                // Left out, in the two ways that agents have of doing so.
                None | Some(Value::Null) => {}
                Some(value) => fits(value, schema).map_err(|want| Misfit::Wrong {
                    name: name.clone(),
                    want,
                })?,
            }
        }
        Ok(arguments)
    }
}

/// Why the arguments of a call cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It is not JSON.
    #[error("The arguments are not valid JSON.")]
    NotJson,
    /// It is JSON, but no object.
    #[error("The arguments must be a JSON object.")]
    NotAnObject,
    /// One that must be there is not.
    #[error("The argument \"{0}\" is missing.")]
    Missing(String),
    /// One has the wrong form.
    #[error("The argument \"{name}\" must be {want}.")]
    Wrong {
        /// Which.
        name: String,
        /// What it must be.
        want: String,
    },
}

/// Checks type, choice and bounds, which is all that our schemas use; says what was wanted.
fn fits(value: &Value, schema: &Value) -> Result<(), String> {
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or("any");
    let is_kind = match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => is_whole(value),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    let choices = schema.get("enum").and_then(Value::as_array);
    let is_choice = choices.is_none_or(|choices| choices.contains(value));
    let least = schema.get("minimum").and_then(Value::as_f64);
    let is_enough = least.is_none_or(|least| value.as_f64().is_none_or(|value| value >= least));
    if is_kind && is_choice && is_enough {
        return Ok(());
    }
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    Err(match (choices, least) {
        (Some(choices), _) => format!("one of {}", Value::from(choices.clone())),
        (None, Some(least)) => format!("{article} {kind} of at least {least}"),
        (None, None) => format!("{article} {kind}"),
    })
}

/// Agents write `5.0` for 5 at times.
fn is_whole(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|value| value.fract() == 0.0)
}

/// A whole number among the arguments.
#[must_use]
pub fn whole(arguments: &Map<String, Value>, name: &str) -> Option<usize> {
    let value = arguments.get(name)?;
    let whole = value.as_u64().or_else(|| {
        let float = value.as_f64().filter(|value| value.fract() == 0.0)?;
        // More digits than a float holds exactly are no count that anybody means.
        (0.0..=9_007_199_254_740_992.0)
            .contains(&float)
            .then_some(float as u64)
    })?;
    usize::try_from(whole).ok()
}

/// Room for the words that say that something was left out, in bytes.
const NOTE: usize = 100;

/// The first `characters` of a text; all in all at most [`MAX_RESULT`] bytes, with a note at the end where something
/// was left out.
#[must_use]
pub fn cut(text: &str, characters: Option<usize>) -> String {
    let by_count = characters
        .and_then(|count| text.char_indices().nth(count))
        .map_or(text.len(), |(end, _)| end);
    if by_count == text.len() && by_count <= MAX_RESULT {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(by_count.min(MAX_RESULT - NOTE));
    let kept = text.get(..end).unwrap_or_default();
    format!(
        "{kept}\n\n[Cut here: {} of {} characters are left out.]",
        text.chars().count() - kept.chars().count(),
        text.chars().count()
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Definition {
        Definition {
            name: "sample",
            description: "",
            parameters: json!({
                "type": "object",
                "properties": {
                    "count": { "type": "integer", "minimum": 1 },
                    "mood": { "type": "string", "enum": ["good", "bad"] },
                },
                "required": ["mood"],
            }),
        }
    }

    #[test]
    fn arguments_that_fit_are_taken_with_those_that_nobody_asked_for() {
        for text in [
            r#"{"mood":"good"}"#,
            r#"{"mood":"bad","count":3,"more":[1]}"#,
            r#"{"mood":"bad","count":3.0}"#,
            r#" {"mood":"bad","count":null} "#,
        ] {
            assert!(sample().read_arguments(text).is_ok(), "{text}");
        }
        let plain = Definition {
            parameters: json!({ "type": "object", "properties": {} }),
            ..sample()
        };
        for text in ["", "  ", "null", "{}"] {
            assert_eq!(plain.read_arguments(text), Ok(Map::new()), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_arguments_is_said_in_words() {
        for (text, want) in [
            ("{", "The arguments are not valid JSON."),
            ("[]", "The arguments must be a JSON object."),
            ("{}", "The argument \"mood\" is missing."),
            (r#"{"mood":null}"#, "The argument \"mood\" is missing."),
            (
                r#"{"mood":"so so"}"#,
                "The argument \"mood\" must be one of [\"good\",\"bad\"].",
            ),
            (
                r#"{"mood":"good","count":"3"}"#,
                "The argument \"count\" must be an integer of at least 1.",
            ),
            (
                r#"{"mood":"good","count":0}"#,
                "The argument \"count\" must be an integer of at least 1.",
            ),
            (
                r#"{"mood":"good","count":1.5}"#,
                "The argument \"count\" must be an integer of at least 1.",
            ),
        ] {
            let misfit = sample().read_arguments(text).unwrap_err();
            assert_eq!(misfit.to_string(), want, "{text}");
        }
    }

    #[test]
    fn a_text_is_cut_where_it_is_said_to_be() {
        assert_eq!(cut("abc", None), "abc");
        assert_eq!(cut("abc", Some(3)), "abc");
        assert_eq!(
            cut("äbc", Some(1)),
            "ä\n\n[Cut here: 2 of 3 characters are left out.]"
        );
        let long = "ä".repeat(MAX_RESULT);
        let short = cut(&long, None);
        assert!(short.len() <= MAX_RESULT);
        assert!(short.ends_with("[Cut here: 32818 of 65536 characters are left out.]"));
        assert_eq!(cut(&short, None), short, "what was cut is not cut again");
    }

    proptest! {
        #[test]
        fn no_arguments_and_no_cut_ever_panic(text in any::<String>(), count in proptest::option::of(0..40usize)) {
            let _ = sample().read_arguments(&text);
            let kept = cut(&text, count);
            prop_assert!(kept.len() <= MAX_RESULT);
            prop_assert!(kept.starts_with(&text.chars().take(count.unwrap_or(usize::MAX)).collect::<String>()));
        }
    }
}
