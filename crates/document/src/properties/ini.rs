//! INI files: `[section]`, `key = value`, comments.
//!
//! No standard defines the format; this reader follows the common ground, and otherwise the reading that loses least:
//!
//! - A section is a map with its name as written, `[remote "origin"]` is `remote "origin"`; repeated sections are
//!   merged. Keys before any section are placed beside the sections.
//! - A duplicate key in a section is a list, as files with repeated keys mean it.
//! - `=` separates, as does `:` with white space around it; without either, the first `:`. A line without a separator
//!   is a key with the value null.
//! - `web-1 host=10.0.0.1 port=22`, as in inventories of hosts: a key with a map of its variables.
//! - Lines that are indented deeper than their key continue its value, including empty lines between them.
//! - `#` and `;` start comments at the start of a line, and after white space outside of `"…"`.
//! - Quotes around a whole value are dropped. Nothing is escaped or expanded.
//!
//! Units of systemd follow the rules of systemd: `#` and `;` start a comment only at the start of a line, and a line
//! that ends with a backslash continues on the next. ` ; ` separates commands, quotes are part of a value, only `=`
//! separates, an empty value clears the list of its key, and indentation has no meaning.

use super::super::codes;
use super::super::complaint::{Complaint, Outcome};
use super::super::gathering::{Entries, Gathering, Index};
use super::super::tree::{Content, Entry, Node, Place, ScalarKind};

/// Parses a text by the common rules.
pub(super) fn read(text: &str) -> Outcome {
    read_by(text, Manner::Common)
}

/// Parses a unit of systemd.
pub(super) fn read_unit(text: &str) -> Outcome {
    read_by(text, Manner::Systemd)
}

/// The rules to follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Manner {
    /// The common rules.
    #[default]
    Common,
    /// The rules of systemd.
    Systemd,
}

fn read_by(text: &str, manner: Manner) -> Outcome {
    let mut reader = Reader {
        manner,
        ..Reader::default()
    };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if reader.gathering.is_full() {
            break;
        }
        reader.line(start, line);
        start += line.len();
    }
    reader.finish_value();
    let mut entries = reader.loose;
    for section in reader.sections {
        let Section {
            name,
            place,
            body,
            whole,
        } = section;
        let value = body.into_node(whole);
        entries.insert(
            Entry {
                key: name.into(),
                place,
                value,
            },
            &mut reader.gathering,
        );
    }
    let whole = Place::new(0, text.len());
    reader.gathering.finish(entries.into_node(whole))
}

/// A section in progress.
struct Section {
    name: Box<str>,
    place: Place,
    body: Entries,
    whole: Place,
}

/// A value that may continue.
struct Open {
    key: Box<str>,
    key_place: Place,
    /// The indentation of its key.
    indent: usize,
    value: String,
    place: Place,
    /// Whether it is empty so far.
    is_nothing: bool,
    /// Empty lines that belong to it if another line follows.
    empty_lines: usize,
}

#[derive(Default)]
struct Reader {
    manner: Manner,
    /// Whether the previous line ends with a backslash.
    goes_on: bool,
    gathering: Gathering,
    loose: Entries,
    sections: Vec<Section>,
    names: Index,
    current: Option<usize>,
    open: Option<Open>,
}

impl Reader {
    fn line(&mut self, start: usize, line: &str) {
        if self.manner == Manner::Systemd {
            return self.line_of_unit(start, line);
        }
        let content = line.trim();
        if content.is_empty() {
            if let Some(open) = &mut self.open {
                open.empty_lines += 1;
            }
            return;
        }
        if content.starts_with(['#', ';']) {
            return;
        }
        let indent = line.len() - line.trim_start().len();
        let start = start + indent;
        let content = without_comment(content);
        if self.continues(indent, content) {
            return self.continue_value(start, content);
        }
        self.finish_value();
        if content.starts_with('[') {
            self.section(start, content);
        } else {
            self.key(start, indent, content);
        }
    }

    /// Parses a line of a unit. A comment between the lines of a value is dropped.
    fn line_of_unit(&mut self, start: usize, line: &str) {
        let content = line.trim();
        let indent = line.len() - line.trim_start().len();
        let start = start + indent;
        if content.starts_with(['#', ';']) {
            return;
        }
        let goes_on = content.ends_with('\\');
        let content = content.strip_suffix('\\').unwrap_or(content).trim_end();
        if std::mem::replace(&mut self.goes_on, goes_on) {
            if let Some(open) = &mut self.open {
                open.empty_lines = 0;
                if !open.value.is_empty() && !content.is_empty() {
                    open.value.push(' ');
                }
                open.value.push_str(content);
                open.place = Place::new(open.place.start as usize, start + content.len());
            }
            return;
        }
        self.finish_value();
        if content.is_empty() {
            return;
        }
        if content.starts_with('[') {
            self.section(start, content);
        } else {
            self.key(start, indent, content);
        }
    }

    fn continues(&self, indent: usize, content: &str) -> bool {
        self.open.as_ref().is_some_and(|open| {
            indent > open.indent && !(open.is_nothing && separator(content).is_some())
        })
    }

    fn continue_value(&mut self, start: usize, content: &str) {
        let Some(open) = &mut self.open else { return };
        if std::mem::take(&mut open.is_nothing) || open.value.is_empty() {
            open.place = Place::new(start, start);
        } else {
            open.value
                .extend(std::iter::repeat_n('\n', open.empty_lines + 1));
        }
        open.empty_lines = 0;
        open.value.push_str(content);
        open.place = Place::new(open.place.start as usize, start + content.len());
    }

    fn section(&mut self, start: usize, content: &str) {
        let end = content.rfind(']').unwrap_or(content.len());
        let name = content.get(1..end).unwrap_or("");
        let after = content.get(end..).unwrap_or("");
        let trimmed = name.trim();
        if after != "]" || trimmed.is_empty() {
            let message = if trimmed.is_empty() {
                "missing section name"
            } else if after.is_empty() {
                "missing `]` of the section"
            } else {
                "text after the `]` of a section: only a comment may follow"
            };
            self.complain(Place::new(start, start + content.len()), message);
        }
        let at = start + 1 + name.len() - name.trim_start().len();
        let place = Place::new(at, at + trimmed.len());
        let found = self
            .names
            .find(&self.sections, |section| &section.name, trimmed);
        self.current = Some(found.unwrap_or(self.sections.len()));
        if found.is_none() {
            self.gathering.count(place);
            self.sections.push(Section {
                name: trimmed.into(),
                place,
                body: Entries::default(),
                whole: Place::new(start, start + content.len()),
            });
        }
    }

    fn key(&mut self, start: usize, indent: usize, content: &str) {
        let is_unit = self.manner == Manner::Systemd;
        if let Some(host) = host(start, content).filter(|_| !is_unit) {
            return self.host(start, content, host);
        }
        let separator = if is_unit {
            content.find('=')
        } else {
            separator(content)
        };
        let key = content
            .get(..separator.unwrap_or(content.len()))
            .unwrap_or("");
        let key = key.trim_end();
        let key_place = Place::new(start, start + key.len());
        if key.is_empty() {
            self.complain(
                Place::new(start, start + content.len()),
                "missing key before the separator",
            );
        }
        self.gathering.count(key_place);
        let (value, place) = match separator {
            None => ("", Place::new(start + key.len(), start + key.len())),
            Some(at) => {
                let after = content.get(at + 1..).unwrap_or("");
                let value = after.trim_start();
                let value_at = if value.is_empty() {
                    start + at + 1
                } else {
                    start + content.len() - value.len()
                };
                (value, Place::new(value_at, value_at + value.len()))
            }
        };
        self.open = Some(Open {
            key: key.into(),
            key_place,
            indent,
            value: value.to_owned(),
            place,
            is_nothing: separator.is_none(),
            empty_lines: 0,
        });
    }

    /// Adds a host of an inventory with its variables.
    fn host(&mut self, start: usize, content: &str, host: Host<'_>) {
        let place = Place::new(start, start + content.len());
        let key_place = Place::new(start, start + host.name.len());
        self.gathering.count(key_place);
        let mut entries = Entries::default();
        for (key, key_place, value, value_place) in host.reported {
            self.gathering.count(key_place);
            entries.insert(
                Entry {
                    key: key.into(),
                    place: key_place,
                    value: Node::scalar(value_place, ScalarKind::Loose, value),
                },
                &mut self.gathering,
            );
        }
        self.put(host.name.into(), key_place, entries.into_node(place));
    }

    /// Stores the value in progress.
    fn finish_value(&mut self) {
        let Some(open) = self.open.take() else { return };
        let (kind, text) = if open.is_nothing {
            (ScalarKind::Null, "")
        } else if self.manner == Manner::Systemd {
            (ScalarKind::Loose, open.value.as_str())
        } else {
            (ScalarKind::Loose, unquoted(&open.value))
        };
        let value = Node::scalar(open.place, kind, text);
        self.put(open.key, open.key_place, value);
    }

    /// Stores a value in its section.
    fn put(&mut self, key: Box<str>, place: Place, value: Node) {
        let section = self.current.and_then(|at| self.sections.get_mut(at));
        let entries = match section {
            Some(section) => {
                section.whole.end = section.whole.end.max(value.place.end).max(place.end);
                &mut section.body
            }
            None => &mut self.loose,
        };
        match entries.find(&key) {
            None => entries.push(Entry {
                key: key.into(),
                place,
                value,
            }),
            // `ExecStart=` clears earlier values, and later ones replace them.
            Some(entry)
                if self.manner == Manner::Systemd
                    && (is_empty(&entry.value) || is_empty(&value)) =>
            {
                entry.value = value;
            }
            Some(entry) => repeat(&mut entry.value, value),
        }
    }

    fn complain(&mut self, place: Place, message: &str) {
        self.gathering
            .complain(Complaint::new(&codes::SYNTAX, place, message));
    }
}

/// Returns whether a text starts with a section, and its sections contain only keys, keys with values, and hosts.
pub(super) fn has_sections(text: &str) -> bool {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with(['#', ';']))
        .map(without_comment)
        .peekable();
    let is_section = |line: &str| {
        line.strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
            .is_some_and(|name| !name.trim().is_empty() && !name.contains(['[', ']']))
    };
    let begins = lines.peek().is_some_and(|line| is_section(line));
    begins
        && lines.all(|line| {
            is_section(line) || line.contains('=') || !line.contains(char::is_whitespace)
        })
}

/// Returns whether a value is empty.
fn is_empty(node: &Node) -> bool {
    node.as_scalar()
        .is_some_and(|scalar| scalar.text.is_empty())
}

/// Returns whether a text has a section, and otherwise only lines with `=`, keys of one word, and continuations: many
/// programs use an extension such as `.cfg` for that, and HAProxy does not.
pub(super) fn is_of_sections(text: &str) -> bool {
    let mut has_section = false;
    let mut is_within = false;
    for line in text.lines() {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let content = without_comment(content);
        let is_indented = line.starts_with([' ', '\t']);
        if content.starts_with('[') && content.ends_with(']') {
            has_section = true;
            is_within = false;
        } else if separator(content).is_some_and(|at| at > 0) {
            is_within = true;
        } else if is_indented && is_within {
            // A value continues.
        } else if content.contains(char::is_whitespace) && host(0, content).is_none() {
            return false;
        } else {
            is_within = true;
        }
    }
    has_section || !text.lines().any(|line| line.starts_with([' ', '\t']))
}

/// Adds another value of the same key: the two become a list, or the list grows.
fn repeat(node: &mut Node, another: Node) {
    let whole = Place {
        start: node.place.start,
        end: node.place.end.max(another.place.end),
    };
    match &mut node.content {
        Content::List(items) => {
            items.push(another);
            node.place = whole;
        }
        _ => {
            let list = Node::new(whole, Content::List(Vec::new()));
            let first = std::mem::replace(node, list);
            node.content = Content::List(vec![first, another]);
        }
    }
}

/// A line of an inventory: a host and its variables, each with its places.
struct Host<'t> {
    name: &'t str,
    reported: Vec<(&'t str, Place, &'t str, Place)>,
}

/// Parses a host line: a word without `=`, then only `name=value`, without blanks around `=`.
fn host(start: usize, line: &str) -> Option<Host<'_>> {
    let (name, _) = line.split_once(char::is_whitespace)?;
    if name.contains(['=', '"', '\'']) || name.ends_with(':') {
        return None;
    }
    let mut reported = Vec::new();
    let mut at = name.len();
    while let Some(rest) = line.get(at..).filter(|rest| !rest.trim().is_empty()) {
        at += rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let (key, after) = rest.split_once('=')?;
        let is_name = !key.is_empty()
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        let is_quoted = after.starts_with(['"', '\'']);
        let length = if is_quoted {
            let quote = after.chars().next()?;
            after.get(1..)?.find(quote)? + 2
        } else {
            after.find(char::is_whitespace).unwrap_or(after.len())
        };
        let value = after.get(..length)?;
        if !is_name || value.is_empty() {
            return None;
        }
        let value_at = start + at + key.len() + 1;
        reported.push((
            key,
            Place::new(start + at, start + at + key.len()),
            unquoted(value),
            Place::new(value_at, value_at + value.len()),
        ));
        at += key.len() + 1 + length;
    }
    (!reported.is_empty()).then_some(Host { name, reported })
}

/// Returns the position of a line's separator.
fn separator(line: &str) -> Option<usize> {
    let is_loose = |at: usize| {
        let before = line.get(..at).unwrap_or("");
        let after = line.get(at + 1..).unwrap_or("");
        before.ends_with(char::is_whitespace)
            || after.is_empty()
            || after.starts_with(char::is_whitespace)
    };
    line.match_indices(['=', ':'])
        .find(|(at, sign)| *sign == "=" || is_loose(*at))
        .map(|(at, _)| at)
        .or_else(|| line.find(':'))
}

/// Returns a line, trimmed, without the comment at its end.
fn without_comment(line: &str) -> &str {
    let mut is_quoted = false;
    let mut is_after_blank = false;
    for (at, character) in line.char_indices() {
        match character {
            '"' => {
                // An unclosed quote is literal.
                let rest = line.get(at + 1..).unwrap_or("");
                is_quoted = !is_quoted && rest.contains('"');
            }
            '#' | ';' if is_after_blank && !is_quoted => {
                return line.get(..at).unwrap_or("").trim_end();
            }
            _ => {}
        }
        is_after_blank = character.is_whitespace();
    }
    line
}

/// Returns a value without the quotes around all of it.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        let inner = value
            .strip_prefix(quote)
            .and_then(|value| value.strip_suffix(quote));
        if let Some(inner) = inner.filter(|inner| !inner.contains(quote)) {
            return inner;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Content, Node, Outcome, Place, ScalarKind, codes, read};

    fn shown(node: &Node) -> String {
        match &node.content {
            Content::Scalar(scalar) if scalar.kind == ScalarKind::Null => "-".to_owned(),
            Content::Scalar(scalar) => format!("<{}>", scalar.text),
            Content::List(items) => {
                let items: Vec<String> = items.iter().map(shown).collect();
                format!("[{}]", items.join(" "))
            }
            Content::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|entry| format!("{}={}", entry.key, shown(&entry.value)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
            }
        }
    }

    fn tree(text: &str) -> Node {
        match read(text) {
            Ok(mut roots) => roots.remove(0),
            Err(complaints) => panic!("{text}\n{complaints:#?}"),
        }
    }

    fn at(text: &str, place: Place) -> &str {
        &text[place.start as usize..place.end as usize]
    }

    #[test]
    fn sections_contain_their_keys_and_are_merged() {
        let text = "root = true\n[a]\nx=1\n[remote \"o\"]\n\turl = u\n[ a ] ; c\ny = 2\n[b.c]\n[*.{js,py}]\n";
        assert_eq!(
            shown(&tree(text)),
            "{root=<true> a={x=<1> y=<2>} remote \"o\"={url=<u>} b.c={} *.{js,py}={}}"
        );
    }

    #[test]
    fn values_are_read_as_in_most_programs() {
        for (line, expected) in [
            ("a = b c", "{a=<b c>}"),
            ("a: b", "{a=<b>}"),
            ("a:b", "{a=<b>}"),
            ("a : b = c", "{a=<b = c>}"),
            ("a = b: c", "{a=<b: c>}"),
            ("@a:registry=https://b/", "{@a:registry=<https://b/>}"),
            ("//b/:_authToken=x", "{//b/:_authToken=<x>}"),
            ("a =", "{a=<>}"),
            ("skip-networking", "{skip-networking=-}"),
            ("!includedir /etc/my", "{!includedir /etc/my=-}"),
            ("a = b ; c", "{a=<b>}"),
            ("a = b\t# c", "{a=<b>}"),
            ("a = b;c#d", "{a=<b;c#d>}"),
            ("a = # c", "{a=<>}"),
            ("a = \"b # c\" # d", "{a=<b # c>}"),
            ("a = -k \"b # c\" -d", "{a=<-k \"b # c\" -d>}"),
            ("a = it's # c", "{a=<it's>}"),
            ("a = 'b'", "{a=<b>}"),
            ("a = \"b\" \"c\"", "{a=<\"b\" \"c\">}"),
            ("a = C:\\b\\", "{a=<C:\\b\\>}"),
            ("a[] = 1\na[] = 2\na[] = 3", "{a[]=[<1> <2> <3>]}"),
            ("a =\n  b\n  # c\n\n  d=e\nf = 1", "{a=<b\n\nd=e> f=<1>}"),
            ("a = b\n  c\n\n# d\nf = 1", "{a=<b\nc> f=<1>}"),
            ("a\n  b = 1", "{a=- b=<1>}"),
            ("  a = 1\n  b = 2", "{a=<1> b=<2>}"),
        ] {
            assert_eq!(shown(&tree(line)), expected, "{line}");
            let dos = line.replace('\n', "\r\n") + "\r\n";
            assert_eq!(shown(&tree(&dos)), expected, "{line}");
        }
    }

    #[test]
    fn every_place_spans_its_source() {
        let text = "[ é ]\n\tä = \"b\"  ; c\nx =\n  1\n  2\nx = 3\ny =  \nz\n";
        let root = tree(text);
        let Content::Map(sections) = &root.content else {
            panic!("a map");
        };
        assert_eq!(at(text, sections[0].place), "é");
        let Content::Map(entries) = &sections[0].value.content else {
            panic!("a map");
        };
        let places: Vec<(&str, &str)> = entries
            .iter()
            .map(|entry| (at(text, entry.place), at(text, entry.value.place)))
            .collect();
        let wanted = [("ä", "\"b\""), ("x", "1\n  2\nx = 3"), ("y", ""), ("z", "")];
        assert_eq!(places, wanted);
        let Content::List(items) = &entries[1].value.content else {
            panic!("a list");
        };
        assert_eq!(at(text, items[0].place), "1\n  2");
        assert_eq!(at(text, items[1].place), "3");
    }

    #[test]
    fn every_error_is_reported() {
        let text = "[a\n= b\n[]\n[c] d\ne = 1\n";
        let complaints = read(text).unwrap_err();
        let reported: Vec<&str> = complaints
            .iter()
            .map(|complaint| at(text, complaint.place))
            .collect();
        assert_eq!(reported, ["[a", "= b", "[]", "[c] d"]);
        let twice = read("a = 1\n[a]\nb = 1\n").unwrap_err();
        assert_eq!(twice[0].code.name, codes::DUPLICATE_KEY.name);
    }

    #[test]
    fn a_host_of_an_inventory_has_its_variables() {
        let roots = read(
            "[web]\nweb-1 host=10.0.0.1 port=22 note='a b'\nweb-2\n[web:vars]\nuser = app\nopts = -o A=b\n",
        )
        .unwrap();
        let web = roots[0].get("web").unwrap();
        let host = web.get("web-1").unwrap();
        assert_eq!(
            &*host.get("host").unwrap().as_scalar().unwrap().text,
            "10.0.0.1"
        );
        assert_eq!(&*host.get("note").unwrap().as_scalar().unwrap().text, "a b");
        assert!(web.get("web-2").is_some());
        let vars = roots[0].get("web:vars").unwrap();
        assert_eq!(
            &*vars.get("opts").unwrap().as_scalar().unwrap().text,
            "-o A=b"
        );
    }

    #[test]
    fn units_are_read_as_by_systemd() {
        let tree = |text: &str| {
            let mut roots = super::read_unit(text).unwrap();
            shown(&roots.remove(0))
        };
        for (text, expected) in [
            ("[S]\nA=/bin/a ; /bin/b", "{S={A=</bin/a ; /bin/b>}}"),
            ("[S]\nA=true # ro", "{S={A=<true # ro>}}"),
            ("[S]\n# c\n; d\n  A = \"b c\"", "{S={A=<\"b c\">}}"),
            ("[S]\nA=b \\\n# c\n  d\nE=f: g", "{S={A=<b d> E=<f: g>}}"),
            ("[S]\nA=1\nA=2", "{S={A=[<1> <2>]}}"),
            ("[S]\nA=1\nA=\nA=2", "{S={A=<2>}}"),
            ("[S]\nA=1\nA=", "{S={A=<>}}"),
        ] {
            assert_eq!(tree(text), expected, "{text}");
        }
    }

    #[test]
    fn the_text_decides_the_meaning_of_an_extension() {
        for text in [
            "[a]\nb = c\n",
            "a = b\nc: d\n",
            "[a]\nb =\n  c d\n  e\n",
            "# x\n[web]\nweb-1 host=10.0.0.1\nweb-2\n",
            "skip-networking\n[mysqld]\nport = 1\n",
        ] {
            assert!(super::is_of_sections(text), "{text}");
        }
        for text in [
            "listen a\n  bind 10.0.0.1:22\n  balance source\n",
            "global\n  maxconn 100\n",
            "[a]\nserver one two\n",
        ] {
            assert!(!super::is_of_sections(text), "{text}");
        }
    }

    fn check(node: &Node, text: &str) {
        assert!(
            text.get(node.place.start as usize..node.place.end as usize)
                .is_some()
        );
        let inside = |inner: Place| node.place.start <= inner.start && inner.end <= node.place.end;
        match &node.content {
            Content::Scalar(_) => {}
            Content::List(items) => items.iter().for_each(|item| {
                assert!(inside(item.place));
                check(item, text);
            }),
            Content::Map(entries) => {
                for entry in entries {
                    assert_eq!(at(text, entry.place), &*entry.key);
                    assert!(
                        inside(entry.place) && inside(entry.value.place),
                        "{text:?} {entry:?}"
                    );
                    check(&entry.value, text);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn written_documents_are_read_back(
            sections in prop::collection::btree_map("[a-z][a-z .\"]{0,5}[a-z]", prop::collection::btree_map("[a-z][a-z_.-]{0,5}", "([!-~&&[^\"'#;]][ -~&&[^\"#;]]{0,8}[!-~&&[^\"'#;]])?", 0..5), 0..5),
        ) {
            let mut text = String::new();
            let mut wanted = Vec::new();
            for (name, entries) in &sections {
                text.push_str(&format!("[{name}]\n"));
                let mut inner = Vec::new();
                for (key, value) in entries {
                    text.push_str(&format!("{key} = {value}\n"));
                    inner.push(format!("{key}=<{value}>"));
                }
                wanted.push(format!("{name}={{{}}}", inner.join(" ")));
            }
            prop_assert_eq!(shown(&tree(&text)), format!("{{{}}}", wanted.join(" ")));
        }

        #[test]
        fn arbitrary_text_is_accepted(text in "\\PC{0,40}|(a|b|=|:|#|;|\\[|\\]|\"|'|\\[a\\]| |\t|\n|\r\n|\r|é){0,40}") {
            let outcome: Outcome = read(&text);
            match outcome {
                Ok(roots) => check(&roots[0], &text),
                Err(complaints) => for complaint in complaints {
                    prop_assert!(text.get(complaint.place.start as usize..complaint.place.end as usize).is_some());
                }
            }
        }
    }
}
