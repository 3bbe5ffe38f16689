//! What to look for, by role and accessible name, as a person using the page would.

use std::fmt;

/// How a name is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The whole name.
    Is,
    /// Its beginning.
    Starts,
    /// A part of it.
    Has,
}

impl How {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::Starts => "starts",
            Self::Has => "has",
        }
    }
}

/// A description of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub(crate) role: String,
    pub(crate) name: String,
    pub(crate) how: How,
    pub(crate) within: Option<Box<Self>>,
}

impl Found {
    /// An element of this role, whatever its name.
    pub fn any(role: &str) -> Self {
        Self::new(role, "", How::Is)
    }

    /// An element of this role with exactly this name.
    pub fn named(role: &str, name: &str) -> Self {
        Self::new(role, name, How::Is)
    }

    /// An element of this role whose name starts so.
    pub fn starting(role: &str, name: &str) -> Self {
        Self::new(role, name, How::Starts)
    }

    /// An element of this role whose name contains this.
    pub fn having(role: &str, name: &str) -> Self {
        Self::new(role, name, How::Has)
    }

    fn new(role: &str, name: &str, how: How) -> Self {
        Self {
            role: role.to_owned(),
            name: name.to_owned(),
            how,
            within: None,
        }
    }

    /// The same, but only inside of `outer`.
    #[must_use]
    pub fn within(mut self, outer: Self) -> Self {
        self.within = Some(Box::new(outer));
        self
    }
}

impl fmt::Display for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.role)?;
        if !self.name.is_empty() {
            let more = match self.how {
                How::Is => "",
                How::Starts => "starting ",
                How::Has => "with ",
            };
            write!(formatter, " {more}\"{}\"", self.name)?;
        }
        match &self.within {
            Some(outer) => write!(formatter, " in {outer}"),
            None => Ok(()),
        }
    }
}
