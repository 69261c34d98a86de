//! Differences of two texts, in words, numbers and separators.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::super::tokens::tokens;

/// Longest compared text, in bytes.
const LONGEST: usize = 2_048;

/// Maximum number of pieces of a compared text.
const MOST_PIECES: usize = 400;

/// Part of two texts: equal in both, or differing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) left: String,
    pub(super) right: String,
}

impl Part {
    pub(super) fn differs(&self) -> bool {
        self.left != self.right
    }

    fn is_word(&self) -> bool {
        self.left.chars().all(char::is_alphanumeric) && !self.left.is_empty()
    }

    fn is_one_of(&self, separators: &str) -> bool {
        !self.differs()
            && !self.left.is_empty()
            && self.left.chars().all(|each| separators.contains(each))
    }
}

/// Origin of a core, which limits its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// A host name from the differing label to its end.
    HostEnd,
    /// The differing part only.
    Bare,
    /// With the preceding word.
    Before,
    /// The whole name: letters, digits, `-` and `_`.
    Label,
    /// With the following word.
    After,
    /// The whole host name.
    Host,
}

/// Two texts that may be substituted, and the differing parts that they explain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Core {
    pub(super) left: String,
    pub(super) right: String,
    pub(super) way: Way,
    /// First and last covered part.
    pub(super) from: usize,
    pub(super) to: usize,
}

/// Returns the parts of two texts; `None` if they are too long or share nothing to split by.
pub(super) fn parts(left: &str, right: &str) -> Option<Vec<Part>> {
    let left = without_password(left);
    let right = without_password(right);
    if left.len() > LONGEST || right.len() > LONGEST {
        return None;
    }
    let (old, new) = (pieces(&left), pieces(&right));
    if old.len() > MOST_PIECES || new.len() > MOST_PIECES {
        return None;
    }
    let joined = |pieces: &[&str], start: usize, length: usize| -> String {
        pieces.iter().skip(start).take(length).copied().collect()
    };
    let mut parts = Vec::new();
    for operation in capture_diff_slices(Algorithm::Myers, &old, &new) {
        if let DiffOp::Equal { old_index, len, .. } = operation {
            for piece in old.iter().skip(old_index).take(len) {
                parts.push(Part {
                    left: (*piece).to_owned(),
                    right: (*piece).to_owned(),
                });
            }
            continue;
        }
        let (_, one, two) = operation.as_tag_tuple();
        let part = Part {
            left: joined(&old, one.start, one.len()),
            right: joined(&new, two.start, two.len()),
        };
        match parts.last_mut() {
            Some(last) if last.differs() => {
                last.left.push_str(&part.left);
                last.right.push_str(&part.right);
            }
            _ => parts.push(part),
        }
    }
    Some(parts)
}

/// Splits a text into words, numbers, and single other characters.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let between = |from: usize, to: usize, pieces: &mut Vec<_>| {
        let gap = text.get(from..to).unwrap_or("");
        for (start, each) in gap.char_indices() {
            pieces.extend(gap.get(start..start + each.len_utf8()));
        }
    };
    for token in tokens(text) {
        between(at, token.start, &mut pieces);
        pieces.extend(text.get(token.clone()));
        at = token.end;
    }
    between(at, text.len(), &mut pieces);
    pieces
}

/// Returns a URL without the user information between its scheme and its host.
fn without_password(text: &str) -> String {
    if let Some((scheme, rest)) = text.split_once("://") {
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or("");
        if let Some((user, _)) = authority.rsplit_once('@') {
            return format!("{scheme}://{}", rest.get(user.len() + 1..).unwrap_or(""));
        }
    }
    text.to_owned()
}

/// Returns the cores that may explain a differing part.
pub(super) fn cores(parts: &[Part], at: usize) -> Vec<Core> {
    let mut cores: Vec<Core> = Vec::new();
    let mut add = |way: Way, from: usize, to: usize| {
        let covered = parts.get(from..=to).unwrap_or(&[]);
        // A number or a region that differs beside a name is a separate difference.
        let is_setting = |part: &Part| {
            part.differs()
                && super::forms::is_measure(&part.left)
                && super::forms::is_measure(&part.right)
        };
        if from < to && covered.iter().any(is_setting) {
            return;
        }
        let left: String = covered.iter().map(|part| part.left.as_str()).collect();
        let right: String = covered.iter().map(|part| part.right.as_str()).collect();
        let (left, right) = trimmed(&left, &right);
        let is_whole = |text: &str| {
            text.starts_with(char::is_alphanumeric) && text.ends_with(char::is_alphanumeric)
        };
        let known = cores
            .iter()
            .any(|core| core.left == left && core.right == right);
        if is_whole(left) && is_whole(right) && left != right && !known {
            cores.push(Core {
                left: left.to_owned(),
                right: right.to_owned(),
                way,
                from,
                to,
            });
        }
    };
    let within = |number: usize, separators: &str| {
        parts.get(number).is_some_and(|part| {
            part.is_word() && !part.differs()
                || part.is_one_of(separators)
                || part.differs()
                    && format!("{}{}", part.left, part.right)
                        .chars()
                        .all(|each| each.is_alphanumeric() || separators.contains(each))
        })
    };
    let stretch = |separators: &str| {
        let mut from = at;
        while from > 0 && within(from - 1, separators) {
            from -= 1;
        }
        let mut to = at;
        while within(to + 1, separators) {
            to += 1;
        }
        (from, to)
    };
    if !within(at, "-_./") {
        return Vec::new();
    }
    let (from, to) = stretch("-_");
    let (host_from, host_to) = stretch("-_.");
    let side = |from: usize, to: usize, left: bool| -> String {
        let covered = parts.get(from..=to).unwrap_or(&[]);
        let texts = covered
            .iter()
            .map(|part| if left { &part.left } else { &part.right });
        texts.map(String::as_str).collect()
    };
    let is_host = |from: usize| {
        super::forms::is_host(side(from, host_to, true).trim_matches('.'))
            && super::forms::is_host(side(from, host_to, false).trim_matches('.'))
    };
    // The text before `@` is a mailbox name.
    let is_mailbox = parts
        .get(host_to + 1)
        .is_some_and(|part| part.left.starts_with('@') && part.right.starts_with('@'));
    let hosts = within(at, "-_.") && !is_mailbox && is_host(host_from);
    if hosts {
        if is_host(from) {
            add(Way::HostEnd, from, host_to);
        }
        add(Way::Host, host_from, host_to);
    }
    add(Way::Bare, at, at);
    // Within a host, the differing part has its own label or starts a domain.
    let (first, last) = if hosts && !within(at, "-_") {
        (at, at)
    } else if hosts {
        (from, to)
    } else {
        (
            host_from.min(slash(parts, at, true)),
            host_to.max(slash(parts, at, false)),
        )
    };
    let before = (first..at).rev().find(|number| {
        parts
            .get(*number)
            .is_some_and(|part| part.differs() || part.is_word())
    });
    if let Some(before) = before {
        add(Way::Before, before, at);
    }
    if within(at, "-_") {
        add(Way::Label, from, to);
    }
    let after = (at + 1..=last).find(|number| {
        parts
            .get(*number)
            .is_some_and(|part| part.differs() || part.is_word())
    });
    if let Some(after) = after {
        add(Way::After, at, after);
    }
    cores
}

/// Returns the next word after a slash, where folder names differ: `live/staging/x` and `live/x`.
fn slash(parts: &[Part], at: usize, before: bool) -> usize {
    let next = |number: usize, steps: usize| {
        if before {
            number.checked_sub(steps)
        } else {
            Some(number + steps)
        }
    };
    let is_slash = |number: Option<usize>| {
        number
            .and_then(|number| parts.get(number))
            .is_some_and(|part| part.is_one_of("/"))
    };
    let own_slash = parts
        .get(at)
        .is_some_and(|part| part.left.contains('/') != part.right.contains('/'));
    match next(at, 1) {
        Some(one) if own_slash && parts.get(one).is_some_and(Part::is_word) => one,
        Some(one) if is_slash(Some(one)) => next(at, 2).unwrap_or(at),
        _ => at,
    }
}

/// Returns two texts without common leading or trailing separators.
fn trimmed<'t>(left: &'t str, right: &'t str) -> (&'t str, &'t str) {
    let (mut left, mut right) = (left, right);
    let separators = ['-', '_', '.', '/'];
    for each in separators.iter().cycle().take(separators.len() * 2) {
        if let (Some(one), Some(two)) = (left.strip_prefix(*each), right.strip_prefix(*each)) {
            (left, right) = (one, two);
        }
        if let (Some(one), Some(two)) = (left.strip_suffix(*each), right.strip_suffix(*each)) {
            (left, right) = (one, two);
        }
    }
    (left, right)
}

#[cfg(test)]
mod tests {
    use super::{Way, cores, parts};

    fn all(left: &str, right: &str) -> Vec<(Way, String, String)> {
        let parts = parts(left, right).unwrap();
        let mut found = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            if part.differs() {
                for core in cores(&parts, at) {
                    found.push((core.way, core.left, core.right));
                }
            }
        }
        found
    }

    fn has(left: &str, right: &str, way: Way, one: &str, two: &str) {
        let found = all(left, right);
        let wanted = (way, one.to_owned(), two.to_owned());
        assert!(found.contains(&wanted), "{left} {right}: {found:?}");
    }

    #[test]
    fn a_missing_part_is_extended_by_its_neighbour() {
        has(
            "fizz-staging-db-1",
            "fizz-db-1",
            Way::Before,
            "fizz-staging",
            "fizz",
        );
        has("staging-db", "db", Way::Label, "staging-db", "db");
        has(
            "staging-db-x1-y2",
            "db-x1-y2",
            Way::After,
            "staging-db",
            "db",
        );
        has("a/staging/b", "a/b", Way::Before, "a/staging", "a");
    }

    #[test]
    fn hosts_are_taken_from_the_label_that_differs() {
        let (one, two) = (
            "https://api.staging.example.org/x",
            "https://api.example.org/x",
        );
        has(one, two, Way::HostEnd, "staging.example.org", "example.org");
        has(
            "me@acme-stg.com",
            "me@acme.com",
            Way::HostEnd,
            "acme-stg.com",
            "acme.com",
        );
    }

    #[test]
    fn passwords_in_urls_are_skipped() {
        assert!(all("db://u:alpha@h/x", "db://u:beta@h/x").is_empty());
    }

    #[test]
    fn long_texts_are_skipped() {
        assert!(parts(&"x ".repeat(3000), "x").is_none());
    }
}
