//! Puts trees into the page, and changes in place what has become different: a reader's selection and the work of
//! the browser stay with all that has not. Drawings and formulas never change inside, only as a whole.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CharacterData, Document, Element, Event, Node as Placed};

use super::window;
use crate::core::markdown::tree::{Element as Wanted, Node};

const SVG: &str = "http://www.w3.org/2000/svg";
const MATHML: &str = "http://www.w3.org/1998/Math/MathML";

/// So many blocks make a part of the page: the browser has fewer of them to look through, and passes over those out of sight.
const PART: usize = 24;

/// So near to the end, a child is looked for from there.
const NEAR: usize = 8;

/// Blocks in an element of the page, one node each. Those at the end may still change and are remembered.
#[derive(Debug)]
pub struct Canvas {
    root: Element,
    document: Document,
    /// What holds the blocks; all but the last are full.
    parts: Vec<Element>,
    /// How many parts, from the first on, may be passed over where nobody sees them.
    still: usize,
    /// How many blocks had settled by the last frame: by now their size is known.
    measured: usize,
    /// How many blocks are forgotten, because they do not change any more.
    settled: usize,
    nodes: Vec<Node>,
}

impl Canvas {
    /// Draws into an empty element.
    #[must_use]
    pub fn new(root: Element) -> Option<Self> {
        Some(Self {
            document: window().document()?,
            root,
            parts: Vec::new(),
            still: 0,
            measured: 0,
            settled: 0,
            nodes: Vec::new(),
        })
    }

    /// Where it draws.
    #[must_use]
    pub fn root(&self) -> &Element {
        &self.root
    }

    /// Puts a block to its place, or changes the one that is there.
    pub fn set(&mut self, at: usize, node: Node) {
        let done = match (self.placed(at), self.known(at)) {
            (None, _) => self.add(at, &node),
            (Some(placed), Some(old)) => change(&self.document, &placed, old, &node),
            (Some(placed), None) => replace(&self.document, &placed, &node),
        };
        tell(done);
        let Some(place) = at.checked_sub(self.settled) else {
            return;
        };
        match self.nodes.get_mut(place) {
            Some(known) => *known = node,
            None => self.nodes.push(node),
        }
    }

    fn add(&mut self, at: usize, node: &Node) -> Result<(), JsValue> {
        if at / PART >= self.parts.len() {
            let part = self.document.create_element("div")?;
            part.set_attribute("class", "md__part")?;
            self.root.append_child(&part)?;
            self.parts.push(part);
        }
        let part = self.parts.last().ok_or(JsValue::UNDEFINED)?;
        let placed = create(&self.document, node, None)?;
        part.append_child(&placed).map(drop)
    }

    /// Adds to the text that `path` leads to.
    pub fn append_text(&mut self, at: usize, path: &[usize], more: &str) {
        let placed = self.placed(at).and_then(|placed| step(placed, path));
        if let Some(text) = placed.and_then(|placed| placed.dyn_into::<CharacterData>().ok()) {
            tell(text.append_data(more));
        }
        if let Some(Node::Text(text)) = self.known_inside(at, path) {
            text.push_str(more);
        }
    }

    /// Changes what is in the element that `path` leads to, from its child `kept` on.
    pub fn set_children(&mut self, at: usize, path: &[usize], kept: usize, children: Vec<Node>) {
        let Some(placed) = self.placed(at).and_then(|placed| step(placed, path)) else {
            return;
        };
        let document = self.document.clone();
        let Some(Node::Element(element)) = self.known_inside(at, path) else {
            return;
        };
        let old = element.children.get(kept..).unwrap_or_default();
        tell(change_children(&document, &placed, kept, old, &children));
        element.children.truncate(kept);
        element.children.extend(children);
    }

    /// Takes blocks away from the end.
    pub fn truncate(&mut self, count: usize) {
        for part in self
            .parts
            .drain(count.div_ceil(PART).min(self.parts.len())..)
        {
            part.remove();
        }
        while let Some(extra) = self.placed(count) {
            let parent = extra.parent_node();
            if parent.is_none_or(|parent| parent.remove_child(&extra).is_err()) {
                return;
            }
        }
        self.nodes.truncate(count.saturating_sub(self.settled));
        self.settled = self.settled.min(count);
        self.measured = self.measured.min(count);
        self.still = self.still.min(self.parts.len());
    }

    /// Forgets blocks that will not change in part any more. Called once a frame.
    pub fn settle(&mut self, settled: usize) {
        if settled > self.settled {
            let gone = (settled - self.settled).min(self.nodes.len());
            self.nodes.drain(..gone);
            self.settled += gone;
        }
        // Marking makes the browser lay out once more, so it is not done while one part follows the other.
        let is_calm = self.measured / PART == self.settled / PART;
        self.measured = self.settled;
        let still = self.still..(self.measured / PART).max(self.still);
        if is_calm && !still.is_empty() {
            self.still = still.end;
            for part in self.parts.get(still).unwrap_or_default() {
                set(part, "data-still", "");
            }
        }
    }

    /// How many blocks are forgotten.
    #[must_use]
    pub fn settled(&self) -> usize {
        self.settled
    }

    /// Forgets everything: all blocks are about to be set, from the first on.
    pub fn forget(&mut self) {
        self.settled = 0;
        self.measured = 0;
        self.nodes.clear();
    }

    fn placed(&self, at: usize) -> Option<Placed> {
        let part = self.parts.get(at / PART)?;
        part.child_nodes().item(u32::try_from(at % PART).ok()?)
    }

    fn known(&self, at: usize) -> Option<&Node> {
        self.nodes.get(at.checked_sub(self.settled)?)
    }

    fn known_inside(&mut self, at: usize, path: &[usize]) -> Option<&mut Node> {
        let mut node = self.nodes.get_mut(at.checked_sub(self.settled)?)?;
        for step in path {
            node = match node {
                Node::Element(element) => element.children.get_mut(*step)?,
                Node::Text(_) => return None,
            };
        }
        Some(node)
    }
}

/// A page that refuses a node of ours is broken in a way that nobody can do anything about here.
fn tell(done: Result<(), JsValue>) {
    if let Err(error) = done {
        log::error!("the page refuses a change: {error:?}");
    }
}

fn step(mut placed: Placed, path: &[usize]) -> Option<Placed> {
    for step in path {
        placed = placed.child_nodes().item(u32::try_from(*step).ok()?)?;
    }
    Some(placed)
}

/// A child; `count` says how many there are. To find one by its number, the browser counts all that are before it.
fn child_of(placed: &Placed, at: usize, count: usize) -> Result<Placed, JsValue> {
    let mut child = placed.last_child();
    if count - at > NEAR {
        child = step(placed.clone(), &[at]);
    } else {
        for _ in at + 1..count {
            child = child.and_then(|child| child.previous_sibling());
        }
    }
    child.ok_or(JsValue::UNDEFINED)
}

fn create(
    document: &Document,
    node: &Node,
    space: Option<&'static str>,
) -> Result<Placed, JsValue> {
    let wanted = match node {
        Node::Text(text) => return Ok(document.create_text_node(text).into()),
        Node::Element(wanted) => wanted,
    };
    let space = match wanted.tag {
        "svg" => Some(SVG),
        "math" => Some(MATHML),
        _ => space,
    };
    let element = match space {
        Some(_) => document.create_element_ns(space, wanted.tag)?,
        None => document.create_element(wanted.tag)?,
    };
    for (name, value) in &wanted.attributes {
        element.set_attribute(name, value)?;
    }
    for child in &wanted.children {
        element.append_child(&create(document, child, space)?)?;
    }
    Ok(element.into())
}

fn replace(document: &Document, placed: &Placed, node: &Node) -> Result<(), JsValue> {
    let parent = placed.parent_node().ok_or(JsValue::UNDEFINED)?;
    let new = create(document, node, None)?;
    parent.replace_child(&new, placed).map(drop)
}

fn change(document: &Document, placed: &Placed, old: &Node, new: &Node) -> Result<(), JsValue> {
    match (old, new) {
        (Node::Text(old), Node::Text(new)) => {
            let text: &CharacterData = placed.unchecked_ref();
            match new.strip_prefix(old.as_str()) {
                Some("") => {}
                Some(more) => text.append_data(more)?,
                None => text.set_data(new),
            }
            Ok(())
        }
        (Node::Element(old), Node::Element(new)) if old == new => Ok(()),
        (Node::Element(old), Node::Element(new))
            if old.tag == new.tag && !old.is_whole && !new.is_whole =>
        {
            change_attributes(placed.unchecked_ref(), old, new)?;
            change_children(document, placed, 0, &old.children, &new.children)
        }
        _ => replace(document, placed, new),
    }
}

fn change_attributes(placed: &Element, old: &Wanted, new: &Wanted) -> Result<(), JsValue> {
    for (name, _) in &old.attributes {
        if !new.attributes.iter().any(|(kept, _)| kept == name) {
            placed.remove_attribute(name)?;
        }
    }
    for attribute in &new.attributes {
        if !old.attributes.contains(attribute) {
            placed.set_attribute(attribute.0, &attribute.1)?;
        }
    }
    Ok(())
}

/// `old` and `new` are the children from `kept` on.
fn change_children(
    document: &Document,
    placed: &Placed,
    kept: usize,
    old: &[Node],
    new: &[Node],
) -> Result<(), JsValue> {
    let child = |at: usize| child_of(placed, kept + at, kept + old.len());
    for (at, (old, new)) in old.iter().zip(new).enumerate() {
        if old != new {
            change(document, &child(at)?, old, new)?;
        }
    }
    for _ in new.len()..old.len() {
        let last = placed.last_child().ok_or(JsValue::UNDEFINED)?;
        placed.remove_child(&last)?;
    }
    for node in new.get(old.len()..).unwrap_or_default() {
        placed.append_child(&create(document, node, None)?)?;
    }
    Ok(())
}

/// Puts other things into an element.
pub fn fill(element: &Element, nodes: &[Node]) {
    let Some(document) = window().document() else {
        return;
    };
    element.set_text_content(None);
    for node in nodes {
        let placed = create(&document, node, None);
        tell(placed.and_then(|placed| element.append_child(&placed).map(drop)));
    }
}

/// The element that matches, at or around where an event happened.
#[must_use]
pub fn around(event: &Event, selector: &str) -> Option<Element> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest(selector).ok().flatten()
}

/// The elements in another that match.
#[must_use]
pub fn all(root: &Element, selector: &str) -> Vec<Element> {
    let Ok(found) = root.query_selector_all(selector) else {
        return Vec::new();
    };
    (0..found.length())
        .filter_map(|at| found.item(at)?.dyn_into().ok())
        .collect()
}

/// The text of the part `inner` of the box `outer` that a button belongs to.
#[must_use]
pub fn text_beside(button: &Element, outer: &str, inner: &str) -> String {
    let part = button.closest(outer).ok().flatten();
    let part = part.and_then(|part| part.query_selector(inner).ok().flatten());
    part.and_then(|part| part.text_content())
        .unwrap_or_default()
}

/// Goes to the element, in the same text, whose attribute has the value that the button has in `data-to`.
pub fn go_to(button: &Element, attribute: &str, selector: &str) {
    let to = button.get_attribute("data-to");
    let root = button.closest(".md").ok().flatten();
    let targets = root.map(|root| all(&root, selector)).unwrap_or_default();
    if let Some(target) = targets
        .iter()
        .find(|target| target.get_attribute(attribute) == to)
    {
        // Brings it into view, too.
        super::focus(target);
    }
}

/// Gives an attribute a value.
pub fn set(element: &Element, attribute: &str, value: &str) {
    tell(element.set_attribute(attribute, value));
}

/// Takes an attribute away.
pub fn unset(element: &Element, attribute: &str) {
    tell(element.remove_attribute(attribute));
}
