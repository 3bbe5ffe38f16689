//! Elements and texts as they are to stand in the page: what the view makes of the nodes, and what is compared
//! with the page instead of the page itself.

use std::borrow::Cow;

/// A text or an element. Each is exactly one node of the page.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A text.
    Text(String),
    /// An element.
    Element(Element),
}

/// An element. Names of elements and attributes come from the code, never from a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Its name.
    pub tag: &'static str,
    /// Its attributes.
    pub attributes: Vec<(&'static str, Cow<'static, str>)>,
    /// What is in it.
    pub children: Vec<Node>,
    /// Whether something else changes what is in it: then it is never changed in place, only replaced.
    pub is_whole: bool,
}

impl Element {
    /// An empty element.
    #[must_use]
    pub fn new(tag: &'static str) -> Self {
        Self {
            tag,
            attributes: Vec::new(),
            children: Vec::new(),
            is_whole: false,
        }
    }

    /// With an attribute.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// With an attribute, if there is a value for it.
    #[must_use]
    pub fn with_some(
        self,
        name: &'static str,
        value: Option<impl Into<Cow<'static, str>>>,
    ) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With more in it.
    #[must_use]
    pub fn holding(mut self, children: impl IntoIterator<Item = Node>) -> Self {
        self.children.extend(children);
        self
    }

    /// With a text in it.
    #[must_use]
    pub fn saying(self, text: impl Into<String>) -> Self {
        self.holding([Node::Text(text.into())])
    }

    /// Never changed in place.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.is_whole = true;
        self
    }
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}
