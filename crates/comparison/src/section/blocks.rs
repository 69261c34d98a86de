//! Sections of a file that is compared as lines: blocks of a language like Ruby, `lane :staging do … end`.
//!
//! `lane.staging` selects the lines of that block, and `platform.ios.lane.staging` those of a block in a block. A block
//! ends at the next line `end` with the indentation of its first line. Only blocks of the outermost indentation are
//! found, so one inside of another needs the whole path.

use crate::pattern::{Part, Pattern};
use evenkeel_document::{Content, Node, Place};

/// Maximum nesting.
const DEEPEST: usize = 8;

/// Block of lines.
pub(crate) struct Block<'n> {
    /// Called name: `lane`.
    pub(crate) name: &'n str,
    /// Its only plain argument: `staging`.
    pub(crate) argument: &'n str,
    /// Lines between the first and the last.
    pub(crate) lines: &'n [Node],
}

/// Returns the lines of all blocks that a pattern selects, as one list; empty if there is none.
pub(crate) fn select(roots: &[Node], pattern: &Pattern) -> Vec<Node> {
    let [
        Node {
            content: Content::List(lines),
            ..
        },
    ] = roots
    else {
        return Vec::new();
    };
    let keys: Option<Vec<&str>> = pattern
        .parts()
        .iter()
        .map(|part| match part {
            Part::Key(key, _) => Some(&**key),
            _ => None,
        })
        .collect();
    let Some(keys) = keys.filter(|keys| keys.len() % 2 == 0 && keys.len() / 2 <= DEEPEST) else {
        return Vec::new();
    };
    let mut found: Vec<&[Node]> = vec![lines];
    for pair in keys.chunks_exact(2) {
        let [name, argument] = pair else { continue };
        found = found
            .into_iter()
            .flat_map(blocks)
            .filter(|block| block.name == *name && block.argument == *argument)
            .map(|block| block.lines)
            .collect();
    }
    let (Some(first), Some(last)) = (found.first(), found.last()) else {
        return Vec::new();
    };
    let start = first.first().map_or(0, |line| line.place.start);
    let end = last.last().map_or(start, |line| line.place.end);
    vec![Node::new(
        Place::new(start as usize, end as usize),
        Content::List(found.concat()),
    )]
}

/// Returns the outermost blocks of some lines, in order.
pub(crate) fn blocks(lines: &[Node]) -> Vec<Block<'_>> {
    let indented = lines.iter().map(|line| {
        let text = line.as_scalar().map_or("", |scalar| &*scalar.text);
        let own = text.trim_start();
        (text.len() - own.len(), own)
    });
    let indented: Vec<(usize, &str)> = indented.collect();
    let texts = indented.iter().filter(|(_, text)| !text.is_empty());
    let Some(outermost) = texts.map(|(indent, _)| *indent).min() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((indent, text)) = indented.get(at) {
        at += 1;
        let Some((name, argument)) = opening(text).filter(|_| *indent == outermost) else {
            continue;
        };
        let rest = indented.get(at..).unwrap_or_default();
        let is_end = |(indent, text): &(usize, &str)| *indent == outermost && is_end(text);
        let Some(length) = rest.iter().position(is_end) else {
            break;
        };
        found.push(Block {
            name,
            argument,
            lines: lines.get(at..at + length).unwrap_or_default(),
        });
        at += length + 1;
    }
    found
}

/// Returns the name and the argument of a line that opens a block: `lane :staging do |options|`, `stage("qa") do`.
fn opening(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|each: char| !is_of_word(each))?;
    let (name, rest) = text.split_at_checked(end)?;
    if name.is_empty() || name.starts_with(|each: char| each.is_ascii_digit()) {
        return None;
    }
    let rest = rest.trim_start();
    let (rest, is_in_parentheses) = match rest.strip_prefix('(') {
        Some(rest) => (rest.trim_start(), true),
        None => (rest, false),
    };
    let (argument, rest) = match rest.chars().next()? {
        ':' => {
            let rest = rest.get(1..)?;
            let end = rest
                .find(|each: char| !is_of_word(each))
                .unwrap_or(rest.len());
            rest.split_at_checked(end)?
        }
        quote @ ('"' | '\'') => rest.get(1..)?.split_once(quote)?,
        _ => return None,
    };
    let rest = rest.trim_start();
    let rest = if is_in_parentheses {
        rest.strip_prefix(')')?.trim_start()
    } else {
        rest
    };
    let rest = rest.strip_prefix("do")?.trim_start();
    let rest = match rest.strip_prefix('|') {
        Some(rest) => rest.split_once('|')?.1.trim_start(),
        None => rest,
    };
    let is_whole = rest.is_empty() || rest.starts_with('#');
    (is_whole && !argument.is_empty()).then_some((name, argument))
}

/// Whether a line closes a block. More after the word is a call of its result.
fn is_end(text: &str) -> bool {
    text.strip_prefix("end").is_some_and(|rest| {
        let rest = rest.trim_start();
        rest.is_empty() || rest.starts_with('#')
    })
}

fn is_of_word(each: char) -> bool {
    each.is_ascii_alphanumeric() || each == '_'
}

#[cfg(test)]
mod tests {
    use super::{opening, select};
    use crate::Pattern;
    use evenkeel_document::{Content, Format, read};
    use evenkeel_model::source::SourceFile;

    const FASTFILE: &str = "platform :ios do\n  # First.\n  lane :staging do |options|\n    gym(scheme: \"App\")\n    if options[:x]\n      upload\n    end\n\n    notify\n  end\n\n  lane :production do\n    gym(scheme: \"App\")\n  end\n\n  def end_of\n  end\nend\nlane :staging do\n  other\nend\n";

    fn selected(text: &str, pattern: &str) -> Option<Vec<String>> {
        let document = read(&SourceFile::new("Fastfile", text), Format::Lines).unwrap();
        let pattern = Pattern::parse(pattern).unwrap();
        let found = select(&document.roots, &pattern);
        let Content::List(lines) = &found.first()?.content else {
            panic!("a list");
        };
        let texts = lines
            .iter()
            .map(|line| line.as_scalar().unwrap().text.to_string());
        Some(texts.collect())
    }

    #[test]
    fn a_block_is_selected_by_the_names_and_arguments_on_the_way() {
        let lines = selected(FASTFILE, "platform.ios.lane.staging").unwrap();
        assert_eq!(
            lines,
            [
                "    gym(scheme: \"App\")",
                "    if options[:x]",
                "      upload",
                "    end",
                "",
                "    notify"
            ]
        );
        let lines = selected(FASTFILE, "platform.ios.lane.production").unwrap();
        assert_eq!(lines, ["    gym(scheme: \"App\")"]);
        // Not the one inside of a platform.
        assert_eq!(selected(FASTFILE, "lane.staging").unwrap(), ["  other"]);
        for none in [
            "lane.production",
            "platform.ios.lane",
            "lane",
            "lane.qa",
            "lane[0]",
        ] {
            assert_eq!(selected(FASTFILE, none), None, "{none}");
        }
        assert_eq!(selected("lane :qa do\nend\n", "lane.qa").unwrap(), [""; 0]);
        assert_eq!(selected("lane :qa do\n  a\n", "lane.qa"), None);
        // Several blocks of one name are one section.
        let twice = "lane :qa do\n  a\nend\nlane :qa do\n  b\nend\n";
        assert_eq!(selected(twice, "lane.qa").unwrap(), ["  a", "  b"]);
    }

    #[test]
    fn a_first_line_has_one_plain_argument() {
        for (text, expected) in [
            ("lane :staging do", Some(("lane", "staging"))),
            ("lane :staging do |options|", Some(("lane", "staging"))),
            ("lane(:staging) do", Some(("lane", "staging"))),
            ("for_lane 'beta-1' do # all", Some(("for_lane", "beta-1"))),
            ("stage \"qa\" do", Some(("stage", "qa"))),
            ("lane :staging, :qa do", None),
            ("lane :staging do |a| b end", None),
            ("lane staging do", None),
            ("lane :staging", None),
            ("lane :staging done", None),
            ("lane do", None),
            ("a.each do |b|", None),
            ("1 :a do", None),
            ("", None),
        ] {
            assert_eq!(opening(text), expected, "{text}");
        }
    }
}
