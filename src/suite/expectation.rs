//! Judgement of an HTTP answer: pure, one sentence for each deviation.

use reqwest::header::HeaderMap;
use serde_json::Value as Json;

use super::run::excerpt;
use crate::world::redaction::Redactor;
use evenkeel_core::environment::suite::HttpCheck;
use evenkeel_model::text::inert;

/// Largest accepted body.
pub(super) const LARGEST_BODY: usize = 4 * 1024 * 1024;
/// Size of the part of a body that is read for display.
const SHOWN_OF: usize = 64 * 1024;

/// Complete answer.
pub(super) struct HttpAnswer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Decompressed body, up to one byte more than accepted.
    pub body: Vec<u8>,
    /// Reason why the body could not be decompressed.
    pub broken: Option<String>,
}

/// Returns every deviation of an answer from the check.
pub(super) fn disagreements(
    check: &HttpCheck,
    answer: &HttpAnswer,
    redactor: &Redactor,
) -> Vec<String> {
    let shown = |text: &str| excerpt(&inert(&redactor.text(text)));
    let mut found = Vec::new();
    if answer.status != check.status {
        found.push(format!(
            "status: expected {}, found {}",
            check.status, answer.status
        ));
    }
    for (name, expected) in &check.header {
        let values: Vec<_> = answer
            .headers
            .get_all(name.as_str())
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        // A repeated header equals both values joined by a comma, except for cookies (RFC 9110, 5.3).
        let is_joined = values.len() > 1
            && !name.eq_ignore_ascii_case("set-cookie")
            && is_as(expected, &values.join(", "));
        if is_joined || values.iter().any(|value| is_as(expected, value)) {
            continue;
        }
        found.push(match values.as_slice() {
            [] => format!("header {name}: expected `{expected}`, found none"),
            [value] => format!(
                "header {name}: expected `{expected}`, found `{}`",
                shown(value)
            ),
            values => format!(
                "header {name}: expected `{expected}`, found {} headers: `{}`",
                values.len(),
                shown(&values.join("`, `"))
            ),
        });
    }
    if answer.body.len() > LARGEST_BODY {
        let most = LARGEST_BODY / 1024 / 1024;
        found.push(format!("body: expected at most {most} MiB, found more"));
        return found;
    }
    if let Some(reason) = &answer.broken {
        found.push(format!("body: {}", shown(reason)));
        return found;
    }
    let beginning = || {
        let part = answer.body.get(..SHOWN_OF).unwrap_or(&answer.body);
        let text = redactor.bytes(part, false, part.len() < answer.body.len());
        if text.is_empty() {
            "nothing".to_owned()
        } else {
            format!("`{}`", excerpt(&inert(&text)))
        }
    };
    for expected in &check.contains {
        if !holds(&answer.body, expected.as_bytes()) {
            found.push(format!(
                "body: expected to contain `{}`, found {}",
                shown(expected),
                beginning()
            ));
        }
    }
    if check.json.is_empty() {
        return found;
    }
    let document: Json = match serde_json::from_slice(&answer.body) {
        Ok(document) => document,
        Err(error) => {
            found.push(format!(
                "body: expected JSON, found {} ({error})",
                beginning()
            ));
            return found;
        }
    };
    for (pointer, expected) in &check.json {
        match document.pointer(pointer) {
            Some(value) if same(expected, value) => {}
            Some(value) => found.push(format!(
                "JSON {}: expected `{}`, found `{}`",
                place(pointer),
                shown(&expected.to_string()),
                shown(&value.to_string()),
            )),
            None => found.push(format!(
                "JSON {}: expected `{}`, found none",
                place(pointer),
                shown(&expected.to_string()),
            )),
        }
    }
    found
}

/// Whether a header's value is as expected: equal, or contained if the expected text starts and ends with `*`.
fn is_as(expected: &str, found: &str) -> bool {
    let between = expected
        .strip_prefix('*')
        .and_then(|rest| rest.strip_suffix('*'));
    match between {
        Some(part) => found.contains(part),
        None => found == expected,
    }
}

/// Whether a body contains a text.
fn holds(body: &[u8], text: &[u8]) -> bool {
    if let (Ok(body), Ok(text)) = (std::str::from_utf8(body), std::str::from_utf8(text)) {
        return body.contains(text);
    }
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

/// Whether two JSON values are equal: `1` and `1.0` are.
fn same(one: &Json, two: &Json) -> bool {
    match (one, two) {
        (Json::Number(one), Json::Number(two)) => {
            one == two || (one.is_f64() || two.is_f64()) && one.as_f64() == two.as_f64()
        }
        (Json::Array(one), Json::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
        }
        (Json::Object(one), Json::Object(two)) => {
            one.len() == two.len()
                && one
                    .iter()
                    .all(|(key, one)| two.get(key).is_some_and(|two| same(one, two)))
        }
        _ => one == two,
    }
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() {
        "document".to_owned()
    } else {
        format!("`{pointer}`")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
    use serde_json::json;

    use super::{HttpAnswer, LARGEST_BODY, disagreements};
    use crate::world::redaction::Redactor;
    use evenkeel_core::environment::suite::HttpCheck;

    fn check() -> HttpCheck {
        HttpCheck {
            method: "GET".into(),
            url: "http://127.0.0.1/".into(),
            send: BTreeMap::new(),
            body: None,
            status: 200,
            header: BTreeMap::new(),
            contains: Vec::new(),
            json: BTreeMap::new(),
            within: Duration::from_secs(1),
        }
    }

    fn judged(
        check: &HttpCheck,
        status: u16,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Vec<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let answer = HttpAnswer {
            status,
            headers: map,
            body: body.to_vec(),
            broken: None,
        };
        disagreements(check, &answer, &Redactor::new(["hunter2"].into_iter()))
    }

    #[test]
    fn a_status_is_equal_or_not() {
        assert_eq!(judged(&check(), 200, &[], b""), [""; 0]);
        assert_eq!(
            judged(&check(), 503, &[], b""),
            ["status: expected 200, found 503"]
        );
    }

    #[test]
    fn a_header_is_equal_or_contained_in_any_of_its_values() {
        let mut check = check();
        check.header = BTreeMap::from([("x-kind".into(), "blue".into())]);
        assert_eq!(
            judged(&check, 200, &[("x-kind", "red"), ("X-Kind", "blue")], b""),
            [""; 0]
        );
        assert_eq!(
            judged(&check, 200, &[("x-kind", "light blue \u{9b}hunter2")], b""),
            ["header x-kind: expected `blue`, found `light blue \\u{9b}(secret)`"]
        );
        assert_eq!(
            judged(&check, 200, &[], b""),
            ["header x-kind: expected `blue`, found none"]
        );
        // A repeated header.
        check.header = BTreeMap::from([("x-kind".into(), "1, 2".into())]);
        let twice = [("x-kind", "1"), ("x-kind", "2")];
        assert_eq!(judged(&check, 200, &twice, b""), [""; 0]);
        let twice = [("x-kind", "1"), ("x-kind", "3")];
        assert_eq!(
            judged(&check, 200, &twice, b""),
            ["header x-kind: expected `1, 2`, found 2 headers: `1`, `3`"]
        );
        check.header = BTreeMap::from([("x-kind".into(), "*blue*".into())]);
        assert_eq!(
            judged(&check, 200, &[("x-kind", "light blue")], b""),
            [""; 0]
        );
        assert_eq!(
            judged(&check, 200, &[("x-kind", "red")], b""),
            ["header x-kind: expected `*blue*`, found `red`"]
        );
    }

    #[test]
    fn a_body_contains_a_text_or_its_escaped_start_is_displayed() {
        let mut check = check();
        check.contains = vec!["ready".into()];
        assert_eq!(judged(&check, 200, &[], b"all ready"), [""; 0]);
        assert_eq!(judged(&check, 200, &[], b"\xffall ready"), [""; 0]);
        assert_eq!(
            judged(&check, 200, &[], b"\x1b[31mnot hunter2"),
            ["body: expected to contain `ready`, found `\\u{1b}[31mnot (secret)`"]
        );
        assert_eq!(
            judged(&check, 200, &[], b""),
            ["body: expected to contain `ready`, found nothing"]
        );
        let [long] = &judged(&check, 200, &[], &vec![b'x'; 100_000])[..] else {
            panic!()
        };
        assert!(long.len() < 300 && long.ends_with("…`"), "{long}");
    }

    #[test]
    fn json_is_looked_up_by_pointer() {
        let mut check = check();
        check.json = BTreeMap::from([
            ("/a/0/b~1c".into(), json!({"n": 1, "l": [2.0]})),
            ("/ok".into(), json!(true)),
        ]);
        let good = br#"{"a": [{"b/c": {"l": [2], "n": 1.0}}], "ok": true}"#;
        assert_eq!(judged(&check, 200, &[], good), [""; 0]);
        assert_eq!(
            judged(&check, 200, &[], br#"{"a": [], "ok": "true"}"#),
            [
                r#"JSON `/a/0/b~1c`: expected `{"l":[2.0],"n":1}`, found none"#,
                r#"JSON `/ok`: expected `true`, found `"true"`"#,
            ]
        );
        let [none] = &judged(&check, 200, &[], b"<html>")[..] else {
            panic!()
        };
        assert!(
            none.starts_with("body: expected JSON, found `<html>`"),
            "{none}"
        );
    }

    #[test]
    fn a_body_beyond_the_cap_is_never_good() {
        let found = judged(&check(), 200, &[], &vec![0; LARGEST_BODY + 1]);
        assert_eq!(found, ["body: expected at most 4 MiB, found more"]);
    }
}
