//! Pairing of the lines left over by a sequence diff.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::super::hunks;
use super::style::Indentation;
use super::{Identities, Which, text};
use evenkeel_document::Node;

/// Lines left over by a sequence diff, by number.
#[derive(Default)]
pub(super) struct Leftover {
    /// Equal lines out of sequence.
    pub(super) moved: Vec<(usize, usize)>,
    /// Equal lines at one place, indented differently where that has a meaning.
    pub(super) indented: Vec<(usize, usize)>,
    /// Lines that set the same thing to different values.
    pub(super) pairs: Vec<(usize, usize)>,
    /// On the first side only.
    pub(super) left: Vec<usize>,
    /// On the second side only.
    pub(super) right: Vec<usize>,
}

impl Leftover {
    /// Whether nothing differs.
    pub(super) fn is_empty(&self) -> bool {
        self.moved.is_empty()
            && self.indented.is_empty()
            && self.pairs.is_empty()
            && self.left.is_empty()
            && self.right.is_empty()
    }

    /// Classifies the unmatched lines; `covered` are the lines without secrets.
    pub(super) fn of(
        lefts: &[&Node],
        rights: &[&Node],
        covered: (&[String], &[String]),
        identities: &Identities,
        indentation: Indentation,
    ) -> Self {
        // Depth is relative to the preceding lines: the number of steps counts, not their width.
        let depths = |nodes: &[&Node]| match indentation {
            Indentation::Free => vec![(0, false); nodes.len()],
            Indentation::Nested => depths(nodes, false),
            Indentation::Tabbed => depths(nodes, true),
        };
        let (left_depths, right_depths) = (depths(lefts), depths(rights));
        let marked = |texts: &[String], which| -> Vec<String> {
            let marked = |text: &String| {
                let marked = identities.marked(text, which);
                marked.unwrap_or_else(|| text.clone())
            };
            texts.iter().map(marked).collect()
        };
        let (ones, twos) = (
            marked(covered.0, Which::Left),
            marked(covered.1, Which::Right),
        );
        let agree = |one: &str, two: &str| one == two || identities.agree(one, two);
        // Two lines that differ in secrets only.
        let have_other_secrets =
            |(one, two): &(usize, usize)| match (lefts.get(*one), rights.get(*two)) {
                (Some(left), Some(right)) => {
                    let (left, right) = (text(left).trim(), text(right).trim());
                    covered.0.get(*one).is_some_and(|covered| covered != left)
                        && !agree(left, right)
                }
                _ => false,
            };
        let mut leftover = Self::default();
        // Differing ranges, for pairing lines at the same place.
        let mut stretches: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
        let hunks = hunks::hunks(&ones, &twos);
        if indentation != Indentation::Free {
            leftover.indented = between(&hunks, ones.len())
                .filter(|(one, two)| left_depths.get(*one) != right_depths.get(*two))
                .collect();
        }
        let same = between(&hunks, ones.len());
        leftover.pairs.extend(same.filter(have_other_secrets));
        for (old, new) in hunks {
            // Lines with different marks may still agree.
            let agrees = |(one, two): (usize, usize)| match (covered.0.get(one), covered.1.get(two))
            {
                (Some(one), Some(two)) => agree(one, two),
                _ => false,
            };
            let is_equally_long = old.len() == new.len();
            let mut stretch = (Vec::new(), Vec::new());
            for (one, two) in old.clone().zip(new.clone()) {
                if !(is_equally_long && agrees((one, two))) {
                    stretch.0.push(one);
                    stretch.1.push(two);
                } else if have_other_secrets(&(one, two)) {
                    leftover.pairs.push((one, two));
                }
            }
            let shorter = old.len().min(new.len());
            stretch.0.extend(old.skip(shorter));
            stretch.1.extend(new.skip(shorter));
            stretches.push(stretch);
        }
        leftover.out_of_sequence(&mut stretches, &ones, &twos);
        let moved = leftover
            .moved
            .iter()
            .filter(|pair| have_other_secrets(pair));
        leftover.pairs.extend(moved);
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

    /// Removes equal lines at different places.
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

    /// Pairs lines that set the same thing, if it is set once on each side.
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
        let open: BTreeSet<usize> = stretches
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

    /// Pairs lines of one range with the same first word, in order; and single words that replace each other.
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
                let line = lefts.get(*one).map_or("", |line| text(line));
                let word = first_word(line);
                let found = ahead.find(|two| {
                    let other = rights.get(**two).map_or("", |line| text(line));
                    word.is_some()
                        && first_word(other) == word
                        && !set_different_things(line, other)
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

/// Returns the lines that a sequence diff matched.
fn between(
    hunks: &[(Range<usize>, Range<usize>)],
    lines: usize,
) -> impl Iterator<Item = (usize, usize)> {
    let ends = hunks
        .iter()
        .map(|(old, new)| (old.start, old.end, new.end))
        .chain([(lines, lines, lines)]);
    let mut from = (0, 0);
    ends.flat_map(move |(until, one, two)| {
        let start = from;
        from = (one, two);
        (start.0..until).map(move |number| (number, start.1 + number - start.0))
    })
}

/// Returns the nesting depth of each line by indentation, and whether it begins with a tab that has a meaning. A tab is
/// as wide as four blanks.
fn depths(nodes: &[&Node], has_tabs: bool) -> Vec<(usize, bool)> {
    const TAB: usize = 4;
    let mut above: Vec<usize> = Vec::new();
    nodes
        .iter()
        .map(|node| {
            let blanks = text(node).chars().take_while(|each| each.is_whitespace());
            let width = blanks.map(|each| if each == '\t' { TAB } else { 1 }).sum();
            while above.last().is_some_and(|last| *last >= width) {
                above.pop();
            }
            above.push(width);
            (above.len(), has_tabs && text(node).starts_with('\t'))
        })
        .collect()
}

/// Removes paired lines from the ranges.
fn take(stretches: &mut [(Vec<usize>, Vec<usize>)], pairs: &[(usize, usize)]) {
    let ones: BTreeSet<usize> = pairs.iter().map(|(one, _)| *one).collect();
    let twos: BTreeSet<usize> = pairs.iter().map(|(_, two)| *two).collect();
    for (left, right) in stretches {
        left.retain(|number| !ones.contains(number));
        right.retain(|number| !twos.contains(number));
    }
}

/// Returns the setting of a line without its value: `config.log_level`, `set :branch`, `keepalive_timeout`.
fn head(line: &str) -> Option<String> {
    let line = line.trim();
    if !says_something(line) {
        return None;
    }
    if let Some(command) = timed(line) {
        return Some(command.to_owned());
    }
    if let Some(name) = assigned(line) {
        return Some(name);
    }
    let mut words = line.split_whitespace();
    let (first, second) = (words.next()?, words.next()?);
    // `set :branch, …` and `env NAME …` set the name in their second word, if there is a third.
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

/// Returns the command of a crontab line: the text after five time fields, or after `@daily`.
fn timed(line: &str) -> Option<&str> {
    const FIELDS: usize = 5;
    if line.starts_with('@') {
        let (word, command) = line.split_once(char::is_whitespace)?;
        const WORDS: &[&str] = &[
            "@reboot",
            "@yearly",
            "@annually",
            "@monthly",
            "@weekly",
            "@daily",
            "@midnight",
            "@hourly",
        ];
        return WORDS.contains(&word).then(|| command.trim_start());
    }
    let mut rest = line;
    for _ in 0..FIELDS {
        let (field, after) = rest.split_once(char::is_whitespace)?;
        let is_time = |each: char| {
            each.is_ascii_alphanumeric() || matches!(each, '*' | '/' | ',' | '-' | '?')
        };
        // Only names of months and days are words.
        let is_field = field.starts_with(|first: char| first.is_ascii_digit() || first == '*')
            || field.len() == 3 && field.bytes().all(|byte| byte.is_ascii_alphabetic());
        if !(is_field && field.chars().all(is_time)) {
            return None;
        }
        rest = after.trim_start();
    }
    (!rest.is_empty()).then_some(rest)
}

/// Returns the left side of an assignment with `=` or `: `: a name, or one or two keywords and a name:
/// `param name = 1`, `local name = 1`.
fn assigned(line: &str) -> Option<String> {
    const MOST_WORDS: usize = 3;
    let is_name = |text: &str| {
        text.chars().all(|each| {
            each.is_alphanumeric()
                || matches!(
                    each,
                    '_' | '-' | '.' | '/' | '$' | '@' | '"' | '\'' | '[' | ']'
                )
        })
    };
    let line = line.trim();
    let (before, _) = line
        .split_once('=')
        .filter(|(before, rest)| {
            !rest.starts_with(['=', '~', '>']) && !before.ends_with(['!', '<', '>', '~'])
        })
        .or_else(|| line.split_once(": "))?;
    // `name := 1`, `name ?= 1`, `name += 1`.
    let before = before.trim_end_matches([':', '?', '+']);
    let words: Vec<&str> = before.split_whitespace().collect();
    let is_one = (1..=MOST_WORDS).contains(&words.len()) && words.iter().all(|word| is_name(word));
    is_one.then(|| words.join(" "))
}

/// Whether two lines assign to different names and share only a keyword.
fn set_different_things(one: &str, other: &str) -> bool {
    match (assigned(one), assigned(other)) {
        (Some(one), Some(other)) => one != other && one.contains(' ') && other.contains(' '),
        _ => false,
    }
}

fn first_word(line: &str) -> Option<&str> {
    line.split_whitespace()
        .next()
        .filter(|word| says_something(word))
}

/// Whether a line contains more than the end of a block.
pub(super) fn says_something(line: &str) -> bool {
    line.contains(char::is_alphanumeric)
        && !matches!(
            line.trim().trim_end_matches([';', ')', ',']),
            "end" | "fi" | "done" | "esac" | "endif"
        )
}

fn is_one_word(node: Option<&&Node>) -> bool {
    says(node) && node.is_some_and(|node| !text(node).trim().contains([' ', '\t', '=']))
}

pub(super) fn says(node: Option<&&Node>) -> bool {
    node.is_some_and(|node| says_something(text(node)))
}
