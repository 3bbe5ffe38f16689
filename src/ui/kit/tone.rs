//! What a coloured part of the interface wants to say.

/// How serious a message is; chosen by meaning, never by colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// Something to know; nothing to do.
    #[default]
    Info,
    /// Something went well.
    Positive,
    /// Something needs a look, and nothing is broken.
    Caution,
    /// Something failed or would destroy.
    Danger,
}

impl Tone {
    /// The value of `data-tone`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Positive => "positive",
            Self::Caution => "caution",
            Self::Danger => "danger",
        }
    }
}
