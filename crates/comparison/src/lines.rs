//! Texts without a format, compared line by line.
//!
//! Empty lines and comments are skipped; [`style`] defines comments. Lines left over by a sequence diff are classified
//! in [`leftover`]: equal lines elsewhere are in another order; lines that set the same thing are a differing pair; the
//! rest exists on one side only, one statement with all its lines at a time.

mod leftover;
mod style;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::disagreement::{Disagreement, Matter, Side, Surroundings};
use super::path::Step;
use super::{Identities, Path, Which, list, shown};
use evenkeel_document::{Content, Document, Node, Place, Scalar, ScalarKind, covering, sensitive};
use leftover::{Leftover, says_something};
use style::Style;

/// Compares lines. Lines that differ by identity values only are equal. A path names a line by its text, so that it
/// does not depend on other lines.
pub(super) fn compare(
    left: &Document,
    right: &Document,
    identities: &Identities,
    above: &Path,
    is_set: bool,
    found: &mut Vec<Disagreement>,
) {
    let (lefts, rights) = (lines(left), lines(right));
    // Indentation is compared if it has a meaning on both sides.
    let indentation = Style::of(left)
        .indentation
        .min(Style::of(right).indentation);
    let (one, two) = (Shown::of(left), Shown::of(right));
    // A line is identified by its text without secrets.
    let covered = |shown: &Shown, nodes: &[&Node]| -> Vec<String> {
        let trimmed = |node: &&Node| shown.covered(node).trim().to_owned();
        nodes.iter().map(trimmed).collect()
    };
    let texts = (covered(&one, &lefts), covered(&two, &rights));
    let leftover = Leftover::of(
        &lefts,
        &rights,
        (&texts.0, &texts.1),
        identities,
        indentation,
    );
    if leftover.is_empty() {
        return;
    }
    if !leftover.moved.is_empty() && !is_set {
        let numbers = |which: fn(&(usize, usize)) -> usize| {
            let mut numbers: Vec<usize> = leftover.moved.iter().map(which).collect();
            numbers.sort_unstable();
            numbers
        };
        found.push(Disagreement {
            path: above.clone(),
            left: one.side(&chosen(&lefts, &numbers(|(one, _)| *one))),
            right: two.side(&chosen(&rights, &numbers(|(_, two)| *two))),
            // The first matching line counts, and a line may have left its block.
            matter: Matter::Order(true),
            lacking: None,
            around: Surroundings::default(),
        });
    }
    let mut names = Names::default();
    if let Some((first, _)) = leftover.indented.first() {
        let numbers = |which: fn(&(usize, usize)) -> usize| -> Vec<usize> {
            leftover.indented.iter().map(which).collect()
        };
        let ones = chosen(&lefts, &numbers(|(one, _)| *one));
        let twos = chosen(&rights, &numbers(|(_, two)| *two));
        found.push(Disagreement {
            path: above.with(names.of(&one, &chosen(&lefts, &[*first]))),
            left: one.indented(&ones),
            right: two.indented(&twos),
            matter: Matter::Lines,
            lacking: None,
            around: Surroundings::default(),
        });
    }
    for (number, other) in &leftover.pairs {
        let (ones, twos) = (chosen(&lefts, &[*number]), chosen(&rights, &[*other]));
        let (mut left, mut right) = (one.side(&ones), two.side(&twos));
        let marked = {
            let line = |nodes: &[&Node]| {
                nodes
                    .first()
                    .map_or("", |node| text(node).trim())
                    .to_owned()
            };
            identities.marked_on_one_side(&line(&ones), &line(&twos))
        };
        // Differences besides secrets are reported, with the secrets hidden.
        if let (Some(left), Some(right)) = (&mut left, &mut right)
            && left.is_secret
            && right.is_secret
            && left.scalar != right.scalar
        {
            (left.is_secret, right.is_secret) = (false, false);
        }
        let is_secret = |side: &Option<Side>| side.as_ref().is_some_and(|side| side.is_secret);
        let matter = match marked {
            Some(which) if !is_secret(&left) && !is_secret(&right) => Matter::Marked(which),
            _ => Matter::Lines,
        };
        found.push(Disagreement {
            path: above.with(names.of(&one, &ones)),
            left,
            right,
            matter,
            lacking: None,
            around: Surroundings::default(),
        });
    }
    for nodes in statements(&lefts, &leftover.left) {
        found.push(Disagreement {
            path: above.with(names.of(&one, &nodes)),
            left: one.side(&nodes),
            right: None,
            matter: Matter::Only(Which::Left),
            lacking: None,
            around: Surroundings::default(),
        });
    }
    for nodes in statements(&rights, &leftover.right) {
        found.push(Disagreement {
            path: above.with(names.of(&two, &nodes)),
            left: None,
            right: two.side(&nodes),
            matter: Matter::Only(Which::Right),
            lacking: None,
            around: Surroundings::default(),
        });
    }
}

fn chosen<'n>(lines: &[&'n Node], numbers: &[usize]) -> Vec<&'n Node> {
    let chosen = numbers.iter().filter_map(|number| lines.get(*number));
    chosen.copied().collect()
}

/// Groups unpaired lines of one side into statements: a line with the following lines that are indented deeper or end
/// it. An end without a start belongs to the preceding line, or is a statement: it ends another block.
fn statements<'n>(all: &[&'n Node], numbers: &[usize]) -> Vec<Vec<&'n Node>> {
    let mut statements: Vec<Vec<&Node>> = Vec::new();
    let mut last: Option<(usize, usize)> = None;
    for number in numbers {
        let Some(node) = all.get(*number).copied() else {
            continue;
        };
        let line = text(node);
        let indent = line.len() - line.trim_start().len();
        let is_end = !says_something(line);
        let belongs =
            last.is_some_and(|(before, depth)| before + 1 == *number && (indent > depth || is_end));
        match statements.last_mut().filter(|_| belongs) {
            Some(statement) => statement.push(node),
            None => statements.push(vec![node]),
        }
        let depth = match last {
            Some((_, depth)) if belongs => depth,
            _ => indent,
        };
        last = Some((*number, depth));
    }
    statements
}

/// Returns the compared lines.
fn lines(document: &Document) -> Vec<&Node> {
    match document.roots.first().map(|root| &root.content) {
        Some(Content::List(items)) => Style::of(document).counting(items),
        _ => Vec::new(),
    }
}

/// Returns the compared lines, each with the step that names it, and whether it contains a secret.
pub(super) fn named(document: &Document) -> impl Iterator<Item = (Step, &Node, bool)> {
    let shown = Shown::of(document);
    let mut names = Names::default();
    lines(document).into_iter().map(move |node| {
        (
            names.of(&shown, &[node]),
            node,
            shown.secret(node).is_some(),
        )
    })
}

fn text(node: &Node) -> &str {
    node.as_scalar().map_or("", |scalar| &scalar.text)
}

/// Text with the positions of its secrets.
struct Shown {
    /// In ascending order, without overlap.
    secrets: Vec<Range<usize>>,
}

impl Shown {
    fn of(document: &Document) -> Self {
        let mut ranges = covering::secret_ranges(document.file.text.as_str());
        ranges.sort_by_key(|range| (range.start, range.end));
        let mut secrets: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match secrets.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => secrets.push(range),
            }
        }
        Self { secrets }
    }

    /// Returns the secrets in a line by their positions in it.
    fn within(&self, node: &Node) -> Vec<Range<usize>> {
        let (start, end) = (node.place.start as usize, node.place.end as usize);
        let from = self.secrets.partition_point(|range| range.end <= start);
        let rest = self.secrets.get(from..).unwrap_or_default();
        rest.iter()
            .take_while(|range| range.start < end)
            .map(|range| range.start.saturating_sub(start)..range.end.min(end) - start)
            .collect()
    }

    /// Returns the name of the secret in a line; `""` if it contains none.
    fn secret<'n>(&self, node: &'n Node) -> Option<&'n str> {
        let ranges = self.within(node);
        if ranges.is_empty() {
            return None;
        }
        Some(sensitive::secret_of_line(text(node)).unwrap_or(""))
    }

    /// Returns a line with placeholders for its secrets.
    fn covered<'n>(&self, node: &'n Node) -> Cow<'n, str> {
        let ranges = self.within(node);
        if ranges.is_empty() {
            return Cow::Borrowed(text(node));
        }
        Cow::Owned(covering::replaced(text(node), ranges))
    }

    /// As [`Self::side`], with the indentation of each line.
    fn indented(&self, nodes: &[&Node]) -> Option<Side> {
        let mut side = self.side(nodes)?;
        if !side.is_secret {
            let texts: Vec<&str> = nodes.iter().map(|node| text(node)).collect();
            let text = texts.join("\n");
            side.shown = shown::clipped(&text);
            side.scalar = Some(Scalar {
                kind: ScalarKind::Loose,
                text: text.into(),
            });
        }
        Some(side)
    }

    fn side(&self, nodes: &[&Node]) -> Option<Side> {
        let (first, last) = (nodes.first()?, nodes.last()?);
        let is_secret = nodes.iter().any(|node| !self.within(node).is_empty());
        let texts: Vec<Cow<'_, str>> = nodes.iter().map(|node| self.covered(node)).collect();
        let joined = match texts.as_slice() {
            [text] => text.trim().to_owned(),
            texts => texts.join("\n"),
        };
        let indent = text(first).len() - text(first).trim_start().len();
        Some(Side {
            place: Place::new(first.place.start as usize + indent, last.place.end as usize),
            key_place: None,
            shown: shown::clipped(&joined),
            scalar: Some(Scalar {
                kind: ScalarKind::Loose,
                text: joined.into(),
            }),
            is_secret,
            is_encrypted: false,
            leaves: nodes.len(),
        })
    }
}

/// Returns a line up to the name of a setting about secrets, whose value is displayed and not part of a path.
fn without_setting(line: &str) -> &str {
    let end = sensitive::setting_of_line(line).and_then(|name| Some(line.find(name)? + name.len()));
    end.and_then(|end| line.get(..end)).unwrap_or(line)
}

/// Names of lines: the first line's text, or the name of its secret. Equal texts are numbered.
#[derive(Default)]
struct Names {
    times: BTreeMap<String, usize>,
}

impl Names {
    fn of(&mut self, shown: &Shown, nodes: &[&Node]) -> Step {
        let first = nodes.first().map_or("", |node| text(node).trim());
        let name = match nodes.iter().find_map(|node| shown.secret(node)) {
            None => list::clipped(without_setting(first)).to_owned(),
            Some("") => "(a secret)".to_owned(),
            Some(name) => format!("{name} (a secret)"),
        };
        let time = self.times.entry(name.clone()).or_default();
        *time += 1;
        let name = match *time {
            1 => name,
            again => format!("{name} ({again})"),
        };
        Step::Element([(Arc::from(""), Arc::from(name))].into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Identities, Identity, Path};
    use super::{Matter, compare};
    use crate::Which;
    use evenkeel_document::{Format, read};
    use evenkeel_model::source::SourceFile;

    /// Returns findings in short form: the path, and each side's lines.
    fn found(left: &str, right: &str) -> Vec<String> {
        let document =
            |name: &str, text: &str| read(&SourceFile::new(name, text), Format::Lines).unwrap();
        let identities = Identities::new([Identity {
            name: "environment".into(),
            left: "staging".into(),
            right: "production".into(),
        }]);
        let mut found = Vec::new();
        compare(
            &document("a", left),
            &document("b", right),
            &identities,
            &Path::default(),
            false,
            &mut found,
        );
        let shown = |side: &Option<super::Side>| {
            side.as_ref()
                .map_or("-".to_owned(), |side| side.shown.clone())
        };
        found
            .iter()
            .map(|each| {
                let matter = match each.matter {
                    Matter::Lines => "differs",
                    Matter::Only(Which::Left) => "left",
                    Matter::Only(Which::Right) => "right",
                    Matter::Order(_) => "order",
                    _ => "other",
                };
                format!("{matter}: {} | {}", shown(&each.left), shown(&each.right))
            })
            .collect()
    }

    #[test]
    fn adjacent_lines_are_reported_one_by_one() {
        assert_eq!(
            found(
                "set :branch, \"develop\"\nset :workers, 1\nset :stage, :staging\n",
                "set :branch, \"main\"\nset :workers, 8\nset :stage, :production\n",
            ),
            [
                "differs: set :branch, \"develop\" | set :branch, \"main\"",
                "differs: set :workers, 1 | set :workers, 8",
            ]
        );
    }

    #[test]
    fn comments_and_empty_lines_are_not_differences() {
        assert!(found("# one\nlisten 80;\n\n", "// two\n\n; three\nlisten 80;\n").is_empty());
        assert_eq!(found("#!/bin/sh\n", "#!/bin/bash\n").len(), 1);
    }

    #[test]
    fn a_setting_that_is_set_once_is_a_pair_at_any_place() {
        assert_eq!(
            found(
                "log_level = :info\na = 1\nb = 2\n",
                "a = 1\nb = 2\nlog_level = :debug\n"
            ),
            ["differs: log_level = :info | log_level = :debug"]
        );
    }

    #[test]
    fn the_same_lines_elsewhere_are_another_order() {
        assert_eq!(
            found("a 1\nb 2\nc 3\n", "b 2\nc 3\na 1\n"),
            ["order: a 1 | a 1"]
        );
    }

    #[test]
    fn a_line_is_identified_by_its_text_without_secrets() {
        assert_eq!(
            found(
                "user app on >hunter2 ~a:*\nuser web on >hunter3 ~b:*\nmaxmemory 1\n",
                "user web on >hunter4 ~b:*\nuser app on >hunter5 ~a:*\nmaxmemory 1\n",
            ),
            [
                "order: user web on >(a secret, not shown) ~b:* | user web on >(a secret, not shown) ~b:*",
                "differs: user app on >(a secret, not shown) ~a:* | user app on >(a secret, not shown) ~a:*",
                "differs: user web on >(a secret, not shown) ~b:* | user web on >(a secret, not shown) ~b:*",
            ]
        );
        assert_eq!(
            found("a:1:b:c:hunter2\nx 1\n", "x 1\na:1:b:c:hunter2\n").len(),
            1
        );
    }

    #[test]
    fn a_crontab_line_is_identified_by_its_command() {
        assert_eq!(
            found(
                "*/5 * * * * /srv/poll\n@daily root /srv/report\n0 3 * * mon /srv/backup\n",
                "*/15 * * * * /srv/poll\n0 3 * * tue /srv/backup\n@weekly root /srv/report\n",
            ),
            [
                "differs: */5 * * * * /srv/poll | */15 * * * * /srv/poll",
                "differs: @daily root /srv/report | @weekly root /srv/report",
                "differs: 0 3 * * mon /srv/backup | 0 3 * * tue /srv/backup",
            ]
        );
    }

    #[test]
    fn a_statement_of_one_side_is_one_finding_with_all_its_lines() {
        assert_eq!(
            found(
                "x do\nend\n",
                "x do\n  mail = {\n    port: 587\n  }\n  tls true\n  cache true\nend\n"
            ),
            [
                "right: - |   mail = {\n    port: 587\n  }",
                "right: - | tls true",
                "right: - | cache true",
            ]
        );
    }

    #[test]
    fn lines_about_different_things_are_not_a_pair() {
        assert_eq!(
            found("a 1\nx.cache = true\nb 1\n", "a 1\nx.reload = false\nb 1\n"),
            ["left: x.cache = true | -", "right: - | x.reload = false"]
        );
        assert_eq!(found("web-1\n", "web-2\n"), ["differs: web-1 | web-2"]);
    }

    #[test]
    fn a_keyword_and_a_name_are_paired_by_the_name() {
        assert_eq!(
            found(
                "param logName = 'a'\nparam redisName = 'b'\nparam vault = 'c'\nparam cpu = '1.0'\n",
                "param redisName = 'd'\nparam logName = 'e'\nparam cpu = '4.0'\n",
            ),
            [
                "differs: param logName = 'a' | param logName = 'e'",
                "differs: param redisName = 'b' | param redisName = 'd'",
                "differs: param cpu = '1.0' | param cpu = '4.0'",
                "left: param vault = 'c' | -",
            ]
        );
    }

    #[test]
    fn a_secret_is_never_displayed() {
        let found = found(
            "set :db_password, \"hunter2\"\n",
            "set :db_password, \"hunter3\"\n",
        );
        assert_eq!(found.len(), 1);
        assert!(!found[0].contains("hunter"), "{found:?}");
    }

    #[test]
    fn the_same_line_at_two_places_has_two_names() {
        let of = |text: &str| read(&SourceFile::new("a.txt", text), Format::Lines).unwrap();
        let mut found = Vec::new();
        compare(
            &of("name: x\nb\nname: x\n"),
            &of("name: y\nb\nname: z\n"),
            &Identities::default(),
            &Path::default(),
            false,
            &mut found,
        );
        let paths: Vec<String> = found.iter().map(|each| each.path.to_string()).collect();
        assert_eq!(paths, ["[\"name: x\"]", "[\"name: x (2)\"]"]);
    }
}
