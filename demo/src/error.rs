//! Error answers in the shapes the backend gives them (wire contract, section 1).

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

/// Why a request was not answered as asked.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiError {
    /// `{"detail": "text"}`
    Text(StatusCode, String),
    /// `{"detail": ["text"]}`: the shape of thread and run errors.
    List(StatusCode, String),
    /// 422 with a list of what did not validate.
    Invalid(Value),
    /// An unhandled fault there: 500, text/plain, and no CORS headers.
    Crash,
}

impl ApiError {
    /// 401 with the reason in brackets.
    pub fn unauthorized(reason: &str) -> Self {
        Self::Text(
            StatusCode::UNAUTHORIZED,
            format!("JWT validation failed ({reason})"),
        )
    }

    /// 404 `{"detail": text}`.
    pub fn not_found(text: impl Into<String>) -> Self {
        Self::Text(StatusCode::NOT_FOUND, text.into())
    }

    /// 404 for a room that does not exist or is not for this caller: the answer does not say which.
    pub fn unknown_room(room: &str) -> Self {
        Self::not_found(format!("unknown room id: {room}"))
    }

    /// 422 for a body that is missing.
    pub fn missing_body() -> Self {
        Self::missing(json!(["body"]), Value::Null)
    }

    /// 422 for one missing field.
    pub fn missing(location: Value, input: Value) -> Self {
        Self::Invalid(
            json!([{"type": "missing", "loc": location, "msg": "Field required", "input": input}]),
        )
    }

    /// 422 for a field of the wrong type.
    pub fn wrong_type(kind: &str, location: Value, message: &str, input: Value) -> Self {
        Self::Invalid(json!([{"type": kind, "loc": location, "msg": message, "input": input}]))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Text(status, text) => (status, Json(json!({ "detail": text }))).into_response(),
            Self::List(status, text) => (status, Json(json!({ "detail": [text] }))).into_response(),
            Self::Invalid(list) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                Json(json!({ "detail": list })),
            )
                .into_response(),
            Self::Crash => (
                StatusCode::INTERNAL_SERVER_ERROR,
                [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
                "Internal Server Error",
            )
                .into_response(),
        }
    }
}

/// A thread or run id out of the path: a UUID of version 4, or 422.
///
/// # Errors
/// [`ApiError::Invalid`] in the shape of the validator.
pub fn path_id(name: &str, text: &str) -> Result<Uuid, ApiError> {
    let id = Uuid::parse_str(text).map_err(|error| {
        ApiError::Invalid(json!([{
            "type": "uuid_parsing", "loc": ["path", name], "input": text,
            "msg": format!("Input should be a valid UUID, {error}"), "ctx": {"error": error.to_string()},
        }]))
    })?;
    if id.get_version_num() == 4 {
        return Ok(id);
    }
    Err(ApiError::Invalid(json!([{
        "type": "uuid_version", "loc": ["path", name], "input": text,
        "msg": "UUID version 4 expected", "ctx": {"expected_version": 4},
    }])))
}

/// A JSON object body, or 422.
///
/// # Errors
/// [`ApiError::Invalid`] when the body is missing, not JSON or not an object.
pub fn object_body(bytes: &[u8]) -> Result<Value, ApiError> {
    if bytes.is_empty() {
        return Err(ApiError::missing_body());
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        ApiError::Invalid(json!([{
            "type": "json_invalid", "loc": ["body", error.column()], "msg": "JSON decode error",
            "input": {}, "ctx": {"error": error.to_string()},
        }]))
    })?;
    match value {
        Value::Object(_) => Ok(value),
        Value::Null => Err(ApiError::missing_body()),
        other => Err(ApiError::wrong_type(
            "model_attributes_type",
            json!(["body"]),
            "Input should be a valid dictionary or object to extract fields from",
            other,
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_path_id_must_be_a_uuid_of_version_four() {
        assert!(path_id("thread_id", "0b2e8b6a-5b4f-4a49-8f6e-0d3f6f3c6b52").is_ok());
        assert!(
            matches!(path_id("thread_id", "nope"), Err(ApiError::Invalid(list)) if list[0]["type"] == "uuid_parsing")
        );
        let version_1 = "0b2e8b6a-5b4f-1a49-8f6e-0d3f6f3c6b52";
        assert!(
            matches!(path_id("run_id", version_1), Err(ApiError::Invalid(list)) if list[0]["type"] == "uuid_version")
        );
    }

    #[test]
    fn a_body_must_be_a_json_object() {
        assert_eq!(object_body(b""), Err(ApiError::missing_body()));
        assert!(
            matches!(object_body(b"{"), Err(ApiError::Invalid(list)) if list[0]["type"] == "json_invalid")
        );
        assert!(matches!(object_body(b"[]"), Err(ApiError::Invalid(_))));
        assert_eq!(object_body(b"{}"), Ok(json!({})));
    }
}
