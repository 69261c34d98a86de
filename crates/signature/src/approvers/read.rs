//! Parsing of the whole file: every error with its place, and which lines are of one person.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use evenkeel_model::defect::Defect;
use evenkeel_model::source::{SourceFile, Span};

use super::line::{self, Line};
use super::{Approvers, Listed, Person, ROLE};
use crate::codes;
use crate::key::PublicKey;

/// Largest accepted file.
pub const LONGEST: usize = 1024 * 1024;

/// Line of a person, with its place.
struct Placed {
    line: Line,
    start: usize,
}

impl Approvers {
    /// Parses a file of approvers. With any error, its people do not count.
    ///
    /// # Errors
    ///
    /// Every error of the file, in the order of its lines.
    pub fn read(file: &Arc<SourceFile>) -> Result<Self, Vec<Defect>> {
        let mut defects = Vec::new();
        let blame = |code, message: String, place: std::ops::Range<usize>| {
            let span = Span::new(file, place);
            Defect::new(code, file.path.clone(), format!("{}: {message}", file.path))
                .at(&span, message)
        };
        if file.text.len() > LONGEST {
            let message = format!("larger than {LONGEST} bytes");
            return Err(vec![blame(&codes::MALFORMED, message, 0..0)]);
        }
        let mut placed = Vec::new();
        let mut start = 0;
        for whole in file.text.split_inclusive('\n') {
            let text = whole.strip_suffix('\n').unwrap_or(whole);
            let text = text.strip_suffix('\r').unwrap_or(text);
            let first = text.trim_start_matches([' ', '\t']);
            if let Some(at) = text.find(|each: char| each != '\t' && is_hidden(each)) {
                defects.push(blame(
                    &codes::MALFORMED,
                    "a control or invisible character".to_owned(),
                    start + at..start + at + 1,
                ));
            } else if !first.is_empty() && !first.starts_with('#') {
                match line::parse(text) {
                    Ok(line) => placed.push(Placed { line, start }),
                    Err(problems) => defects.extend(problems.into_iter().map(|problem| {
                        let (from, to) = problem.place;
                        blame(problem.code, problem.message, start + from..start + to)
                    })),
                }
            }
            start += whole.len();
        }
        let approvers = gather(&placed);
        // Only lines without errors are compared, so that no error follows from another.
        let mut owners: BTreeMap<&PublicKey, usize> = BTreeMap::new();
        for (listed, placed) in approvers.keys.iter().zip(&placed) {
            let owner = *owners.entry(&listed.key).or_insert(listed.person);
            if owner == listed.person {
                continue;
            }
            if let (Some(one), Some(other)) = (
                approvers.people.get(owner),
                approvers.people.get(listed.person),
            ) {
                let (from, to) = placed.line.key_place;
                defects.push(blame(
                    &codes::PERSON,
                    format!(
                        "the key {} of {} is also listed for {}",
                        listed.key.fingerprint(),
                        one.name,
                        other.name
                    ),
                    placed.start + from..placed.start + to,
                ));
            }
        }
        if defects.is_empty() {
            Ok(approvers)
        } else {
            defects.sort_by_key(|defect| {
                let label = defect.labels.first();
                label.map_or(0, |label| label.span.start())
            });
            Err(defects)
        }
    }
}

/// Whether a character changes how a line is displayed.
fn is_hidden(character: char) -> bool {
    let mut buffer = [0; 4];
    let text: &str = character.encode_utf8(&mut buffer);
    !matches!(
        evenkeel_model::text::inert(text),
        std::borrow::Cow::Borrowed(_)
    )
}

/// Joins lines that share a name: they are one person's, with several keys.
fn gather(placed: &[Placed]) -> Approvers {
    let mut people: Vec<Option<Person>> = Vec::new();
    let mut keys: Vec<Listed> = Vec::new();
    // Names in lower case.
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for Placed { line, .. } in placed {
        let (roles, names): (BTreeSet<&str>, BTreeSet<&str>) = line
            .principals
            .iter()
            .map(String::as_str)
            .partition(|text| text.starts_with(ROLE));
        let found: BTreeSet<usize> = names
            .iter()
            .filter_map(|name| known.get(&name.to_ascii_lowercase()).copied())
            .collect();
        let person = found.first().copied().unwrap_or_else(|| {
            people.push(Some(Person {
                name: line.principals.first().cloned().unwrap_or_default(),
                aliases: BTreeSet::new(),
            }));
            people.len() - 1
        });
        let mut aliases: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
        for other in found.into_iter().filter(|other| *other != person) {
            let joined = people.get_mut(other).and_then(Option::take);
            aliases.extend(joined.into_iter().flat_map(|joined| joined.aliases));
            for listed in keys.iter_mut().filter(|listed| listed.person == other) {
                listed.person = person;
            }
        }
        for alias in &aliases {
            known.insert(alias.to_ascii_lowercase(), person);
        }
        if let Some(Some(person)) = people.get_mut(person) {
            person.aliases.append(&mut aliases);
        }
        keys.push(Listed {
            person,
            roles: roles
                .into_iter()
                .filter_map(|role| role.strip_prefix(ROLE))
                .map(str::to_owned)
                .collect(),
            key: line.key.clone(),
            namespaces: line.options.namespaces.clone(),
            from: line.options.from,
            until: line.options.until,
        });
    }
    // Close the gaps of people who were joined.
    let mut number = 0;
    let numbers: Vec<usize> = people
        .iter()
        .map(|person| {
            let now = number;
            number += usize::from(person.is_some());
            now
        })
        .collect();
    for listed in &mut keys {
        listed.person = numbers.get(listed.person).copied().unwrap_or_default();
    }
    Approvers {
        people: people.into_iter().flatten().collect(),
        keys,
    }
}
