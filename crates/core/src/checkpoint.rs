//! Checkpoints kept outside of the ledger: parsing, with every error at its place.
//!
//! The file may come from anyone, so nothing in it is trusted. `ledger::verify` compares it with the ledger; the caller
//! reads the file.

use evenkeel_document::{Content, Document, Entry, Format, Node, ScalarKind};
use evenkeel_ledger::{Checkpoint, Kept, Proof};
use evenkeel_model::defect::{Code, Defect};
use evenkeel_model::source::{SourceFile, Span};
use evenkeel_model::text::nearest;
use evenkeel_model::{Digest, Moment};

/// First line of every checkpoint written by evenkeel.
pub const CHECKPOINT_FORMAT: &str = "evenkeel checkpoint 1";

/// Longest accepted file; a checkpoint has some three hundred bytes.
pub const LONGEST: u64 = 64 * 1024;

/// Allowed keys of a checkpoint.
const KEYS: &[&str] = &["format", "system", "lineage", "sequence", "digest", "time"];

/// All codes.
pub const CODES: &[&Code] = &[&UNREADABLE, &MALFORMED, &EDITED];

/// Missing, not permitted, not a regular file.
const UNREADABLE: Code = Code::error(
    "checkpoint/unreadable",
    "a checkpoint cannot be read",
    "A checkpoint is a regular file of up to 64 KiB, written by `evenkeel audit checkpoint -o FILE`. Without \
     it, the comparison proves nothing.",
);
/// Not a checkpoint.
const MALFORMED: Code = Code::error(
    "checkpoint/malformed",
    "a file is not a checkpoint",
    "A checkpoint is one JSON object with `lineage`, `sequence` and `digest`, and with `format`, `system` and \
     `time` if `evenkeel audit checkpoint` wrote it. Copy it again from where it was kept.",
);
/// The digest is right, and another field is not.
const EDITED: Code = Code::error(
    "checkpoint/edited",
    "a checkpoint differs from the entry it names",
    "The ledger contains the exact entry that the checkpoint names, and that entry differs: the file was \
     changed after it was written, not the ledger. Copy it again from where it was kept.",
);

/// Checkpoint as written in its file.
pub struct CheckpointFile {
    /// Fields that are compared with the ledger.
    pub kept: Kept,
    system: Option<(String, Span)>,
    time: Option<(Moment, Span)>,
}

impl CheckpointFile {
    /// Returns the differences between the file and the entry that it names, if the ledger proves that entry.
    #[must_use]
    pub fn edits(&self, system: &str, proof: &Proof) -> Vec<Defect> {
        let Some(written) = proof.proven else {
            return Vec::new();
        };
        let name = &self.kept.name;
        let edited = |span: &Span, key: &str, said: &str, is: &str| {
            Defect::new(
                &EDITED,
                name.clone(),
                format!("{name}: {key} is {said}, but {is} in the ledger"),
            )
            .at(span, format!("{is} in the ledger"))
        };
        let mut defects = Vec::new();
        if let Some((said, span)) = &self.system
            && said != system
        {
            defects.push(edited(
                span,
                "system",
                &format!("`{said}`"),
                &format!("`{system}`"),
            ));
        }
        if let Some((said, span)) = &self.time
            && *said != written
        {
            defects.push(edited(
                span,
                "time",
                &said.to_string(),
                &written.to_string(),
            ));
        }
        defects
    }
}

/// Returns the defect of a checkpoint that cannot be read.
#[must_use]
pub fn unreadable(name: &str, reason: &str) -> Defect {
    Defect::new(
        &UNREADABLE,
        name.to_owned(),
        format!("{name} cannot be read: {reason}"),
    )
}

/// Parses the bytes of a checkpoint: at most [`LONGEST`].
///
/// # Errors
///
/// All defects of the file.
pub fn read(name: &str, bytes: Vec<u8>) -> Result<CheckpointFile, Vec<Defect>> {
    if bytes.len() as u64 > LONGEST {
        return Err(vec![unreadable(name, "it is longer than any checkpoint")]);
    }
    let text =
        evenkeel_document::text_of(name, bytes).map_err(|defect| vec![malformed(*defect)])?;
    let file = SourceFile::new(name, text);
    let document = evenkeel_document::read(&file, Format::Json)
        .map_err(|defects| defects.into_iter().map(malformed).collect::<Vec<_>>())?;
    understand(&document)
}

/// Turns a defect of the document into one of the checkpoint.
fn malformed(mut defect: Defect) -> Defect {
    defect.code = &MALFORMED;
    defect
}

/// Returns the checkpoint, or all of its defects.
fn understand(document: &Document) -> Result<CheckpointFile, Vec<Defect>> {
    let file = &document.file;
    let mut reading = Reading {
        document,
        entries: &[],
        defects: Vec::new(),
    };
    match &*document.roots {
        [
            Node {
                content: Content::Map(entries),
                ..
            },
        ] => reading.entries = entries,
        _ => {
            reading.blame(Span::start_of(file), "expected one JSON object".to_owned());
            return Err(reading.defects);
        }
    }
    reading.strangers();
    let format = reading.text("format", false);
    if let Some((said, span)) = format
        && said != CHECKPOINT_FORMAT
    {
        let wanted = format!("its format is `{said}`, expected `{CHECKPOINT_FORMAT}`");
        reading.blame(span, wanted);
    }
    let system = reading.text("system", false);
    let lineage = reading.text("lineage", true);
    let sequence = reading.sequence();
    let digest = reading.parsed("digest", true, |text| text.parse::<Digest>().ok());
    let time = reading.parsed("time", false, |text| text.parse().ok().map(Moment::new));
    match (lineage, sequence, digest) {
        (Some((lineage, _)), Some(sequence), Some((digest, _))) if reading.defects.is_empty() => {
            Ok(CheckpointFile {
                kept: Kept {
                    name: file.path.clone(),
                    checkpoint: Checkpoint {
                        digest,
                        lineage,
                        sequence,
                    },
                },
                system,
                time,
            })
        }
        _ => Err(reading.defects),
    }
}

/// Checkpoint file being parsed.
struct Reading<'a> {
    document: &'a Document,
    entries: &'a [Entry],
    defects: Vec<Defect>,
}

impl<'a> Reading<'a> {
    fn blame(&mut self, span: Span, what: String) {
        let name = &self.document.file.path;
        let defect = Defect::new(
            &MALFORMED,
            name.clone(),
            format!("{name} is not a checkpoint: {what}"),
        )
        .at(&span, what);
        self.defects.push(defect);
    }

    /// Reports unknown keys.
    fn strangers(&mut self) {
        for entry in self.entries {
            if !KEYS.contains(&&*entry.key) {
                let near = nearest(&entry.key, KEYS.iter().copied())
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                self.blame(
                    self.document.span(entry.place),
                    format!("a checkpoint has no `{}`{near}", entry.key),
                );
            }
        }
    }

    fn node(&mut self, key: &str, required: bool) -> Option<&'a Node> {
        let entry = self.entries.iter().find(|entry| &*entry.key == key);
        if entry.is_none() && required {
            self.blame(
                Span::start_of(&self.document.file),
                format!("its `{key}` is missing"),
            );
        }
        entry.map(|entry| &entry.value)
    }

    fn text(&mut self, key: &str, required: bool) -> Option<(String, Span)> {
        let node = self.node(key, required)?;
        let span = self.document.span(node.place);
        match &node.content {
            Content::Scalar(scalar) if scalar.kind == ScalarKind::Text => {
                Some((scalar.text.to_string(), span))
            }
            _ => {
                self.blame(span, format!("`{key}` must be a text"));
                None
            }
        }
    }

    fn parsed<T>(
        &mut self,
        key: &str,
        required: bool,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<(T, Span)> {
        let (text, span) = self.text(key, required)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            let what = match key {
                "digest" => "expected `blake3:` and 64 hexadecimal digits",
                _ => "expected a time such as 2026-11-24T00:24:24.92Z",
            };
            self.blame(span.clone(), what.to_owned());
        }
        Some((parsed?, span))
    }

    fn sequence(&mut self) -> Option<u64> {
        let node = self.node("sequence", true)?;
        let number = match &node.content {
            Content::Scalar(scalar) if scalar.kind == ScalarKind::Integer => {
                scalar.text.parse().ok().filter(|number| *number > 0)
            }
            _ => None,
        };
        if number.is_none() {
            let span = self.document.span(node.place);
            self.blame(
                span,
                "`sequence` must be the number of an entry: 1 or more".to_owned(),
            );
        }
        number
    }
}

#[cfg(test)]
mod tests;
