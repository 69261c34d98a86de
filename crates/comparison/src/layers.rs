//! Layered files: the result of an overlay and its base files.
//!
//! An environment's file often overlays others that all environments share; the result counts. Every value of the
//! result keeps its place in the original file. Merging follows the file's program: [`Merge`].

mod compose;
mod merging;
mod spring;

use std::sync::Arc;

use super::section::{blocks, lookup, select};
use super::{FileContent, Pattern};
use evenkeel_document::sensitive;
use evenkeel_document::{Document, Format, Node, Place};
use evenkeel_model::defect::Defect;
use evenkeel_model::source::SourceFile;
pub(crate) use merging::merge_deep;
pub(crate) use spring::evened;

/// Method of merging an overlay with the layers below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Maps are merged, everything else is replaced.
    Deep,
    /// As [`Merge::Deep`]; `null` removes a key of a lower layer.
    Helm,
    /// As Compose: maps are merged, most lists are appended, keyed elements (variables, mounts) are replaced by key,
    /// commands are replaced.
    Compose,
    /// As [`Merge::Deep`]; lists are merged by position.
    Indexed,
    /// Top-level keys are replaced whole.
    Shallow,
}

impl Merge {
    /// Names in definitions.
    pub const NAMES: &'static [&'static str] = &["deep", "helm", "compose", "indexed", "shallow"];

    /// Returns the method with a name.
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

    /// Returns the default for the file names of an overlay and the lowest layer.
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

/// Compared part of a document's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape<'a> {
    /// Section of the environment in each file.
    pub section: Option<&'a Pattern>,
    /// Name of the environment; documents of another profile are skipped.
    pub profile: &'a str,
    /// Method of merging, if defined.
    pub merge: Option<Merge>,
}

/// Result of merging layers.
pub(crate) struct Combined {
    /// Result. Its text is the concatenation of all layers, so that each value has a unique place.
    pub(crate) document: Document,
    /// Layers with the offsets of their texts. Empty if the document is complete by itself.
    layers: Vec<(usize, Document)>,
    /// Whether the section is missing.
    pub(crate) lacks_section: bool,
}

impl Combined {
    /// Wraps a single document.
    pub(crate) fn plain(document: Document) -> Self {
        Self {
            layers: Vec::new(),
            document,
            lacks_section: false,
        }
    }

    /// Returns each layer as read.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &Document> {
        let only = self.layers.is_empty().then_some(&self.document);
        only.into_iter()
            .chain(self.layers.iter().map(|(_, document)| document))
    }

    /// Returns the index of the layer that contains a place, and the place in it.
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

/// Whether all files can be layered: text that is not encrypted.
pub(crate) fn are_texts(layers: &[&FileContent]) -> bool {
    layers.iter().all(|layer| match layer {
        FileContent::Text(file) => !sensitive::is_encrypted_file(&file.text),
        _ => false,
    })
}

/// Reads and merges layers, the lowest first, and returns their defects.
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
        // End each text with a line break, so that no line belongs to two files.
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
        result = match top_format {
            Format::Lines => blocks::select(&result, section),
            _ => select(&result, section),
        };
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

/// Keys by which Spring names a document's profile.
const PROFILES: [&str; 2] = ["spring.config.activate.on-profile", "spring.profiles"];

/// Returns the documents of one file that apply to an environment, as one: those of its profile over those of all.
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
