//! Tests of selection and change of lines.

use proptest::prelude::*;

use super::{is_met, look, put, take};
use crate::lines::{DropLines, LinesState, Place, SetLines, Wanted};

fn line(text: &str, matching: Option<&str>) -> Wanted {
    Wanted::Line {
        text: Some(text.to_owned()),
        matching: matching.map(str::to_owned),
    }
}

fn block(lines: &[&str]) -> Wanted {
    Wanted::Block {
        begin: "# BEGIN".into(),
        end: "# END".into(),
        lines: lines.iter().map(|it| (*it).to_owned()).collect(),
    }
}

fn set(wanted: Wanted) -> SetLines {
    SetLines {
        file: Place::Path("/f".into()),
        wanted,
        after: None,
        before: None,
        all: false,
        create: false,
        validate: Vec::new(),
        expected: LinesState::NoFile,
    }
}

fn drop_lines(wanted: Wanted, all: bool) -> DropLines {
    DropLines {
        file: Place::Path("/f".into()),
        wanted,
        all,
        validate: Vec::new(),
        expected: LinesState::NoFile,
    }
}

fn changed(before: &[u8], action: &SetLines) -> Vec<u8> {
    let after = put(before, action).unwrap();
    let state = look(&after, &action.wanted).unwrap();
    assert!(is_met(&state, &action.wanted), "{state:?}");
    after
}

#[test]
fn a_missing_line_goes_to_its_place_and_every_other_byte_stays() {
    let action = set(line("new", None));
    assert_eq!(changed(b"", &action), b"new\n");
    assert_eq!(changed(b"a\nb\n", &action), b"a\nb\nnew\n");
    assert_eq!(changed(b"a\nb", &action), b"a\nb\nnew");
    assert_eq!(changed(b"a\r\nb\r\n", &action), b"a\r\nb\r\nnew\r\n");
    assert_eq!(changed(b"a\r\nb", &action), b"a\r\nb\r\nnew");
    assert_eq!(changed(b"\xff\0\n", &action), b"\xff\0\nnew\n");
    let after = SetLines {
        after: Some("^\\[one".into()),
        ..action.clone()
    };
    assert_eq!(changed(b"[one]\n[two]\n", &after), b"[one]\nnew\n[two]\n");
    assert_eq!(changed(b"[one]", &after), b"[one]\nnew");
    let before = SetLines {
        before: Some("two".into()),
        ..action.clone()
    };
    assert_eq!(changed(b"[one]\n[two]\n", &before), b"[one]\nnew\n[two]\n");
    let reason = put(b"a\n", &before).unwrap_err();
    assert!(reason.contains("no line matches `before"), "{reason}");
}

#[test]
fn a_matching_line_is_replaced_in_its_place() {
    let action = set(line("Port 22", Some("^#?Port ")));
    assert_eq!(changed(b"a\n#Port 1\nb\n", &action), b"a\nPort 22\nb\n");
    assert_eq!(changed(b"#Port 1\r\nb\n", &action), b"Port 22\r\nb\n");
    assert_eq!(changed(b"a\nPort 7", &action), b"a\nPort 22");
    assert_eq!(changed(b"a\n", &action), b"a\nPort 22\n");
    // Twice the same line does no harm.
    let twice = look(b"Port 22\nPort 22\n", &action.wanted).unwrap();
    assert!(is_met(&twice, &action.wanted));
}

#[test]
fn several_matching_lines_are_refused_with_their_numbers() {
    let action = set(line("Port 22", Some("^#?Port ")));
    let reason = put(b"Port 1\na\nPort 2\n", &action).unwrap_err();
    assert!(reason.contains("lines 1 and 3 match"), "{reason}");
    let reason = put(b"Port 22\nPort 2\n", &action).unwrap_err();
    assert!(reason.contains("lines 1 and 2 match"), "{reason}");
    let all = SetLines {
        all: true,
        ..action
    };
    assert_eq!(changed(b"Port 1\na\nPort 2", &all), b"Port 22\na");
    assert_eq!(changed(b"a\nPort 1\nPort 2", &all), b"a\nPort 22");
    let wanted = line("x", Some("^#?Port "));
    assert!(take(b"Port 1\nPort 2\n", &drop_lines(wanted.clone(), false)).is_err());
    let taken = take(b"Port 1\na\nPort 2\n", &drop_lines(wanted, true)).unwrap();
    assert_eq!(taken, b"a\n");
}

#[test]
fn a_block_lies_between_its_markers() {
    let action = set(block(&["one", "two"]));
    let whole = b"a\n# BEGIN\none\ntwo\n# END\n";
    assert_eq!(changed(b"a\n", &action), whole);
    assert_eq!(changed(b"a\n# BEGIN\nother\n# END\n", &action), whole);
    assert_eq!(changed(b"a\n# BEGIN\n# END\n", &action), whole);
    assert_eq!(
        changed(b"# BEGIN\n# END\na\n# BEGIN\n# END\n", &action),
        b"# BEGIN\none\ntwo\n# END\na\n"
    );
    for damaged in [
        &b"# BEGIN\n"[..],
        b"# END\n",
        b"# BEGIN\n# BEGIN\n# END\n",
        b"# END\n# BEGIN\n",
    ] {
        let reason = look(damaged, &action.wanted).unwrap_err();
        assert!(reason.contains("complete or remove the block"), "{reason}");
    }
}

#[test]
fn a_key_is_found_by_itself_and_not_by_its_comment() {
    let line = "no-pty ssh-ed25519 AAAA ada".to_owned();
    let action = set(Wanted::Key { line });
    let other = b"# keys\nssh-ed25519 BBBB bob\n";
    let met = |text: &str| {
        is_met(
            &look(text.as_bytes(), &action.wanted).unwrap(),
            &action.wanted,
        )
    };
    assert!(met("no-pty ssh-ed25519 AAAA someone else\n"));
    assert!(!met("ssh-ed25519 AAAA ada\n"));
    assert!(!met("# no-pty ssh-ed25519 AAAA ada\n"));
    let mut both = other.to_vec();
    both.extend(b"no-pty ssh-ed25519 AAAA ada\n");
    assert_eq!(changed(other, &action), both);
    let mut weak = other.to_vec();
    weak.extend(b"ssh-ed25519 AAAA x\nssh-ed25519 AAAA y\n");
    assert_eq!(changed(&weak, &action), both);
}

#[test]
fn a_long_line_and_one_that_is_not_utf_8_have_no_text() {
    let mut bytes = vec![b'x'; 3_000_000];
    bytes.extend(b"\nx\xff\n");
    let state = look(&bytes, &line("x", Some("^x"))).unwrap();
    assert!(state.found().iter().all(|it| it.text.is_none()));
    assert_eq!(state.found().len(), 2);
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just(b"\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"a".to_vec()),
        Just(b"new".to_vec()),
        Just(b"# BEGIN\nb\n# END".to_vec()),
        Just(b"\0\xff".to_vec()),
        Just(b"ssh-ed25519 AAAA c".to_vec()),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

fn wanted() -> impl Strategy<Value = Wanted> {
    prop_oneof![
        Just(line("new", None)),
        Just(line("new", Some("a"))),
        Just(block(&["b", "c"])),
        Just(block(&[])),
        Just(Wanted::Key {
            line: "no-pty ssh-ed25519 AAAA d".into()
        }),
    ]
}

proptest! {
    /// A line that was put into a file without it is taken out again without a trace.
    #[test]
    fn what_was_inserted_is_removed_without_a_trace(before in text(), wanted in wanted(), all: bool) {
        let Ok(state) = look(&before, &wanted) else { return Ok(()) };
        let action = SetLines { all, ..set(wanted.clone()) };
        let Ok(after) = put(&before, &action) else { return Ok(()) };
        prop_assert!(is_met(&look(&after, &wanted).unwrap(), &wanted));
        if state.found().is_empty() {
            let exactly = match wanted {
                Wanted::Line { text, .. } => Wanted::Line { text, matching: None },
                other => other,
            };
            prop_assert_eq!(take(&after, &drop_lines(exactly, true)).unwrap(), before);
        }
    }
}
