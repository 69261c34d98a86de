//! The subject and the expiry of a certificate: as much of X.509 as these two need.

/// A certificate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    /// The common name; `-` if it has none.
    pub(super) subject: String,
    /// The end of its validity: `2027-06-30T12:00:00Z`.
    pub(super) expires: String,
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// The identifier of the common name, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// Returns the first certificate of a file in PEM; `None` if the file has none, such as a key.
pub(super) fn first(bytes: &[u8]) -> Option<Result<Certificate, ()>> {
    let text = String::from_utf8_lossy(bytes);
    let (_, rest) = text.split_once(BEGIN)?;
    let Some((encoded, _)) = rest.split_once(END) else {
        return Some(Err(()));
    };
    let parsed = base64(encoded).and_then(|der| parse(&der));
    Some(parsed.ok_or(()))
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        held = (held << 6 | u32::from(value)) & 0xFFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xFF).ok()?);
        }
    }
    Some(bytes)
}

/// Splits one element from the front: its tag, its content, and the rest.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let count = usize::from(first & 0x7F);
        if count == 0 || count > 4 {
            return None;
        }
        let (length, rest) = rest.split_at_checked(count)?;
        let number = length
            .iter()
            .fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
        (number, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn parse(der: &[u8]) -> Option<Certificate> {
    let (_, certificate, _) = element(der)?;
    let (_, signed, _) = element(certificate)?;
    // The version is optional; then serial number, algorithm, issuer, validity, subject.
    let (tag, _, after) = element(signed)?;
    let rest = if tag == 0xA0 { after } else { signed };
    let (_, _, rest) = element(rest)?;
    let (_, _, rest) = element(rest)?;
    let (_, _, rest) = element(rest)?;
    let (_, validity, rest) = element(rest)?;
    let (_, subject, _) = element(rest)?;
    let (_, _, until) = element(validity)?;
    let (tag, until, _) = element(until)?;
    Some(Certificate {
        subject: common_name(subject).unwrap_or_else(|| "-".to_owned()),
        expires: moment(tag, until)?,
    })
}

fn common_name(mut subject: &[u8]) -> Option<String> {
    while let Some((_, set, rest)) = element(subject) {
        subject = rest;
        let (_, pair, _) = element(set)?;
        let (_, kind, value) = element(pair)?;
        if kind == COMMON_NAME {
            let (_, text, _) = element(value)?;
            return Some(String::from_utf8_lossy(text).into_owned());
        }
    }
    None
}

/// Returns a time: `YYMMDDHHMMSSZ` (tag 23) or `YYYYMMDDHHMMSSZ`.
fn moment(tag: u8, bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let text = match tag {
        0x17 if text.len() == 12 => {
            let century = if text < "5" { "20" } else { "19" };
            format!("{century}{text}")
        }
        0x18 if text.len() == 14 => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| text.get(from..to);
    Some(format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    ))
}
