//! Texts that differ between environments: the input for discovering identities.

use std::collections::{BTreeMap, BTreeSet};

use super::Documents;
use crate::environment::Definition;
use evenkeel_comparison::discovery::{DifferingText, PairOfTexts};
use evenkeel_comparison::{FilesComparison, Matter, Said, Step, Which};
use evenkeel_document::covering;
use evenkeel_model::EnvironmentName;

/// Returns texts that differ at one place in two environments. Keys and elements that only one side has are paired with
/// those of the other side, in order.
#[must_use]
pub fn differing_texts(definition: &Definition, documents: &Documents<'_>) -> Vec<PairOfTexts> {
    differing_texts_and(definition, documents, &mut |_| ())
}

/// Returns differing texts, and passes on each comparison in the order of [`Documents::pairs`].
pub(super) fn differing_texts_and(
    definition: &Definition,
    documents: &Documents<'_>,
    each: &mut dyn FnMut(&FilesComparison),
) -> Vec<PairOfTexts> {
    type Pair = (Vec<DifferingText>, (Said, Said));
    let mut pairs: BTreeMap<(EnvironmentName, EnvironmentName), Pair> = BTreeMap::new();
    documents.each_pair(&mut |name, one, two, compared| {
        each(compared);
        let (texts, said) = pairs.entry((one.clone(), two.clone())).or_default();
        said.0.append(&compared.said.0);
        said.1.append(&compared.said.1);
        // By list or map: the names that only one side has, and those that only the other has.
        let mut alone: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
        for located in &compared.located {
            let disagreement = &located.disagreement;
            let path = &disagreement.path;
            match &disagreement.matter {
                Matter::Value(_) | Matter::Lines | Matter::Marked(_) => {
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
                            // A line of a program is not a setting: differences of several lines prove nothing about
                            // it.
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
        .map(|((left, right), (texts, said))| PairOfTexts {
            left,
            right,
            texts,
            said,
        })
        .collect();
    all.sort_by_key(|pair| (order(&pair.left), order(&pair.right)));
    all
}

/// Pairs each name of one side with the name of the other that shares most words; a single name on each side is a pair.
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
