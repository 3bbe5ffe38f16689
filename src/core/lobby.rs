//! Order and filtering of what the lobby lists.
