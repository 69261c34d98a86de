//! Values that are written differently, equal to evenkeel, and not equal to every program that reads the format.
//!
//! YAML 1.1 has more booleans and numbers than YAML 1.2, and most programs still read it; shells, Compose and libraries
//! agree on quotes and `$` in dotenv, but not on escapes; readers of INI files disagree on whether quotes, and comments
//! after a value, are part of it. A dotenv variable is known to the lines after it only.

use std::collections::BTreeSet;

use evenkeel_document::{Content, Document, Format, Node, ScalarKind};

/// Text of one side, which shows how values are written.
#[derive(Clone, Copy)]
pub(super) struct Written<'n> {
    text: &'n str,
    format: Format,
    /// Whether the text declares YAML 1.1.
    is_yaml_1_1: bool,
    /// Whether it is an INI file of an unknown program.
    is_ini: bool,
}

/// Programs that read two values differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Readers {
    /// Short description.
    pub(super) who: &'static str,
    /// Whether every reader of the format does.
    pub(super) is_certain: bool,
}

impl<'n> Written<'n> {
    pub(super) fn of(document: &'n Document) -> Self {
        let text = document.file.text.as_str();
        Self {
            text,
            format: document.format,
            is_ini: document.format == Format::Properties
                && [".ini", ".cfg"]
                    .iter()
                    .any(|ending| document.file.path.ends_with(ending)),
            is_yaml_1_1: document.format == Format::Yaml
                && text
                    .lines()
                    .take_while(|line| !line.starts_with("---"))
                    .any(|line| line.trim_end() == "%YAML 1.1"),
        }
    }

    /// Whether the two have different formats.
    pub(super) fn is_other_format(self, other: Self) -> bool {
        self.format != other.format
    }

    /// Whether a list comes from a repeated key, which is not a list if written once: keys of INI files, blocks of HCL.
    pub(super) fn is_repeated(self, list: &Node, single: &Node) -> bool {
        match self.format {
            Format::Properties => true,
            Format::Hcl => {
                matches!(single.content, Content::Map(_)) && !self.value(list).starts_with('[')
            }
            _ => false,
        }
    }

    /// Returns a value as written.
    pub(super) fn value(self, node: &Node) -> &'n str {
        let (start, end) = (node.place.start as usize, node.place.end as usize);
        self.text.get(start..end).unwrap_or("")
    }

    /// Returns the expanded variables of a dotenv value that are set before it.
    fn variables(self, node: &Node) -> BTreeSet<&'n str> {
        let value = self.value(node);
        let before = self.text.get(..node.place.start as usize).unwrap_or("");
        if !fills_in(value) {
            return BTreeSet::new();
        }
        let is_set = |name: &&str| {
            before.lines().any(|line| {
                let line = line.trim_start();
                let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
                let rest = line.strip_prefix(*name).map(str::trim_start);
                rest.is_some_and(|rest| rest.starts_with(['=', ':']))
            })
        };
        value
            .split('$')
            .skip(1)
            .map(|rest| {
                let rest = rest.strip_prefix('{').unwrap_or(rest);
                let is_of_name = |each: char| each.is_ascii_alphanumeric() || each == '_';
                rest.split(|each| !is_of_name(each)).next().unwrap_or("")
            })
            .filter(|name| !name.is_empty())
            .filter(is_set)
            .collect()
    }

    /// Returns the comment after a value of an INI file.
    fn comment(self, node: &Node) -> &'n str {
        if !self.is_ini {
            return "";
        }
        let rest = self.text.get(node.place.end as usize..).unwrap_or("");
        let rest = rest.lines().next().unwrap_or("").trim();
        let is_comment = rest.starts_with(['#', ';']);
        if is_comment { rest } else { "" }
    }
}

/// Returns the programs that read two values of equal text differently.
pub(super) fn differ(left: (Written<'_>, &Node), right: (Written<'_>, &Node)) -> Option<Readers> {
    let (one, two) = (left.0.value(left.1), right.0.value(right.1));
    if left.0.format != right.0.format {
        return None;
    }
    match left.0.format {
        Format::Dotenv if left.0.variables(left.1) != right.0.variables(right.1) => {
            return Some(Readers {
                who: "a variable that it contains is set before it in one of them only",
                is_certain: true,
            });
        }
        Format::Properties if left.0.comment(left.1) != right.0.comment(right.1) => {
            return Some(Readers {
                who: "for some programs the comment after it is part of the value",
                is_certain: false,
            });
        }
        _ => {}
    }
    if one == two {
        return None;
    }
    let text = &*left.1.as_scalar()?.text;
    match left.0.format {
        Format::Yaml => {
            let is_text = |node: &Node| {
                node.as_scalar()
                    .is_some_and(|scalar| scalar.kind == ScalarKind::Text)
            };
            let differs = is_text(left.1)
                && is_text(right.1)
                && is_quoted(one) != is_quoted(two)
                && is_other_type_in_yaml_1_1(text);
            differs.then_some(Readers {
                who: "in YAML 1.1, which many programs read, only one of them is text",
                is_certain: left.0.is_yaml_1_1 || right.0.is_yaml_1_1,
            })
        }
        Format::Dotenv => {
            if text.contains('$') && fills_in(one) != fills_in(two) {
                return Some(Readers {
                    who: "variables are expanded in one of them only",
                    is_certain: true,
                });
            }
            let is_plain = |written: &str| unquoted(written) == text;
            (!(is_plain(one) && is_plain(two))).then_some(Readers {
                who: "Compose, shells and libraries read their escapes differently",
                is_certain: false,
            })
        }
        Format::Properties => (is_quoted(one) != is_quoted(two)).then_some(Readers {
            who: "for many programs the quotes are part of the value",
            is_certain: false,
        }),
        _ => None,
    }
}

fn is_quoted(written: &str) -> bool {
    written.starts_with(['"', '\''])
}

/// Returns a value without surrounding quotes.
fn unquoted(written: &str) -> &str {
    for quote in ['"', '\'', '`'] {
        let inner = written
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    written
}

/// Whether a dotenv value contains an expanded variable: not in single quotes, and not after a backslash.
fn fills_in(written: &str) -> bool {
    if written.starts_with(['\'', '`']) {
        return false;
    }
    let mut is_escaped = false;
    let mut characters = written.chars().peekable();
    while let Some(each) = characters.next() {
        let begins = characters
            .peek()
            .is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '_' | '{' | '('));
        if each == '$' && !is_escaped && begins {
            return true;
        }
        is_escaped = each == '\\' && !is_escaped;
    }
    false
}

/// Whether an unquoted word is text in YAML 1.2, and a boolean or a number in YAML 1.1.
fn is_other_type_in_yaml_1_1(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off",
        "OFF",
    ];
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_spaced = digits.contains('_')
        && digits.starts_with(|first: char| first.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'_' | b'.' | b'x' | b'b'));
    let is_binary = digits.strip_prefix("0b").is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| matches!(byte, b'0' | b'1'))
    });
    // `22:30` is a number in base 60.
    let mut parts = digits.split(':');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_sexagesimal = digits.contains(':')
        && parts.next().is_some_and(is_number)
        && parts.all(|part| is_number(part) && part.len() <= 2);
    WORDS.contains(&text) || is_spaced || is_binary || is_sexagesimal
}

#[cfg(test)]
mod tests {
    use super::{Written, differ};
    use evenkeel_document::{Format, read};
    use evenkeel_model::source::SourceFile;

    /// Returns the programs that read the value of `key` differently in two texts.
    fn readers(path: &str, key: &str, left: &str, right: &str) -> Option<&'static str> {
        let document = |text| {
            let file = SourceFile::new(path, text);
            read(&file, Format::of_file(&file)).unwrap()
        };
        let (one, two) = (document(left), document(right));
        let lookup = |document: &evenkeel_document::Document| {
            let root = document.roots[0].clone();
            key.split('.')
                .fold(root, |node, key| node.get(key).unwrap().clone())
        };
        let nodes = (lookup(&one), lookup(&two));
        differ((Written::of(&one), &nodes.0), (Written::of(&two), &nodes.1)).map(|found| found.who)
    }

    #[test]
    fn a_variable_counts_only_after_its_line() {
        let of = |left: &str, right: &str| readers(".env", "B", left, right).is_some();
        for reference in ["$A", "${A}/x", "\"x-$A\"", "${A:-b}"] {
            let (above, below) = (
                format!("A=1\nB={reference}\n"),
                format!("B={reference}\nA=1\n"),
            );
            assert!(of(&above, &below), "{reference}");
            assert!(!of(&above, &above) && !of(&below, &below));
            let export = format!("export A=1\nB={reference}\n");
            assert!(!of(&above, &export), "{reference}");
        }
        for literal in ["'$A'", "\"\\$A\"", "A", "$"] {
            let (above, below) = (format!("A=1\nB={literal}\n"), format!("B={literal}\nA=1\n"));
            assert!(!of(&above, &below), "{literal}");
        }
        // Another order of other variables.
        assert!(!of("A=1\nC=2\nB=$A\n", "C=2\nA=1\nB=$A\n"));
        assert!(!of("AA=1\nB=$A\n", "B=$A\nAA=1\n"));
    }

    #[test]
    fn a_comment_after_a_value_of_an_ini_file_may_be_part_of_it() {
        let of = |path: &str, left: &str, right: &str| readers(path, "a.x", left, right).is_some();
        let (with, without) = ("[a]\nx = 1 ; old\n", "[a]\nx = 1\n");
        assert!(of("app.ini", with, without));
        assert!(of("app.ini", with, "[a]\nx = 1 # old\n"));
        assert!(!of("app.ini", with, "[a]\nx=1 ; old\n"));
        assert!(!of("app.ini", without, "; old\n[a]\nx = 1\n"));
        // MySQL defines it.
        assert!(!of("my.cnf", "[a]\nx = 1 # old\n", without));
    }
}
