//! Spellings of one character of a secret.

use zeroize::Zeroizing;

/// Spelling of one symbol.
#[derive(Clone)]
pub(super) enum Spelling {
    /// These bytes.
    Exactly(Zeroizing<Vec<u8>>),
    /// These bytes, in any case of letters.
    Folded(Zeroizing<Vec<u8>>),
}

impl Spelling {
    /// Returns its end if it occurs at a position.
    pub(super) fn end(&self, bytes: &[u8], position: usize) -> Option<usize> {
        let found = bytes.get(position..position + self.len())?;
        let matches = match self {
            Self::Exactly(wanted) => found == wanted.as_slice(),
            Self::Folded(wanted) => found.eq_ignore_ascii_case(wanted),
        };
        matches.then(|| position + self.len())
    }

    /// Returns its length in bytes.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Exactly(bytes) | Self::Folded(bytes) => bytes.len(),
        }
    }

    /// Returns its possible first bytes.
    pub(super) fn first(&self) -> Vec<u8> {
        match self {
            Self::Exactly(bytes) => bytes.iter().take(1).copied().collect(),
            Self::Folded(bytes) => {
                let both = |byte: &u8| [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()];
                bytes.iter().take(1).flat_map(both).collect()
            }
        }
    }
}

/// Returns the spellings of a character: plain, and escaped as in JSON, URLs, XML, shells and debuggers.
pub(super) fn spellings(character: char) -> Vec<Spelling> {
    let exactly = |text: String| Spelling::Exactly(Zeroizing::new(text.into_bytes()));
    let folded = |text: String| Spelling::Folded(Zeroizing::new(text.into_bytes()));
    let (mut buffer, mut units) = ([0; 4], [0; 2]);
    let utf8 = character.encode_utf8(&mut buffer).as_bytes();
    let utf16 = character.encode_utf16(&mut units);
    let code = u32::from(character);
    let mut all = vec![
        exactly(character.to_string()),
        folded(utf8.iter().map(|byte| format!("%{byte:02x}")).collect()),
        folded(utf8.iter().map(|byte| format!("\\x{byte:02x}")).collect()),
        folded(utf16.iter().map(|unit| format!("\\u{unit:04x}")).collect()),
        folded(format!("\\u{{{code:x}}}")),
        folded(format!("&#{code};")),
        folded(format!("&#x{code:x};")),
    ];
    if character.is_ascii_punctuation() || character == ' ' {
        all.push(exactly(format!("\\{character}")));
    }
    let named: &[&str] = match character {
        '\n' => &["\\n", "\r\n", "\\r\\n", "%0d%0a"],
        '\r' => &["\\r"],
        '\t' => &["\\t"],
        ' ' => &["+"],
        '&' => &["&amp;"],
        '<' => &["&lt;"],
        '>' => &["&gt;"],
        '"' => &["&quot;"],
        '\'' => &["&apos;", "'\\''", "''"],
        _ => &[],
    };
    all.extend(named.iter().map(|name| folded((*name).to_owned())));
    all
}

/// Whether it is a Base64 digit, standard or for URLs.
pub(super) fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}
