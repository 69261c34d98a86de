//! Init: finds what a repository already has of its environments, and writes definitions that compare it.
//!
//! Looks at names and contents of files, proposes identities from what differs, and writes `environments/`. Never
//! overwrites anything.

mod report;
mod survey;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::document_parity::{Declared, Documents};
use super::documents::{Rendering, WorkingDocuments};
use super::{Failure, ProjectLocation, World};
use crate::report::{DocumentsDocument, Report};
use crate::suite::Redactor;
use crate::world::git::Repository;
use evenkeel_comparison::discovery::{
    DifferingText, Discovery, PairOfTexts, ProposedIdentity, discover, propose, write,
};
use evenkeel_comparison::{Matter, Step, Which};
use evenkeel_core::drift::{self, Presence};
use evenkeel_core::environment::{Definition, Files, files, read};
use evenkeel_document::covering;
use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::{Defect, Severity};

/// How to begin.
#[derive(Debug, Clone, Default)]
pub struct InitRequest {
    /// Whether nothing is written.
    pub dry_run: bool,
    /// Whether identities are left out: then names of environments are all that is recognised.
    pub no_identities: bool,
}

/// Definitions that are not written yet.
struct Unwritten<'a> {
    files: &'a BTreeMap<String, String>,
    directory: &'a Path,
}

impl Files for Unwritten<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.files.get(path).map(|text| text.as_bytes().to_vec()))
    }

    fn definitions(&self) -> Result<Vec<String>, String> {
        Ok(self.files.keys().cloned().collect())
    }

    fn shown(&self, path: &str) -> String {
        files::shown(self.directory, path)
    }
}

/// What was compared with definitions that are not written yet.
struct Trial {
    defects: Vec<Defect>,
    texts: Vec<PairOfTexts>,
    documents: DocumentsDocument,
}

/// Finds pairs of files and directories, writes `environments/`, and says how sure it is.
///
/// # Errors
///
/// When nothing is found, when a file that would be written is there already, or when something cannot be written.
pub fn init(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &InitRequest,
) -> Result<Report, Failure> {
    if location.revision.is_some() {
        return Err(Failure::Usage(
            "definitions are written into the working tree: leave out --at".into(),
        ));
    }
    let root = world
        .directory
        .canonicalize()
        .map_err(|error| Failure::other(format!("{}: {error}", world.directory.display())))?;
    let directory = match &location.environments {
        Some(named) => root.join(named),
        None => root.join("environments"),
    };
    let listed = survey::list(&root, world)?;
    let text = |path: &str| survey::text(&root, path);
    let found = discover(&listed, &text);
    let mut report = Report::new("init", "", world.clock.now());
    report::found(&found, &mut report);
    if found.path().count() == 0 || found.proposed().next().is_none() {
        report.say("nothing was found that looks like one thing in two environments");
        report.next("evenkeel compare A B   # two files or directories, without definitions");
        report.exit_code = 1;
        return Ok(report);
    }
    let name = root
        .file_name()
        .map_or_else(|| "system".into(), |name| name.to_string_lossy());
    let plain = write(&found, &[], &name);
    let first = try_out(&plain.files, &directory, &root, world)?;
    let identities = if request.no_identities {
        Vec::new()
    } else {
        propose(&first.texts)
    };
    let written = write(&found, &identities, &name);
    let second = try_out(&written.files, &directory, &root, world)?;
    report::proposed(&identities, &first, &second, &mut report);
    if request.dry_run {
        for (name, text) in &written.files {
            report.say(format!("--- {}/{name}", shown(&directory, &root)));
            report.say(text.trim_end());
        }
        return Ok(report);
    }
    put(&written.files, &directory, &root)?;
    for name in written.files.keys() {
        report.say(format!("wrote {}/{name}", shown(&directory, &root)));
    }
    report.next("evenkeel drift");
    report.next("evenkeel baseline   # declares what is left, so that only what is new is told");
    Ok(report)
}

/// Compares with definitions that are not written yet.
fn try_out(
    files: &BTreeMap<String, String>,
    directory: &Path,
    root: &Path,
    world: &World<'_>,
) -> Result<Trial, Failure> {
    let (definition, complaints) = read(&Unwritten { files, directory });
    let errors: Vec<Defect> = complaints
        .into_iter()
        .filter(|complaint| complaint.severity >= Severity::Error)
        .collect();
    let definition = match definition {
        Some(definition) if errors.is_empty() => definition,
        _ => return Err(Failure::Definitions(errors)),
    };
    let declared = Declared::of(&definition)?;
    let working = WorkingDocuments::new(
        root,
        Repository::discover(root).as_ref(),
        Rendering {
            directory: root.to_owned(),
            environment: BTreeMap::new(),
            interruption: world.interruption.clone(),
            redactor: Redactor::new(std::iter::empty::<&str>()),
        },
    );
    let sets = working.gather(&declared.asked());
    let documents = Documents::from(&definition, &declared, sets);
    let parity = documents.compare();
    let texts = differing_texts(&definition, &documents);
    let settled = drift::settle(
        &definition,
        parity.disparities,
        world.clock.now(),
        &|_, _| Presence::There,
    );
    let mut defects: Vec<Defect> = documents.complaints().collect();
    defects.extend(parity.complaints);
    defects.extend(drift::group(settled.defects));
    Ok(Trial {
        defects,
        texts,
        documents: parity.counted.unwrap_or_default(),
    })
}

/// Texts that stand at one place in two environments and are not the same: what identities are found in. Keys and
/// elements that only one side has are held against those that only the other has, in their order.
fn differing_texts(definition: &Definition, documents: &Documents<'_>) -> Vec<PairOfTexts> {
    let mut pairs: BTreeMap<(EnvironmentName, EnvironmentName), Vec<DifferingText>> =
        BTreeMap::new();
    documents.each_pair(&mut |name, one, two, located| {
        let texts = pairs.entry((one.clone(), two.clone())).or_default();
        // By list or map: what only the one has, and what only the other has.
        let mut alone: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
        for located in located {
            let disagreement = &located.disagreement;
            let path = &disagreement.path;
            match &disagreement.matter {
                Matter::Value(_) | Matter::Lines => {
                    let text = |side: &Option<evenkeel_comparison::Side>| {
                        let side = side.as_ref().filter(|side| !side.is_secret)?;
                        let text = &side.scalar.as_ref()?.text;
                        covering::shown(text).is_none().then(|| text.to_string())
                    };
                    if let (Some(left), Some(right)) =
                        (text(&disagreement.left), text(&disagreement.right))
                    {
                        texts.push(DifferingText {
                            document: name.to_owned(),
                            // A line of a program is not the key of a setting: what differs in several is not proven by it.
                            path: match &disagreement.matter {
                                Matter::Lines => String::new(),
                                _ => path.to_string(),
                            },
                            left,
                            right,
                        });
                    }
                }
                Matter::Only(which) => {
                    let word = match path.steps.last() {
                        Some(Step::Key(key)) => key.to_string(),
                        Some(Step::Element(names)) => names
                            .last()
                            .map_or_else(String::new, |(_, value)| value.to_string()),
                        _ => continue,
                    };
                    let above = evenkeel_comparison::Path {
                        steps: path
                            .steps
                            .get(..path.steps.len().saturating_sub(1))
                            .unwrap_or_default()
                            .to_vec(),
                    };
                    let sides = alone.entry(above.to_string()).or_default();
                    match which {
                        Which::Left => sides.0.push(word),
                        Which::Right => sides.1.push(word),
                    }
                }
                _ => {}
            }
        }
        for (path, (lefts, rights)) in alone {
            for (left, right) in alike(lefts, rights) {
                texts.push(DifferingText {
                    document: name.to_owned(),
                    path: path.clone(),
                    left,
                    right,
                });
            }
        }
    });
    let order = |name: &EnvironmentName| definition.path.iter().position(|each| each == name);
    let mut all: Vec<PairOfTexts> = pairs
        .into_iter()
        .map(|((left, right), texts)| PairOfTexts { left, right, texts })
        .collect();
    all.sort_by_key(|pair| (order(&pair.left), order(&pair.right)));
    all
}

/// Names that only one side has, each with the one of the other side that it has most words in common with; where there is
/// one on each side, these two.
fn alike(lefts: Vec<String>, mut rights: Vec<String>) -> Vec<(String, String)> {
    const MOST: usize = 200;
    let words = |text: &str| -> BTreeSet<String> {
        text.split(|each: char| !each.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let alone = lefts.len() == 1 && rights.len() == 1;
    let mut pairs = Vec::new();
    for left in lefts.into_iter().take(MOST) {
        let own = words(&left);
        let best = rights
            .iter()
            .take(MOST)
            .map(|right| words(right).intersection(&own).count())
            .enumerate()
            .max_by_key(|(number, shared)| (*shared, std::cmp::Reverse(*number)));
        if let Some((number, shared)) = best
            && (shared > 0 || alone)
        {
            pairs.push((left, rights.remove(number)));
        }
    }
    pairs
}

/// Writes files that must not be there yet, or none of them.
fn put(files: &BTreeMap<String, String>, directory: &Path, root: &Path) -> Result<(), Failure> {
    let there: Vec<String> = files
        .keys()
        .filter(|name| fs::symlink_metadata(directory.join(name)).is_ok())
        .map(|name| format!("{}/{name}", shown(directory, root)))
        .collect();
    if !there.is_empty() {
        return Err(Failure::Other {
            reason: format!(
                "{} already there, and nothing is overwritten",
                match there.as_slice() {
                    [one] => format!("{one} is"),
                    many => format!("{} are", evenkeel_model::text::list(many, "and")),
                }
            ),
            help: Some(
                "evenkeel init --dry-run shows what would be written; --environments DIRECTORY writes it elsewhere"
                    .into(),
            ),
        });
    }
    let failed =
        |path: &Path, error: std::io::Error| Failure::other(format!("{}: {error}", path.display()));
    fs::create_dir_all(directory).map_err(|error| failed(directory, error))?;
    let mut made: Vec<PathBuf> = Vec::new();
    for (name, text) in files {
        let path = directory.join(name);
        let written = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|mut file| {
                made.push(path.clone());
                file.write_all(text.as_bytes())?;
                file.sync_all()
            });
        if let Err(error) = written {
            // Half of the definitions is worse than none.
            for path in &made {
                let _ = fs::remove_file(path);
            }
            return Err(failed(&path, error));
        }
    }
    Ok(())
}

fn shown(directory: &Path, root: &Path) -> String {
    directory
        .strip_prefix(root)
        .unwrap_or(directory)
        .to_string_lossy()
        .into_owned()
}
