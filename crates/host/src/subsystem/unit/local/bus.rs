//! Reads the properties of units from the service manager's own socket, as `systemctl show` does, without the start of a program.
//!
//! The start of `systemctl` takes longer than its answer. The messages are those of the D-Bus specification; only calls of
//! `GetAll` are sent. Where anything differs from what is expected, there is no result, and `systemctl` is asked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use evenkeel_model::Moment;

/// The socket, which only root can open.
const SOCKET: &str = "/run/systemd/private";

/// Time until an answer arrives. A service manager that is busy for longer is asked by `systemctl`, which waits longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Largest answer in bytes: one unit has about 20 kB.
const LARGEST: u32 = 4 * 1024 * 1024;

/// Number of calls that are sent before the first answer is read. Both sides keep that many without waiting for the other.
const AHEAD: usize = 16;

/// Largest depth of types in each other. The specification allows 64.
const DEPTH: u8 = 64;

/// A method call, its answer, and an error, as types of messages.
const CALL: u8 = 1;
const RETURN: u8 = 2;
const ERROR: u8 = 3;

/// Returns these properties of units in their order, as `systemctl show` prints them; `None` if that is not possible.
pub(super) fn show(units: &[&str], properties: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let is_plain = |unit: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@:-_.\\".contains(&byte);
        unit.contains('.') && unit.len() < 256 && unit.bytes().all(is_plain)
    };
    if !units.iter().all(is_plain) {
        return None;
    }
    let wanted: Vec<&str> = properties.split(',').collect();
    let mut bus = Bus::open()?;
    let mut shown = Vec::with_capacity(units.len());
    for units in units.chunks(AHEAD) {
        let first = u32::try_from(shown.len()).ok()? + 1;
        let mut calls = Vec::new();
        for (serial, unit) in (first..).zip(units) {
            calls.extend(call(serial, unit)?);
        }
        bus.writer.write_all(&calls).ok()?;
        for (serial, unit) in (first..).zip(units) {
            let properties = read_properties(&bus.answer(serial)?, &wanted)?;
            // An answer about something else would be a state of something else.
            let is_about = properties
                .get("Names")?
                .split(' ')
                .any(|name| name == *unit);
            if !is_about {
                return None;
            }
            shown.push(properties);
        }
    }
    Some(shown)
}

/// A connection to the service manager.
struct Bus {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
}

impl Bus {
    /// Connects, and authenticates as this account.
    fn open() -> Option<Self> {
        let mut writer = UnixStream::connect(SOCKET).ok()?;
        writer.set_read_timeout(Some(PATIENCE)).ok()?;
        writer.set_write_timeout(Some(PATIENCE)).ok()?;
        let account = rustix::process::geteuid().as_raw().to_string();
        let mut said = "\0AUTH EXTERNAL ".to_owned();
        for digit in account.bytes() {
            let _ = write!(said, "{digit:02x}");
        }
        said += "\r\nBEGIN\r\n";
        writer.write_all(said.as_bytes()).ok()?;
        let mut reader = BufReader::new(writer.try_clone().ok()?);
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            reader.read_exact(&mut byte).ok()?;
            line.extend_from_slice(&byte);
            if line.len() > 256 {
                return None;
            }
        }
        line.starts_with(b"OK ").then_some(Self { reader, writer })
    }

    /// Reads the body of the answer to a call.
    fn answer(&mut self, serial: u32) -> Option<Vec<u8>> {
        loop {
            let mut head = [0; 16];
            self.reader.read_exact(&mut head).ok()?;
            let [order, kind, _, version, ..] = head;
            let number =
                |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
            let (body, fields) = (number(4)?, number(12)?);
            if order != b'l' || version != 1 || body > LARGEST || fields > LARGEST {
                return None;
            }
            // The fields end at a multiple of 8.
            let padded = usize::try_from(fields).ok()?.next_multiple_of(8);
            let mut rest = vec![0; padded + usize::try_from(body).ok()?];
            self.reader.read_exact(&mut rest).ok()?;
            let (fields, body) = rest.split_at_checked(padded)?;
            match kind {
                RETURN if answered(fields)? == serial => return Some(body.to_vec()),
                RETURN | ERROR => return None,
                // A signal, which nothing asked for.
                _ => {}
            }
        }
    }
}

/// Returns the message that asks for all properties of a unit.
fn call(serial: u32, unit: &str) -> Option<Vec<u8>> {
    let mut fields = Vec::new();
    let mut field = |code: u8, kind: u8, text: &str| -> Option<()> {
        pad(&mut fields, 8);
        fields.extend_from_slice(&[code, 1, kind, 0]);
        if kind == b'g' {
            fields.push(u8::try_from(text.len()).ok()?);
        } else {
            fields.extend_from_slice(&u32::try_from(text.len()).ok()?.to_le_bytes());
        }
        fields.extend_from_slice(text.as_bytes());
        fields.push(0);
        Some(())
    };
    field(1, b'o', &object(unit))?;
    field(2, b's', "org.freedesktop.DBus.Properties")?;
    field(3, b's', "GetAll")?;
    field(6, b's', "org.freedesktop.systemd1")?;
    field(8, b'g', "s")?;
    // The body is the name of no interface, which stands for all: its length, and the byte after it.
    let mut message = vec![b'l', CALL, 0, 1];
    message.extend_from_slice(&5_u32.to_le_bytes());
    message.extend_from_slice(&serial.to_le_bytes());
    message.extend_from_slice(&u32::try_from(fields.len()).ok()?.to_le_bytes());
    message.extend_from_slice(&fields);
    pad(&mut message, 8);
    message.extend_from_slice(&[0; 5]);
    Some(message)
}

fn pad(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

/// Returns the path of a unit's object: other characters than letters and digits are escaped, and a digit in the beginning.
fn object(unit: &str) -> String {
    let mut path = "/org/freedesktop/systemd1/unit/".to_owned();
    for (number, byte) in unit.bytes().enumerate() {
        if byte.is_ascii_alphabetic() || number > 0 && byte.is_ascii_digit() {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "_{byte:02x}");
        }
    }
    path
}

/// Returns the serial number of the call that a message answers.
fn answered(fields: &[u8]) -> Option<u32> {
    let mut fields = Cursor {
        bytes: fields,
        at: 0,
    };
    loop {
        fields.align(8)?;
        let code = fields.byte()?;
        let signature = fields.signature()?;
        if code == 5 && signature == b"u" {
            return fields.number();
        }
        fields.skip(&mut Types {
            signature,
            depth: 0,
        })?;
    }
}

/// Reads wanted properties of a dictionary, as `systemctl show` prints them.
fn read_properties(body: &[u8], wanted: &[&str]) -> Option<BTreeMap<String, String>> {
    let mut body = Cursor { bytes: body, at: 0 };
    let length = usize::try_from(body.number()?).ok()?;
    body.align(8)?;
    let end = body.at.checked_add(length)?;
    let mut found = BTreeMap::new();
    while body.at < end {
        body.align(8)?;
        let name = body.text()?;
        let signature = body.signature()?;
        if wanted.contains(&name) {
            let text = body.shown(name, signature)?;
            // The unit comes first, then its type, as in the answer of `systemctl`.
            found.entry(name.to_owned()).or_insert(text);
        } else {
            body.skip(&mut Types {
                signature,
                depth: 0,
            })?;
        }
    }
    (body.at == end).then_some(found)
}

/// A place in a message. Everything has a multiple of its size as its place.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn align(&mut self, to: usize) -> Option<()> {
        self.at = self.at.checked_next_multiple_of(to)?;
        (self.at <= self.bytes.len()).then_some(())
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<u32> {
        self.align(4)?;
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let text = std::str::from_utf8(self.take(length)?).ok()?;
        (self.byte()? == 0).then_some(text)
    }

    fn signature(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.byte()?);
        let signature = self.take(length)?;
        (self.byte()? == 0).then_some(signature)
    }

    /// Returns a value as text.
    fn shown(&mut self, name: &str, signature: &[u8]) -> Option<String> {
        Some(match signature {
            b"s" | b"o" => self.text()?.to_owned(),
            b"b" => match self.number()? {
                0 => "no".to_owned(),
                _ => "yes".to_owned(),
            },
            b"u" => self.number()?.to_string(),
            b"i" => self.number()?.cast_signed().to_string(),
            // Microseconds; a time that never was is 0.
            b"t" => {
                self.align(8)?;
                let micros = u64::from_le_bytes(self.take(8)?.try_into().ok()?);
                match i64::try_from(micros / 1_000_000).ok()? {
                    0 => String::new(),
                    seconds => {
                        let moment =
                            Moment::from_millisecond(seconds.checked_mul(1000)?).to_string();
                        let (date, time) = moment.strip_suffix('Z')?.split_once('T')?;
                        format!("- {date} {time} UTC")
                    }
                }
            }
            b"as" => {
                let length = usize::try_from(self.number()?).ok()?;
                let end = self.at.checked_add(length)?;
                let mut texts = Vec::new();
                while self.at < end {
                    texts.push(self.text()?);
                }
                texts.join(" ")
            }
            b"ay" => {
                let length = usize::try_from(self.number()?).ok()?;
                let bytes = self.take(length)?;
                let mut text = String::new();
                // An identifier of zeros stands for none.
                if bytes.iter().any(|byte| *byte != 0) {
                    for byte in bytes {
                        let _ = write!(text, "{byte:02x}");
                    }
                }
                text
            }
            // A job: its number, and its object.
            b"(uo)" => {
                self.align(8)?;
                let number = self.number()?;
                self.text()?;
                match number {
                    0 => String::new(),
                    number => number.to_string(),
                }
            }
            // An error: its name, and its message.
            b"(ss)" if name == "LoadError" => {
                self.align(8)?;
                match (self.text()?, self.text()?) {
                    ("", "") => String::new(),
                    (name, message) => format!("{name} \"{message}\""),
                }
            }
            _ => return None,
        })
    }

    /// Skips a value of one type.
    fn skip(&mut self, types: &mut Types<'_>) -> Option<()> {
        match types.next()? {
            b'y' => self.take(1).map(drop),
            b'n' | b'q' => self.align(2).and_then(|()| self.take(2)).map(drop),
            b'b' | b'i' | b'u' | b'h' => self.number().map(drop),
            b'x' | b't' | b'd' => self.align(8).and_then(|()| self.take(8)).map(drop),
            b's' | b'o' => self.text().map(drop),
            b'g' => self.signature().map(drop),
            b'v' => {
                let signature = self.signature()?;
                let depth = types.deeper()?;
                self.skip(&mut Types { signature, depth })
            }
            b'a' => {
                let length = usize::try_from(self.number()?).ok()?;
                // The elements begin at a multiple of their size, also if there are none.
                self.align(alignment(types.peek()?))?;
                self.take(length)?;
                types.skip_one()
            }
            b'(' => {
                self.align(8)?;
                types.depth = types.deeper()?;
                while types.peek()? != b')' {
                    self.skip(types)?;
                }
                types.depth -= 1;
                types.next().map(drop)
            }
            _ => None,
        }
    }
}

fn alignment(kind: u8) -> usize {
    match kind {
        b'n' | b'q' => 2,
        b'b' | b'i' | b'u' | b'h' | b's' | b'o' | b'a' => 4,
        b'x' | b't' | b'd' | b'(' | b'{' => 8,
        _ => 1,
    }
}

/// The rest of a signature.
struct Types<'a> {
    signature: &'a [u8],
    depth: u8,
}

impl Types<'_> {
    fn peek(&self) -> Option<u8> {
        self.signature.first().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.signature.split_first()?;
        self.signature = rest;
        Some(*first)
    }

    /// Returns the next depth, if it is allowed.
    fn deeper(&self) -> Option<u8> {
        self.depth.checked_add(1).filter(|depth| *depth <= DEPTH)
    }

    /// Skips one complete type.
    fn skip_one(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.next()? {
                b'a' => continue,
                b'(' | b'{' => open += 1,
                b')' | b'}' => open = open.checked_sub(1)?,
                _ => {}
            }
            if open == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::super::show::{PROPERTIES, ask};
    use super::{SOCKET, call, object, pad, read_properties};

    #[test]
    fn a_call_is_as_the_specification_says() {
        let message = call(7, "a-1.service").unwrap();
        assert_eq!(message.len() % 8, 5);
        assert_eq!(message[..12], [b'l', 1, 0, 1, 5, 0, 0, 0, 7, 0, 0, 0]);
        let fields = u32::from_le_bytes(message[12..16].try_into().unwrap()) as usize;
        assert_eq!((16 + fields).next_multiple_of(8) + 5, message.len());
        // The first field is the path: its code, the signature of its value, and its length.
        let path = "/org/freedesktop/systemd1/unit/a_2d1_2eservice";
        assert_eq!(message[16..20], [1, 1, b'o', 0]);
        assert_eq!(message[20] as usize, path.len());
        assert_eq!(&message[24..24 + path.len()], path.as_bytes());
        assert_eq!(
            object("1@\\x2d.mount"),
            "/org/freedesktop/systemd1/unit/_31_40_5cx2d_2emount"
        );
    }

    /// Appends a property.
    fn property(body: &mut Vec<u8>, name: &str, signature: &str, value: impl FnOnce(&mut Vec<u8>)) {
        pad(body, 8);
        text(body, name);
        body.push(u8::try_from(signature.len()).unwrap());
        body.extend_from_slice(signature.as_bytes());
        body.push(0);
        value(body);
    }

    fn text(body: &mut Vec<u8>, text: &str) {
        pad(body, 4);
        body.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }

    fn number(body: &mut Vec<u8>, number: u32) {
        pad(body, 4);
        body.extend_from_slice(&number.to_le_bytes());
    }

    fn array(body: &mut Vec<u8>, alignment: usize, elements: impl FnOnce(&mut Vec<u8>)) {
        number(body, 0);
        let length = body.len() - 4;
        pad(body, alignment);
        let start = body.len();
        elements(body);
        let size = u32::try_from(body.len() - start).unwrap();
        body[length..length + 4].copy_from_slice(&size.to_le_bytes());
    }

    #[test]
    fn properties_are_shown_as_systemctl_prints_them_and_others_are_skipped() {
        let mut body = Vec::new();
        array(&mut body, 8, |body| {
            property(body, "Id", "s", |body| text(body, "a.service"));
            property(body, "Conditions", "a(sbbsi)", |body| {
                array(body, 8, |_| {});
            });
            property(body, "Deep", "a{sv}", |body| {
                array(body, 8, |body| {
                    property(body, "x", "(ya(st)v)", |body| {
                        pad(body, 8);
                        body.push(1);
                        array(body, 8, |body| {
                            pad(body, 8);
                            text(body, "y");
                            pad(body, 8);
                            body.extend_from_slice(&[9; 8]);
                        });
                        body.extend_from_slice(b"\x01g\0\x02ai\0");
                    });
                });
            });
            property(body, "Bare", "(ya(st)vd)", |body| {
                pad(body, 8);
                body.push(1);
                array(body, 8, |_| {});
                body.extend_from_slice(b"\x01b\0");
                number(body, 1);
                pad(body, 8);
                body.extend_from_slice(&[9; 8]);
            });
            property(body, "Names", "as", |body| {
                array(body, 4, |body| {
                    text(body, "a.service");
                    text(body, "b.service");
                });
            });
            property(body, "CanReload", "b", |body| number(body, 1));
            property(body, "ActiveEnterTimestamp", "t", |body| {
                pad(body, 8);
                body.extend_from_slice(&1_795_965_474_123_456_u64.to_le_bytes());
            });
            property(body, "ConditionTimestamp", "t", |body| {
                pad(body, 8);
                body.extend_from_slice(&[0; 8]);
            });
            property(body, "InvocationID", "ay", |body| {
                array(body, 1, |body| body.extend([0xab; 16]));
            });
            property(body, "Job", "(uo)", |body| {
                pad(body, 8);
                number(body, 0);
                text(body, "/");
            });
            property(body, "LoadError", "(ss)", |body| {
                pad(body, 8);
                text(body, "x.y");
                text(body, "No.");
            });
            property(body, "ExecMainStatus", "i", |body| number(body, u32::MAX));
        });
        let wanted: Vec<&str> = PROPERTIES.split(',').collect();
        let found = read_properties(&body, &wanted).unwrap();
        let found: Vec<String> = found
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            found,
            [
                "ActiveEnterTimestamp=- 2026-11-29 15:17:54 UTC",
                "CanReload=yes",
                "ConditionTimestamp=",
                "ExecMainStatus=-1",
                "Id=a.service",
                "InvocationID=abababababababababababababababab",
                "Job=",
                "LoadError=x.y \"No.\"",
                "Names=a.service b.service",
            ]
        );
        // Each beginning of it is incomplete.
        for length in 0..body.len() {
            assert_eq!(read_properties(&body[..length], &wanted), None, "{length}");
        }
    }

    /// Where this machine has no service manager, hosts of other tests have one.
    #[test]
    fn the_answers_are_those_of_systemctl() {
        if !Path::new(SOCKET).exists() {
            return;
        }
        let listed = std::process::Command::new("systemctl")
            .args([
                "list-units",
                "--all",
                "--plain",
                "--no-legend",
                "--no-pager",
                "--full",
            ])
            .output()
            .unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let mut units: Vec<&str> = listed
            .lines()
            .filter_map(|line| line.split(' ').find(|word| word.len() > 1))
            .collect();
        units.extend([
            "no-such.service",
            "apt-daily.timer",
            "sshd.service",
            "a@b.service",
        ]);
        let ours = super::show(&units, PROPERTIES).unwrap();
        let theirs = ask(&units).unwrap();
        assert_eq!(ours.len(), theirs.len());
        let mut compared = 0;
        for (ours, theirs) in ours.iter().zip(&theirs) {
            for name in PROPERTIES.split(',') {
                let (mut mine, mut other) = (
                    ours.get(name).cloned().unwrap_or_default(),
                    theirs.get(name).to_owned(),
                );
                if name.ends_with("Timestamp") {
                    // The day of the week.
                    mine = mine
                        .split_once(' ')
                        .map(|(_, rest)| rest.to_owned())
                        .unwrap_or_default();
                    other = other
                        .split_once(' ')
                        .map(|(_, rest)| rest.to_owned())
                        .unwrap_or_default();
                }
                assert_eq!(mine, other, "{name} of {:?}", theirs.get("Id"));
                compared += 1;
            }
        }
        assert!(compared > 1000, "{compared}");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_properties(&bytes, &["Id"]);
            let _ = super::answered(&bytes);
        }
    }
}
