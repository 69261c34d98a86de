//! Judgement of a load by its thresholds: pure, one case for each, and one for the load itself.

use std::collections::BTreeMap;
use std::time::Duration;

use super::result::{Case, Outcome, Part, rounded};
use super::tally::Tally;
use evenkeel_core::environment::suite::LoadCheck;
use evenkeel_model::text;

/// Minimum share of sent requests for the load to be the declared one.
const LEAST_STARTED: f64 = 0.99;

/// Returns the result of a load: cases, figures and a line such as `p95 41 ms ≤ 200 ms, 0 errors in 2000`.
pub(super) fn judge(check: &LoadCheck, tally: &Tally) -> Part {
    let mut cases = Vec::new();
    let mut words = Vec::new();
    let limits = [
        ("p50", 0.50, check.p50),
        ("p95", 0.95, check.p95),
        ("p99", 0.99, check.p99),
    ];
    for (name, quantile, limit) in limits {
        let Some(limit) = limit else { continue };
        let highest = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
        if tally.latency.is_empty() {
            cases.push(Case::new(
                name,
                Outcome::Error,
                "no request was answered".to_owned(),
            ));
            continue;
        }
        let found = tally.latency.value_at_quantile(quantile);
        let good = found <= highest;
        let sign = if good { "≤" } else { ">" };
        let (found, limit) = apart(found, highest);
        words.push(format!("{name} {found} {sign} {limit}"));
        let message = format!("expected at most {limit}, found {found}");
        let outcome = if good {
            Outcome::Passed
        } else {
            Outcome::Failed
        };
        cases.push(Case::new(name, outcome, (!good).then_some(message)));
    }
    if words.is_empty() && !tally.latency.is_empty() {
        words.push(format!(
            "p95 {}",
            milliseconds(tally.latency.value_at_quantile(0.95))
        ));
    }
    let errors: u64 = tally.errors.values().sum();
    let in_all = format!(
        "{} in {}",
        text::count(usize::try_from(errors).unwrap_or(usize::MAX), "error"),
        tally.intended
    );
    words.push(in_all.clone());
    if tally.resent > 0 {
        words.push(format!("{} sent again after an idle close", tally.resent));
    }
    cases.push(errors_case(check, tally, errors, &in_all));
    if tally.interrupted {
        let sent = format!(
            "interrupted after {} of {} requests",
            tally.started, tally.intended
        );
        cases.push(Case::new("load", Outcome::Error, sent));
        words = vec![format!("{} of {} requests", tally.started, tally.intended)];
    } else if let Some(reason) = not_generated(check, tally) {
        words.insert(0, "could not generate the load".to_owned());
        cases.push(Case::new("load", Outcome::Error, reason));
    }
    Part {
        cases,
        figures: figures(tally, errors),
        line: Some(words.join(", ")),
        streams: BTreeMap::new(),
        interrupted: tally.interrupted,
    }
}

/// Returns the case that errors stay within the limit, and that not all requests failed.
fn errors_case(check: &LoadCheck, tally: &Tally, errors: u64, in_all: &str) -> Case {
    let allowed = check.errors;
    if tally.good > 0 && share(errors, tally.intended) <= allowed {
        return Case::new("errors", Outcome::Passed, None);
    }
    let mut reasons: Vec<(&String, &u64)> = tally.errors.iter().collect();
    reasons.sort_by_key(|(_, times)| std::cmp::Reverse(**times));
    let reasons: Vec<String> = reasons
        .iter()
        .map(|(reason, times)| format!("{times} × {}", text::inert(reason)))
        .collect();
    let expected = if share(errors, tally.intended) <= allowed {
        "at least one successful answer".to_owned()
    } else {
        format!("a share of at most {allowed}")
    };
    Case::new(
        "errors",
        Outcome::Failed,
        format!(
            "expected {expected}, found {in_all}: {}",
            reasons.join(", ")
        ),
    )
}

/// Returns why the load was not the declared one, which makes a pass meaningless.
fn not_generated(check: &LoadCheck, tally: &Tally) -> Option<String> {
    let limits = [check.p50, check.p95, check.p99, Some(check.within)];
    let tightest = limits.into_iter().flatten().min().unwrap_or(check.within);
    let lag = Duration::from_micros(tally.lag.value_at_quantile(0.99));
    let late = lag > tightest / 2;
    let few = share(tally.started, tally.intended) < LEAST_STARTED;
    (late || few).then(|| {
        format!(
            "could not generate the load: {} of {} requests were sent, the slowest 1 % at least {} late",
            tally.started,
            tally.intended,
            milliseconds(tally.lag.value_at_quantile(0.99)),
        )
    })
}

fn figures(tally: &Tally, errors: u64) -> BTreeMap<String, f64> {
    let mut figures = BTreeMap::new();
    let mut add = |name: &str, figure: f64| figures.insert(name.to_owned(), rounded(figure, 1e6));
    if !tally.latency.is_empty() {
        for (name, quantile) in [("p50-ms", 0.50), ("p95-ms", 0.95), ("p99-ms", 0.99)] {
            add(
                name,
                number(tally.latency.value_at_quantile(quantile)) / 1000.0,
            );
        }
        add("max-ms", number(tally.latency.max()) / 1000.0);
    }
    if tally.resent > 0 {
        add("resent", number(tally.resent));
    }
    if !tally.lag.is_empty() {
        add(
            "lag-p99-ms",
            number(tally.lag.value_at_quantile(0.99)) / 1000.0,
        );
    }
    if let Some((first, last)) = tally.span
        && last > first
    {
        let between = last.duration_since(first).as_secs_f64();
        add(
            "rate",
            rounded(number(tally.started.saturating_sub(1)) / between, 100.0),
        );
    }
    add("requests", number(tally.intended));
    add("started", number(tally.started));
    add("answered", number(tally.latency.len()));
    add("errors", number(errors));
    add("error-share", share(errors, tally.intended));
    figures
}

/// Returns a share; 1 if the total is zero.
fn share(some: u64, all: u64) -> f64 {
    if all == 0 {
        1.0
    } else {
        number(some) / number(all)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and microseconds are far below 2^53"
)]
fn number(count: u64) -> f64 {
    count as f64
}

/// Returns two latencies with enough digits to distinguish them.
fn apart(one: u64, two: u64) -> (String, String) {
    let short = (milliseconds(one), milliseconds(two));
    if one == two || short.0 != short.1 {
        return short;
    }
    let exactly = |microseconds| format!("{:.3} ms", number(microseconds) / 1000.0);
    (exactly(one), short.1)
}

/// Returns milliseconds: `0.4 ms`, `4.1 ms`, `41 ms`, `4 ms`.
fn milliseconds(microseconds: u64) -> String {
    let milliseconds = number(microseconds) / 1000.0;
    let text = if milliseconds < 9.95 {
        format!("{milliseconds:.1}")
    } else {
        format!("{milliseconds:.0}")
    };
    format!("{} ms", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests;
