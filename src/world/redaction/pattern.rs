//! Forms of a secret, and their ends in a text.

use zeroize::Zeroizing;

use super::spelling::{Spelling, is_base64, spellings};

/// Minimum length of secrets whose encodings are searched: shorter encodings occur in every text.
const SHORTEST_ENCODED: usize = 4;
/// Minimum length of secrets that are searched with line breaks.
const SHORTEST_WRAPPED: usize = 8;
/// Maximum indentation after a line break within an encoded secret.
const INDENTATION: usize = 16;

/// Secret in one form: a sequence of symbols with their spellings.
#[derive(Clone)]
pub(super) struct Pattern {
    /// Whether a preceding Base64 digit partly belongs to it.
    before: bool,
    symbols: Vec<Vec<Spelling>>,
    /// Whether such a digit, and padding, may follow it.
    after: bool,
    /// Whether line breaks may occur between the symbols.
    wrapped: bool,
    /// Possible first bytes, which exclude almost every position of a text.
    first: [bool; 256],
}

impl Pattern {
    fn new(symbols: Vec<Vec<Spelling>>) -> Self {
        let mut first = [false; 256];
        let beginnings = symbols.iter().take(1).flatten().flat_map(Spelling::first);
        for byte in beginnings {
            if let Some(known) = first.get_mut(usize::from(byte)) {
                *known = true;
            }
        }
        Self {
            before: false,
            symbols,
            after: false,
            wrapped: false,
            first,
        }
    }

    /// Whether its first symbol may start with this byte; otherwise the position is skipped.
    pub(super) fn may_begin(&self, byte: u8) -> bool {
        self.first
            .get(usize::from(byte))
            .is_some_and(|known| *known)
    }

    /// Returns the furthest end of this pattern from `position`.
    pub(super) fn end(&self, bytes: &[u8], position: usize) -> Option<usize> {
        let begin = if self.before {
            bytes
                .get(position)
                .copied()
                .filter(|byte| is_base64(*byte))?;
            after_line_break(bytes, position + 1)
        } else {
            position
        };
        if !self.may_begin(*bytes.get(begin)?) {
            return None;
        }
        let mut ends = vec![begin];
        for (index, spellings) in self.symbols.iter().enumerate() {
            let mut next = Vec::new();
            for &end in &ends {
                let begin = if self.wrapped && index > 0 {
                    after_line_break(bytes, end)
                } else {
                    end
                };
                let ends = spellings.iter().filter_map(|each| each.end(bytes, begin));
                next.extend(ends);
            }
            next.sort_unstable();
            next.dedup();
            ends = next;
        }
        let end = ends.last().copied()?;
        Some(if self.after {
            after_digit_and_padding(bytes, end)
        } else {
            end
        })
    }

    /// Returns its maximum length in bytes.
    pub(super) fn longest(&self) -> usize {
        let symbols: usize = self
            .symbols
            .iter()
            .map(|spellings| spellings.iter().map(Spelling::len).max().unwrap_or(0))
            .sum();
        // Lines rarely have fewer than eight symbols.
        let breaks = if self.wrapped {
            (self.symbols.len() / 8 + 4) * (INDENTATION + 2)
        } else {
            0
        };
        symbols + breaks + 4
    }
}

/// Returns the forms of a secret.
pub(super) fn forms(secret: &str) -> Vec<Pattern> {
    let mut plain = Pattern::new(secret.chars().map(spellings).collect());
    // Programs wrap long lines; the parts of a short secret are words.
    plain.wrapped = secret.len() >= SHORTEST_WRAPPED && !secret.contains(['\n', '\r']);
    let mut forms = vec![plain];
    if secret.len() >= SHORTEST_ENCODED {
        let mut hexadecimal = Pattern::new(
            secret
                .bytes()
                .flat_map(|byte| format!("{byte:02x}").into_bytes())
                .map(|digit| vec![Spelling::Folded(Zeroizing::new(vec![digit]))])
                .collect(),
        );
        hexadecimal.wrapped = true;
        forms.push(hexadecimal);
        forms.extend((0..3).map(|shift| base64(secret.as_bytes(), shift)));
    }
    forms
}

/// Returns the Base64 form of a secret (standard or for URLs) in which `shift` bytes of its first group of three
/// precede it.
fn base64(secret: &[u8], shift: usize) -> Pattern {
    let mut symbols: Vec<Vec<Spelling>> = Vec::new();
    let bits = secret.len() * 8;
    // The first digit of a shifted secret starts with bits of the preceding byte.
    let before = shift * 8 % 6;
    let mut bit = (6 - before) % 6;
    while bit + 6 <= bits {
        let digit = (bit..bit + 6).fold(0u8, |digit, bit| {
            let byte = secret.get(bit / 8).copied().unwrap_or(0);
            digit << 1 | byte >> (7 - bit % 8) & 1
        });
        let exactly = |digit| Spelling::Exactly(Zeroizing::new(vec![digit]));
        symbols.push(match digit {
            0..26 => vec![exactly(b'A' + digit)],
            26..52 => vec![exactly(b'a' + digit - 26)],
            52..62 => vec![exactly(b'0' + digit - 52)],
            62 => vec![exactly(b'+'), exactly(b'-')],
            _ => vec![exactly(b'/'), exactly(b'_')],
        });
        bit += 6;
    }
    Pattern {
        before: before > 0,
        after: bit < bits,
        wrapped: true,
        ..Pattern::new(symbols)
    }
}

/// Returns the position after a line break with indentation, or the same position.
fn after_line_break(bytes: &[u8], position: usize) -> usize {
    let rest = bytes.get(position..).unwrap_or_default();
    let broken = match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => return position,
    };
    let indented = rest.iter().skip(broken).take(INDENTATION);
    let indented = indented.take_while(|byte| matches!(byte, b' ' | b'\t'));
    position + broken + indented.count()
}

/// Returns the position after the last Base64 digit, which partly belongs to the secret, and its padding.
fn after_digit_and_padding(bytes: &[u8], position: usize) -> usize {
    let begin = after_line_break(bytes, position);
    if !bytes.get(begin).copied().is_some_and(is_base64) {
        return position;
    }
    let rest = bytes.get(begin + 1..).unwrap_or_default();
    begin
        + 1
        + rest
            .iter()
            .take(2)
            .take_while(|byte| **byte == b'=')
            .count()
}
