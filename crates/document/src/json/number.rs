//! JSON numbers: integers in canonical text, all others as written, with every digit.

use super::super::duplicates::shortened;
use super::super::tree::ScalarKind;

/// Returns the kind and the canonical text of a number.
///
/// # Errors
///
/// The reason why it is not a number.
pub(super) fn read(written: &str, relaxed: bool) -> Result<(ScalarKind, Box<str>), String> {
    let unsigned = match written.strip_prefix('+') {
        Some(_) if !relaxed => return Err("numbers must not start with `+`".to_owned()),
        Some(rest) => rest,
        None => written.strip_prefix('-').unwrap_or(written),
    };
    let negative = written.starts_with('-');
    let sign = if negative { "-" } else { "" };
    if relaxed && matches!(unsigned, "Infinity" | "NaN") {
        return Ok((ScalarKind::Float, written.into()));
    }
    if let Some(digits) = unsigned
        .strip_prefix("0x")
        .or_else(|| unsigned.strip_prefix("0X"))
        .filter(|_| relaxed)
    {
        return hexadecimal(sign, digits).ok_or_else(|| no_number(written));
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    if !(exponent_fits && all_digits(whole) && fraction.is_none_or(all_digits)) {
        return Err(no_number(written));
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return Err(format!(
            "`{}` has a leading zero: remove it, or put text in double quotes",
            shortened(written)
        ));
    }
    if whole.is_empty() && fraction.is_none_or(str::is_empty) {
        return Err(no_number(written));
    }
    if !relaxed && (whole.is_empty() || fraction.is_some_and(str::is_empty)) {
        return Err(format!(
            "`{}` has no digit on one side of its decimal point",
            shortened(written)
        ));
    }
    if exponent.is_none() && fraction.is_none() {
        let sign = if whole == "0" { "" } else { sign };
        return Ok((ScalarKind::Integer, format!("{sign}{whole}").into()));
    }
    Ok((ScalarKind::Float, written.into()))
}

/// Converts a hexadecimal number to decimal; beyond 128 bits, it stays as written.
fn hexadecimal(sign: &str, digits: &str) -> Option<(ScalarKind, Box<str>)> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let text = match u128::from_str_radix(digits, 16) {
        Ok(0) => "0".to_owned(),
        Ok(number) => format!("{sign}{number}"),
        Err(_) => format!("{sign}0x{digits}"),
    };
    Some((ScalarKind::Integer, text.into()))
}

fn no_number(written: &str) -> String {
    format!(
        "`{}` is not a number: put text in double quotes",
        shortened(written)
    )
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::super::tree::ScalarKind::{Float, Integer};
    use super::read;

    #[test]
    fn numbers_keep_every_digit() {
        for (written, kind, text) in [
            ("0", Integer, "0"),
            ("-0", Integer, "0"),
            ("-12", Integer, "-12"),
            (
                "123456789012345678901234567890",
                Integer,
                "123456789012345678901234567890",
            ),
            ("1.10", Float, "1.10"),
            ("-0.0", Float, "-0.0"),
            ("1e3", Float, "1e3"),
            ("2.5E-7", Float, "2.5E-7"),
        ] {
            for relaxed in [false, true] {
                assert_eq!(read(written, relaxed).unwrap(), (kind, text.into()));
            }
        }
    }

    #[test]
    fn extensions_of_json5_are_read_only_there() {
        for (written, kind, text) in [
            ("+1", Integer, "1"),
            (".5", Float, ".5"),
            ("5.", Float, "5."),
            ("0x1F", Integer, "31"),
            ("-0x10", Integer, "-16"),
            ("-Infinity", Float, "-Infinity"),
        ] {
            assert_eq!(read(written, true).unwrap(), (kind, text.into()));
            assert!(read(written, false).is_err(), "{written}");
        }
    }

    #[test]
    fn invalid_numbers_are_rejected_everywhere() {
        for written in [
            "-", "+", ".", "-.", "1e", "1e+", "01", "-007", "1.2.3", "1x", "0x", "0xg", "--1",
            "1-2", "1_000", "e1", "1２",
        ] {
            for relaxed in [false, true] {
                assert!(read(written, relaxed).is_err(), "{written}");
            }
        }
    }
}
