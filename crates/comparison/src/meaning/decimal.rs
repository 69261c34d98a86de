//! Exact decimal numbers for quantities, sizes and durations: no rounding, no silent overflow.
//!
//! Numbers that do not fit are rejected, so that two values are never equal by accident. Numbers of any length are
//! compared digit by digit in `number`.

/// Non-negative number: `mantissa` times ten to the power of `exponent`.
///
/// Normalized: the mantissa has no trailing zeros, and zero has the exponent zero. So numbers are equal exactly if
/// their fields are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    mantissa: u128,
    exponent: i32,
}

/// Larger exponents belong to no quantity; they are rejected early.
const MOST_EXPONENT: i32 = 60;

impl Decimal {
    /// Zero.
    pub(super) const ZERO: Self = Self {
        mantissa: 0,
        exponent: 0,
    };

    fn new(mantissa: u128, exponent: i32) -> Option<Self> {
        if mantissa == 0 {
            return Some(Self::ZERO);
        }
        let (mut mantissa, mut exponent) = (mantissa, exponent);
        while mantissa.is_multiple_of(10) {
            mantissa /= 10;
            exponent += 1;
        }
        (exponent.abs() <= MOST_EXPONENT).then_some(Self { mantissa, exponent })
    }

    /// Reads the number at the start of a text, `12`, `0.5`, `.5` or `5.`, and returns the rest. No sign, no exponent.
    pub(super) fn read(text: &str) -> Option<(Self, &str)> {
        let mut mantissa: u128 = 0;
        let mut exponent: i32 = 0;
        let mut end = 0;
        let mut digits = 0;
        let mut fraction = false;
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    mantissa = mantissa
                        .checked_mul(10)?
                        .checked_add(u128::from(byte - b'0'))?;
                    digits += 1;
                    exponent -= i32::from(fraction);
                }
                b'.' if !fraction => fraction = true,
                _ => break,
            }
            end = at + 1;
        }
        if digits == 0 {
            return None;
        }
        Some((Self::new(mantissa, exponent)?, text.get(end..)?))
    }

    /// Multiplies by a whole number.
    pub(super) fn times(self, factor: u128) -> Option<Self> {
        Self::new(self.mantissa.checked_mul(factor)?, self.exponent)
    }

    /// Multiplies by a power of ten.
    pub(super) fn times_ten_to(self, power: i32) -> Option<Self> {
        Self::new(self.mantissa, self.exponent.checked_add(power)?)
    }

    /// Adds two numbers.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let exponent = if self.mantissa == 0 {
            other.exponent
        } else if other.mantissa == 0 {
            self.exponent
        } else {
            self.exponent.min(other.exponent)
        };
        let widened = |each: Self| {
            if each.mantissa == 0 {
                return Some(0);
            }
            let power = u32::try_from(each.exponent - exponent).ok()?;
            each.mantissa.checked_mul(10_u128.checked_pow(power)?)
        };
        Self::new(widened(self)?.checked_add(widened(other)?)?, exponent)
    }

    /// Returns the approximate value, for display and ratios. Finite; never used for equality.
    #[expect(
        clippy::cast_precision_loss,
        reason = "equality is exact; this is for ratios"
    )]
    pub(super) fn about(self) -> f64 {
        // Powers of ten up to 22 are exact, so dividing by them rounds once.
        if self.exponent < 0 {
            self.mantissa as f64 / 10_f64.powi(-self.exponent)
        } else {
            self.mantissa as f64 * 10_f64.powi(self.exponent)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    fn read(text: &str) -> Decimal {
        let (number, rest) = Decimal::read(text).unwrap();
        assert_eq!(rest, "", "{text}");
        number
    }

    #[test]
    fn numbers_have_one_form() {
        for (one, two) in [
            ("1", "1.0"),
            ("0.50", ".5"),
            ("0", "0.000"),
            ("007", "7."),
            ("100", "100.00"),
        ] {
            assert_eq!(read(one), read(two), "{one} and {two}");
        }
        assert_ne!(read("0.1"), read("0.10000000000000001"));
    }

    #[test]
    fn the_rest_after_a_number_is_returned() {
        assert_eq!(Decimal::read("1.5Gi").unwrap().1, "Gi");
        assert_eq!(Decimal::read("1.2.3").unwrap().1, ".3");
        assert!(Decimal::read(".").is_none());
        assert!(Decimal::read("").is_none());
        assert!(Decimal::read("x").is_none());
    }

    #[test]
    fn overflow_is_rejected() {
        assert!(Decimal::read(&"9".repeat(60)).is_none());
        assert!(Decimal::read(&format!("0.{}1", "0".repeat(70))).is_none());
        assert!(read("9").times(u128::MAX).is_none());
        assert!(read("9").times_ten_to(100).is_none());
        assert!(read("9").times_ten_to(i32::MAX).is_none());
        assert!(
            read("9")
                .times_ten_to(50)
                .unwrap()
                .plus(read("1"))
                .is_none()
        );
    }

    #[test]
    fn sums_are_exact() {
        assert_eq!(read("0.1").plus(read("0.2")).unwrap(), read("0.3"));
        assert_eq!(Decimal::ZERO.plus(read("7")).unwrap(), read("7"));
        assert_eq!(read("7").plus(Decimal::ZERO).unwrap(), read("7"));
    }
}
