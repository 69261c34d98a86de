//! Malformed checkpoints are reported with their place and cause no harm.

use super::{CheckpointFile, LONGEST, MALFORMED, UNREADABLE, read};
use evenkeel_model::defect::Defect;

const DIGEST: &str = "blake3:63f5a34463f5a34463f5a34463f5a34463f5a34463f5a34463f5a34463f5a344";

fn reading(bytes: &[u8]) -> Result<CheckpointFile, Vec<Defect>> {
    read("kept.json", bytes.to_vec())
}

/// Returns every defect as `line:column words`.
fn complaints(text: &str) -> Vec<String> {
    let Err(defects) = reading(text.as_bytes()) else {
        panic!("it was understood: {text}");
    };
    defects
        .iter()
        .map(|defect| {
            assert_eq!(defect.code, &MALFORMED);
            let place = defect.labels[0].span.location();
            format!("{}:{} {}", place.line, place.column, defect.labels[0].text)
        })
        .collect()
}

#[test]
fn a_written_checkpoint_and_a_copy_of_the_head_are_read() {
    let whole = format!(
        "{{\n\"format\": \"evenkeel checkpoint 1\",\n\"system\": \"s\",\n\"lineage\": \"l\",\n\"sequence\": 7,\n\"digest\": \"{DIGEST}\",\n\"time\": \"2026-11-24T00:24:24.92Z\"\n}}\n"
    );
    let head = format!("{{\"digest\":\"{DIGEST}\",\"lineage\":\"l\",\"sequence\":7}}\n");
    for text in [&whole, &head] {
        let file = reading(text.as_bytes()).ok().unwrap();
        assert_eq!(file.kept.name, "kept.json");
        assert_eq!(file.kept.checkpoint.sequence, 7);
        assert_eq!(file.kept.checkpoint.lineage, "l");
        assert_eq!(file.kept.checkpoint.digest.to_string(), DIGEST);
    }
}

#[test]
fn every_defect_is_reported_at_its_place() {
    let text = "{\n  \"format\": \"evenkeel checkpoint 2\",\n  \"lineag\": \"l\",\n  \"sequence\": 0,\n  \"digest\": \"blake3:00\",\n  \"time\": 5\n}\n";
    assert_eq!(
        complaints(text),
        [
            "3:3 a checkpoint has no `lineag`; did you mean `lineage`?",
            "2:13 its format is `evenkeel checkpoint 2`, expected `evenkeel checkpoint 1`",
            "1:1 its `lineage` is missing",
            "4:15 `sequence` must be the number of an entry: 1 or more",
            "5:13 expected `blake3:` and 64 hexadecimal digits",
            "6:11 `time` must be a text",
        ]
    );
    for sequence in ["-1", "1.5", "\"7\"", "null", "[7]", "18446744073709551616"] {
        let text = format!("{{\"digest\":\"{DIGEST}\",\"lineage\":\"l\",\"sequence\":{sequence}}}");
        assert_eq!(complaints(&text).len(), 1, "{sequence}");
    }
    let twice =
        format!("{{\"digest\":\"{DIGEST}\",\"lineage\":\"l\",\"sequence\":7,\n\"sequence\":8}}");
    assert!(
        complaints(&twice)[0].starts_with("2:1 "),
        "{:?}",
        complaints(&twice)
    );
    for text in ["", "[]", "7", "{}\n{}", "{", "{\"digest\":", "null"] {
        assert!(!complaints(text).is_empty(), "{text}");
    }
    assert!(!complaints(&"[".repeat(50_000)).is_empty());
}

#[test]
fn binary_and_endless_files_are_refused() {
    let refused = |outcome: Result<CheckpointFile, Vec<Defect>>| {
        let Err(defects) = outcome else {
            panic!("it was understood");
        };
        defects[0].code
    };
    assert_eq!(refused(reading(b"\xff\xfe\0{}")), &MALFORMED);
    let long = vec![b' '; usize::try_from(LONGEST).unwrap() + 1];
    assert_eq!(refused(reading(&long)), &UNREADABLE);
}
