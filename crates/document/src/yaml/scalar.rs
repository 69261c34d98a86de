//! The type of an unquoted scalar: the core schema of YAML 1.2, and dates.
//!
//! `yes`, `no`, `on` and `off` are text, although YAML 1.1 has them as booleans. Programs disagree about them, and text
//! loses nothing: a comparison shows `yes` against `no` as well as `yes` against `true`, and the key `on` of a workflow
//! and the country `NO` stay as written.

use super::super::tree::{Scalar, ScalarKind};
use super::date;

/// Returns the type of an unquoted scalar.
pub(super) fn of_plain(text: &str) -> Scalar {
    let (kind, canonical) = match text.as_bytes().first() {
        None | Some(b'~' | b'n' | b'N') if is_null(text) => (ScalarKind::Null, Some(String::new())),
        Some(b't' | b'T') if matches!(text, "true" | "True" | "TRUE") => {
            (ScalarKind::Boolean, Some("true".to_owned()))
        }
        Some(b'f' | b'F') if matches!(text, "false" | "False" | "FALSE") => {
            (ScalarKind::Boolean, Some("false".to_owned()))
        }
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => numeric(text),
        _ => (ScalarKind::Text, None),
    };
    Scalar {
        kind,
        text: canonical.map_or_else(|| text.into(), String::into_boxed_str),
    }
}

/// Returns whether a text is a spelling of null.
pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Returns the type of a number or a date, and its canonical text if that differs.
fn numeric(text: &str) -> (ScalarKind, Option<String>) {
    if let Some(canonical) = integer(text) {
        (ScalarKind::Integer, canonical)
    } else if is_float(text) {
        (ScalarKind::Float, None)
    } else if date::is_date(text) {
        (ScalarKind::Date, None)
    } else {
        (ScalarKind::Text, None)
    }
}

/// Returns whether a text is an integer; inside, its canonical text if that differs.
///
/// A number with a leading zero stays as written: it is octal for readers of YAML 1.1 and decimal for those of 1.2, or
/// an identifier, and the zeros matter in each case. So do hexadecimal numbers beyond 128 bits.
#[expect(
    clippy::option_option,
    reason = "the type and the change of text are independent"
)]
fn integer(text: &str) -> Option<Option<String>> {
    for (mark, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(mark) {
            let all = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
            return all.then(|| {
                let number = u128::from_str_radix(digits, radix).ok();
                number.map(|number| number.to_string())
            });
        }
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !all_digits(digits) {
        return None;
    }
    if digits == "0" {
        return Some((text != "0").then(|| "0".to_owned()));
    }
    let padded = digits.starts_with('0');
    Some((!padded && text.starts_with('+')).then(|| digits.to_owned()))
}

fn is_float(text: &str) -> bool {
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let number = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(number, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (number, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && all_digits(fraction),
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    exponent_fits && mantissa_fits
}

/// Returns whether a text is non-empty and contains only digits.
pub(super) fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::super::tree::ScalarKind;
    use super::of_plain;

    fn all_are(kind: ScalarKind, texts: &[(&str, &str)]) {
        for (written, text) in texts {
            let scalar = of_plain(written);
            assert_eq!((scalar.kind, &*scalar.text), (kind, *text), "{written}");
        }
    }

    #[test]
    fn null_and_booleans_have_the_spellings_of_the_core_schema() {
        all_are(
            ScalarKind::Null,
            &[
                ("", ""),
                ("~", ""),
                ("null", ""),
                ("Null", ""),
                ("NULL", ""),
            ],
        );
        all_are(
            ScalarKind::Boolean,
            &[
                ("true", "true"),
                ("True", "true"),
                ("TRUE", "true"),
                ("false", "false"),
                ("False", "false"),
                ("FALSE", "false"),
            ],
        );
    }

    #[test]
    fn integers_become_decimal_and_keep_every_digit() {
        all_are(
            ScalarKind::Integer,
            &[
                ("0", "0"),
                ("-0", "0"),
                ("+12", "12"),
                ("-7", "-7"),
                ("0x1F", "31"),
                ("0o644", "420"),
                (
                    "123456789012345678901234567890",
                    "123456789012345678901234567890",
                ),
                ("0xffffffffffffffffffff", "1208925819614629174706175"),
                ("0644", "0644"),
                ("012345678901", "012345678901"),
            ],
        );
    }

    #[test]
    fn floats_stay_as_written() {
        let texts = [
            "1.10", "-0.5", ".5", "5.", "1e3", "1E-3", "+1.5e+10", ".inf", "-.Inf", "+.INF",
            ".nan", ".NaN",
        ];
        for text in texts {
            all_are(ScalarKind::Float, &[(text, text)]);
        }
    }

    #[test]
    fn dates_are_recognised_with_and_without_a_time() {
        let texts = [
            "2026-01-31",
            "2026-01-31T10:20:30Z",
            "2026-01-31t10:20:30.25+02:00",
            "2026-01-31 10:20:30",
            "2026-01-31 1:20:30 -5",
        ];
        for text in texts {
            all_are(ScalarKind::Date, &[(text, text)]);
        }
    }

    #[test]
    fn text_resembling_another_type_is_text() {
        let texts = [
            "yes",
            "no",
            "on",
            "off",
            "y",
            "N",
            "tRue",
            "nULL",
            "1_000",
            "0x",
            "0xg",
            "0o8",
            "0b101",
            "-0x1",
            "+",
            "-",
            ".",
            "..",
            "1.2.3",
            "v1",
            "1e",
            "e1",
            "1:30",
            "22:22",
            "12:30:45",
            "+.nan",
            "inf",
            "2026-13-01",
            "2026-1-1",
            "2026-01-32",
            "2026-01-31T",
            "2026-01-31T10:20",
            "2026-01-31Tx",
            "10.0.0.1",
            "1 2",
            "--1",
            "1-2",
            "500m",
            "1Gi",
            "２",
            "2026-01-3é",
        ];
        for text in texts {
            all_are(ScalarKind::Text, &[(text, text)]);
        }
    }
}
