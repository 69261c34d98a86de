//! Comparison of a document in two environments: one file each, or the files of a directory, matched by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::disagreement::{Disagreement, Matter, Side, Surroundings};
use super::layers::{Combined, Shape, are_texts, combine, evened};
use super::meaning::Relation;
use super::path::Step;
use super::{Equal, Rules, Said, Which, hashed_files, raw_differences};
use evenkeel_document::sensitive::{KnownSecrets, Survey};
use evenkeel_document::{Document, Format, Place, covering, sensitive};
use evenkeel_model::Digest;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::{SourceFile, Span};

/// Content of a document's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileContent {
    /// Text.
    Text(Arc<SourceFile>),
    /// Binary, or text of another encoding: compared by digest only.
    Binary(Digest),
    /// A link that is not followed, with its destination.
    Link(String),
    /// A file that could not be read, which was reported. It differs from everything and is never missing.
    Unreadable,
}

/// Files of a document in one environment.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// By relative name; a single file has the empty name.
    pub files: &'a BTreeMap<String, FileContent>,
    /// Whether the list is complete. If not, a file that is missing from it may exist.
    pub whole: bool,
    /// Base files, by the same names, the lowest first.
    pub beneath: &'a [&'a BTreeMap<String, FileContent>],
    /// Compared part of them.
    pub shape: Shape<'a>,
}

impl<'a> Files<'a> {
    /// Whether each file is compared without layers and sections.
    fn is_plain(&self) -> bool {
        self.beneath.is_empty() && self.shape.section.is_none()
    }

    /// Returns the layers of a file, the lowest first; empty if it exists in none.
    fn layers(&self, name: &str) -> Vec<&'a FileContent> {
        let beneath = self.beneath.iter().filter_map(|files| files.get(name));
        beneath.chain(self.files.get(name)).collect()
    }
}

/// Disagreement with its places in both files.
#[derive(Clone, Debug)]
pub struct Located {
    /// Disagreement. Its path starts with the file's relative name if there are several.
    pub disagreement: Disagreement,
    /// Place on the first side; the whole file if the side lacks the value, `None` if the file does not exist.
    pub left: Option<Span>,
    /// Place on the second side.
    pub right: Option<Span>,
}

/// Result of a comparison.
#[derive(Clone, Debug, Default)]
pub struct FilesComparison {
    /// All disagreements.
    pub located: Vec<Located>,
    /// Files and parts that could not be read; nothing is known about them.
    pub complaints: Vec<Defect>,
    /// Number of single values that differ without any rule.
    pub raw: usize,
    /// Number of compared single values, of both sides.
    pub leaves: usize,
    /// Number of compared files, of both sides.
    pub files: usize,
    /// Whether the place that the rules ask for exists, on either side.
    pub is_there: bool,
    /// Number of lists matched by position, because they are too long to measure likeness.
    pub by_position: usize,
    /// Values that are written differently and count as equal, if the rules ask for them.
    pub equal: Vec<Equal>,
    /// All values of each side in files that both have, if the rules ask for them.
    pub said: (Said, Said),
}

/// Compares two sets of files. `format` applies to every file; without it, file names decide.
#[must_use]
pub fn compare_files(
    left: Files<'_>,
    right: Files<'_>,
    format: Option<Format>,
    rules: &Rules,
) -> FilesComparison {
    if !left.is_plain() || !right.is_plain() {
        return compare_layers(left, right, format, rules);
    }
    let (whole_left, whole_right) = (left.whole, right.whole);
    let (left, right) = (left.files, right.files);
    let extended = hashed_files::with_names(&rules.identities, left.keys(), right.keys());
    let extended = extended.map(|identities| Rules {
        identities,
        ..rules.clone()
    });
    let rules = extended.as_ref().unwrap_or(rules);
    let mut pairs: Vec<(&str, Option<&FileContent>, Option<&FileContent>)> = Vec::new();
    let mut open: BTreeMap<&str, &FileContent> = right
        .iter()
        .filter(|(name, _)| !left.contains_key(*name))
        .map(|(name, content)| (name.as_str(), content))
        .collect();
    for (name, content) in left {
        let other = right.get(name).or_else(|| {
            // Names that differ by identity values only are the same.
            let other = open
                .keys()
                .copied()
                .find(|other| rules.identities.agree(name, other))?;
            open.remove(other)
        });
        pairs.push((name, Some(content), other));
    }
    pairs.extend(
        open.into_iter()
            .map(|(name, content)| (name, None, Some(content))),
    );
    // A file that was not listed may exist, so it is not missing.
    pairs.retain(|(_, left, right)| {
        (left.is_some() || whole_left) && (right.is_some() || whole_right)
    });
    let parts: Vec<FilesComparison> = pairs
        .par_iter()
        .map(|(name, left, right)| compare_pair(name, *left, *right, format, rules))
        .collect();
    let mut whole = together(parts);
    renamed(&mut whole, left, right, rules);
    whole
}

fn together(parts: Vec<FilesComparison>) -> FilesComparison {
    let mut whole = FilesComparison::default();
    for part in parts {
        whole.located.extend(part.located);
        whole.complaints.extend(part.complaints);
        whole.raw += part.raw;
        whole.leaves += part.leaves;
        whole.files += part.files;
        whole.is_there |= part.is_there;
        whole.by_position += part.by_position;
        whole.equal.extend(part.equal);
        whole.said.0.append(&part.said.0);
        whole.said.1.append(&part.said.1);
    }
    whole
}

/// Compares overlaid files and sections. Names must be equal: the layers below are shared by all environments.
fn compare_layers(
    left: Files<'_>,
    right: Files<'_>,
    format: Option<Format>,
    rules: &Rules,
) -> FilesComparison {
    let own = |side: Files<'_>| -> BTreeSet<String> {
        let all = side.beneath.iter().copied().chain([side.files]);
        all.flat_map(|files| files.keys().cloned()).collect()
    };
    let names: BTreeSet<String> = own(left).into_iter().chain(own(right)).collect();
    let names: Vec<String> = names.into_iter().collect();
    let parts: Vec<FilesComparison> = names
        .par_iter()
        .map(|name| {
            let layers = (left.layers(name), right.layers(name));
            let are_there = !layers.0.is_empty() && !layers.1.is_empty();
            if are_there && are_texts(&layers.0) && are_texts(&layers.1) {
                return compare_combined(
                    name,
                    (&layers.0, left.shape),
                    (&layers.1, right.shape),
                    format,
                    rules,
                );
            }
            let (one, two) = (layers.0.last().copied(), layers.1.last().copied());
            if one.is_none() && !left.whole || two.is_none() && !right.whole {
                return FilesComparison::default();
            }
            compare_pair(name, one, two, format, rules)
        })
        .collect();
    together(parts)
}

/// Layers, the lowest first, with their compared part.
type Layered<'a> = (&'a [&'a FileContent], Shape<'a>);

fn compare_combined(
    name: &str,
    left: Layered<'_>,
    right: Layered<'_>,
    format: Option<Format>,
    rules: &Rules,
) -> FilesComparison {
    let mut part = FilesComparison {
        files: left.0.len() + right.0.len(),
        ..FilesComparison::default()
    };
    let step = (!name.is_empty()).then(|| Step::Key(name.into()));
    let (one, two) = rayon::join(
        || combine(left.0, format, left.1),
        || combine(right.0, format, right.1),
    );
    let ((one, complaints), (two, others)) = (one, two);
    part.complaints = complaints;
    part.complaints.extend(others);
    let (Some(one), Some(two)) = (one, two) else {
        return part;
    };
    match (one.lacks_section, two.lacks_section) {
        (false, false) => compare_documents(&one, &two, step, rules, &mut part),
        (true, true) => part.complaints.push(no_section(&one, left.1, name)),
        (lacks, _) => {
            let which = if lacks { Which::Right } else { Which::Left };
            let (has, shape) = if lacks {
                (&two, right.1)
            } else {
                (&one, left.1)
            };
            part.raw = 1;
            part.located.push(lone_section(has, shape, step, which));
        }
    }
    part
}

/// Returns a section that only one environment has.
fn lone_section(has: &Combined, shape: Shape<'_>, step: Option<Step>, which: Which) -> Located {
    let root = has.document.roots.first();
    let place = root.map(|root| root.place).unwrap_or_default();
    let side = Side {
        place,
        key_place: None,
        shown: format!(
            "the section {}",
            shape.section.map(ToString::to_string).unwrap_or_default()
        ),
        scalar: None,
        is_secret: false,
        is_encrypted: false,
        leaves: has.document.leaves(),
    };
    let surveys = surveys(has);
    let known = KnownSecrets::of(&surveys.iter().collect::<Vec<_>>());
    let shown = Shown::of(has, surveys, &known);
    let span = shown.span(has, Some(&side), None);
    let (left, right, left_span, right_span) = match which {
        Which::Left => (Some(side), None, span, None),
        Which::Right => (None, Some(side), None, span),
    };
    Located {
        disagreement: Disagreement {
            path: super::Path {
                steps: step.into_iter().collect(),
            },
            left,
            right,
            matter: Matter::Only(which),
            around: Surroundings::default(),
            lacking: None,
        },
        left: left_span,
        right: right_span,
    }
}

/// Returns the defect of a section that no environment has: its pattern is wrong.
fn no_section(document: &Combined, shape: Shape<'_>, name: &str) -> Defect {
    let section = shape.section.map(ToString::to_string).unwrap_or_default();
    let file = document.layers().last().map(covered_whole);
    let path = file.as_ref().map_or(name, |file| file.path.as_str());
    let defect = Defect::new(
        &evenkeel_document::codes::NO_SECTION,
        path,
        format!("{path}: section `{section}` is missing, and so is the other environment's"),
    );
    match &file {
        Some(file) => defect.at(&Span::start_of(file), "not found in this file"),
        None => defect,
    }
}

/// Returns the secrets of each layer of a document.
fn surveys(document: &Combined) -> Vec<Survey> {
    document.layers().map(Survey::of).collect()
}

/// Layers of a document with hidden secrets.
struct Shown(Vec<Arc<SourceFile>>);

impl Shown {
    fn of(document: &Combined, surveys: Vec<Survey>, known: &KnownSecrets) -> Self {
        let layers = document.layers().zip(surveys);
        Self(
            layers
                .map(|(layer, survey)| covered(layer, survey, known))
                .collect(),
        )
    }

    /// Returns the place where a side has it, or where it lacks it.
    fn span(
        &self,
        document: &Combined,
        side: Option<&Side>,
        lacking: Option<Place>,
    ) -> Option<Span> {
        // For a value that only one side has, the key is more useful than the first line of the value.
        let place = match side {
            Some(side) => side.key_place.unwrap_or(side.place),
            None => lacking?,
        };
        let (number, place) = document.located(place);
        let file = self.0.get(number)?;
        Some(Span::new(file, place.start as usize..place.end as usize))
    }
}

/// Compares two parsed documents.
fn compare_documents(
    left: &Combined,
    right: &Combined,
    step: Option<Step>,
    rules: &Rules,
    part: &mut FilesComparison,
) {
    let (one, two) = (&left.document, &right.document);
    if rules.tells_said {
        part.said.0.add(one);
        part.said.1.add(two);
    }
    part.raw = raw_differences(one, two);
    part.leaves = one.leaves() + two.leaves();
    let compared = super::compare(one, two, rules, step.as_ref());
    part.is_there |= compared.is_there;
    part.by_position += compared.by_position;
    part.equal = compared.equal;
    if compared.disagreements.is_empty() {
        return;
    }
    let (lefts, rights) = rayon::join(|| surveys(left), || surveys(right));
    let all: Vec<&Survey> = lefts.iter().chain(&rights).collect();
    let known = KnownSecrets::of(&all);
    let shown = (!rules.unplaced).then(|| {
        rayon::join(
            || Shown::of(left, lefts, &known),
            || Shown::of(right, rights, &known),
        )
    });
    for mut found in compared.disagreements {
        found.cover(&known);
        let (one, two) = match &shown {
            Some((one, two)) => (
                one.span(left, found.left.as_ref(), found.lacking),
                two.span(right, found.right.as_ref(), found.lacking),
            ),
            None => (None, None),
        };
        part.located.push(Located {
            disagreement: found,
            left: one,
            right: two,
        });
    }
}

fn compare_pair(
    name: &str,
    left: Option<&FileContent>,
    right: Option<&FileContent>,
    format: Option<Format>,
    rules: &Rules,
) -> FilesComparison {
    let mut part = FilesComparison {
        files: usize::from(left.is_some()) + usize::from(right.is_some()),
        ..FilesComparison::default()
    };
    let step = (!name.is_empty()).then(|| Step::Key(name.into()));
    if let (Some(wanted), Some(step)) = (&rules.wanted, &step) {
        part.is_there = wanted.covers(&super::Path {
            steps: vec![step.clone()],
        });
    }
    match (left, right) {
        (Some(FileContent::Text(left)), Some(FileContent::Text(right)))
            if !is_encrypted_text(left) && !is_encrypted_text(right) =>
        {
            if is_plainly_equal(left, right, format, rules)
                && let Ok(both) =
                    evenkeel_document::read(left, format.unwrap_or_else(|| Format::of_file(left)))
            {
                part.leaves = 2 * both.leaves();
                if rules.tells_said {
                    part.said.0.add(&both);
                    part.said.1.add(&both);
                }
                return part;
            }
            let (documents, complaints) = read_both(left, right, format);
            part.complaints = complaints;
            if let Some((left, right)) = documents {
                let (left, right) = (Combined::plain(left), Combined::plain(right));
                compare_documents(&left, &right, step, rules, &mut part);
            }
        }
        (Some(FileContent::Unreadable), Some(_)) | (Some(_), Some(FileContent::Unreadable)) => {}
        (Some(one), Some(two)) if is_same(one, two) => {}
        (left, right) => {
            let matter = match (left, right) {
                (Some(_), None) => Matter::Only(Which::Left),
                (None, _) => Matter::Only(Which::Right),
                // Encrypted files are either equal or different; nothing else is known.
                (Some(one), Some(two)) if is_encrypted(one) && is_encrypted(two) => {
                    Matter::Value(Relation::Differs)
                }
                _ => Matter::Shape,
            };
            part.raw = 1;
            part.located.push(Located {
                disagreement: Disagreement {
                    path: super::Path {
                        steps: step.into_iter().collect(),
                    },
                    left: left.map(|content| whole_file(name, content)),
                    right: right.map(|content| whole_file(name, content)),
                    matter,
                    lacking: None,
                    around: Surroundings::default(),
                },
                left: left.and_then(start_of),
                right: right.and_then(start_of),
            });
        }
    }
    part
}

/// Whether two readable files are plainly equal: same text and format, without mentions and images. One of them is
/// parsed all the same, since a file that is invalid on both sides is not in parity.
fn is_plainly_equal(
    left: &SourceFile,
    right: &SourceFile,
    format: Option<Format>,
    rules: &Rules,
) -> bool {
    left.text == right.text
        && (format.is_some() || Format::of(&left.path) == Format::of(&right.path))
        && rules.wanted.is_none()
        && rules.must_differ.is_empty()
        && ![Which::Left, Which::Right].into_iter().any(|which| {
            rules.identities.may_be_foreign(&left.text, which)
                || rules.identities.names_other(&left.text, which)
        })
        && !left.text.contains("image")
}

/// Parses both files and returns their defects. The rest of a file with duplicate keys is read.
fn read_both(
    left: &Arc<SourceFile>,
    right: &Arc<SourceFile>,
    format: Option<Format>,
) -> (Option<(Document, Document)>, Vec<Defect>) {
    let known = |file: &Arc<SourceFile>| format.unwrap_or_else(|| Format::of_file(file));
    let mut formats = (known(left), known(right));
    // Two files of one name whose formats differ by content are compared as text.
    if formats.0 != formats.1 && Format::of(&left.path) == Format::of(&right.path) {
        formats = (Format::Lines, Format::Lines);
    }
    let both = rayon::join(
        || evenkeel_document::read_otherwise(left, formats.0),
        || evenkeel_document::read_otherwise(right, formats.1),
    );
    let ((one, mut complaints), (two, others)) = both;
    if !complaints.is_empty() || !others.is_empty() {
        // A template is text until it is rendered, whatever its name.
        let is_text = |file: &SourceFile, complaints: &[Defect]| {
            complaints.is_empty() || is_template(&file.text, complaints)
        };
        if format.is_none() && is_text(left, &complaints) && is_text(right, &others) {
            let lines = (
                evenkeel_document::read(left, Format::Lines),
                evenkeel_document::read(right, Format::Lines),
            );
            if let (Ok(left), Ok(right)) = lines {
                return (Some((left, right)), Vec::new());
            }
        }
    }
    complaints.extend(others);
    (one.map(evened).zip(two.map(evened)), complaints)
}

/// Whether an unparsable text is a template: Jinja, Go or ERB by their marks anywhere; `${word}` and a word in `{}`,
/// `[[]]`, `@@` or `%%` only in the reported line, since other files contain these too. Excessive nesting and cycles
/// are not templates.
fn is_template(text: &str, complaints: &[Defect]) -> bool {
    const MARKS: &[&str] = &["{{", "{%", "<%"];
    const MARKS_HERE: &[&str] = &["${", "[[ ", "[[-"];
    let is_syntax = |defect: &Defect| defect.code == &evenkeel_document::codes::SYNTAX;
    let is_key = |defect: &Defect| defect.code == &evenkeel_document::codes::DUPLICATE_KEY;
    if MARKS.iter().any(|mark| text.contains(mark)) {
        return complaints
            .iter()
            .all(|each| is_syntax(each) || is_key(each));
    }
    if !complaints.iter().all(is_syntax) {
        return false;
    }
    let Some(label) = complaints.first().and_then(|first| first.labels.first()) else {
        return false;
    };
    let at = text.floor_char_boundary(label.span.start());
    let start = text
        .get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    let here = text
        .get(start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    };
    // One word without blanks between the marks.
    let has_word = |line: &str, open: char, close: char| {
        line.match_indices(open).any(|(at, mark)| {
            let rest = line.get(at + mark.len()..).unwrap_or_default();
            rest.split_once(close)
                .is_some_and(|(word, _)| is_word(word))
        })
    };
    MARKS_HERE.iter().any(|mark| here.contains(mark))
        || [('{', '}'), ('@', '@'), ('%', '%')]
            .iter()
            .any(|(open, close)| has_word(here, *open, *close))
}

/// Returns the file with its secrets replaced byte by byte, so that all positions stay valid.
fn covered(document: &Document, survey: Survey, known: &KnownSecrets) -> Arc<SourceFile> {
    let mut ranges = survey.into_ranges();
    ranges.extend(known.ranges(&document.file.text));
    if ranges.is_empty() {
        return Arc::clone(&document.file);
    }
    let text = covering::covered(&document.file.text, ranges);
    SourceFile::new(document.file.path.clone(), text)
}

/// Returns a document that is not compared, with hidden secrets.
fn covered_whole(document: &Document) -> Arc<SourceFile> {
    let survey = Survey::of(document);
    let known = KnownSecrets::of(&[&survey]);
    covered(document, survey, &known)
}

/// Returns a file that is not compared, with hidden secrets.
fn covered_file(file: &Arc<SourceFile>) -> Arc<SourceFile> {
    match evenkeel_document::read(file, Format::of_file(file)) {
        Ok(document) => covered_whole(&document),
        Err(_) => {
            let ranges = covering::secret_ranges(&file.text);
            SourceFile::new(file.path.clone(), covering::covered(&file.text, ranges))
        }
    }
}

/// Whether two files have equal content.
fn is_same(one: &FileContent, two: &FileContent) -> bool {
    match (one, two) {
        (FileContent::Text(one), FileContent::Text(two)) => one.text == two.text,
        (one, two) => one == two,
    }
}

/// Whether a file is encrypted, whatever its name.
fn is_encrypted(content: &FileContent) -> bool {
    matches!(content, FileContent::Text(file) if is_encrypted_text(file))
}

fn is_encrypted_text(file: &SourceFile) -> bool {
    sensitive::is_encrypted_file(&file.text)
}

fn whole_file(name: &str, content: &FileContent) -> Side {
    Side {
        place: Place::default(),
        key_place: None,
        shown: match content {
            FileContent::Text(file) if is_encrypted_text(file) => {
                format!("{} (encrypted)", file.path)
            }
            FileContent::Text(file) => file.path.clone(),
            FileContent::Binary(digest) => format!("{name} (binary, {})", digest.short()),
            FileContent::Link(leads) => format!("{name} (a link to {leads})"),
            FileContent::Unreadable => format!("{name} (not read)"),
        },
        scalar: None,
        is_secret: false,
        is_encrypted: is_encrypted(content),
        leaves: 1,
    }
}

fn start_of(content: &FileContent) -> Option<Span> {
    match content {
        FileContent::Text(file) => Some(Span::start_of(&covered_file(file))),
        FileContent::Binary(_) | FileContent::Link(_) | FileContent::Unreadable => None,
    }
}

/// Pairs renamed files: equal content under a name that only one side has.
fn renamed(
    whole: &mut FilesComparison,
    left: &BTreeMap<String, FileContent>,
    right: &BTreeMap<String, FileContent>,
    rules: &Rules,
) {
    let text_of =
        |set: &BTreeMap<String, FileContent>, located: &Located, which: Which| -> Option<String> {
            let [Step::Key(name)] = located.disagreement.path.steps.as_slice() else {
                return None;
            };
            match set.get(&**name)? {
                FileContent::Text(file) if file.text.len() > 1 => Some(
                    rules
                        .identities
                        .marked(&file.text, which)
                        .unwrap_or_else(|| file.text.clone()),
                ),
                FileContent::Binary(digest) => Some(digest.to_string()),
                FileContent::Text(_) | FileContent::Link(_) | FileContent::Unreadable => None,
            }
        };
    let mut by_text: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut gone: Vec<(usize, String)> = Vec::new();
    for (number, located) in whole.located.iter().enumerate() {
        match located.disagreement.matter {
            Matter::Only(Which::Right) => {
                if let Some(text) = text_of(right, located, Which::Right) {
                    by_text.entry(text).or_default().push(number);
                }
            }
            Matter::Only(Which::Left) => {
                if let Some(text) = text_of(left, located, Which::Left) {
                    gone.push((number, text));
                }
            }
            _ => {}
        }
    }
    let mut merged: Vec<usize> = Vec::new();
    for (one, text) in gone {
        let Some(two) = by_text.get_mut(&text).and_then(Vec::pop) else {
            continue;
        };
        let Some(other) = whole.located.get(two).cloned() else {
            continue;
        };
        if let Some(located) = whole.located.get_mut(one) {
            located.disagreement.right = other.disagreement.right;
            located.disagreement.matter = Matter::Moved(other.disagreement.path);
            located.right = other.right;
            merged.push(two);
        }
    }
    merged.sort_unstable();
    let mut number = 0;
    whole.located.retain(|_| {
        let keep = merged.binary_search(&number).is_err();
        number += 1;
        keep
    });
}
