//! Files in layers: what an overlay makes of the files beneath it.
//!
//! An environment's file is often laid over others that all environments share; what counts is the result. Every value of the
//! result keeps the place in the file that it is from. How layers are merged is what their program does: [`Merge`].

mod compose;
mod merging;
mod spring;

use std::sync::Arc;

use super::section::{lookup, select};
use super::{FileContent, Pattern};
use evenkeel_document::sensitive;
use evenkeel_document::{Document, Format, Node, Place};
use evenkeel_model::defect::Defect;
use evenkeel_model::source::SourceFile;
pub(crate) use merging::merge_deep;
pub(crate) use spring::evened;

/// How an overlay is merged with what lies beneath it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Maps are merged, everything else is replaced.
    Deep,
    /// As [`Merge::Deep`], and `null` removes a key of a lower layer.
    Helm,
    /// As Compose merges its files: maps are merged, most lists are appended to, what has a key of its own (variables, mounts)
    /// is replaced by key, commands are replaced.
    Compose,
    /// As [`Merge::Deep`], and lists are merged by position.
    Indexed,
    /// The first keys are replaced whole.
    Shallow,
}

impl Merge {
    /// Their names, as definitions write them.
    pub const NAMES: &'static [&'static str] = &["deep", "helm", "compose", "indexed", "shallow"];

    /// The one with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "deep" => Self::Deep,
            "helm" => Self::Helm,
            "compose" => Self::Compose,
            "indexed" => Self::Indexed,
            "shallow" => Self::Shallow,
            _ => return None,
        })
    }

    /// What the names of the files suggest: an overlay and the lowest layer.
    fn of(overlay: &str, lowest: &str) -> Self {
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_lowercase();
        let (own, base) = (name(overlay), name(lowest));
        let begins = |words: &[&str]| words.iter().any(|word| base.starts_with(word));
        let ends = |words: &[&str]| words.iter().any(|word| own.ends_with(word));
        if begins(&["compose.", "compose-", "docker-compose", "docker-stack"]) {
            Self::Compose
        } else if begins(&["values.", "values-"]) && ends(&[".yaml", ".yml"]) {
            Self::Helm
        } else if begins(&["appsettings."]) {
            Self::Indexed
        } else if ends(&[".tfvars", ".tfvars.json"])
            || ["group_vars/", "hieradata/"]
                .iter()
                .any(|folder| lowest.contains(folder))
            || lowest.ends_with("data/common.yaml")
        {
            Self::Shallow
        } else {
            Self::Deep
        }
    }
}

/// What is compared of a document's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape<'a> {
    /// The part of each file that is the environment's.
    pub section: Option<&'a Pattern>,
    /// The environment's name: documents of another profile are no layers.
    pub profile: &'a str,
    /// How layers are merged, if that is said.
    pub merge: Option<Merge>,
}

/// The result of some layers.
pub(crate) struct Combined {
    /// The result. Its text is that of all layers, one behind the other, so that each value has a place of its own.
    pub(crate) document: Document,
    /// Each layer, and where its text begins. None where the document is the only one, and whole.
    layers: Vec<(usize, Document)>,
    /// Whether the section is missing.
    pub(crate) lacks_section: bool,
}

impl Combined {
    /// A document by itself.
    pub(crate) fn plain(document: Document) -> Self {
        Self {
            layers: Vec::new(),
            document,
            lacks_section: false,
        }
    }

    /// Each layer as it was read.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &Document> {
        let only = self.layers.is_empty().then_some(&self.document);
        only.into_iter()
            .chain(self.layers.iter().map(|(_, document)| document))
    }

    /// The layer that a place is in, by number, and the place in it.
    pub(crate) fn located(&self, place: Place) -> (usize, Place) {
        let number = self
            .layers
            .partition_point(|(start, _)| *start <= place.start as usize)
            .saturating_sub(1);
        let start = self.layers.get(number).map_or(0, |(start, _)| *start);
        let within = |at: u32| (at as usize).saturating_sub(start);
        (number, Place::new(within(place.start), within(place.end)))
    }
}

/// Whether files can be laid over each other: text that is not encrypted.
pub(crate) fn are_texts(layers: &[&FileContent]) -> bool {
    layers.iter().all(|layer| match layer {
        FileContent::Text(file) => !sensitive::is_encrypted_file(&file.text),
        _ => false,
    })
}

/// Reads layers, the lowest first, and merges them; and everything that is wrong with them.
pub(crate) fn combine(
    layers: &[&FileContent],
    format: Option<Format>,
    shape: Shape<'_>,
) -> (Option<Combined>, Vec<Defect>) {
    let mut complaints = Vec::new();
    let mut read: Vec<Document> = Vec::new();
    for layer in layers {
        let FileContent::Text(file) = layer else {
            continue;
        };
        let format = format.unwrap_or_else(|| Format::of_file(file));
        let (document, more) = evenkeel_document::read_otherwise(file, format);
        complaints.extend(more);
        read.extend(document.map(evened));
    }
    let (Some(top), Some(lowest)) = (read.last(), read.first()) else {
        return (None, complaints);
    };
    if read.len() < layers.len() {
        return (None, complaints);
    }
    let merge = shape
        .merge
        .unwrap_or_else(|| Merge::of(&top.file.path, &lowest.file.path));
    let (top_path, top_format) = (top.file.path.clone(), top.format);
    let is_layered = read.len() > 1;
    let mut text = String::new();
    let mut placed: Vec<(usize, Document)> = Vec::new();
    let mut result: Vec<Node> = Vec::new();
    for document in read {
        // A text of its own line, so that no line is of two files.
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let start = text.len();
        let mut roots = document.roots.clone();
        if is_layered {
            text.push_str(&document.file.text);
            for root in &mut roots {
                shift(root, start);
            }
            roots = of_profile(roots, shape, merge);
        }
        result = merging::roots(result, roots, merge);
        placed.push((start, document));
    }
    let lacks_section = shape.section.is_some_and(|section| {
        result = select(&result, section);
        result.is_empty()
    });
    let file: Arc<SourceFile> = match placed.as_slice() {
        [(_, only)] => Arc::clone(&only.file),
        _ => SourceFile::new(top_path, text),
    };
    let document = Document {
        file,
        format: top_format,
        roots: result,
    };
    let combined = Combined {
        document,
        layers: placed,
        lacks_section,
    };
    (Some(combined), complaints)
}

/// The keys by which Spring says which profile a document is for.
const PROFILES: [&str; 2] = ["spring.config.activate.on-profile", "spring.profiles"];

/// The documents of one file that count for an environment, as one: those for its profile over those for all.
fn of_profile(roots: Vec<Node>, shape: Shape<'_>, merge: Merge) -> Vec<Node> {
    let profile = |root: &Node| PROFILES.iter().find_map(|key| lookup(root, key).cloned());
    if roots.len() < 2
        || shape.section.is_some()
        || !roots.iter().any(|root| profile(root).is_some())
    {
        return roots;
    }
    let mut whole: Vec<Node> = Vec::new();
    for key in PROFILES {
        let quoted = format!("[{key}={}]", shape.profile);
        if let Ok(pattern) = Pattern::parse(&quoted) {
            whole = select(&roots, &pattern);
        }
        if !whole.is_empty() {
            return whole;
        }
    }
    for root in roots.into_iter().filter(|root| profile(root).is_none()) {
        whole = merging::roots(whole, vec![root], merge);
    }
    whole
}

fn shift(node: &mut Node, by: usize) {
    let moved = |place: Place| Place::new(place.start as usize + by, place.end as usize + by);
    node.place = moved(node.place);
    match &mut node.content {
        evenkeel_document::Content::Scalar(_) => {}
        evenkeel_document::Content::List(items) => {
            for item in items {
                shift(item, by);
            }
        }
        evenkeel_document::Content::Map(entries) => {
            for entry in entries {
                entry.place = moved(entry.place);
                shift(&mut entry.value, by);
            }
        }
    }
}
