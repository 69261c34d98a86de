//! Bounds of declared differences: allowed values, and allowed relations of two values.

use std::fmt;

use regex::Regex;

use super::Fingerprint;
use super::definition::size_class;
use evenkeel_comparison::meaning::{Context, Relation, relate};
use evenkeel_document::{Scalar, ScalarKind};
use evenkeel_model::Value;

/// Bound of one environment's value.
#[derive(Debug, Clone)]
pub enum Bound {
    /// Exactly this value.
    Exact(Value),
    /// One of these values.
    OneOf(Vec<Value>),
    /// A range, both ends included: numbers, or sizes as text.
    Range(Option<Value>, Option<Value>),
    /// A text that this expression matches completely.
    Matches(Expression),
    /// A value with this fingerprint.
    Fingerprint(Fingerprint),
    /// Absent: not declared in this environment.
    Absent,
    /// Any value, but present.
    Present,
}

/// Regular expression that matches a whole text.
#[derive(Debug, Clone)]
pub struct Expression {
    written: String,
    regex: Regex,
}

/// Maximum size of a compiled expression in bytes.
const LARGEST: usize = 4 * 1024 * 1024;
/// Maximum nesting of an expression.
const DEEPEST: u32 = 32;

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// The problem, in one line.
    pub fn parse(written: &str) -> Result<Self, String> {
        let compile = |text: &str| {
            regex::RegexBuilder::new(text)
                .size_limit(LARGEST)
                .dfa_size_limit(LARGEST)
                .nest_limit(DEEPEST)
                .build()
        };
        // Compile it alone first: an invalid expression could become valid between the anchors.
        let whole = compile(written).and_then(|_| compile(&format!("\\A(?:{written})\\z")));
        match whole {
            Ok(regex) => Ok(Self {
                written: written.to_owned(),
                regex,
            }),
            Err(regex::Error::CompiledTooBig(_)) => Err("this expression is too large".into()),
            Err(error) => {
                let message = error.to_string();
                let last = message.lines().last().unwrap_or_default();
                Err(last.trim_start_matches("error: ").to_owned())
            }
        }
    }

    /// Whether it matches a whole text.
    #[must_use]
    pub fn admits(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Whether it seems to match everything: it matches unrelated texts.
    #[must_use]
    pub fn is_boundless(&self) -> bool {
        ["", "0", "Zq", "/ #é", "-1.5e9x"]
            .iter()
            .all(|probe| self.admits(probe))
    }
}

/// Allowed ratio of the later environment's number to the earlier one's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// At least this.
    pub least: Option<f64>,
    /// At most this.
    pub most: Option<f64>,
}

impl Ratio {
    /// Whether two numbers, the earlier environment's first, are within it.
    #[must_use]
    pub fn admits(self, earlier: f64, later: f64) -> bool {
        // Zero has no multiples.
        let ratio = later / earlier;
        ratio.is_finite()
            && self.least.is_none_or(|least| ratio >= least)
            && self.most.is_none_or(|most| ratio <= most)
    }
}

impl Bound {
    /// Whether a value, or its absence, is within the bound. In a document (`context` is its place) texts are compared,
    /// since formats differ in their numbers, and sizes by their meaning.
    #[must_use]
    pub fn admits(&self, value: Option<&Value>, context: Option<Context<'_>>) -> bool {
        let Some(value) = value else {
            return matches!(self, Self::Absent);
        };
        match self {
            Self::Absent => false,
            Self::Present => true,
            Self::Exact(exact) => same(exact, value, context.is_some()),
            Self::OneOf(values) => values
                .iter()
                .any(|each| same(each, value, context.is_some())),
            Self::Fingerprint(fingerprint) => *fingerprint == Fingerprint::of(value),
            Self::Matches(expression) => {
                plain_text(value).is_some_and(|text| expression.admits(&text))
            }
            Self::Range(least, most) => {
                let is_ordered = |one: &Value, two: &Value| {
                    numbers(one, two, context).is_some_and(|(one, two)| one <= two)
                };
                least.as_ref().is_none_or(|least| is_ordered(least, value))
                    && most.as_ref().is_none_or(|most| is_ordered(value, most))
            }
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(value) => write!(formatter, "{value}"),
            Self::OneOf(values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(
                    formatter,
                    "one of {}",
                    evenkeel_model::text::list(&values, "or")
                )
            }
            Self::Range(Some(least), Some(most)) => write!(formatter, "from {least} to {most}"),
            Self::Range(Some(least), None) => write!(formatter, "at least {least}"),
            Self::Range(None, Some(most)) => write!(formatter, "at most {most}"),
            Self::Range(None, None) => formatter.write_str("anything"),
            Self::Matches(expression) => {
                write!(formatter, "a value that matches `{}`", expression.written)
            }
            Self::Fingerprint(fingerprint) => {
                write!(formatter, "a value with the fingerprint {fingerprint}")
            }
            Self::Absent => formatter.write_str("nothing"),
            Self::Present => formatter.write_str("something"),
        }
    }
}

/// Returns two values as numbers of one dimension: sizes such as `512Mi` in a document count in their base unit.
#[must_use]
pub fn numbers(one: &Value, two: &Value, context: Option<Context<'_>>) -> Option<(f64, f64)> {
    if let (Some(one), Some(two)) = (one.as_number(), two.as_number()) {
        return Some((one, two));
    }
    let context = context?;
    let (left, right) = (plain_text(one)?, plain_text(two)?);
    let scalar = |text: &str| Scalar {
        kind: ScalarKind::Loose,
        text: text.into(),
    };
    let relation = relate(&scalar(&left), &scalar(&right), context);
    if let Relation::Size { left, right, .. } = relation {
        return Some((left, right));
    }
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|it| it.is_finite());
    match (number(&left), number(&right)) {
        (Some(left), Some(right)) => Some((left, right)),
        // One size in two spellings, `2Gi` and `2048Mi`: any number will do.
        _ if relation == Relation::Same
            && left.starts_with(|first: char| first.is_ascii_digit()) =>
        {
            Some((1.0, 1.0))
        }
        _ => None,
    }
}

/// Whether two numbers are of one class: none, one, or many.
#[must_use]
pub fn of_one_class(one: f64, two: f64) -> bool {
    size_class(one) == size_class(two)
}

/// Returns a single value as text; `None` for secrets, lists and tables.
fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => Some(value.to_string()),
        Value::Secret(..) | Value::List(_) | Value::Table(_) => None,
    }
}

/// Whether two values are equal; `1` and `1.0` are the same number. `loosely`: `1` and `"1"` are the same text.
fn same(one: &Value, two: &Value, loosely: bool) -> bool {
    if let (Some(one), Some(two)) = (one.as_number(), two.as_number()) {
        return one.to_bits() == two.to_bits();
    }
    if !loosely {
        return one == two;
    }
    match (one, two) {
        (Value::List(ones), Value::List(twos)) => {
            ones.len() == twos.len()
                && ones
                    .iter()
                    .zip(twos)
                    .all(|(one, two)| same(one, two, loosely))
        }
        (Value::Table(ones), Value::Table(twos)) => {
            ones.len() == twos.len()
                && ones
                    .iter()
                    .all(|(key, one)| twos.get(key).is_some_and(|two| same(one, two, loosely)))
        }
        _ => match (plain_text(one), plain_text(two)) {
            (Some(one), Some(two)) => one == two,
            _ => one == two,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, Expression, Ratio, numbers};
    use evenkeel_comparison::meaning::Context;
    use evenkeel_model::{Sealer, Secret, Value};

    fn range(least: Option<f64>, most: Option<f64>) -> Bound {
        Bound::Range(least.map(Value::Float), most.map(Value::Float))
    }

    #[test]
    fn bounds_admit_their_values() {
        let one = Value::Integer(1);
        let admits = |bound: Bound, value: Option<&Value>| bound.admits(value, None);
        assert!(admits(Bound::Exact(Value::Float(1.0)), Some(&one)));
        assert!(!admits(Bound::Exact(one.clone()), None));
        assert!(admits(Bound::Absent, None));
        assert!(!admits(Bound::Absent, Some(&one)));
        assert!(admits(Bound::Present, Some(&one)));
        assert!(!admits(Bound::Present, None));
        assert!(admits(range(None, Some(1.0)), Some(&one)));
        assert!(!admits(range(Some(2.0), None), Some(&one)));
        assert!(!admits(range(None, Some(1.0)), Some(&Value::text("1"))));
    }

    #[test]
    fn in_documents_texts_are_compared() {
        let within = |bound: &Bound, text: &str| {
            bound.admits(Some(&Value::text(text)), Some(Context::default()))
        };
        assert!(within(&Bound::Exact(Value::Integer(2)), "2"));
        assert!(within(&Bound::Exact(Value::Boolean(true)), "true"));
        assert!(!within(&Bound::Exact(Value::Integer(2)), "2 "));
        assert!(within(&range(Some(1.0), Some(2.0)), "1.5"));
        assert!(!within(&range(Some(1.0), Some(2.0)), "many"));
        assert!(!within(&range(Some(1.0), None), "inf"));
        let list = |value| Bound::Exact(Value::List(vec![value]));
        let texts = Value::List(vec![Value::text("2")]);
        assert!(list(Value::Integer(2)).admits(Some(&texts), Some(Context::default())));
        assert!(!list(Value::Integer(2)).admits(Some(&texts), None));
    }

    #[test]
    fn an_expression_matches_the_whole_text_and_nothing_else() {
        let expression = |text: &str| Expression::parse(text).unwrap();
        assert!(expression("a|ab").admits("ab"));
        assert!(!expression("a|ab").admits("abc"));
        assert!(!expression("a").admits("a\n"));
        assert!(Expression::parse("a)(b").is_err());
        assert!(Expression::parse("(").unwrap_err().contains("unclosed"));
        assert!(Expression::parse("(?x)a # no end").is_err());
        let large = Expression::parse("\\w{1000}{1000}").unwrap_err();
        assert_eq!(large, "this expression is too large");
        assert!(Expression::parse(&"(".repeat(100_000)).is_err());
        assert!(Expression::parse(&format!("{}a{}", "(".repeat(40), ")".repeat(40))).is_err());
        assert!(expression(".*").is_boundless() && expression("(?s).*|x").is_boundless());
        assert!(!expression(".+").is_boundless() && !expression("[a-z.]*").is_boundless());
    }

    #[test]
    fn no_expression_is_matched_with_a_secret() {
        let seal = Sealer::new([7; 32]).seal(b"hunter2");
        let secret = Value::Secret(Secret::new("hunter2".into()), seal.into());
        let any = Bound::Matches(Expression::parse(".*").unwrap());
        assert!(!any.admits(Some(&secret), None));
    }

    #[test]
    fn a_ratio_needs_two_numbers() {
        let ratio = Ratio {
            least: Some(1.0),
            most: Some(10.0),
        };
        assert!(ratio.admits(1.0, 10.0) && ratio.admits(2.0, 2.0));
        assert!(!ratio.admits(2.0, 1.0) && !ratio.admits(1.0, 11.0));
        assert!(!ratio.admits(0.0, 1.0) && !ratio.admits(0.0, 0.0));
        let context = Some(Context::default());
        let text = Value::text;
        assert_eq!(numbers(&text("2"), &text("8"), context), Some((2.0, 8.0)));
        assert_eq!(numbers(&text("2"), &text("8"), None), None);
        assert_eq!(numbers(&text("x"), &text("8"), context), None);
        assert_eq!(numbers(&text("NaN"), &text("8"), context), None);
    }
}
