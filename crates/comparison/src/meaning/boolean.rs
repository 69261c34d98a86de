//! Words that turn something on or off.
//!
//! YAML 1.2 (core schema), JSON, TOML and HCL know only `true` and `false`: there `yes` is text, and the text `true`
//! has another type than `true`. Dotenv, INI and properties have no types; their readers accept `true`, `yes` and `on`
//! alike, so these are equal there. `1` may be a number and is not equal to `true`. An empty value is not `false`:
//! programs treat it as unset.

use super::key;
use super::{Context, Relation};
use evenkeel_document::{Scalar, ScalarKind};

/// Length of the longest word.
const LONGEST: usize = "disabled".len();

/// Whether a text is a word for on or off, in any case: `true`, `yes`, `on`, `y`, `1`, `enabled` and their opposites.
#[must_use]
pub fn as_boolean_word(text: &str) -> Option<bool> {
    if text.len() > LONGEST {
        return None;
    }
    let is_any = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_any(&["true", "1", "yes", "on", "y", "enabled", "enable"]) {
        Some(true)
    } else if is_any(&["false", "0", "no", "off", "n", "disabled", "disable"]) {
        Some(false)
    } else {
        None
    }
}

/// Words that readers of untyped files treat as equal.
fn is_interchangeable(text: &str) -> bool {
    ["true", "1", "yes", "on", "false", "0", "no", "off"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(text))
}

fn is_letter(scalar: &Scalar) -> bool {
    matches!(&*scalar.text, "y" | "n" | "Y" | "N")
}

pub(super) fn relate(left: &Scalar, right: &Scalar, context: Context<'_>) -> Option<Relation> {
    let (on_left, on_right) = (as_boolean_word(&left.text)?, as_boolean_word(&right.text)?);
    // A single letter is an answer only beside another one: `y` beside `n`, not beside `0`.
    if is_letter(left) != is_letter(right) {
        return None;
    }
    // Digits on both sides are numbers, unless the key is a flag.
    let is_digit = |scalar: &Scalar| matches!(&*scalar.text, "0" | "1");
    if is_digit(left) && is_digit(right) && !key::is_flag(context.key) {
        return None;
    }
    let is_loose = |scalar: &Scalar| scalar.kind == ScalarKind::Loose;
    let is_typed = |scalar: &Scalar| scalar.kind == ScalarKind::Boolean;
    if left.kind != right.kind && !is_loose(left) && !is_loose(right) {
        return None;
    }
    if on_left != on_right {
        return Some(Relation::Flag {
            left: on_left,
            right: on_right,
        });
    }
    let both_loose = is_loose(left) && is_loose(right);
    // A boolean beside an untyped file; `1` may still be a number there.
    let beside_typed = (is_typed(left) || is_typed(right)) && !is_digit(left) && !is_digit(right);
    // A number beside a word: a program that expects a number accepts no word, and one that expects a flag may accept
    // no number.
    if is_digit(left) != is_digit(right) {
        return Some(Relation::Differs);
    }
    let same = left.text.eq_ignore_ascii_case(&right.text) && (both_loose || beside_typed)
        || (both_loose || beside_typed)
            && is_interchangeable(&left.text)
            && is_interchangeable(&right.text);
    Some(if same {
        Relation::Same
    } else {
        Relation::Differs
    })
}

#[cfg(test)]
mod tests {
    use super::as_boolean_word;
    use crate::meaning::tests::{assert_all, kinds};
    use crate::meaning::{Context, Relation, relate};
    use evenkeel_document::ScalarKind::{Boolean, Integer, Loose, Text};

    #[test]
    fn words_are_recognised_in_any_case() {
        for word in ["true", "TRUE", "Yes", "on", "1", "Enabled"] {
            assert_eq!(as_boolean_word(word), Some(true), "{word}");
        }
        for word in ["false", "No", "OFF", "0", "disabled"] {
            assert_eq!(as_boolean_word(word), Some(false), "{word}");
        }
        for word in [
            "", "2", "01", "truee", "enabledd", "none", "null", "t", " true", "wahr", "不",
        ] {
            assert_eq!(as_boolean_word(word), None, "{word}");
        }
    }

    #[test]
    fn files_without_types_spell_one_answer_in_many_ways() {
        assert_all(
            kinds(Loose, Loose),
            "DEBUG",
            &[
                ("true", "yes"),
                ("true", "on"),
                ("True", "TRUE"),
                ("yes", "YES"),
                ("false", "no"),
                ("off", "no"),
                ("Off", "FALSE"),
                ("enabled", "Enabled"),
            ],
            &Relation::Same,
        );
        assert_all(
            kinds(Loose, Boolean),
            "debug",
            &[("yes", "true"), ("TRUE", "true"), ("off", "false")],
            &Relation::Same,
        );
    }

    #[test]
    fn a_number_beside_a_word_is_not_the_same() {
        for kinds in [kinds(Loose, Loose), kinds(Loose, Boolean)] {
            let pairs = &[("1", "true"), ("0", "false")];
            assert_all(kinds, "DEBUG", pairs, &Relation::Differs);
        }
        assert_all(
            kinds(Loose, Loose),
            "DEBUG",
            &[("1", "on")],
            &Relation::Differs,
        );
    }

    #[test]
    fn on_and_off_are_a_flag() {
        let pairs = [
            ("true", "false"),
            ("true", "no"),
            ("1", "0"),
            ("yes", "off"),
            ("enabled", "disabled"),
            ("on", "off"),
            ("1", "false"),
        ];
        let flag = Relation::Flag {
            left: true,
            right: false,
        };
        assert_all(kinds(Loose, Loose), "debug", &pairs, &flag);
        assert_all(kinds(Text, Text), "verify_ssl", &pairs, &flag);
        assert_all(
            kinds(Boolean, Boolean),
            "anything",
            &[("true", "false")],
            &flag,
        );
        assert_all(kinds(Integer, Integer), "enabled", &[("1", "0")], &flag);
        assert_all(
            kinds(Loose, Boolean),
            "anything",
            &[("yes", "false")],
            &flag,
        );
    }

    #[test]
    fn similar_words_are_not_an_answer() {
        // In typed formats, the type counts.
        assert_all(
            kinds(Text, Text),
            "value",
            &[
                ("true", "yes"),
                ("on", "yes"),
                ("1", "true"),
                ("True", "true"),
                ("no", "off"),
            ],
            &Relation::Differs,
        );
        assert_all(
            kinds(Text, Boolean),
            "value",
            &[
                ("true", "true"),
                ("yes", "true"),
                ("false", "true"),
                ("1", "true"),
            ],
            &Relation::Type,
        );
        assert_all(
            kinds(Integer, Boolean),
            "value",
            &[("1", "true"), ("0", "false"), ("0", "true")],
            &Relation::Type,
        );
        // Empty is not off, and a number beside a boolean may be a number.
        assert_all(
            kinds(Loose, Loose),
            "debug",
            &[
                ("", "false"),
                ("", "0"),
                ("true", "verbose"),
                ("on", "once"),
                ("no", "none"),
                ("off", "offline"),
                ("enabled", "true"),
                ("y", "yes"),
                ("y", "0"),
                ("n", "true"),
            ],
            &Relation::Differs,
        );
        assert_all(
            kinds(Loose, Boolean),
            "debug",
            &[("1", "true"), ("0", "false"), ("enabled", "true")],
            &Relation::Differs,
        );
        // Two workers are not "on".
        let zero_and_one = relate(
            &crate::meaning::tests::scalar(Loose, "0"),
            &crate::meaning::tests::scalar(Loose, "1"),
            Context {
                key: "WORKERS",
                above: "",
            },
        );
        assert!(
            matches!(zero_and_one, Relation::Size { .. }),
            "{zero_and_one:?}"
        );
    }
}
