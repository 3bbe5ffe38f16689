//! Who is signed in on a server, as far as it is shown.

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// A name to show.
    pub name: String,
    /// Address, where it says more than the name.
    pub email: Option<String>,
}
