//! Texts that have no format: compared line by line.
//!
//! Empty lines and comments are no part of what is compared. Of the lines that a sequence diff leaves over, those that say
//! the same elsewhere only stand in another order; those that set the same thing ([`head`]) are a pair that differs; and
//! what is then left stands on one side only, a statement with all its lines at a time.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::disagreement::{Disagreement, Matter, Side};
use super::path::Step;
use super::{Identities, Path, Which, list, shown};
use crate::document::{Content, Document, Node, Place, Scalar, ScalarKind, covering, sensitive};

/// Compares lines. Lines that differ by identity values only are the same. A path names a line by its own text, so that it
/// stays the same when lines come and go above it.
pub(super) fn compare(
    left: &Document,
    right: &Document,
    identities: &Identities,
    above: &Path,
    found: &mut Vec<Disagreement>,
) {
    let (lefts, rights) = (lines(left), lines(right));
    let leftover = Leftover::of(&lefts, &rights, identities);
    if leftover.is_empty() {
        return;
    }
    let hidden = (Hidden::of(left), Hidden::of(right));
    if leftover.moved.len() > 1 || leftover.moved.iter().any(|(one, _)| says(lefts.get(*one))) {
        let place = |lines: &[&Node], hidden: &Hidden, numbers: &mut dyn Iterator<Item = usize>| {
            let nodes: Vec<&Node> = numbers
                .filter_map(|number| lines.get(number).copied())
                .collect();
            side(&nodes, hidden)
        };
        let mut moved = leftover.moved.clone();
        let ones = place(&lefts, &hidden.0, &mut moved.iter().map(|(one, _)| *one));
        moved.sort_by_key(|(_, two)| *two);
        let twos = place(&rights, &hidden.1, &mut moved.iter().map(|(_, two)| *two));
        found.push(Disagreement {
            path: above.clone(),
            left: ones,
            right: twos,
            matter: Matter::Order(false),
            lacking: None,
        });
    }
    for (one, two) in &leftover.pairs {
        let (Some(one), Some(two)) = (lefts.get(*one), rights.get(*two)) else {
            continue;
        };
        found.push(Disagreement {
            path: above.with(name(&[one], &hidden.0)),
            left: side(&[one], &hidden.0),
            right: side(&[two], &hidden.1),
            matter: Matter::Lines,
            lacking: None,
        });
    }
    for (all, numbers, which) in [
        (&lefts, &leftover.left, Which::Left),
        (&rights, &leftover.right, Which::Right),
    ] {
        for nodes in statements(all, numbers) {
            let hidden = match which {
                Which::Left => &hidden.0,
                Which::Right => &hidden.1,
            };
            let own = side(&nodes, hidden);
            let (left, right) = match which {
                Which::Left => (own, None),
                Which::Right => (None, own),
            };
            found.push(Disagreement {
                path: above.with(name(&nodes, hidden)),
                left,
                right,
                matter: Matter::Only(which),
                lacking: None,
            });
        }
    }
}

/// What a sequence diff leaves over, by the numbers of lines.
#[derive(Default)]
struct Leftover {
    /// The same line, out of sequence.
    moved: Vec<(usize, usize)>,
    /// Two lines that set the same thing to something else.
    pairs: Vec<(usize, usize)>,
    /// On the first side only.
    left: Vec<usize>,
    /// On the second side only.
    right: Vec<usize>,
}

/// Where a text has secrets that a single line does not tell: in a key of several lines, below a name.
struct Hidden(Vec<Range<usize>>);

impl Hidden {
    fn of(document: &Document) -> Self {
        let mut ranges = covering::secret_ranges(&document.file.text);
        ranges.sort_by_key(|range| range.start);
        // Each ends where it is the furthest so far, so that places can be searched for.
        let mut furthest = 0;
        for range in &mut ranges {
            furthest = furthest.max(range.end);
            range.end = furthest;
        }
        Self(ranges)
    }

    fn has(&self, node: &Node) -> bool {
        let (start, end) = (node.place.start as usize, node.place.end as usize);
        let first = self.0.partition_point(|range| range.end <= start);
        self.0.get(first).is_some_and(|range| range.start < end)
    }
}

impl Leftover {
    fn is_empty(&self) -> bool {
        self.moved.is_empty()
            && self.pairs.is_empty()
            && self.left.is_empty()
            && self.right.is_empty()
    }

    fn of(lefts: &[&Node], rights: &[&Node], identities: &Identities) -> Self {
        let marked = |nodes: &[&Node], which| -> Vec<String> {
            let marked = |node: &&Node| {
                let text = text(node).trim();
                identities
                    .marked(text, which)
                    .unwrap_or_else(|| text.to_owned())
            };
            nodes.iter().map(marked).collect()
        };
        let (ones, twos) = (marked(lefts, Which::Left), marked(rights, Which::Right));
        let mut leftover = Self::default();
        // Stretches that differ, for pairing what stands at the same place.
        let mut stretches: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
        for (old, new) in super::hunks::hunks(&ones, &twos) {
            // What the marks did not bring together may agree all the same.
            let agrees = |(one, two): (usize, usize)| match (lefts.get(one), rights.get(two)) {
                (Some(one), Some(two)) => {
                    let (one, two) = (text(one).trim(), text(two).trim());
                    one == two || identities.agree(one, two)
                }
                _ => false,
            };
            let is_equally_long = old.len() == new.len();
            let mut stretch = (Vec::new(), Vec::new());
            for (one, two) in old.clone().zip(new.clone()) {
                if !(is_equally_long && agrees((one, two))) {
                    stretch.0.push(one);
                    stretch.1.push(two);
                }
            }
            let shorter = old.len().min(new.len());
            stretch.0.extend(old.skip(shorter));
            stretch.1.extend(new.skip(shorter));
            stretches.push(stretch);
        }
        leftover.out_of_sequence(&mut stretches, &ones, &twos);
        leftover.same_heads(&mut stretches, lefts, rights);
        leftover.same_place(&mut stretches, lefts, rights);
        for (left, right) in stretches {
            leftover.left.extend(left);
            leftover.right.extend(right);
        }
        leftover.moved.sort_unstable();
        leftover.pairs.sort_unstable();
        leftover
    }

    /// Takes the lines that both have, at different places.
    fn out_of_sequence(
        &mut self,
        stretches: &mut [(Vec<usize>, Vec<usize>)],
        ones: &[String],
        twos: &[String],
    ) {
        let mut open: HashMap<&str, Vec<usize>> = HashMap::new();
        for number in stretches
            .iter()
            .rev()
            .flat_map(|(_, right)| right.iter().rev())
        {
            if let Some(text) = twos.get(*number) {
                open.entry(text).or_default().push(*number);
            }
        }
        for number in stretches.iter().flat_map(|(left, _)| left) {
            let other = ones
                .get(*number)
                .and_then(|text| open.get_mut(text.as_str())?.pop());
            self.moved.extend(other.map(|other| (*number, other)));
        }
        take(stretches, &self.moved);
    }

    /// Pairs lines that set what is set once on each side, wherever they stand.
    fn same_heads(
        &mut self,
        stretches: &mut [(Vec<usize>, Vec<usize>)],
        lefts: &[&Node],
        rights: &[&Node],
    ) {
        let once = |lines: &[&Node]| -> BTreeMap<String, Option<usize>> {
            let mut heads = BTreeMap::new();
            for (number, line) in lines.iter().enumerate() {
                if let Some(head) = head(text(line)) {
                    heads
                        .entry(head)
                        .and_modify(|number| *number = None)
                        .or_insert(Some(number));
                }
            }
            heads
        };
        let (ones, twos) = (once(lefts), once(rights));
        let open: std::collections::BTreeSet<usize> = stretches
            .iter()
            .flat_map(|(_, right)| right)
            .copied()
            .collect();
        for number in stretches.iter().flat_map(|(left, _)| left) {
            let other = lefts
                .get(*number)
                .and_then(|line| head(text(line)))
                .filter(|head| ones.get(head) == Some(&Some(*number)))
                .and_then(|head| *twos.get(&head)?)
                .filter(|other| open.contains(other));
            self.pairs.extend(other.map(|other| (*number, other)));
        }
        take(stretches, &self.pairs);
    }

    /// Pairs, in one stretch and in their order, lines that begin with the same word; and single words that stand alone in
    /// the place of each other.
    fn same_place(
        &mut self,
        stretches: &mut [(Vec<usize>, Vec<usize>)],
        lefts: &[&Node],
        rights: &[&Node],
    ) {
        let mut paired = Vec::new();
        for (left, right) in &*stretches {
            let mut rest = right.iter().peekable();
            for one in left {
                let mut ahead = rest.clone();
                let word = lefts.get(*one).and_then(|line| first_word(text(line)));
                let found = ahead.find(|two| {
                    word.is_some()
                        && rights.get(**two).and_then(|line| first_word(text(line))) == word
                });
                if let Some(two) = found {
                    paired.push((*one, *two));
                    rest = ahead;
                }
            }
            if let ([one], [two]) = (left.as_slice(), right.as_slice())
                && !paired.contains(&(*one, *two))
                && is_one_word(lefts.get(*one))
                && is_one_word(rights.get(*two))
            {
                paired.push((*one, *two));
            }
        }
        take(stretches, &paired);
        self.pairs.extend(paired);
    }
}

/// Takes paired lines out of the stretches.
fn take(stretches: &mut [(Vec<usize>, Vec<usize>)], pairs: &[(usize, usize)]) {
    let ones: std::collections::BTreeSet<usize> = pairs.iter().map(|(one, _)| *one).collect();
    let twos: std::collections::BTreeSet<usize> = pairs.iter().map(|(_, two)| *two).collect();
    for (left, right) in stretches {
        left.retain(|number| !ones.contains(number));
        right.retain(|number| !twos.contains(number));
    }
}

/// What a line sets, without what it sets it to: `config.log_level`, `set :branch`, `keepalive_timeout`.
fn head(line: &str) -> Option<String> {
    let line = line.trim();
    if !says_something(line) {
        return None;
    }
    let is_name = |text: &str| {
        !text.is_empty()
            && text.chars().all(|each| {
                each.is_alphanumeric()
                    || matches!(
                        each,
                        '_' | '-' | '.' | '/' | '$' | '@' | '"' | '\'' | '[' | ']'
                    )
            })
    };
    let assigned = line
        .split_once('=')
        .map(|(name, rest)| (name, !rest.starts_with(['=', '~', '>'])))
        .or_else(|| line.split_once(": ").map(|(name, _)| (name, true)))
        .filter(|(name, is_one)| *is_one && is_name(name.trim()));
    if let Some((name, _)) = assigned {
        return Some(name.trim().to_owned());
    }
    let mut words = line.split_whitespace();
    let (first, second) = (words.next()?, words.next()?);
    // `set :branch, …` and `env NAME …` set what their second word names, where there is a third.
    let names_more = words.next().is_some()
        && (second.starts_with(':')
            || second.chars().all(|each| {
                each.is_ascii_uppercase() || matches!(each, '_' | '-') || each.is_ascii_digit()
            }) && second.starts_with(|each: char| each.is_ascii_uppercase()));
    Some(if names_more {
        format!("{first} {second}")
    } else {
        first.to_owned()
    })
}

fn first_word(line: &str) -> Option<&str> {
    line.split_whitespace()
        .next()
        .filter(|word| says_something(word))
}

/// Whether a line says anything but where a block ends.
fn says_something(line: &str) -> bool {
    line.contains(char::is_alphanumeric)
        && !matches!(
            line.trim().trim_end_matches([';', ')', ',']),
            "end" | "fi" | "done" | "esac" | "endif"
        )
}

fn is_one_word(node: Option<&&Node>) -> bool {
    says(node) && node.is_some_and(|node| !text(node).trim().contains([' ', '\t', '=']))
}

fn says(node: Option<&&Node>) -> bool {
    node.is_some_and(|node| says_something(text(node)))
}

/// Lines that are left on one side, a statement at a time: a line, and those after it that are indented deeper or end it.
/// Ends without a beginning are none.
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
        let belongs = last.is_some_and(|(before, depth)| {
            before + 1 == *number && (indent > depth || is_end && indent == depth)
        });
        match statements.last_mut().filter(|_| belongs) {
            Some(statement) => statement.push(node),
            None if is_end => {
                last = None;
                continue;
            }
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

/// The lines that count.
fn lines(document: &Document) -> Vec<&Node> {
    match document.roots.first().map(|root| &root.content) {
        Some(Content::List(items)) => items
            .iter()
            .filter(|item| !is_empty_or_comment(text(item)))
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a line is empty, or a comment of its own. `#!` and the directives of a preprocessor are none.
fn is_empty_or_comment(line: &str) -> bool {
    let line = line.trim();
    let is_directive = || {
        line.get(1..).is_some_and(|rest| {
            rest.starts_with('!')
                || [
                    "include", "define", "if", "else", "endif", "undef", "pragma",
                ]
                .iter()
                .any(|word| rest.split_whitespace().next() == Some(word))
                    && !line.starts_with("# ")
        })
    };
    line.is_empty()
        || line.starts_with('#') && !is_directive()
        || line.starts_with("//")
        || line.starts_with(';')
        || line.starts_with("<!--") && line.ends_with("-->")
}

/// The lines that count, each with the step that names it.
pub(super) fn named(document: &Document) -> impl Iterator<Item = (Step, &Node)> {
    let hidden = Hidden::of(document);
    lines(document)
        .into_iter()
        .map(move |node| (name(&[node], &hidden), node))
}

fn text(node: &Node) -> &str {
    node.as_scalar().map_or("", |scalar| &scalar.text)
}

/// What lines are called: the first one's text, or the name of its secret.
fn name(nodes: &[&Node], hidden: &Hidden) -> Step {
    let secret = nodes
        .iter()
        .find_map(|node| sensitive::secret_of_line(text(node)));
    let first = nodes.first().map_or("", |node| text(node).trim());
    let name = match secret {
        None if nodes.iter().any(|node| hidden.has(node)) => "(a secret)".to_owned(),
        None => list::clipped(first).to_owned(),
        Some("") => "(a secret)".to_owned(),
        Some(name) => format!("{name} (a secret)"),
    };
    Step::Element([(Arc::from(""), Arc::from(name))].into())
}

fn side(nodes: &[&Node], hidden: &Hidden) -> Option<Side> {
    let (first, last) = (nodes.first()?, nodes.last()?);
    let is_secret = nodes
        .iter()
        .any(|node| sensitive::secret_of_line(text(node)).is_some() || hidden.has(node));
    let texts: Vec<&str> = match nodes {
        [node] => vec![text(node).trim()],
        _ => nodes.iter().map(|node| text(node)).collect(),
    };
    let indent = text(first).len() - text(first).trim_start().len();
    Some(Side {
        place: Place {
            start: first
                .place
                .start
                .saturating_add(u32::try_from(indent).unwrap_or_default()),
            end: last.place.end,
        },
        key_place: None,
        shown: if is_secret {
            shown::SECRET.to_owned()
        } else {
            shown::clipped(&texts.join("\n"))
        },
        scalar: Some(Scalar {
            kind: ScalarKind::Loose,
            text: texts.join("\n").into(),
        }),
        is_secret,
        leaves: nodes.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Identities, Identity, Path};
    use super::{Matter, compare};
    use crate::comparison::Which;
    use crate::document::{Format, read};
    use crate::source::SourceFile;

    /// What is found, in short: the path, and each side's lines.
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
    fn neighbouring_lines_are_told_one_by_one() {
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
    fn comments_and_empty_lines_are_no_difference() {
        assert!(found("# one\nlisten 80;\n\n", "// two\n\n; three\nlisten 80;\n").is_empty());
        assert_eq!(found("#!/bin/sh\n", "#!/bin/bash\n").len(), 1);
    }

    #[test]
    fn what_is_set_once_is_a_pair_wherever_it_stands() {
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
    fn lines_about_different_things_are_no_pair() {
        assert_eq!(
            found("a 1\nx.cache = true\nb 1\n", "a 1\nx.reload = false\nb 1\n"),
            ["left: x.cache = true | -", "right: - | x.reload = false"]
        );
        assert_eq!(found("web-1\n", "web-2\n"), ["differs: web-1 | web-2"]);
    }

    #[test]
    fn a_secret_is_shown_nowhere() {
        let found = found(
            "set :db_password, \"hunter2\"\n",
            "set :db_password, \"hunter3\"\n",
        );
        assert_eq!(found.len(), 1);
        assert!(!found[0].contains("hunter"), "{found:?}");
    }
}
