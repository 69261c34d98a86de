//! Text of a result file in its declared encoding: UTF-8, UTF-16, ISO-8859-1, Windows-1252 or ASCII.

use std::borrow::Cow;

use super::malformed::Malformed;

/// Characters of Windows-1252 in place of ISO-8859-1's control characters; `?` where it has none.
const WINDOWS: &str = "€?‚ƒ„…†‡ˆ‰Š‹Œ?Ž??‘’“”•–—˜™š›œ?žŸ";

/// Decodes a file.
pub(super) fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    match bytes {
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0, b'<', ..] => wide(bytes, u16::from_be_bytes),
        [b'<', 0, ..] => wide(bytes, u16::from_le_bytes),
        _ => narrow(bytes),
    }
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, Malformed> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    match String::from_utf16(&units) {
        Ok(text) if rest.is_empty() => Ok(Cow::Owned(text)),
        _ => Err(Malformed::NotEncoded("UTF-16".to_owned())),
    }
}

fn narrow(bytes: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    let name = declared(bytes).unwrap_or_default();
    let windows = match &*name.to_ascii_lowercase() {
        "iso-8859-1" | "iso_8859-1" | "latin1" | "latin-1" => false,
        "windows-1252" | "cp1252" => true,
        // The bytes contradict the declaration; other declarations are rejected when they are parsed.
        "utf-16" | "utf-16le" | "utf-16be" => return Err(Malformed::Encoding(name)),
        _ => {
            let text = std::str::from_utf8(bytes)
                .map_err(|error| Malformed::NotUtf8(error.valid_up_to()))?;
            return Ok(Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)));
        }
    };
    let text = bytes.iter().map(|byte| match byte {
        0x80..=0x9f if windows => WINDOWS
            .chars()
            .nth(usize::from(byte - 0x80))
            .unwrap_or('\u{fffd}'),
        byte => char::from(*byte),
    });
    Ok(Cow::Owned(text.collect()))
}

/// Returns the encoding that the declaration at the start names.
fn declared(bytes: &[u8]) -> Option<String> {
    let start = bytes.get(..bytes.len().min(256))?;
    let start = String::from_utf8_lossy(start);
    let declaration = start.strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start();
    let value = value.strip_prefix('=')?.trim_start();
    let quote = value
        .chars()
        .next()
        .filter(|each| matches!(each, '"' | '\''))?;
    let name = value.split(quote).nth(1)?;
    Some(name.to_owned())
}

/// Whether a declared encoding is one that is decoded here.
pub(super) fn is_known(name: &str) -> bool {
    matches!(
        &*name.to_ascii_lowercase(),
        "utf-8"
            | "utf8"
            | "us-ascii"
            | "ascii"
            | "utf-16"
            | "utf-16le"
            | "utf-16be"
            | "iso-8859-1"
            | "iso_8859-1"
            | "latin1"
            | "latin-1"
            | "windows-1252"
            | "cp1252"
    )
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn each_encoding_gives_the_same_text() {
        let text = |name: &str| format!("<?xml version=\"1.0\" encoding='{name}'?><a b=\"é\"/>");
        let utf8 = text("UTF-8");
        assert_eq!(decoded(utf8.as_bytes()).unwrap(), utf8);
        for name in ["ISO-8859-1", "windows-1252"] {
            let wanted = text(name);
            let bytes: Vec<u8> = wanted
                .chars()
                .map(|each| u8::try_from(u32::from(each)).unwrap())
                .collect();
            assert_eq!(decoded(&bytes).unwrap(), wanted);
        }
        let wanted = text("UTF-16");
        let wide: Vec<u16> = wanted.encode_utf16().collect();
        let little: Vec<u8> = wide.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = wide.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        assert_eq!(decoded(&little).unwrap(), wanted);
        assert_eq!(decoded(&big).unwrap(), wanted);
        let marked = [&[0xff, 0xfe], little.as_slice()].concat();
        assert_eq!(decoded(&marked).unwrap(), wanted);
        assert!(decoded(&marked[..marked.len() - 1]).is_err());
        let euro = b"<?xml encoding=\"cp1252\"?>\x80";
        assert!(decoded(euro).unwrap().ends_with('€'));
        assert!(decoded(b"<a>\xff</a>").is_err());
    }
}
