//! The lines of `/etc/fstab`, and of the kernel's list of mounts. Pure.
//!
//! Fields are separated by blanks; a blank within a field is written as `\040`. An edit keeps every other line, byte by byte.

use super::MountSource;

/// Returns the text of a field: three octal digits after a backslash are one byte.
#[must_use]
pub fn unescaped(field: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, more)) = rest.split_first() {
        let octal = |digits: &[u8]| {
            let text = std::str::from_utf8(digits).ok()?;
            let is_octal = text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
            u8::from_str_radix(text, 8).ok().filter(|_| is_octal)
        };
        match more.split_at_checked(3) {
            Some((digits, after)) if *first == b'\\' => match octal(digits) {
                Some(byte) => {
                    bytes.push(byte);
                    rest = after;
                }
                None => {
                    bytes.push(*first);
                    rest = more;
                }
            },
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns a field as it is written.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut field = String::with_capacity(text.len());
    for (place, each) in text.chars().enumerate() {
        match each {
            ' ' => field.push_str("\\040"),
            '\t' => field.push_str("\\011"),
            '\n' => field.push_str("\\012"),
            '\\' => field.push_str("\\134"),
            // It would start a comment.
            '#' if place == 0 => field.push_str("\\043"),
            other => field.push(other),
        }
    }
    field
}

/// A line that names a path.
struct Line<'a> {
    source: MountSource,
    /// The last two fields: dump and check.
    last: (&'a [u8], &'a [u8]),
}

/// Returns the fields of a line for a path.
fn line_for<'a>(line: &'a [u8], path: &str) -> Option<Line<'a>> {
    let (found, line) = parsed(line)?;
    (trimmed(&found) == trimmed(path)).then_some(line)
}

/// Returns the path and the fields of a line; `None` for a comment or an empty line.
fn parsed(line: &[u8]) -> Option<(String, Line<'_>)> {
    let mut fields = line
        .split(u8::is_ascii_whitespace)
        .filter(|field| !field.is_empty());
    let device = fields.next().filter(|field| !field.starts_with(b"#"))?;
    let found = unescaped(fields.next()?);
    let filesystem = unescaped(fields.next().unwrap_or_default());
    let options = unescaped(fields.next().unwrap_or_default());
    let line = Line {
        source: MountSource {
            device: unescaped(device),
            filesystem,
            options: options
                .split(',')
                .filter(|each| !each.is_empty())
                .map(str::to_owned)
                .collect(),
        },
        last: (fields.next().unwrap_or(b"0"), fields.next().unwrap_or(b"0")),
    };
    Some((found, line))
}

/// Returns the path and the source of each line.
#[must_use]
pub fn all(table: &[u8]) -> Vec<(String, MountSource)> {
    table
        .split(|byte| *byte == b'\n')
        .filter_map(parsed)
        .map(|(path, line)| (trimmed(&path).to_owned(), line.source))
        .collect()
}

fn trimmed(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => "/",
        trimmed => trimmed,
    }
}

/// Returns the lines for a path.
#[must_use]
pub fn lines_for(table: &[u8], path: &str) -> Vec<MountSource> {
    table
        .split(|byte| *byte == b'\n')
        .filter_map(|line| Some(line_for(line, path)?.source))
        .collect()
}

/// Returns the table with one line for a path, at the place of the former one or at the end; without any if `None`. Every
/// other line is kept.
#[must_use]
pub fn edited(table: &[u8], path: &str, wanted: Option<&MountSource>) -> Vec<u8> {
    let mut result = Vec::with_capacity(table.len() + 128);
    let mut is_written = wanted.is_none();
    for line in table.split_inclusive(|byte| *byte == b'\n') {
        let Some(found) = line_for(line, path) else {
            result.extend_from_slice(line);
            continue;
        };
        if let Some(wanted) = wanted.filter(|_| !is_written) {
            write(&mut result, path, wanted, found.last);
            is_written = true;
        }
    }
    if let Some(wanted) = wanted.filter(|_| !is_written) {
        if result.last().is_some_and(|last| *last != b'\n') {
            result.push(b'\n');
        }
        write(&mut result, path, wanted, (b"0", b"0"));
    }
    result
}

fn write(result: &mut Vec<u8>, path: &str, wanted: &MountSource, last: (&[u8], &[u8])) {
    let fields = [
        escaped(&wanted.device),
        escaped(path),
        escaped(&wanted.filesystem),
        escaped(&wanted.written()),
    ];
    result.extend_from_slice(fields.join(" ").as_bytes());
    for field in [last.0, last.1] {
        result.push(b' ');
        result.extend_from_slice(field);
    }
    result.push(b'\n');
}

/// Something that the kernel has mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The path.
    pub path: String,
    /// The number of the device: `8:1`.
    pub number: String,
    /// Device, type and options, as the kernel shows them.
    pub source: MountSource,
}

/// Reads the kernel's list of mounts (`/proc/self/mountinfo`), in the order of mounting.
///
/// # Errors
///
/// The line that has another form.
pub fn mounts(list: &[u8]) -> Result<Vec<Mount>, String> {
    list.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            mount(line).ok_or_else(|| {
                let line: String = String::from_utf8_lossy(line).chars().take(200).collect();
                format!("the kernel's list of mounts has a malformed line: {line}")
            })
        })
        .collect()
}

fn mount(line: &[u8]) -> Option<Mount> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let [_, _, number, _, path, own, rest @ ..] = &fields[..] else {
        return None;
    };
    let end = rest.iter().position(|field| *field == b"-")?;
    let [filesystem, device, shared, ..] = rest.get(end + 1..)? else {
        return None;
    };
    let mut options: Vec<String> = Vec::new();
    for field in [own, shared] {
        for option in unescaped(field).split(',').filter(|each| !each.is_empty()) {
            if !options.iter().any(|each| each == option) {
                options.push(option.to_owned());
            }
        }
    }
    // A file system that is read-only is so although this mount is not.
    if options.iter().any(|each| each == "ro") {
        options.retain(|each| each != "rw");
    }
    Some(Mount {
        path: unescaped(path),
        number: String::from_utf8_lossy(number).into_owned(),
        source: MountSource {
            device: unescaped(device),
            filesystem: unescaped(filesystem),
            options,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::MountSource;
    use super::{edited, escaped, lines_for, mounts, unescaped};

    const TABLE: &str = "# a comment\n\nUUID=1 / ext4\terrors=remount-ro 0 1\n  /dev/sdb1 /srv/my\\040data ext4 noexec 1 2 # x\nnone /proc proc defaults\n#tmpfs /t tmpfs defaults 0 0";

    fn tmpfs(options: &str) -> MountSource {
        MountSource {
            device: "tmpfs".into(),
            filesystem: "tmpfs".into(),
            options: options
                .split(',')
                .filter(|each| !each.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    #[test]
    fn fields_are_escaped_and_read_again() {
        for text in ["a b", "a\tb", "a\\b", "a\\040b", "#a", "a#", "é ö", "a\nb"] {
            assert_eq!(unescaped(escaped(text).as_bytes()), text);
        }
        assert_eq!(unescaped(b"a\\0b\\"), "a\\0b\\");
        assert_eq!(unescaped(b"a\\777"), "a\\777");
    }

    #[test]
    fn every_other_line_is_kept() {
        let found = lines_for(TABLE.as_bytes(), "/srv/my data");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].device, "/dev/sdb1");
        assert!(lines_for(TABLE.as_bytes(), "/t").is_empty());
        let edit = |path: &str, wanted: Option<&MountSource>| {
            String::from_utf8(edited(TABLE.as_bytes(), path, wanted)).unwrap()
        };
        assert_eq!(
            edit("/srv/my data", Some(&tmpfs("size=1m,ro"))),
            TABLE.replace(
                "  /dev/sdb1 /srv/my\\040data ext4 noexec 1 2 # x",
                "tmpfs /srv/my\\040data tmpfs size=1m,ro 1 2"
            )
        );
        assert_eq!(
            edit("/t", Some(&tmpfs(""))),
            format!("{TABLE}\ntmpfs /t tmpfs defaults 0 0\n")
        );
        assert_eq!(edit("/t", None), TABLE);
        assert_eq!(
            edit("/proc", None),
            TABLE.replace("none /proc proc defaults\n", "")
        );
        assert_eq!(edited(b"", "/t", None), b"");
        assert_eq!(
            edited(b"a /t b c\nd /t/ e f\nx\xff", "/t", Some(&tmpfs(""))),
            b"tmpfs /t tmpfs defaults 0 0\nx\xff"
        );
    }

    #[test]
    fn the_list_of_the_kernel_is_read() {
        let list = b"36 35 98:0 /a /srv/my\\040data rw,noatime shared:1 master:2 - ext4 /dev/sdb1 ro,errors=continue\n37 35 0:5 / /t rw - tmpfs tmpfs rw,size=1024k\n";
        let all = mounts(list).unwrap();
        assert_eq!(all[0].path, "/srv/my data");
        assert_eq!(all[0].number, "98:0");
        assert_eq!(all[0].source.options, ["noatime", "ro", "errors=continue"]);
        assert_eq!(all[1].source, tmpfs("rw,size=1024k"));
        assert!(mounts(b"1 2 3\n").is_err());
    }
}
