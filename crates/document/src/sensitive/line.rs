//! Finds the secrets of one line or value together with their names: `Password=…` in a connection string, `--token …`,
//! `<password>…</password>`, `requirepass …`, `IDENTIFIED BY '…'`.
//!
//! One pass over the words of the line. `form` judges values, and `covering` finds the ends of values with several
//! lines.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::ops::Range;

use super::form::{default_in, is_harmless, is_random, is_reference};
use super::key::{Bearing, bearing};
use super::system::is_no_key;
use super::{grammar, token, url};

/// The permitted separators between a name and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// In a value: a separator is required.
    Value,
    /// In a line of a program: a blank suffices.
    Line,
    /// In an expression, where an unquoted word is an identifier.
    Expression,
}

/// A secret in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// The name, or an empty range when the secret is recognised without one.
    pub(crate) name: Range<usize>,
    /// The secret, without its quotes.
    pub(crate) value: Range<usize>,
    /// The quote around it; empty without one.
    pub(crate) quote: &'static str,
    /// Whether it may continue in the following lines.
    pub(crate) is_open: bool,
}

/// The result for a line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// The secrets, unsorted.
    pub(crate) held: Vec<Held>,
    /// Whether it names a secret whose value follows: `name: DB_PASSWORD`.
    pub(crate) names: bool,
    /// Whether it starts a block with the name of a secret: `variable "db_password" {`.
    pub(crate) begins: bool,
    /// The content of value fields: a secret if a name beside it is one.
    pub(crate) values: Vec<Held>,
    /// Names of secrets without a value, which may follow in later lines.
    pub(crate) opens: Vec<Held>,
    /// The positions of name fields, and whether each contains the name of a secret.
    naming: Vec<(usize, bool)>,
    /// The first name related to secrets, regardless of its value.
    pub(crate) about: Option<Range<usize>>,
}

/// Finds the secrets of a line; `named` says whether the name of a secret precedes it without a value.
pub(crate) fn look(line: &str, manner: Manner, named: bool) -> Found {
    let mut found = Found::default();
    let mut alone = Vec::new();
    token::secrets(line, &mut alone);
    url::secrets(line, &mut alone);
    grammar::secrets(line, &mut alone);
    found.held.extend(alone.into_iter().map(|value| Held {
        name: 0..0,
        value,
        quote: "",
        is_open: false,
    }));
    let signs = Signs::of(line);
    let mut number = 0;
    let mut at = 0;
    while let Some(run) = next_name(line, at) {
        number += 1;
        at = run.end;
        let place = Place {
            line,
            signs: &signs,
            manner,
            run: run.clone(),
            number,
        };
        let end = place.look(&mut found);
        at = end.unwrap_or(at).max(at);
    }
    // `variable "db_password" {`
    found.begins = line.trim_end().ends_with('{')
        && found
            .about
            .as_ref()
            .is_some_and(|about| names_a_secret(line.get(about.clone()).unwrap_or_default()));
    found.leave_out_named_otherwise(line);
    if found.names || named {
        found.held.append(&mut found.values.clone());
    }
    found
}

impl Found {
    /// Removes values whose own element has a name that is not a secret's: a line may contain many elements.
    fn leave_out_named_otherwise(&mut self, line: &str) {
        if self.values.is_empty() || self.naming.iter().all(|(_, is_secret)| *is_secret) {
            return;
        }
        let elements = Elements::of(line);
        let named = |wanted: bool| -> BTreeSet<(usize, usize)> {
            let of = self.naming.iter().filter(|(_, is)| *is == wanted);
            of.map(|(at, _)| elements.at(*at)).collect()
        };
        let (secret, plain) = (named(true), named(false));
        self.values.retain(|held| {
            let element = elements.at(held.value.start);
            secret.contains(&element) || !plain.contains(&element)
        });
    }
}

/// The elements of a line: texts within the same braces, and between the same tag ends.
struct Elements(Vec<(usize, (usize, usize))>);

impl Elements {
    fn of(line: &str) -> Self {
        let (mut open, mut tags) = (Vec::new(), 0);
        let mut borders = Vec::new();
        let mut before = b' ';
        for (at, byte) in line.bytes().enumerate() {
            match byte {
                b'{' => open.push(at + 1),
                b'}' => drop(open.pop()),
                b'>' if before == b'/' => tags += 1,
                _ => {
                    before = byte;
                    continue;
                }
            }
            before = byte;
            borders.push((at, (open.last().copied().unwrap_or(0), tags)));
        }
        Self(borders)
    }

    /// Returns the element at a position.
    fn at(&self, place: usize) -> (usize, usize) {
        let after = self.0.partition_point(|(at, _)| *at < place);
        let border = after.checked_sub(1).and_then(|before| self.0.get(before));
        border.map_or((0, 0), |(_, element)| *element)
    }
}

/// Returns the next run of name characters.
fn next_name(line: &str, from: usize) -> Option<Range<usize>> {
    let is_part = |each: char| each.is_alphanumeric() || matches!(each, '_' | '-' | '.');
    let rest = line.get(from..)?;
    let start = from + rest.find(is_part)?;
    let name = line.get(start..)?;
    let length = name.find(|each| !is_part(each)).unwrap_or(name.len());
    Some(start..start + length)
}

/// The positions of punctuation in a line, so that no name has to search the whole line: with many names, that would
/// take quadratic time.
struct Signs {
    /// The first position of each ASCII character.
    first: [Option<NonZeroU32>; 128],
    /// The last position of each ASCII character.
    last: [Option<NonZeroU32>; 128],
    quotes: Vec<u32>,
    apostrophes: Vec<u32>,
    /// The position of the last `</`.
    last_end_tag: Option<usize>,
}

impl Signs {
    fn of(line: &str) -> Self {
        let mut signs = Self {
            first: [None; 128],
            last: [None; 128],
            quotes: Vec::new(),
            apostrophes: Vec::new(),
            last_end_tag: line.rfind("</"),
        };
        for (at, byte) in line.bytes().enumerate() {
            // Positions count from one. Lines are shorter than four gigabytes.
            let place = u32::try_from(at + 1).ok().and_then(NonZeroU32::new);
            let index = usize::from(byte);
            if let Some(first) = signs.first.get_mut(index) {
                *first = first.or(place);
            }
            if let Some(last) = signs.last.get_mut(index) {
                *last = place;
            }
            match (byte, place) {
                (b'"', Some(place)) => signs.quotes.push(place.get() - 1),
                (b'\'', Some(place)) => signs.apostrophes.push(place.get() - 1),
                _ => {}
            }
        }
        signs
    }

    /// Returns whether a character occurs before a position.
    fn precedes(&self, place: usize, sign: u8) -> bool {
        let first = self.first.get(usize::from(sign)).copied().flatten();
        first.is_some_and(|first| (first.get() as usize) <= place)
    }

    /// Returns whether a character occurs at a position or after it.
    fn follows(&self, place: usize, sign: u8) -> bool {
        let last = self.last.get(usize::from(sign)).copied().flatten();
        last.is_some_and(|last| (last.get() as usize) > place)
    }

    /// Returns whether an odd number of this quote precedes a position.
    fn is_within(&self, place: usize, quote: u8) -> bool {
        let places = if quote == b'"' {
            &self.quotes
        } else {
            &self.apostrophes
        };
        places.partition_point(|at| (*at as usize) < place) % 2 == 1
    }
}

/// Returns at most about the last `most` bytes of a text.
fn last_part(text: &str, most: usize) -> &str {
    let from = text.ceil_char_boundary(text.len().saturating_sub(most));
    text.get(from..).unwrap_or_default()
}

/// One name of a line.
struct Place<'l> {
    line: &'l str,
    signs: &'l Signs,
    manner: Manner,
    run: Range<usize>,
    /// The number of the name in the line, from one.
    number: usize,
}

/// A value after a name.
struct Value {
    range: Range<usize>,
    quote: &'static str,
    is_open: bool,
}

impl Place<'_> {
    fn text(&self, range: Range<usize>) -> &str {
        self.line.get(range).unwrap_or_default()
    }

    /// Checks a name and the text after it; returns the end of the consumed text.
    fn look(&self, found: &mut Found) -> Option<usize> {
        let run = self.text(self.run.clone());
        let name = judged_part(run);
        let kind = bearing(name);
        if kind != Bearing::Plain && self.manner == Manner::Line && is_no_key(self.line, &self.run)
        {
            return None;
        }
        if kind != Bearing::Plain && found.about.is_none() {
            found.about = Some(self.run.clone());
        }
        if self.is_element() {
            return self.element(kind, found);
        }
        let separated = self.after_separator(kind);
        let (start, separator) = separated?;
        if self.is_in_a_resource_name() {
            return None;
        }
        // The value of any other name changes nothing, and its end may be the end of the line.
        if kind == Bearing::Plain
            && !is_field(name, FIELDS_OF_VALUES)
            && !is_field(name, FIELDS_OF_NAMES)
        {
            return None;
        }
        let value = self.value(start, separator)?;
        let text = self.text(value.range.clone());
        let holds = is_field(name, FIELDS_OF_VALUES);
        let is_naming = is_field(name, FIELDS_OF_NAMES)
            && names_a_secret(text)
            && !text.bytes().any(|byte| byte.is_ascii_digit());
        let goes_on = kind >= Bearing::Weak && value.is_open && !value.quote.is_empty();
        if !goes_on && (kind == Bearing::Plain || is_naming || is_harmless(kind, bare(text))) {
            let is_empty = text.trim().is_empty() && value.quote.is_empty();
            if is_empty && kind >= Bearing::Weak && separator != ' ' {
                found.opens.push(self.held(&value));
            }
            if holds && (!value.quote.is_empty() || separator != ' ') && is_field_value(text) {
                found.values.push(self.held(&value));
                return None;
            }
            if is_field(name, FIELDS_OF_NAMES) && names_a_secret(text) {
                found.names = true;
                found.naming.push((value.range.start, true));
                // `<entry key="password">text</entry>`
                if !value.quote.is_empty() {
                    self.content_after(value.range.end, found);
                }
                return Some(value.range.end);
            }
            if is_field(name, FIELDS_OF_NAMES_ALONE) && !value.quote.is_empty() && !is_empty {
                found.naming.push((value.range.start, false));
            }
            return None;
        }
        if let Some(default) = default_in(bare(text)) {
            // The default of `${NAME:-text}`.
            let at = value.range.start + text.find(default).unwrap_or(0);
            found.held.push(Held {
                name: self.run.clone(),
                value: at..at + default.len(),
                quote: "",
                is_open: false,
            });
        } else {
            found.held.push(self.held(&value));
        }
        Some(value.range.end)
    }

    fn held(&self, value: &Value) -> Held {
        Held {
            name: self.run.clone(),
            value: value.range.clone(),
            quote: value.quote,
            is_open: value.is_open,
        }
    }

    /// Returns whether the name is an element's: `<password>`.
    fn is_element(&self) -> bool {
        /// The longest namespace prefix.
        const PREFIX: usize = 256;
        let before = self.text(0..self.run.start);
        let is_opened = || {
            let near = last_part(before, PREFIX);
            near.rfind('<')
                .and_then(|at| near.get(at + 1..))
                .is_some_and(|prefix| !prefix.contains(['>', ' ', '\t', '"', '=', '(']))
        };
        // A namespace prefix may precede it.
        before.ends_with(['<', ':'])
            && self
                .text(self.run.end..self.line.len())
                .starts_with(['>', ' ', '\t', '/'])
            && is_opened()
    }

    /// An element: its content is its value. Its attributes are checked afterwards.
    fn element(&self, kind: Bearing, found: &mut Found) -> Option<usize> {
        let rest = self.text(self.run.end..self.line.len());
        if !self.signs.follows(self.run.end, b'>') {
            return None;
        }
        let close = rest.find('>')?;
        if rest.get(..close).is_some_and(|tag| tag.ends_with('/')) {
            return None;
        }
        let start = self.run.end + close + 1;
        let content = self.text(start..self.line.len());
        let tag = content
            .find('<')
            .and_then(|at| Some((at, content.get(at..)?)));
        let (end, is_open) = match tag {
            Some((at, tag)) if tag.starts_with("</") => (start + at, false),
            Some((at, tag)) if tag.starts_with("<![CDATA[") => match tag.find("</") {
                Some(length) => (start + at + length, false),
                None => (self.line.len(), true),
            },
            // It contains elements.
            Some(_) => return None,
            // `# <file system> <type> <dump> <pass>` of fstab: XML has other comments.
            None if self.text(self.run.clone()) == "pass"
                && self.line.trim_start().starts_with('#') =>
            {
                return None;
            }
            None => (self.line.len(), true),
        };
        let name = judged_part(self.text(self.run.clone()));
        let text = self.text(start..end);
        let held = Held {
            name: self.run.clone(),
            value: start..end,
            quote: "",
            is_open,
        };
        if is_field(name, FIELDS_OF_NAMES) && names_a_secret(text) {
            found.names = true;
            found.naming.push((start, true));
        } else if is_field(name, FIELDS_OF_VALUES) && !text.trim().is_empty() {
            found.values.push(held);
        } else if kind >= Bearing::Weak && is_open && text.trim().is_empty() {
            found.opens.push(held);
        } else if kind != Bearing::Plain && !is_harmless(kind, text) {
            found.held.push(held);
        } else {
            return None;
        }
        // Its attributes may be names, too.
        (close == 0).then_some(end)
    }

    /// Returns the content of the element whose tag ends next: `key="password">text</entry>`.
    fn content_after(&self, from: usize, found: &mut Found) {
        /// The longest tag.
        const TAG: usize = 4096;
        let rest = self.text(from..self.line.floor_char_boundary(from.saturating_add(TAG)));
        let Some(close) = rest.find('>') else { return };
        if rest
            .get(..close)
            .is_some_and(|tag| tag.contains(['<', '/', '=']))
        {
            return;
        }
        let start = from + close + 1;
        let content = self.text(start..self.line.len());
        if let Some(length) = content.find('<')
            && content
                .get(length..)
                .is_some_and(|tag| tag.starts_with("</"))
            && length > 0
        {
            found.values.push(Held {
                name: self.run.clone(),
                value: start..start + length,
                quote: "",
                is_open: false,
            });
        }
    }

    /// Returns the start of the value after the name, and the separator.
    fn after_separator(&self, kind: Bearing) -> Option<(usize, char)> {
        /// The largest number of words up to a name before a blank: `password x` and `set password x`.
        const FIRST: usize = 2;
        let after = self.text(self.run.end..self.line.len());
        let bare = after.trim_start_matches(['"', '\'', ']', ')', '`', '?', '!']);
        let was_quoted = bare.len() < after.len();
        let value = bare.trim_start();
        let at = |rest: &str| self.line.len() - rest.len();
        let first = value.chars().next()?;
        let name = self.text(self.run.clone());
        match first {
            // In `host.example.org:443`, the second is a port.
            ':' if name.contains('.')
                && value
                    .get(1..)
                    .is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit())) =>
            {
                None
            }
            ':' if value.starts_with("://") => None,
            '=' | ':' => {
                let rest = value.trim_start_matches(['=', ':', '>', '~', '+', '?', '-']);
                let rest = if value.starts_with(":-")
                    || value.starts_with(":+")
                    || !self.signs.follows(at(value), b'-')
                {
                    rest
                } else {
                    // A text that starts with a hyphen is a value.
                    value.trim_start_matches(['=', ':', '>', '~', '+'])
                };
                let blanks = rest.len() - rest.trim_start().len();
                let is_assigned = first == '=' && blanks == 0 && bare.len() == value.len();
                let rest = rest.trim_start();
                let is_spelled = self.manner != Manner::Expression
                    || rest.starts_with(['"', '\''])
                    || is_assigned;
                is_spelled.then(|| (at(rest), first))
            }
            // `fetch("SECRET_KEY", "text")`, `["--token", "text"]`.
            ',' if was_quoted || name.starts_with('-') || self.is_symbol() => {
                let rest = value.get(1..)?.trim_start();
                rest.starts_with(['"', '\'']).then(|| (at(rest), ','))
            }
            ',' if self.manner == Manner::Expression => {
                let rest = value.get(1..)?.trim_start();
                rest.starts_with(['"', '\'']).then(|| (at(rest), ','))
            }
            // `password("text")`
            '(' if kind == Bearing::Strong && bare.len() == value.len() => {
                let rest = value.get(1..)?.trim_start();
                let is_word = name.to_ascii_lowercase().contains("passw");
                (is_word && rest.starts_with(['"', '\''])).then(|| (at(rest), '('))
            }
            _ => {
                let is_blank = value.len() < bare.len() || was_quoted && value.len() < after.len();
                if !is_blank || first == '#' {
                    return None;
                }
                let is_option = name.starts_with('-');
                let is_quoted = matches!(first, '"' | '\'');
                let is_near = self.manner == Manner::Line
                    && !was_quoted
                    && (self.number <= FIRST && self.is_first()
                        || is_quoted && self.manner == Manner::Line);
                // `auth required pam_x.so` and sentences: only a single word is a value.
                let is_one = is_quoted
                    || !value
                        .trim_end()
                        .trim_end_matches([';', ','])
                        .contains(char::is_whitespace);
                let is_sure = kind == Bearing::Strong && self.is_directive();
                (is_option && !first.eq(&'-') || is_near && (is_one || is_sure))
                    .then(|| (at(value), ' '))
            }
        }
    }

    /// Returns whether the name is a part of `arn:aws:secretsmanager:…:secret:db`.
    fn is_in_a_resource_name(&self) -> bool {
        /// The longest resource name.
        const RESOURCE: usize = 2048;
        let word = last_part(self.text(0..self.run.start), RESOURCE)
            .rsplit([' ', '\t', '"', '\'', '=', ','])
            .next()
            .unwrap_or("");
        word.starts_with("arn:")
    }

    /// Returns whether the name is a symbol: `:db_password`.
    fn is_symbol(&self) -> bool {
        self.text(0..self.run.start).ends_with(':')
    }

    /// Returns whether only punctuation and at most one word precede it.
    fn is_first(&self) -> bool {
        if [b',', b'=', b'(']
            .iter()
            .any(|sign| self.signs.precedes(self.run.start, *sign))
        {
            return false;
        }
        let before = self.text(0..self.run.start);
        let before = before.trim_start_matches(|each: char| {
            each.is_whitespace()
                || matches!(each, '#' | ';' | '/' | '!' | '-' | '"' | '\'' | '*' | '+')
        });
        !before.trim_end().contains(char::is_whitespace)
    }

    /// Returns whether the name is a server's directive rather than a word of a sentence.
    fn is_directive(&self) -> bool {
        const WORDS: &[&str] = &[
            "requirepass",
            "masterauth",
            "password",
            "passwd",
            "secret",
            "token",
            "auth-token",
        ];
        let name = self.text(self.run.clone());
        let before = self.text(0..self.run.start).trim();
        before.is_empty() && WORDS.contains(&name) && !self.line.trim_end().ends_with('.')
    }

    /// Returns the value that starts at a position.
    fn value(&self, start: usize, separator: char) -> Option<Value> {
        let rest = self.text(start..self.line.len());
        // A YAML tag may precede the value.
        let tag = rest
            .starts_with('!')
            .then(|| rest.find(char::is_whitespace))
            .flatten();
        if let Some(length) = tag {
            let after = rest.get(length..)?.trim_start();
            return self.value(self.line.len() - after.len(), separator);
        }
        for quote in ["\"\"\"", "'''", "\\\"", "&quot;", "\"", "'", "`"] {
            let Some(inner) = rest.strip_prefix(quote) else {
                continue;
            };
            let from = start + quote.len();
            return Some(match end_of_quote(inner, quote) {
                Some(length) => Value {
                    range: from..from + length,
                    quote,
                    is_open: false,
                },
                None => Value {
                    range: from..self.line.trim_end().len().max(from),
                    quote,
                    is_open: true,
                },
            });
        }
        if self.manner == Manner::Value && rest.is_empty() {
            return None;
        }
        let length = self.end_of_bare(start, separator);
        let text = rest.get(..length)?;
        let range = start..start + text.trim_end().len();
        // The keys of a map are checked separately.
        if text.starts_with('{')
            && !is_reference(text)
            && !text.starts_with("{cipher}")
            && !text.starts_with("{S")
        {
            return None;
        }
        let is_computed = self.manner != Manner::Value && is_computed(text);
        (!is_computed).then_some(Value {
            range,
            quote: "",
            is_open: true,
        })
    }

    /// Returns the length of the unquoted value at `start`: to the end of the line, or to the next name.
    fn end_of_bare(&self, start: usize, separator: char) -> usize {
        let rest = self.text(start..self.line.len());
        let precedes = |sign| self.signs.precedes(self.run.start, sign);
        let is_option = self.text(self.run.clone()).starts_with('-');
        let in_url = precedes(b'?') || precedes(b'&');
        let in_tag = self.signs.last_end_tag.is_some_and(|at| at >= start);
        let is_list = rest.starts_with('[');
        let is_exported = self.line.trim_start().starts_with("export ") && {
            let blanks = self.line.len() - self.line.trim_start().len();
            self.run.start >= blanks + "export ".len()
        };
        let in_list = precedes(b'{') || precedes(b'(') || precedes(b',');
        let (mut has_brace, mut has_parenthesis) = (false, false);
        for (at, each) in rest.char_indices() {
            let after = rest.get(at + each.len_utf8()..).unwrap_or_default();
            let ends = match each {
                ';' => {
                    names_next(after)
                        || separator == '=' && precedes(b';')
                        || after.trim().is_empty()
                }
                '&' => in_url || names_next(after.strip_prefix("amp;").unwrap_or(after)),
                '<' => in_tag,
                // In lists and maps on one line.
                ',' if !is_list => (in_list || separator != ' ') && names_next(after),
                '}' => precedes(b'{') && !has_brace,
                ')' => precedes(b'(') && !has_parenthesis,
                '"' => {
                    self.signs.is_within(self.run.start, b'"')
                        || after.trim_start().starts_with([',', ']', '>', '}'])
                }
                '\'' => self.signs.is_within(self.run.start, b'\'') && !precedes(b'"'),
                '`' => true,
                _ if each.is_whitespace() => {
                    is_option && !is_list
                        || separator == '='
                            && (after.trim_start().starts_with('-')
                                || names_next(after)
                                || is_exported)
                        || after.trim_start().starts_with("# ")
                            && !after.trim_start().starts_with("## ")
                        || after.trim_start().starts_with("-->")
                        || after.trim_start().starts_with("*/")
                }
                _ => false,
            };
            if ends {
                return at;
            }
            has_brace |= each == '{';
            has_parenthesis |= each == '(';
        }
        rest.len()
    }
}

/// Fields that name the content of another field of the same element.
const FIELDS_OF_NAMES: &[&str] = &[
    "name",
    "key",
    "id",
    "option",
    "property",
    "parameter",
    "param",
    "variable",
    "var",
    "setting",
    "attribute",
    "header",
    "field",
    "entry",
    "env",
];

/// The fields among them that have no other meaning beside a value: an `id` may accompany a name.
const FIELDS_OF_NAMES_ALONE: &[&str] = &[
    "name",
    "key",
    "option",
    "property",
    "parameter",
    "param",
    "variable",
    "var",
    "setting",
    "attribute",
    "header",
    "field",
];

/// Fields whose value is named by another field of the same element.
const FIELDS_OF_VALUES: &[&str] = &["value", "val", "default", "content", "string", "text"];

/// Returns whether the last word of a name marks a field: `ParameterKey`, `OptionName`, `param-value`.
pub(super) fn is_field(name: &str, fields: &[&str]) -> bool {
    const LONGEST: usize = 40;
    name.len() <= LONGEST
        && fields.iter().any(|field| {
            let Some(at) = name.len().checked_sub(field.len()) else {
                return false;
            };
            let (Some(before), Some(end)) = (name.get(..at), name.get(at..)) else {
                return false;
            };
            end.eq_ignore_ascii_case(field)
                && (before.is_empty()
                    || before.ends_with(['_', '-', '.', ':'])
                    || end.starts_with(|first: char| first.is_uppercase())
                        && before.ends_with(|last: char| last.is_lowercase()))
        })
}

/// Returns whether a field with this key names the content of another field.
pub(super) fn is_field_of_names(key: &str) -> bool {
    is_field(key, FIELDS_OF_NAMES)
}

/// Returns whether a field with this key is named by another field: `value`, `ParameterValue`.
#[must_use]
pub fn is_field_of_values(key: &str) -> bool {
    is_field(key, FIELDS_OF_VALUES)
}

/// Returns whether a text in a name field is the name of a secret.
pub(super) fn names_a_secret(text: &str) -> bool {
    let name = bare(text);
    !name.is_empty()
        && name.len() <= 120
        && !name.contains(char::is_whitespace)
        && matches!(
            bearing(judged_part(name)),
            Bearing::Strong | Bearing::Likely | Bearing::Weak | Bearing::Key
        )
}

fn is_field_value(text: &str) -> bool {
    !is_harmless(Bearing::Strong, bare(text))
}

/// Returns the relevant part of a name: `spring.datasource.password` is a password, `app.key` a key.
pub(super) fn judged_part(run: &str) -> &str {
    let run = run.trim_end_matches('.');
    let Some(at) = run.rfind('.') else { return run };
    let last = run.get(at + 1..).unwrap_or(run);
    let is_weak = matches!(
        last,
        "key"
            | "value"
            | "default"
            | "string"
            | "file"
            | "path"
            | "name"
            | "length"
            | "enabled"
            | "ttl"
            | "url"
            | "id"
    );
    if !is_weak && !last.bytes().all(|byte| byte.is_ascii_digit()) {
        return last;
    }
    let before = run.get(..at).unwrap_or_default();
    let from = before.rfind('.').map_or(0, |at| at + 1);
    run.get(from..).unwrap_or(run)
}

/// Returns a text without quotes and the characters that end a statement.
fn bare(text: &str) -> &str {
    text.trim()
        .trim_end_matches([';', ','])
        .trim_matches(['"', '\''])
}

/// Returns the length of a quoted text up to its closing quote.
fn end_of_quote(text: &str, quote: &str) -> Option<usize> {
    if quote.len() > 1 {
        return text.find(quote);
    }
    let mut is_escaped = false;
    for (at, each) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if each == '\\' && quote != "`" {
            is_escaped = true;
        } else if quote.starts_with(each) {
            // YAML and SQL double a quote.
            if quote == "'"
                && text
                    .get(at + 1..)
                    .is_some_and(|rest| rest.starts_with('\''))
            {
                is_escaped = true;
                continue;
            }
            return Some(at);
        }
    }
    None
}

/// Returns whether a text starts with a name and a separator: the next setting.
fn names_next(text: &str) -> bool {
    let text = text.trim_start().trim_start_matches(['"', '\'']);
    let end = text
        .find(|each: char| !(each.is_alphanumeric() || matches!(each, '_' | '-' | '.' | ' ')))
        .unwrap_or(text.len());
    let name = text.get(..end).unwrap_or_default();
    let rest = text
        .get(end..)
        .unwrap_or_default()
        .trim_start_matches(['"', '\'']);
    const MOST_WORDS: usize = 3;
    !name.trim().is_empty()
        && name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && name.split_whitespace().count() <= MOST_WORDS
        && rest.starts_with(['=', ':'])
}

/// Returns whether a value refers to the source of a secret in program syntax: `ENV["PASSWORD"]`, `var.password`.
fn is_computed(value: &str) -> bool {
    const COMPUTED: &[&str] = &[
        "ENV[",
        "ENV.",
        "env[",
        "env(",
        "$ENV",
        "{{",
        "<%",
        "%{",
        "#{",
        "var.",
        "local.",
        "data.",
        "module.",
        "secrets.",
        "vault(",
        "vault.",
        "process.env",
        "os.environ",
        "os.getenv",
        "getenv",
        "fetch(",
        "Rails.",
        "File.",
        "file(",
        "lookup(",
        "read(",
        "each.",
        "each.value",
        "self.",
        "random_",
        "config.",
        "settings.",
    ];
    let is_call = value.split_once('(').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.' | b':'))
            && value.trim_end().trim_end_matches([';', ',']).ends_with(')')
    });
    let is_symbol = value.strip_prefix(':').is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_lowercase()) && !is_random(rest)
    });
    COMPUTED.iter().any(|start| value.starts_with(start)) || is_call || is_symbol
}

#[cfg(test)]
mod tests {
    use super::{Manner, look};

    /// Returns the line with every secret replaced.
    fn shown(line: &str, manner: Manner) -> String {
        let found = look(line, manner, false).held;
        let ranges = found.into_iter().map(|held| held.value);
        crate::covering::replaced(line, ranges).replace(crate::sensitive::COVERED, "§")
    }

    #[test]
    fn secrets_are_found_without_the_surrounding_text() {
        for (line, wanted) in [
            ("password: hunter2", "password: §"),
            (
                "\"password\": \"hunter2\", \"level\": 1",
                "\"password\": \"§\", \"level\": 1",
            ),
            ("a: 1, db_password = hunter2", "a: 1, db_password = §"),
            ("export DB_PASSWORD=hunter2", "export DB_PASSWORD=§"),
            ("# DB_PASSWORD=hunter2", "# DB_PASSWORD=§"),
            ("db.password hunter2", "db.password §"),
            (
                "exec x --token hunter2 --level 1",
                "exec x --token § --level 1",
            ),
            (
                "exec x --token=hunter2 --level 1",
                "exec x --token=§ --level 1",
            ),
            (
                "args: [\"--token\", \"hunter2\"]",
                "args: [\"--token\", \"§\"]",
            ),
            (
                "Server=db;Password=hunter2;Encrypt=True",
                "Server=db;Password=§;Encrypt=True",
            ),
            (
                "Server=db;User Id=sa;Pwd=hunter2",
                "Server=db;User Id=sa;Pwd=§",
            ),
            (
                "AccountName=a;AccountKey=x9Kd0Qm3==;EndpointSuffix=core",
                "AccountName=a;AccountKey=§;EndpointSuffix=core",
            ),
            (
                "jdbc:postgresql://db/app?user=app&password=hunter2&ssl=true",
                "jdbc:postgresql://db/app?user=app&password=§&ssl=true",
            ),
            ("  <password>hunter2</password>", "  <password>§</password>"),
            (
                "<ns:password enc=\"no\">hunter2</ns:password>",
                "<ns:password enc=\"no\">§</ns:password>",
            ),
            (
                "<property name=\"password\" value=\"hunter2\"/>",
                "<property name=\"password\" value=\"§\"/>",
            ),
            (
                "<add value=\"hunter2\" key=\"ApiSecret\"/>",
                "<add value=\"§\" key=\"ApiSecret\"/>",
            ),
            (
                "<entry key=\"password\">hunter2</entry>",
                "<entry key=\"password\">§</entry>",
            ),
            (
                "<user name=\"app\" password=\"hunter2\"/>",
                "<user name=\"app\" password=\"§\"/>",
            ),
            (
                "<key>password</key><string>hunter2</string>",
                "<key>password</key><string>§</string>",
            ),
            ("requirepass hunter2", "requirepass §"),
            ("masterauth hunter2", "masterauth §"),
            ("user app on >hunter2 ~* +@all", "user app on >§ ~* +@all"),
            ("mysql -u root -phunter2 shop", "mysql -u root -p§ shop"),
            ("redis-cli -a hunter2 ping", "redis-cli -a § ping"),
            (
                "curl -u app:hunter2 https://example.org",
                "curl -u app:§ https://example.org",
            ),
            (
                "machine h login u password hunter2",
                "machine h login u password §",
            ),
            ("db:5432:shop:app:hunter2", "db:5432:shop:app:§"),
            ("Authorization: Basic YXBwOmh1bnRlcjI=", "Authorization: §"),
            (
                "proxy_set_header Authorization \"Bearer hunter2hunter2\";",
                "proxy_set_header Authorization \"§\";",
            ),
            ("auth: \"Bearer hunter2\"", "auth: \"§\""),
            (
                "ALTER USER app WITH PASSWORD 'hunter2';",
                "ALTER USER app WITH PASSWORD '§';",
            ),
            (
                "CREATE USER a IDENTIFIED BY 'hunter2'",
                "CREATE USER a IDENTIFIED BY '§'",
            ),
            ("SET PASSWORD = PASSWORD('hunter2')", "SET PASSWORD = §"),
            (
                "{name: DB_PASSWORD, value: hunter2}",
                "{name: DB_PASSWORD, value: §}",
            ),
            (
                "{\"Value\": \"hunter2\", \"Key\": \"DB_PASSWORD\"}",
                "{\"Value\": \"§\", \"Key\": \"DB_PASSWORD\"}",
            ),
            (
                "ParameterKey=DbPassword,ParameterValue=hunter2",
                "ParameterKey=DbPassword,ParameterValue=§",
            ),
            (
                "[{\"Key\":\"DB_PASSWORD\",\"Value\":\"hunter2\"},{\"Key\":\"Type\",\"Value\":\"t3.large\"}]",
                "[{\"Key\":\"DB_PASSWORD\",\"Value\":\"§\"},{\"Key\":\"Type\",\"Value\":\"t3.large\"}]",
            ),
            (
                "<add key=\"Level\" value=\"Debug\"/><add key=\"Smtp:Password\" value=\"hunter2\"/>",
                "<add key=\"Level\" value=\"Debug\"/><add key=\"Smtp:Password\" value=\"§\"/>",
            ),
            (
                "{\"name\": \"main\", \"key\": \"DB_PASSWORD\", \"x\": {\"y\": 1}, \"value\": \"hunter2\"}",
                "{\"name\": \"main\", \"key\": \"DB_PASSWORD\", \"x\": {\"y\": 1}, \"value\": \"§\"}",
            ),
            (
                "$p = ConvertTo-SecureString \"hunter2\" -AsPlainText -Force",
                "$p = ConvertTo-SecureString \"§\" -AsPlainText -Force",
            ),
            (
                "(ConvertTo-SecureString -AsPlainText -Force -String 'hunter2')",
                "(ConvertTo-SecureString -AsPlainText -Force -String '§')",
            ),
            (
                "A=1 PGPASSWORD=hunter2 B=2 psql",
                "A=1 PGPASSWORD=§ B=2 psql",
            ),
            (
                "docker run -e DB_PASSWORD=hunter2 --rm x",
                "docker run -e DB_PASSWORD=§ --rm x",
            ),
            (
                "password: ${DB_PASSWORD:-hunter2}",
                "password: ${DB_PASSWORD:-§}",
            ),
            (
                "//registry.npmjs.org/:_authToken=hunter2hunter2",
                "//registry.npmjs.org/:_authToken=§",
            ),
            ("set :db_password, \"hunter2\"", "set :db_password, \"§\""),
            (
                "config.secret_key_base = '0a1b2c'",
                "config.secret_key_base = '§'",
            ),
            (
                "ENV.fetch(\"SECRET_KEY\", \"0a1b2c\")",
                "ENV.fetch(\"SECRET_KEY\", \"§\")",
            ),
            (
                "<![CDATA[x]]> <secret><![CDATA[hunter2]]></secret>",
                "<![CDATA[x]]> <secret>§</secret>",
            ),
        ] {
            assert_eq!(shown(line, Manner::Line), wanted);
        }
    }

    #[test]
    fn settings_names_and_references_are_kept() {
        for line in [
            "PasswordAuthentication no",
            "PermitEmptyPasswords yes",
            "password_encryption = scram-sha-256",
            "tokenExpiration: 3600",
            "existingSecret: db-main",
            "imagePullSecrets: [regcred]",
            "password: ENV[\"MAIL_PASSWORD\"],",
            "set :db_password, ENV.fetch('DB_PASSWORD')",
            "config.filter_parameters += [:password, :token]",
            "get '/reset_password', to: 'users#reset'",
            "location /reset-password {",
            "proxy_set_header X-Auth-Token $token;",
            "password_file /run/secrets/db",
            "password: ${DB_PASSWORD}",
            "--password-file=/run/secrets/db",
            "require_password=true",
            "auth required pam_unix.so",
            "auth_basic \"Restricted area\";",
            "image: registry.example.org/token-service:1.2",
            "host: token.example.org:443",
            "<secret name=\"db\"/>",
            "<password/>",
            "<password></password>",
            "cookie SERVERID insert indirect nocache",
            "level: info",
            "server 10.0.0.1:5432 check port 5432",
            "topic: events.test-risk-language-agnostic-scores",
            "max_tokens: 4096",
            "ssl_certificate_key /etc/ssl/app.pem;",
            "password: true",
            "name: web, value: 1",
        ] {
            assert_eq!(shown(line, Manner::Line), line);
        }
    }
}
