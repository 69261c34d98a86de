//! Patterns of paths: the places of a document that a definition covers.
//!
//! The grammar is that of [`super::path`]: `servers.*.hosts[name=web].image`, `**.replicas`, `spec.containers[*].env`.

use std::fmt;
use std::sync::Arc;

use super::path::{Path, Step};
use evenkeel_model::text::matches;

/// A pattern of paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    written: Arc<str>,
    parts: Vec<Part>,
}

/// Pattern of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `**`.
    AnySteps,
    /// A key; `*` stands for any characters of it, unless it was quoted.
    Key(Arc<str>, bool),
    /// `[*]`.
    AnyElement,
    /// `[2]`.
    Position(usize),
    /// `[name=web,kind=Service]` or `[PATH]`; the flag is set if `*` in the value is a wildcard.
    Element(Vec<(Arc<str>, Arc<str>, bool)>),
}

/// Problem of a pattern, with its position in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternProblem {
    /// First byte.
    pub at: usize,
    /// Expected syntax.
    pub message: &'static str,
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// Returns the problem and its position.
    pub fn parse(text: &str) -> Result<Self, PatternProblem> {
        let mut reader = Reader { text, at: 0 };
        let mut parts = Vec::new();
        while reader.at < text.len() {
            match reader.peek() {
                Some('[') => {
                    reader.at += 1;
                    parts.push(reader.element()?);
                }
                Some('.') if !parts.is_empty() => {
                    reader.at += 1;
                    parts.push(reader.key()?);
                }
                _ if parts.is_empty() => parts.push(reader.key()?),
                _ => return Err(reader.problem("expected `.` or `[`")),
            }
        }
        if parts.is_empty() {
            return Err(reader.problem("expected a path such as `servers.web.image`"));
        }
        Ok(Self {
            written: text.into(),
            parts,
        })
    }

    /// Whether it covers a path.
    #[must_use]
    pub fn covers(&self, path: &Path) -> bool {
        walk(&self.parts, &path.steps)
    }

    /// Whether it may cover more than one place.
    #[must_use]
    pub fn is_wild(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::AnySteps | Part::AnyElement => true,
            Part::Key(key, quoted) => !quoted && key.contains('*'),
            Part::Element(names) => names
                .iter()
                .any(|(_, value, wild)| *wild && value.contains('*')),
            Part::Position(_) => false,
        })
    }

    /// Whether it covers everything, or everything below a place: it ends with `**`.
    #[must_use]
    pub fn is_boundless(&self) -> bool {
        matches!(self.parts.last(), Some(Part::AnySteps))
    }

    /// Whether it names anything: `**.*` does not.
    #[must_use]
    pub fn names_something(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::AnySteps | Part::AnyElement => false,
            Part::Key(key, quoted) => *quoted || key.chars().any(|each| each != '*'),
            Part::Position(_) => true,
            Part::Element(names) => names.iter().any(|(name, value, wild)| {
                !name.is_empty() || !wild || value.chars().any(|each| each != '*')
            }),
        })
    }

    /// Returns its parts, in order.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.written)
    }
}

/// Whether the parts match all of the steps. Each `**` is tried at every length; every combination is tried once, so
/// the cost is at most parts × steps.
fn walk(parts: &[Part], steps: &[Step]) -> bool {
    // `reached[n]`: the parts so far match the first `n` steps.
    let mut reached = vec![false; steps.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for part in parts {
        let mut next = vec![false; steps.len() + 1];
        if matches!(part, Part::AnySteps) {
            let mut any = false;
            for (now, then) in next.iter_mut().zip(&reached) {
                any |= then;
                *now = any;
            }
        } else {
            let pairs = next.iter_mut().skip(1).zip(&reached).zip(steps);
            for ((now, then), step) in pairs {
                *now = *then && part.matches(step);
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

impl Part {
    fn matches(&self, step: &Step) -> bool {
        let same = |pattern: &str, text: &str, wild: bool| {
            if wild {
                matches(pattern, text)
            } else {
                pattern == text
            }
        };
        match (self, step) {
            (Self::AnySteps, _) => true,
            (Self::Key(pattern, quoted), Step::Key(key)) => same(pattern, key, !quoted),
            (Self::AnyElement, Step::Element(_) | Step::Position(_)) => true,
            (Self::Position(one), Step::Position(two)) => one == two,
            (Self::Element(patterns), Step::Element(names)) => {
                patterns.iter().all(|(name, pattern, wild)| {
                    names
                        .iter()
                        .any(|(own, value)| own == name && same(pattern, value, *wild))
                })
            }
            _ => false,
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn problem(&self, message: &'static str) -> PatternProblem {
        PatternProblem {
            at: self.at,
            message,
        }
    }

    /// Parses a word up to one of `stops`, or a quoted text; the flag is set if it was quoted.
    fn word(&mut self, stops: &[char]) -> Result<(Arc<str>, bool), PatternProblem> {
        let rest = self.text.get(self.at..).unwrap_or("");
        if rest.starts_with('"') {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            return match values.next() {
                Some(Ok(text)) => {
                    self.at += values.byte_offset();
                    Ok((text.into(), true))
                }
                _ => Err(self.problem("this quoted text does not end")),
            };
        }
        let end = rest.find(stops).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or("");
        if word.is_empty() {
            return Err(self.problem("expected a name, or `*`"));
        }
        self.at += end;
        Ok((word.into(), false))
    }

    fn key(&mut self) -> Result<Part, PatternProblem> {
        let (word, quoted) = self.word(&['.', '[', ']'])?;
        Ok(if &*word == "**" && !quoted {
            Part::AnySteps
        } else {
            Part::Key(word, quoted)
        })
    }

    fn element(&mut self) -> Result<Part, PatternProblem> {
        let mut names = Vec::new();
        loop {
            let (word, quoted) = self.word(&['=', ',', ']'])?;
            if self.peek() == Some('=') {
                self.at += 1;
                let (value, quoted) = self.word(&[',', ']'])?;
                names.push((word, value, !quoted));
            } else {
                names.push((Arc::from(""), word, !quoted));
            }
            match self.peek() {
                Some(',') => self.at += 1,
                Some(']') => {
                    self.at += 1;
                    break;
                }
                _ => return Err(self.problem("expected `]`")),
            }
        }
        if let [(name, value, wild)] = names.as_slice()
            && name.is_empty()
            && *wild
        {
            if &**value == "*" {
                return Ok(Part::AnyElement);
            }
            if let Ok(position) = value.parse() {
                return Ok(Part::Position(position));
            }
        }
        Ok(Part::Element(names))
    }
}

#[cfg(test)]
mod tests {
    use super::super::path::{Path, Step};
    use super::Pattern;
    use std::sync::Arc;

    fn key(text: &str) -> Step {
        Step::Key(text.into())
    }

    fn element(names: &[(&str, &str)]) -> Step {
        Step::Element(
            names
                .iter()
                .map(|(name, value)| (Arc::from(*name), Arc::from(*value)))
                .collect(),
        )
    }

    fn covers(pattern: &str, steps: &[Step]) -> bool {
        let path = Path {
            steps: steps.to_vec(),
        };
        Pattern::parse(pattern).expect(pattern).covers(&path)
    }

    #[test]
    fn a_displayed_path_is_a_pattern_that_covers_only_it() {
        let path = Path {
            steps: vec![
                key("servers"),
                key("a.b*"),
                element(&[("kind", "X"), ("name", "web, \"x\"]")]),
                element(&[("", "7")]),
                Step::Position(3),
                key("image"),
            ],
        };
        let pattern = Pattern::parse(&path.to_string()).unwrap();
        assert!(pattern.covers(&path));
        assert!(!pattern.is_wild());
    }

    #[test]
    fn stars_stand_for_keys_elements_and_steps() {
        let web = [key("a"), element(&[("name", "web")]), key("image")];
        assert!(covers("a[*].image", &web));
        assert!(covers("a[name=web].image", &web));
        assert!(covers("a[name=w*].image", &web));
        assert!(covers("**.image", &web));
        assert!(covers("a.**", &web));
        assert!(covers("**", &web));
        assert!(covers("a.**.image", &web));
        assert!(covers("*[*].im*", &web));
        assert!(!covers("a.*.image", &web));
        assert!(!covers("a[name=db].image", &web));
        assert!(!covers("a[0].image", &web));
        assert!(!covers("image", &web));
        assert!(covers(r#""a"[*]."image""#, &web));
        assert!(!covers(r#""*"[*].image"#, &web));
    }

    #[test]
    fn a_pattern_of_stars_only_names_nothing() {
        for (text, names) in [
            ("**", false),
            ("**.*", false),
            ("*[*]", false),
            ("**.replicas", true),
            ("a.**", true),
            ("\"*\"", true),
            ("[*][name=*]", true),
            ("*[0]", true),
        ] {
            let pattern = Pattern::parse(text).unwrap();
            assert_eq!(pattern.names_something(), names, "{text}");
        }
    }

    #[test]
    fn an_invalid_pattern_is_reported_with_its_place() {
        for (text, at) in [
            ("", 0),
            ("a..b", 2),
            ("a[", 2),
            ("a[x", 3),
            ("a[x]b", 4),
            (".a", 0),
            ("a.\"b", 2),
        ] {
            assert_eq!(Pattern::parse(text).unwrap_err().at, at, "{text}");
        }
    }
}
