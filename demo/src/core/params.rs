//! Named parameters of a call, checked as a core does: first the names, the types only when they are read.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::dispatch::Fault;

/// A parameter of a method.
#[derive(Debug, Clone, Copy)]
pub struct Input {
    /// Key.
    pub name: &'static str,
    /// Type, as the schema names it.
    pub ty: Type,
    /// What it is.
    pub comment: &'static str,
    /// Whether the call fails without it.
    pub is_required: bool,
}

impl Input {
    /// One that must be there.
    pub const fn needed(name: &'static str, ty: Type, comment: &'static str) -> Self {
        Self {
            name,
            ty,
            comment,
            is_required: true,
        }
    }

    /// One that may be left out.
    pub const fn optional(name: &'static str, ty: Type, comment: &'static str) -> Self {
        Self {
            name,
            ty,
            comment,
            is_required: false,
        }
    }

    /// As `/schema` lists it.
    pub fn to_json(self) -> Value {
        json!({"name": self.name, "ty": self.ty.to_json(self.is_required), "comment": self.comment, "required": self.is_required})
    }
}

/// Types of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text.
    Text,
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// Anything.
    Json,
    /// Texts.
    Texts,
}

impl Type {
    fn to_json(self, is_required: bool) -> Value {
        let plain = match self {
            Self::Text => json!("String"),
            Self::Bool => json!("Bool"),
            Self::Number => json!("F64"),
            Self::Json => json!("Json"),
            Self::Texts => json!({"Array": "String"}),
        };
        if is_required {
            plain
        } else {
            json!({ "Option": plain })
        }
    }
}

/// The parameters of one call.
#[derive(Debug, Default)]
pub struct Params(Map<String, Value>);

impl Params {
    /// Reads what stands under `params`.
    ///
    /// # Errors
    /// When it is neither an object nor null, or its keys are not those of the method.
    pub fn read(
        value: &Value,
        namespace: &str,
        function: &str,
        inputs: &[Input],
    ) -> Result<Self, Fault> {
        let map = match value {
            Value::Object(map) => map.clone(),
            Value::Null => Map::new(),
            other => {
                let kind = match other {
                    Value::Array(_) => "array",
                    Value::String(_) => "string",
                    Value::Number(_) => "number",
                    _ => "bool",
                };
                let text = format!("invalid params: expected object or null, got {kind}");
                return Err(Fault::new(text));
            }
        };
        for input in inputs {
            if input.is_required && !map.contains_key(input.name) {
                let text = format!("missing required param '{}': {}", input.name, input.comment);
                return Err(Fault::new(text));
            }
        }
        let is_unknown = |key: &&String| !inputs.iter().any(|input| input.name == key.as_str());
        match map.keys().find(is_unknown) {
            Some(key) => Err(Fault::new(format!(
                "unknown param '{key}' for {namespace}.{function}"
            ))),
            None => Ok(Self(map)),
        }
    }

    /// A parameter, null where it is absent.
    ///
    /// # Errors
    /// When it has another type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, Fault> {
        let value = self.0.get(name).cloned().unwrap_or_default();
        serde_json::from_value(value)
            .map_err(|error| Fault::new(format!("invalid params: {error}")))
    }

    /// A text.
    ///
    /// # Errors
    /// When it has another type.
    pub fn text(&self, name: &str) -> Result<String, Fault> {
        self.get(name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    const INPUTS: [Input; 2] = [
        Input::needed("id", Type::Text, "which one"),
        Input::optional("labels", Type::Texts, "labels"),
    ];

    fn fault(value: Value) -> String {
        match Params::read(&value, "threads", "x", &INPUTS) {
            Ok(params) => params.text("id").unwrap_err().text,
            Err(fault) => fault.text,
        }
    }

    #[test]
    fn names_are_checked_before_types() {
        assert_eq!(
            fault(json!([])),
            "invalid params: expected object or null, got array"
        );
        assert_eq!(fault(Value::Null), "missing required param 'id': which one");
        assert_eq!(
            fault(json!({"id": "a", "Id": 1})),
            "unknown param 'Id' for threads.x"
        );
        assert_eq!(
            fault(json!({"id": 5})),
            "invalid params: invalid type: integer `5`, expected a string"
        );
    }
}
