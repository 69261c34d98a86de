//! Codes and messages of disagreements between documents.

use super::{ComparedDocument, codes};
use crate::drift::causes as cause;
use crate::drift::codes::{CLASS, INVERTED};
use crate::environment::definition::size_class;
use evenkeel_comparison::meaning::{
    Admits, Context, Dimension, ImageDifference, Opaque, Relation, has_direction, relate,
};
use evenkeel_comparison::{Disagreement, Matter, Side, Step, Thing, Which};
use evenkeel_document::{Scalar, ScalarKind};
use evenkeel_model::defect::{Code, Defect, Severity};

/// Returns the defect of a disagreement, without its places.
pub(super) fn defect(
    compared: &ComparedDocument<'_>,
    subject: &str,
    path: &str,
    disagreement: &Disagreement,
) -> Defect {
    let (one, two) = compared.between;
    let name = if path.is_empty() { subject } else { path };
    let shown = |side: &Option<Side>| {
        side.as_ref()
            .map_or_else(|| "nothing".to_owned(), |side| side.shown.clone())
    };
    let (left, right) = (shown(&disagreement.left), shown(&disagreement.right));
    let differs = if super::long_texts(disagreement).is_some() {
        format!("`{name}`: the text differs between {one} and {two}")
    } else {
        format!("`{name}` is {right} in {two} and {left} in {one}")
    };
    match &disagreement.matter {
        Matter::Value(_) | Matter::Lines if cause::empty_secret(disagreement).is_some() => {
            let (empty, other) = match cause::empty_secret(disagreement) {
                Some(Which::Left) => (one, two),
                _ => (two, one),
            };
            Defect::new(
                &codes::EMPTY_SECRET,
                subject,
                format!("secret `{name}` is empty in {empty} and set in {other}"),
            )
        }
        Matter::Value(_) if cause::is_encrypted(disagreement) => Defect::new(
            &codes::CIPHERTEXT,
            subject,
            format!("`{name}` is encrypted in {one} and {two}: cannot be compared"),
        ),
        Matter::Value(_) if cause::is_encrypted_once(disagreement) => {
            Defect::new(&codes::SETTING, subject, differs)
        }
        Matter::Value(_) if cause::is_secret(disagreement) => Defect::new(
            &codes::SECRET,
            subject,
            format!("`{name}` is a different secret in each environment"),
        ),
        Matter::Value(relation) => {
            let (key, above) = disagreement.path.keys();
            let (code, more) = value(relation, compared.siblings, Context { key, above });
            let message = match more {
                Some(more) => format!(
                    "{differs}: {}",
                    more.replace("{one}", one.as_str())
                        .replace("{two}", two.as_str())
                ),
                None if cause::is_shifted(disagreement) => {
                    format!("{differs}: same frequency, at another time of the day")
                }
                None => differs,
            };
            let mut defect = Defect::new(code, subject, message);
            if is_nearly_equal(relation) || cause::is_shifted(disagreement) {
                defect.severity = Severity::Warning;
            }
            defect
        }
        Matter::Readers(..) if cause::is_secret(disagreement) => Defect::new(
            &codes::SECRET,
            subject,
            format!("`{name}` is a different secret in each environment"),
        ),
        Matter::Readers(who, is_certain) => {
            let mut defect = Defect::new(&codes::READERS, subject, format!("{differs}: {who}"));
            if *is_certain {
                defect.severity = Severity::Error;
            }
            defect
        }
        Matter::Only(which) => {
            let (there, absent, what) = match which {
                Which::Left => (one, two, &left),
                Which::Right => (two, one, &right),
            };
            let (code, message) = match disagreement.path.steps.last() {
                Some(Step::Key(key))
                    if disagreement.path.steps.len() == 1
                        && cause::is_file(disagreement, *which) =>
                {
                    (
                        &codes::FILE,
                        format!("file `{key}` exists in {there}, missing in {absent}"),
                    )
                }
                Some(Step::Key(_)) => (
                    &codes::KEY,
                    format!("`{name}` is {what} in {there} and missing in {absent}"),
                ),
                Some(_) => (
                    &codes::ELEMENT,
                    format!("`{name}` exists in {there}, missing in {absent}"),
                ),
                None => (
                    &codes::DOCUMENT,
                    format!("exists in {there}, missing in {absent}"),
                ),
            };
            Defect::new(code, subject, message)
        }
        Matter::Shape => Defect::new(&codes::TYPE, subject, differs),
        Matter::Tag => Defect::new(
            &codes::SETTING,
            subject,
            format!("`{name}` is tagged {right} in {two} and {left} in {one}"),
        ),
        Matter::Order(has_meaning) => {
            let mut defect = Defect::new(
                &codes::ORDER,
                subject,
                format!("`{name}` has the same elements in another order in {two} than in {one}"),
            );
            if *has_meaning {
                defect.severity = Severity::Error;
            }
            defect
        }
        Matter::Moved(to) => Defect::new(
            &codes::MOVED,
            subject,
            format!("moved: `{name}` in {one}, `{to}` in {two}"),
        ),
        Matter::MustDiffer => Defect::new(
            &codes::MUST_DIFFER,
            subject,
            format!("`{name}` is {left} in both {one} and {two}, expected different values"),
        ),
        Matter::Shared { of, value, thing } => {
            let owner = match of {
                Which::Left => one,
                Which::Right => two,
            };
            Defect::new(
                &codes::SHARED,
                subject,
                format!(
                    "`{name}` names {} of {owner} in both {one} and {two}: it contains `{value}`",
                    thing.words()
                ),
            )
        }
        Matter::Marked(which) => {
            let (own, shown, other, there) = match which {
                Which::Left => (one, &left, two, &right),
                Which::Right => (two, &right, one, &left),
            };
            Defect::new(
                &codes::MARKED,
                subject,
                format!(
                    "`{name}` contains the environment's name in {own} only: {shown}, and {there} in {other}"
                ),
            )
        }
        Matter::Foreign {
            within,
            identity,
            value,
            thing,
        } => {
            let (own, other) = match within {
                Which::Left => (one, two),
                Which::Right => (two, one),
            };
            let message = if thing.is_connection() {
                format!(
                    "`{name}` in {own} names {} of {other}: it contains `{value}`",
                    thing.words()
                )
            } else if &**identity == "environment" {
                format!("`{name}` in {own} names a host of {other}: it contains `{value}`")
            } else {
                format!("`{name}` in {own} mentions `{value}`, which is the {identity} of {other}")
            };
            let mut defect = Defect::new(&codes::FOREIGN, subject, message);
            // Text for people is not a connection.
            if *thing == Thing::Prose {
                defect.severity = Severity::Advice;
            }
            defect
        }
        Matter::Lines if cause::is_secret(disagreement) => Defect::new(
            &codes::SECRET,
            subject,
            format!("`{name}` is a different secret in each environment"),
        ),
        Matter::Lines => {
            let (code, more) = match related_words(disagreement) {
                Some((key, relation)) => value(
                    &relation,
                    compared.siblings,
                    Context {
                        key: &key,
                        above: "",
                    },
                ),
                None => (&codes::LINES, None),
            };
            let more = more.map_or_else(String::new, |more| {
                let more = more.replace("{one}", one.as_str());
                format!(": {}", more.replace("{two}", two.as_str()))
            });
            Defect::new(
                code,
                subject,
                format!("line is `{right}` in {two} and `{left}` in {one}{more}"),
            )
        }
        Matter::Copied => Defect::new(
            &codes::COPIED,
            subject,
            format!("`{name}` has the same random id in {one} and {two}: {left}"),
        ),
        Matter::NamesBoth(identity) => Defect::new(
            &codes::LISTED,
            subject,
            format!("`{name}` names the {identity} of {one} and of {two}, in both environments"),
        ),
        Matter::Floating => Defect::new(
            &codes::FLOATING,
            subject,
            format!("`{name}` has the image {left} with a moving tag"),
        ),
    }
}

/// Returns the relation of the words in which two lines differ, and their key: only one word differs, which is on in one
/// and off in the other (`PasswordAuthentication yes`), or a size with the name of one (`maxclients 10000`).
fn related_words(disagreement: &Disagreement) -> Option<(String, Relation)> {
    let text = |side: &Option<Side>| Some(side.as_ref()?.scalar.as_ref()?.text.to_string());
    let (one, two) = (text(&disagreement.left)?, text(&disagreement.right)?);
    let words = |text: &str| -> Vec<String> {
        text.split(|each: char| each.is_whitespace() || matches!(each, '=' | ';' | ','))
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (ones, twos) = (words(&one), words(&two));
    if ones.len() != twos.len() {
        return None;
    }
    let pairs = ones.iter().zip(&twos).enumerate();
    let mut differing = pairs.filter(|(_, (one, two))| one != two);
    let (Some((at, (one, two))), None) = (differing.next(), differing.next()) else {
        return None;
    };
    let key = ones.get(at.checked_sub(1)?)?;
    let loose = |text: &str| Scalar {
        kind: ScalarKind::Loose,
        text: text.into(),
    };
    let related = |key: &str| relate(&loose(one), &loose(two), Context { key, above: "" });
    // A number in a line has an unknown meaning.
    let is_word = |text: &str| text.starts_with(|first: char| first.is_ascii_alphabetic());
    if is_word(one) && is_word(two) {
        let first = ones.first()?;
        let relation = related(first);
        return matches!(relation, Relation::Flag { .. }).then(|| (first.clone(), relation));
    }
    let relation = related(key);
    let is_size = matches!(
        relation,
        Relation::Size {
            dimension: Dimension::Count | Dimension::Bytes | Dimension::Cores,
            ..
        }
    );
    is_size.then(|| (key.clone(), relation))
}

/// Returns additional help for a defect of this code; `{id}` stands for its fingerprint.
pub(super) fn help(code: &Code) -> Option<&'static str> {
    Some(match code.name {
        "parity/secret-differs" | "parity/ciphertext-differs" => return None,
        "parity/size-differs" | "parity/class-differs" | "parity/inverted" => {
            "declare how much smaller staging may be: `evenkeel explain {id} --declare`"
        }
        "parity/opaque-id-differs" => {
            "put the common part into a parameter that varies as identity, or declare it: `evenkeel explain {id} --declare`"
        }
        "parity/image-floats" => "use a version, ideally with a digest",
        "parity/order-differs" => {
            "if the order has no meaning, name the list under `sets` of the document"
        }
        "parity/foreign-identity" => {
            "use a value of this environment, or declare it: `evenkeel explain {id} --declare`"
        }
        _ => "make them equal, or declare it: `evenkeel explain {id} --declare`",
    })
}

/// Whether two sizes differ only by rounding: 1.5Gi and 1500Mi.
fn is_nearly_equal(relation: &Relation) -> bool {
    /// Maximum difference as a share of the larger one.
    const NEARLY: f64 = 0.05;
    match relation {
        Relation::Size {
            left,
            right,
            dimension: Dimension::Bytes | Dimension::Cores,
        } => (left - right).abs() <= left.abs().max(right.abs()) * NEARLY,
        _ => false,
    }
}

/// Returns the code and message of a relation; `{one}` and `{two}` stand for the environments.
fn value(
    relation: &Relation,
    siblings: bool,
    context: Context<'_>,
) -> (&'static Code, Option<String>) {
    match relation {
        Relation::Flag { .. } => (&codes::FLAG, None),
        Relation::Size {
            left,
            right,
            dimension,
        } => {
            let (small, large) = (size_class(*left), size_class(*right));
            let has_direction = has_direction(*dimension, context);
            if *dimension == Dimension::Count && small != large {
                (
                    &CLASS,
                    Some(format!("{small} and {large} behave differently")),
                )
            } else if has_direction && !siblings && left > right {
                (&INVERTED, Some("{one} has more than {two}".to_owned()))
            } else {
                (&codes::SIZE, None)
            }
        }
        Relation::Version { admits } => (&codes::VERSION, words_of_versions(*admits)),
        Relation::Image(difference) => (&codes::IMAGE, words_of_images(difference)),
        Relation::Opaque(sort) => (&codes::OPAQUE, Some(words_of_ids(*sort).to_owned())),
        Relation::Type => (&codes::TYPE, Some("the types differ".to_owned())),
        Relation::Same | Relation::Differs => (&codes::SETTING, None),
    }
}

fn words_of_versions(admits: Admits) -> Option<String> {
    Some(
        match admits {
            Admits::LeftMore => "{one} admits more versions than {two}",
            Admits::RightMore => "{two} admits more versions than {one}",
            Admits::Each => "each admits versions that the other does not",
            Admits::LeftNewer => "{one} has the newer one",
            Admits::RightNewer => "{two} has the newer one",
            Admits::Unknown => return None,
        }
        .to_owned(),
    )
}

fn words_of_images(difference: &ImageDifference) -> Option<String> {
    let ImageDifference {
        registry,
        name,
        tag,
        digest,
    } = difference;
    let parts: Vec<&str> = [
        (registry, "registry"),
        (name, "name"),
        (tag, "tag"),
        (digest, "digest"),
    ]
    .into_iter()
    .filter(|(differs, _)| **differs)
    .map(|(_, word)| word)
    .collect();
    (!parts.is_empty()).then(|| format!("another {}", evenkeel_model::text::list(&parts, "and")))
}

fn words_of_ids(sort: Opaque) -> &'static str {
    match sort {
        Opaque::Arn => "Amazon resource names",
        Opaque::Uuid => "UUIDs",
        Opaque::CloudId => "cloud ids",
        Opaque::Hash => "hashes",
        Opaque::Key => "keys or certificates",
        Opaque::Address => "addresses of machines",
    }
}
