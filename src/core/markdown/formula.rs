//! Formulas as MathML: drawn up by `pulldown-latex`, taken over element by element against a list of what may be.

use std::borrow::Cow;

use pulldown_latex::config::{DisplayMode, RenderConfig};
use pulldown_latex::{Parser, Storage, push_mathml};

use super::tree::{Element, Node};

/// Longer formulas are left as their source.
const MOST: usize = 10_000;
/// Deeper ones, too: trees are walked by recursion.
const MAX_DEPTH: usize = 100;

const ELEMENTS: [&str; 21] = [
    "math",
    "mrow",
    "mi",
    "mn",
    "mo",
    "mtext",
    "mspace",
    "mfrac",
    "msqrt",
    "mroot",
    "msub",
    "msup",
    "msubsup",
    "mover",
    "munder",
    "munderover",
    "mtable",
    "mtr",
    "mtd",
    "mpadded",
    "mmultiscripts",
];

const ATTRIBUTES: [&str; 15] = [
    "class",
    "depth",
    "display",
    "displaystyle",
    "height",
    "largeop",
    "linethickness",
    "mathvariant",
    "maxsize",
    "minsize",
    "movablelimits",
    "scriptlevel",
    "stretchy",
    "symmetric",
    "width",
];

/// A formula as one `math` element, or what is wrong with it.
///
/// # Errors
/// The source is not understood, or too much.
pub fn formula(source: &str, is_large: bool) -> Result<Vec<Node>, String> {
    if source.len() > MOST || depth(source) > MAX_DEPTH {
        return Err(String::from("it is too long"));
    }
    // Definitions can make much out of little.
    if [
        "\\def",
        "\\gdef",
        "\\newcommand",
        "\\renewcommand",
        "\\let",
        "\\providecommand",
    ]
    .iter()
    .any(|definition| source.contains(definition))
    {
        return Err(String::from("it defines commands of its own"));
    }
    let storage = Storage::new();
    let mut events = Vec::new();
    for event in Parser::new(source, &storage) {
        events.push(Ok(event.map_err(|error| plain(&error.to_string()))?));
    }
    let config = RenderConfig {
        display_mode: match is_large {
            true => DisplayMode::Block,
            false => DisplayMode::Inline,
        },
        ..RenderConfig::default()
    };
    let mut mathml = String::new();
    push_mathml::<_, std::fmt::Error>(&mut mathml, events.into_iter(), config)
        .map_err(|error| error.to_string())?;
    let mut nodes = read(&mathml).ok_or_else(|| String::from("it cannot be drawn"))?;
    if let [Node::Element(math)] = &mut nodes[..] {
        math.attributes.push(("alttext", source.to_owned().into()));
    }
    Ok(nodes)
}

/// The first line of an error, without the drawing of where it is.
fn plain(error: &str) -> String {
    let line = error.lines().find(|line| !line.trim().is_empty());
    line.unwrap_or_default().trim().to_owned()
}

/// How deep a formula can be, at most: groups in groups, and commands that take each other.
fn depth(source: &str) -> usize {
    let mut groups = 0_usize;
    let mut commands = 0_usize;
    let mut deepest = source.matches("\\left").count() + source.matches("\\begin").count();
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                commands += 1;
                while chars.next_if(char::is_ascii_alphabetic).is_some() {}
            }
            '^' | '_' => commands += 1,
            '{' => groups += 1,
            '}' => groups = groups.saturating_sub(1),
            _ if c.is_whitespace() => {}
            _ if groups == 0 => commands = 0,
            _ => {}
        }
        deepest = deepest.max(groups).max(commands);
    }
    deepest
}

/// Reads the text of elements; `None` if there is anything in it that is not expected.
fn read(mathml: &str) -> Option<Vec<Node>> {
    let mut open: Vec<Element> = Vec::new();
    let mut top = Vec::new();
    let mut rest = mathml;
    while !rest.is_empty() {
        let children = open
            .last_mut()
            .map_or(&mut top, |parent| &mut parent.children);
        let end = next_mark(rest);
        if end > 0 {
            children.push(Node::Text(characters(rest.get(..end)?)));
            rest = rest.get(end..)?;
            continue;
        }
        let mark = rest.get(1..)?;
        let (mark, after) = mark.split_once('>')?;
        rest = after;
        if let Some(name) = mark.strip_prefix('/') {
            let done = open.pop().filter(|element| element.tag == name.trim())?;
            let children = open
                .last_mut()
                .map_or(&mut top, |parent| &mut parent.children);
            children.push(done.into());
            continue;
        }
        let (mark, is_empty) = match mark.strip_suffix('/') {
            Some(mark) => (mark, true),
            None => (mark, false),
        };
        let element = element(mark.trim())?;
        if is_empty {
            children.push(element.into());
        } else {
            open.push(element);
        }
    }
    open.is_empty().then_some(top)
}

fn element(mark: &str) -> Option<Element> {
    let (name, mut rest) = mark.split_once(' ').unwrap_or((mark, ""));
    let mut element = Element::new(ELEMENTS.into_iter().find(|known| *known == name)?);
    while let Some((name, more)) = rest.trim_start().split_once("=\"") {
        let (value, more) = more.split_once('"')?;
        rest = more;
        if name == "style" {
            element.attributes.extend(style(value));
        } else if let Some(name) = ATTRIBUTES.into_iter().find(|known| *known == name) {
            element.attributes.push((name, value.to_owned().into()));
        }
    }
    rest.trim().is_empty().then_some(element)
}

/// Colours, as attributes: a policy may forbid styles. The rest is not needed to understand a formula.
fn style(style: &str) -> Vec<(&'static str, Cow<'static, str>)> {
    let rules = style.split(';').filter_map(|rule| rule.split_once(':'));
    rules
        .filter_map(|(name, value)| {
            let name = match name.trim() {
                "color" => "mathcolor",
                "background-color" => "mathbackground",
                _ => return None,
            };
            Some((name, value.trim().to_owned().into()))
        })
        .collect()
}

/// Where the next mark begins; a lone `<` is a sign of the formula.
fn next_mark(text: &str) -> usize {
    let begins = |at: usize| {
        let after = text.get(at + 1..).unwrap_or_default();
        after.starts_with(|c: char| c == '/' || c.is_ascii_alphabetic())
    };
    text.match_indices('<')
        .map(|(at, _)| at)
        .find(|at| begins(*at))
        .unwrap_or(text.len())
}

fn characters(text: &str) -> String {
    [
        ("&nbsp;", "\u{A0}"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (name, sign)| {
        text.replace(name, sign)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(nodes: &[Node]) -> String {
        nodes
            .iter()
            .map(|node| match node {
                Node::Text(text) => text.clone(),
                Node::Element(element) => {
                    format!("<{} {}>", element.tag, shown(&element.children))
                }
            })
            .collect()
    }

    #[test]
    fn common_formulas_become_elements() {
        for (source, want) in [
            ("x^2", "<math <msup <mi x><mn 2>>>"),
            ("\\frac{1}{2}", "<math <mfrac <mrow <mn 1>><mrow <mn 2>>>>"),
            ("a < b", "<math <mi a><mo <><mi b>>"),
        ] {
            assert_eq!(shown(&formula(source, false).unwrap()), want, "{source}");
        }
        for source in [
            "\\int_0^\\infty e^{-x^2} \\, dx = \\frac{\\sqrt{\\pi}}{2}",
            "\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}",
            "\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}",
            "f(x) = \\begin{cases} 1 & \\text{if } x > 0 \\\\ 0 & \\text{else} \\end{cases}",
            "\\left( \\sum_{i=1}^{n} x_i \\right)^2 \\leq \\mathbb{R} \\hat{x} \\vec{v} \\overline{ab}",
            "\\color{red} x \\underbrace{a}_{b} \\lim_{x \\to 0} \\sin x \\binom{n}{k}",
            "\\mathbf{A}^\\top \\cdot \\nabla \\partial \\alpha \\boldsymbol{\\beta} \\operatorname{tr}",
        ] {
            let nodes = formula(source, true).unwrap();
            let [Node::Element(math)] = &nodes[..] else {
                panic!("{nodes:?}")
            };
            assert!(math.attributes.contains(&("display", "block".into())));
            assert!(math.attributes.contains(&("alttext", source.into())));
        }
    }

    #[test]
    fn what_is_not_understood_says_why() {
        for source in ["\\frac{1}", "\\nothing", "{", "x^", "\\begin{a}", "a & b"] {
            let error = formula(source, false).unwrap_err();
            assert!(!error.is_empty() && !error.contains('\n'), "{error}");
        }
        assert!(formula(&"x".repeat(20_000), false).is_err());
        assert!(formula(&"{".repeat(5_000), false).is_err());
        assert!(formula(&"x^".repeat(5_000), false).is_err());
        for piece in [
            "x^",
            "\\sqrt",
            "\\frac{1}",
            "\\sqrt ^",
            "{\\sqrt",
            "\\left(",
        ] {
            for times in [99, 1_000] {
                let _ = formula(&piece.repeat(times), false);
            }
        }
    }

    #[test]
    fn only_known_elements_and_attributes_are_taken_over() {
        for text in [
            "<script>x</script>",
            "<math><a></a></math>",
            "<math>",
            "<mi a>",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let read =
            read("<mi onclick=\"x\" class=\"a\" style=\"color: rgb(1 2 3); width: 1px\">y</mi>");
        let want = Element::new("mi")
            .with("class", "a")
            .with("mathcolor", "rgb(1 2 3)")
            .saying("y");
        assert_eq!(read, Some(vec![want.into()]));
    }

    proptest! {
        #[test]
        fn no_source_makes_it_panic(source in "(\\\\[a-z]{1,6}|[a-z0-9{}^_&$\\\\<>() ]|\\\\frac|\\\\begin\\{cases\\}|\\\\end\\{cases\\}|\\\\left\\(|\\\\right\\)|é|\\\\text\\{|<script>){0,30}") {
            if let Ok(nodes) = formula(&source, false) {
                prop_assert_eq!(nodes.len(), 1);
            }
        }
    }
}
