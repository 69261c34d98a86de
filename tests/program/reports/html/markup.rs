//! Strict parser of the page's markup: every `<` starts an allowed element with allowed attributes, and every element
//! is closed in order. Foreign text that became markup fails it.

const ELEMENTS: &[&str] = &[
    "a",
    "article",
    "b",
    "body",
    "br",
    "caption",
    "circle",
    "code",
    "dd",
    "desc",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "head",
    "header",
    "html",
    "input",
    "label",
    "legend",
    "li",
    "line",
    "main",
    "mark",
    "meta",
    "nav",
    "ol",
    "p",
    "path",
    "pre",
    "rect",
    "section",
    "span",
    "strong",
    "style",
    "summary",
    "svg",
    "symbol",
    "table",
    "tbody",
    "td",
    "text",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "ul",
    "use",
];
const VOID: &[&str] = &["br", "input", "meta"];
const ATTRIBUTES: &[&str] = &[
    "aria-describedby",
    "aria-hidden",
    "aria-label",
    "aria-labelledby",
    "charset",
    "checked",
    "class",
    "content",
    "cx",
    "cy",
    "d",
    "datetime",
    "fill",
    "focusable",
    "for",
    "height",
    "href",
    "http-equiv",
    "id",
    "lang",
    "name",
    "open",
    "overflow",
    "r",
    "role",
    "rx",
    "scope",
    "stroke",
    "stroke-width",
    "tabindex",
    "type",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
];

/// Fails if the page has other than allowed markup.
#[track_caller]
pub fn is_whole(page: &str) {
    let mut rest = page
        .strip_prefix("<!DOCTYPE html>")
        .expect("a page begins with its type");
    let mut open: Vec<&str> = Vec::new();
    while let Some((text, after)) = rest.split_once('<') {
        assert!(
            !text.contains('>') || open.last() == Some(&"style"),
            "a `>` in text: {text:.200}"
        );
        let (tag, after) = after.split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "before {after:.200}");
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(ELEMENTS.contains(&name), "<{tag:.200}>");
        let mut left = attributes;
        while !left.is_empty() {
            let (attribute, value) = match left.split_once("=\"") {
                Some((attribute, value)) if !attribute.contains(' ') => (attribute, Some(value)),
                _ => (left.split(' ').next().unwrap_or_default(), None),
            };
            assert!(
                ATTRIBUTES.contains(&attribute),
                "{attribute:.200} of <{tag:.200}>"
            );
            left = match value {
                Some(value) => value.split_once('"').expect("a value ends").1,
                None => &left[attribute.len()..],
            };
            left = left.strip_prefix(' ').unwrap_or(left);
        }
        if !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(rest, "", "nothing comes after the page");
}

#[test]
fn other_markup_is_rejected() {
    let read = |body: &str| {
        let page = format!("<!DOCTYPE html><html lang=\"en\">{body}</html>");
        std::panic::catch_unwind(|| is_whole(&page)).is_ok()
    };
    assert!(read("<p class=\"a\">x &lt; y<br></p>"));
    for body in [
        "<script></script>",
        "<p onclick=\"x\"></p>",
        "<p>",
        "a > b",
        "<p class=\"a\" onload=\"b\"></p>",
        "</p>",
    ] {
        assert!(!read(body), "{body}");
    }
}
