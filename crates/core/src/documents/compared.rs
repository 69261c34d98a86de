//! Parity of documents: declarations of every environment, their files, and differences along the path.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::{DocumentRequest, FileSet};
use crate::drift::documents::{ComparedDocument, disparities, leave_out_shared};
use crate::drift::{Disparity, Presence};
use crate::environment::definition::Varies;
use crate::environment::document::declarations;
use crate::environment::{Definition, DifferencePlace, DocumentDeclaration, DocumentSource, once};
use evenkeel_comparison::discovery::ProposedIdentity;
use evenkeel_comparison::{
    Disagreement, Equal, FileContent, Files, FilesComparison, Identities, Identity, Located,
    Matter, Path, Pattern, Rules, Shape, Side, Surroundings, Which, compare_files,
};
use evenkeel_document::{Format, Place};
use evenkeel_model::defect::Defect;
use evenkeel_model::{EnvironmentName, Value};

/// Declarations of every environment.
pub struct DeclaredDocuments(BTreeMap<EnvironmentName, Vec<DocumentDeclaration>>);

/// A document of an environment and one of its layers: 0 is its own files, then the base files, the lowest first.
pub type LayerKey = (EnvironmentName, Arc<str>, usize);

/// Files of documents, by environment, document and layer.
pub type FileSets = BTreeMap<LayerKey, FileSet>;

/// Receives the findings of one document in a pair of environments.
pub type EachPair<'a> = dyn FnMut(&str, &EnvironmentName, &EnvironmentName, &FilesComparison) + 'a;

/// Documents of every environment, as read.
pub struct Documents<'d> {
    definition: &'d Definition,
    declared: &'d DeclaredDocuments,
    sets: FileSets,
    tells_equal: bool,
    tells_said: bool,
    unplaced: bool,
}

/// Amount of compared data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DocumentCounts {
    /// Number of documents, for each pair of environments.
    pub pairs: usize,
    /// Number of files.
    pub files: usize,
    /// Number of values.
    pub values: usize,
    /// Number of values that are not byte-identical.
    pub raw: usize,
    /// Number of lists matched by position, because they are too long to measure likeness.
    pub by_position: usize,
}

/// Result of comparing documents.
#[derive(Default)]
pub struct DocumentParity {
    /// Differences.
    pub disparities: Vec<Disparity>,
    /// Unreadable files and parts, each once.
    pub complaints: Vec<Defect>,
    /// Values that are written differently and count as equal, if asked for: one sentence each.
    pub equal: Vec<String>,
    /// `None` if there are no documents.
    pub counted: Option<DocumentCounts>,
}

impl DeclaredDocuments {
    /// Returns the declarations of all environments.
    ///
    /// # Errors
    ///
    /// All defects of declarations.
    pub fn of(definition: &Definition) -> Result<Self, Vec<Defect>> {
        let mut declared = BTreeMap::new();
        let mut complaints = Vec::new();
        for name in &definition.path {
            match declarations(definition, name) {
                Ok(own) => _ = declared.insert(name.clone(), own),
                Err(more) => complaints.extend(more),
            }
        }
        if complaints.is_empty() {
            Ok(Self(declared))
        } else {
            Err(once(complaints))
        }
    }

    /// Keeps only the documents that a declared difference is about.
    #[must_use]
    pub fn named_by_differences(mut self, definition: &Definition) -> Self {
        let named: BTreeSet<&str> = definition
            .differences()
            .filter_map(|difference| match &difference.place {
                DifferencePlace::Document(name, _) => Some(&**name),
                DifferencePlace::Named(_) => None,
            })
            .collect();
        for own in self.0.values_mut() {
            own.retain(|declared| named.contains(&*declared.name));
        }
        self
    }

    /// Returns only the document with this name, in every environment.
    #[must_use]
    pub fn only(&self, name: &str) -> Self {
        let own = |all: &Vec<DocumentDeclaration>| {
            let own = all.iter().filter(|declared| &*declared.name == name);
            own.cloned().collect()
        };
        Self(
            self.0
                .iter()
                .map(|(each, all)| (each.clone(), own(all)))
                .collect(),
        )
    }

    /// Returns everything to read; the layers of a document follow it.
    #[must_use]
    pub fn asked(&self) -> Vec<DocumentRequest<'_>> {
        self.0
            .iter()
            .flat_map(|(name, own)| {
                own.iter()
                    .flat_map(DocumentDeclaration::with_base)
                    .map(|each| (name.clone(), each))
            })
            .collect()
    }

    /// Returns the keys of [`Self::asked`], in the same order.
    #[must_use]
    pub fn keys(&self) -> Vec<LayerKey> {
        let mut keys = Vec::new();
        for (environment, own) in &self.0 {
            for each in own {
                let layers = 0..=each.base.len();
                keys.extend(
                    layers.map(|layer| (environment.clone(), Arc::clone(&each.name), layer)),
                );
            }
        }
        keys
    }

    fn get(&self, environment: &EnvironmentName, name: &str) -> Option<&DocumentDeclaration> {
        self.0
            .get(environment)?
            .iter()
            .find(|declared| &*declared.name == name)
    }

    fn names(&self) -> BTreeSet<&Arc<str>> {
        self.0
            .values()
            .flat_map(|own| own.iter().map(|declared| &declared.name))
            .collect()
    }
}

impl<'d> Documents<'d> {
    /// Builds documents from the files read for each declaration, in the order of [`DeclaredDocuments::asked`].
    #[must_use]
    pub fn from(
        definition: &'d Definition,
        declared: &'d DeclaredDocuments,
        sets: Vec<FileSet>,
    ) -> Self {
        Self {
            definition,
            declared,
            sets: declared.keys().into_iter().zip(sets).collect(),
            tells_equal: false,
            tells_said: false,
            unplaced: false,
        }
    }

    /// Returns the files by environment and document.
    #[must_use]
    pub fn into_sets(self) -> FileSets {
        self.sets
    }

    /// Sets whether values that count as equal are reported.
    #[must_use]
    pub fn telling_equal(self, tells_equal: bool) -> Self {
        Self {
            tells_equal,
            ..self
        }
    }

    /// Sets whether all values of documents are kept, not only differing ones.
    #[must_use]
    pub fn telling_said(self, tells_said: bool) -> Self {
        Self { tells_said, ..self }
    }

    /// Omits positions of differences.
    #[must_use]
    pub fn unplaced(self) -> Self {
        Self {
            unplaced: true,
            ..self
        }
    }

    /// Whether any of them exists and could not be read completely.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.sets
            .values()
            .any(|set| !set.complaints.is_empty() && !set.absent)
    }

    /// Returns all defects of reading.
    pub fn complaints(&self) -> impl Iterator<Item = Defect> + '_ {
        self.sets
            .values()
            .flat_map(|set| set.complaints.iter().cloned())
    }

    /// Returns the number of bytes of text.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let texts = self.sets.values().flat_map(|set| set.files.values());
        texts
            .map(|content| match content {
                FileContent::Text(file) => file.text.len() as u64,
                _ => 0,
            })
            .sum()
    }

    /// Compares each environment with those after it on the path.
    #[must_use]
    pub fn compare(&self) -> DocumentParity {
        let names = self.declared.names();
        if names.is_empty() {
            return DocumentParity::default();
        }
        let mut parity = DocumentParity::default();
        let mut counted = DocumentCounts::default();
        for (one, two, siblings) in self.definition.pairs() {
            for name in &names {
                let compared = self.pair(name, &one, &two, None);
                counted.pairs += 1;
                counted.files += compared.files;
                counted.values += compared.leaves;
                counted.raw += compared.raw;
                counted.by_position += compared.by_position;
                parity.complaints.extend(compared.complaints);
                parity
                    .equal
                    .extend(compared.equal.iter().map(|equal| equal_words(name, equal)));
                parity.disparities.extend(disparities(&ComparedDocument {
                    name,
                    between: (&one, &two),
                    siblings,
                    located: compared.located,
                }));
            }
        }
        leave_out_shared(&mut parity.disparities);
        // A file shared by two pairs is reported once.
        parity.complaints = once(parity.complaints);
        parity.counted = Some(counted);
        parity
    }

    /// Passes on the findings of each document in each pair of environments.
    pub fn each_pair(&self, to: &mut EachPair<'_>) {
        /// Number of comparisons in memory at once.
        const AT_ONCE: usize = 128;
        for some in self.pairs().chunks(AT_ONCE) {
            let compared: Vec<FilesComparison> = some
                .par_iter()
                .map(|(one, two, name)| self.pair(name, one, two, None))
                .collect();
            for ((one, two, name), compared) in some.iter().zip(&compared) {
                to(name, one, two, compared);
            }
        }
    }

    /// Returns all documents in each pair of environments.
    #[must_use]
    pub fn pairs(&self) -> Vec<(EnvironmentName, EnvironmentName, Arc<str>)> {
        let names = self.declared.names();
        let pairs = self.definition.pairs().into_iter();
        pairs
            .flat_map(|(one, two, _)| {
                let all = names.iter();
                all.map(move |name| (one.clone(), two.clone(), Arc::clone(name)))
            })
            .collect()
    }

    /// Compares one document of two environments with identities outside of the definition.
    #[must_use]
    pub fn compared_with(
        &self,
        (one, two, name): (&EnvironmentName, &EnvironmentName, &str),
        proposed: &[ProposedIdentity],
    ) -> FilesComparison {
        self.pair_with(name, one, two, None, proposed)
    }

    /// Returns whether a document, or a place in it, exists in any environment.
    #[must_use]
    pub fn presence(&self, name: &str, pattern: Option<&Pattern>) -> Presence {
        let own = self.sets.iter().filter(|((_, own, _), _)| &**own == name);
        if own.clone().any(|(_, set)| !set.complaints.is_empty()) {
            return Presence::Unread;
        }
        let Some(pattern) = pattern else {
            return if own.count() > 0 {
                Presence::There
            } else {
                Presence::Nothing
            };
        };
        let mut unread = false;
        for (one, two, _) in self.definition.pairs() {
            let compared = self.pair(name, &one, &two, Some(pattern));
            if compared.is_there {
                return Presence::There;
            }
            unread |= !compared.complaints.is_empty();
        }
        if unread {
            Presence::Unread
        } else {
            Presence::Nothing
        }
    }

    fn pair(
        &self,
        name: &str,
        one: &EnvironmentName,
        two: &EnvironmentName,
        wanted: Option<&Pattern>,
    ) -> FilesComparison {
        self.pair_with(name, one, two, wanted, &[])
    }

    fn pair_with(
        &self,
        name: &str,
        one: &EnvironmentName,
        two: &EnvironmentName,
        wanted: Option<&Pattern>,
        proposed: &[ProposedIdentity],
    ) -> FilesComparison {
        let declared = (self.declared.get(one, name), self.declared.get(two, name));
        let layer = |environment: &EnvironmentName, number: usize| {
            self.sets
                .get(&(environment.clone(), Arc::from(name), number))
        };
        let set = |environment: &EnvironmentName| layer(environment, 0);
        let (Some(left), Some(right)) = (set(one), set(two)) else {
            return match declared {
                (Some(there), None) => missing(there, Which::Left),
                (None, Some(there)) => missing(there, Which::Right),
                _ => FilesComparison::default(),
            };
        };
        // A missing document was already reported.
        if left.absent || right.absent {
            return FilesComparison::default();
        }
        let Some(declaration) = declared.0.or(declared.1) else {
            return FilesComparison::default();
        };
        let rules = Rules {
            identities: self.identities(one, two, proposed),
            identity: declaration.rules.identity.clone(),
            sets: declaration.rules.sets.clone(),
            must_differ: declaration
                .rules
                .must_differ
                .iter()
                .map(|(pattern, _)| pattern.clone())
                .collect(),
            defaults: declaration.rules.defaults.clone(),
            exact: declaration.rules.exact.clone(),
            tells_equal: self.tells_equal,
            tells_said: self.tells_said,
            // Positions are irrelevant in a trial.
            unplaced: self.unplaced || !proposed.is_empty(),
            wanted: wanted.cloned(),
        };
        let format = declaration
            .format
            .or_else(|| printed(&[declared.0, declared.1]));
        // A missing document has no layers.
        let beneath = |environment: &EnvironmentName, declared: Option<&DocumentDeclaration>| {
            let layers = 1..=declared.map_or(0, |declared| declared.base.len());
            let there = layers.filter_map(|number| layer(environment, number));
            let there = there.filter(|set| !set.absent);
            there.map(|set| &set.files).collect::<Vec<_>>()
        };
        let (beneath_left, beneath_right) = (beneath(one, declared.0), beneath(two, declared.1));
        compare_files(
            layered(left, &beneath_left, one, declared.0),
            layered(right, &beneath_right, two, declared.1),
            format,
            &rules,
        )
    }

    /// Returns the identities of two environments: their names, parameters that vary as identity, and proposed ones.
    fn identities(
        &self,
        one: &EnvironmentName,
        two: &EnvironmentName,
        proposed: &[ProposedIdentity],
    ) -> Identities {
        let definition = self.definition;
        let text = |environment: &EnvironmentName, name: &str| match definition
            .plain_value(environment, name)?
        {
            Value::Text(text) => Some(Arc::clone(text)),
            Value::Integer(number) => Some(number.to_string().into()),
            _ => None,
        };
        let given = definition
            .parameters
            .iter()
            .filter(|(_, parameter)| parameter.varies == Varies::Identity)
            .filter_map(|(name, _)| {
                Some(Identity {
                    name: Arc::clone(name),
                    left: text(one, name)?,
                    right: text(two, name)?,
                })
            });
        let own = Identity {
            name: "environment".into(),
            left: one.as_str().into(),
            right: two.as_str().into(),
        };
        let proposed = proposed.iter().filter_map(|identity| {
            Some(Identity {
                name: identity.name.as_str().into(),
                left: identity.values.get(one)?.as_str().into(),
                right: identity.values.get(two)?.as_str().into(),
            })
        });
        Identities::new(std::iter::once(own).chain(given).chain(proposed))
    }
}

/// Returns the compared files of a document.
fn layered<'a>(
    own: &'a FileSet,
    beneath: &'a [&'a BTreeMap<String, FileContent>],
    environment: &'a EnvironmentName,
    declared: Option<&'a DocumentDeclaration>,
) -> Files<'a> {
    Files {
        beneath,
        shape: Shape {
            section: declared.and_then(|declared| declared.section.as_ref()),
            profile: environment.as_str(),
            merge: declared.and_then(|declared| declared.rules.merge),
        },
        ..own.files()
    }
}

/// Returns a sentence about a value that counts as equal.
#[must_use]
pub fn equal_words(document: &str, equal: &Equal) -> String {
    let (one, two) = &equal.sides;
    let path = equal.path.to_string();
    let separator = if path.is_empty() || path.starts_with('[') {
        ""
    } else {
        "."
    };
    format!(
        "`document.{document}{separator}{path}`: {one} equals {two} ({})",
        equal.why.words()
    )
}

/// Returns the format of a command's output, whose name shows none: that of the other environment's file, or YAML.
/// `None` if neither is a command.
fn printed(declared: &[Option<&DocumentDeclaration>]) -> Option<Format> {
    let mut named = None;
    let mut is_printed = false;
    for declaration in declared.iter().flatten() {
        match &declaration.source {
            DocumentSource::Path(path) => named = Some(Format::of(path)),
            DocumentSource::Render { .. } => is_printed = true,
        }
    }
    is_printed.then(|| named.unwrap_or(Format::Yaml))
}

/// Returns the comparison of a document that only one environment declares.
fn missing(there: &DocumentDeclaration, which: Which) -> FilesComparison {
    let side = Some(Side {
        place: Place::default(),
        key_place: None,
        shown: "declared".to_owned(),
        scalar: None,
        is_secret: false,
        is_encrypted: false,
        leaves: 1,
    });
    let span = Some(there.span.clone());
    let (left, right, left_span, right_span) = match which {
        Which::Left => (side, None, span, None),
        Which::Right => (None, side, None, span),
    };
    FilesComparison {
        located: vec![Located {
            disagreement: Disagreement {
                path: Path::default(),
                left,
                right,
                matter: Matter::Only(which),
                lacking: None,
                around: Surroundings::default(),
            },
            left: left_span,
            right: right_span,
        }],
        ..FilesComparison::default()
    }
}
