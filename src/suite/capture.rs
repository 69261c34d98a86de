//! Output of a command, as escaped text without its secrets.

use crate::world::command::Output;
use crate::world::redaction::Redactor;
use evenkeel_model::text;

/// Maximum kept size of each output: half of it from its start, half from its end.
pub(super) const KEPT: usize = 256 * 1024;

/// Returns the kept output, with a line that counts omitted bytes. A secret that the cut splits is found too.
pub(super) fn shown(output: &Output, redactor: &Redactor) -> String {
    let shown = if output.is_cut() {
        format!(
            "{}\n… {} bytes left out …\n{}",
            redactor.bytes(&output.head, false, true),
            output.left_out,
            redactor.bytes(&output.tail, true, false),
        )
    } else {
        redactor.bytes(
            &[output.head.as_slice(), &output.tail].concat(),
            false,
            false,
        )
    };
    text::inert(&shown).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Output, Redactor, shown};

    #[test]
    fn a_secret_between_two_halves_is_found() {
        let output = Output {
            head: b"...hun".to_vec(),
            tail: b"ter2!".to_vec(),
            left_out: 0,
        };
        let text = shown(&output, &Redactor::new(["hunter2"].into_iter()));
        assert_eq!(text, "...(secret)!");
    }

    #[test]
    fn omitted_bytes_are_counted_and_the_edges_hide_secrets() {
        let output = Output {
            head: [&b"first\n"[..], &[b'.'; 500], b"\nhunt"].concat(),
            tail: [&b"nter2\n"[..], &[b'.'; 500], b"\nlast"].concat(),
            left_out: 70,
        };
        let text = shown(&output, &Redactor::new(["hunter2"].into_iter()));
        assert!(text.contains("70 bytes left out"), "{text}");
        assert!(
            text.starts_with("first") && text.ends_with("last"),
            "{text}"
        );
        assert!(!text.contains("hunt") && !text.contains("nter2"), "{text}");
    }
}
