//! Crafted archives: every format, byte by byte where no program would write them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use proptest::prelude::*;
use tar::EntryType;

use super::{Limits, read, read_within};
use evenkeel_host::{TreeDigest, TreeWriter, tree_digest};

/// An entry to archive.
#[derive(Clone, Debug)]
struct Entry {
    name: Vec<u8>,
    kind: EntryType,
    mode: u32,
    to: Vec<u8>,
    content: Vec<u8>,
}

fn entry(kind: EntryType, name: impl AsRef<[u8]>) -> Entry {
    Entry {
        name: name.as_ref().to_vec(),
        kind,
        mode: 0o644,
        to: Vec::new(),
        content: Vec::new(),
    }
}

fn file(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Entry {
    Entry {
        content: content.as_ref().to_vec(),
        ..entry(EntryType::Regular, name)
    }
}

fn program(name: &str, content: &str) -> Entry {
    Entry {
        mode: 0o4755,
        ..file(name, content)
    }
}

fn directory(name: impl AsRef<[u8]>) -> Entry {
    entry(EntryType::Directory, name)
}

fn link(name: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Entry {
    Entry {
        to: to.as_ref().to_vec(),
        ..entry(EntryType::Symlink, name)
    }
}

fn hard(name: &str, to: &str) -> Entry {
    Entry {
        to: to.into(),
        ..entry(EntryType::Link, name)
    }
}

/// Writes one entry as a header and its content. Long names come as GNU writes them.
fn block(entry: &Entry, into: &mut Vec<u8>) {
    for (kind, text) in [
        (EntryType::GNULongName, &entry.name),
        (EntryType::GNULongLink, &entry.to),
    ] {
        if text.len() > 100 {
            let mut long = super::tests::entry(kind, "././@LongLink");
            long.content = text.clone();
            long.content.push(0);
            block(&long, into);
        }
    }
    let mut header = tar::Header::new_gnu();
    let short = |text: &[u8]| text[..text.len().min(100)].to_vec();
    header.as_old_mut().name[..short(&entry.name).len()].copy_from_slice(&short(&entry.name));
    header.as_old_mut().linkname[..short(&entry.to).len()].copy_from_slice(&short(&entry.to));
    header.set_entry_type(entry.kind);
    header.set_mode(entry.mode);
    header.set_size(entry.content.len() as u64);
    header.set_cksum();
    into.extend_from_slice(header.as_bytes());
    into.extend_from_slice(&entry.content);
    into.resize(into.len().next_multiple_of(512), 0);
}

/// A tar without its end.
fn blocks(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        block(entry, &mut bytes);
    }
    bytes
}

fn tar(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = blocks(entries);
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// A record of an extended header.
fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len() + 1;
    while length.to_string().len() + rest.len() != length {
        length = length.to_string().len() + rest.len();
    }
    format!("{length}{rest}").into_bytes()
}

fn pax(records: &[u8]) -> Entry {
    Entry {
        content: records.to_vec(),
        ..entry(EntryType::XHeader, "PaxHeader")
    }
}

fn global(records: &[u8]) -> Entry {
    Entry {
        content: records.to_vec(),
        ..entry(EntryType::XGlobalHeader, "pax_global_header")
    }
}

/// What a zip says of an entry, which may be a lie.
#[derive(Clone)]
struct Lie {
    local: Option<Vec<u8>>,
    flags: u16,
    method: u16,
    size: Option<u32>,
    crc: u32,
    kind: Option<u32>,
}

const HONEST: Lie = Lie {
    local: None,
    flags: 0,
    method: 0,
    size: None,
    crc: 0,
    kind: None,
};

fn lying(entries: &[(Entry, Lie)]) -> Vec<u8> {
    let (mut bytes, mut list) = (Vec::new(), Vec::new());
    for (entry, lie) in entries {
        let (kind, content) = match entry.kind {
            EntryType::Directory => (0o040_000, &entry.content),
            EntryType::Symlink => (0o120_000, &entry.to),
            _ => (0o100_000, &entry.content),
        };
        let mode = lie.kind.unwrap_or(kind) | entry.mode;
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let at = u32::try_from(bytes.len()).unwrap();
        let length = u32::try_from(content.len()).unwrap();
        let head = |name: &[u8]| {
            let mut head = Vec::new();
            for half in [20_u16, lie.flags, lie.method, 0, 0x21] {
                head.extend_from_slice(&half.to_le_bytes());
            }
            for word in [crc.sum() ^ lie.crc, length, lie.size.unwrap_or(length)] {
                head.extend_from_slice(&word.to_le_bytes());
            }
            head.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
            head.extend_from_slice(&[0, 0]);
            head
        };
        let local = lie.local.as_ref().unwrap_or(&entry.name);
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&head(local));
        bytes.extend_from_slice(local);
        bytes.extend_from_slice(content);
        list.extend_from_slice(b"PK\x01\x02");
        list.extend_from_slice(&[20, 3]);
        list.extend_from_slice(&head(&entry.name));
        list.extend_from_slice(&[0; 6]);
        list.extend_from_slice(&(mode << 16).to_le_bytes());
        list.extend_from_slice(&at.to_le_bytes());
        list.extend_from_slice(&entry.name);
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let start = u32::try_from(bytes.len()).unwrap();
    bytes.extend_from_slice(&list);
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&count);
    bytes.extend_from_slice(&count);
    bytes.extend_from_slice(&u32::try_from(list.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&start.to_le_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes
}

fn zip(entries: &[Entry]) -> Vec<u8> {
    let honest: Vec<_> = entries
        .iter()
        .map(|entry| (entry.clone(), HONEST))
        .collect();
    lying(&honest)
}

fn lie(entry: Entry, lie: Lie) -> Vec<u8> {
    lying(&[(entry, lie)])
}

/// Reads bytes as an archive, in a home in which nothing but the archive may change.
fn taken(bytes: &[u8], strip: usize, limits: &Limits) -> Result<TreeDigest, Vec<String>> {
    let home = tempfile::tempdir().unwrap();
    let archive = home.path().join("archive");
    fs::write(&archive, bytes).unwrap();
    let digested = read_within(&archive, strip, None, limits);
    let root = home.path().join("deep/root");
    fs::create_dir_all(&root).unwrap();
    let output = TreeWriter::open(&root).unwrap();
    let unpacked = read_within(&archive, strip, Some(&output), limits);
    assert_eq!(digested, unpacked);
    if let Ok(unpacked) = unpacked {
        assert_eq!(tree_digest(&root), Ok(unpacked));
    }
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "nothing is written outside");
    assert_eq!(fs::read_dir(home.path().join("deep")).unwrap().count(), 1);
    digested
}

/// A refused archive: its name here, its bytes, and a part of the problem.
type Case = (&'static str, Vec<u8>, &'static str);

/// Entries that no format may bring.
fn entries_of_any_format() -> Vec<(&'static str, Vec<Entry>, &'static str)> {
    let ok = || file("a", "1");
    vec![
        (
            "parent",
            vec![file("../x", "")],
            "`../x` has `..` in its path",
        ),
        (
            "parent inside",
            vec![file("a/../../x", "")],
            "has `..` in its path",
        ),
        (
            "parent at the end",
            vec![directory("a/..")],
            "has `..` in its path",
        ),
        (
            "parent alone",
            vec![directory("..")],
            "has `..` in its path",
        ),
        (
            "parent after dot",
            vec![file("./../x", "")],
            "has `..` in its path",
        ),
        (
            "absolute",
            vec![file("/etc/x", "")],
            "`/etc/x` has an absolute path",
        ),
        (
            "absolute directory",
            vec![directory("/")],
            "has an absolute path",
        ),
        (
            "double slash",
            vec![file("a//b", "")],
            "has an empty name or `.`",
        ),
        (
            "dot inside",
            vec![file("a/./b", "")],
            "has an empty name or `.`",
        ),
        (
            "newline",
            vec![file("a\nb", "")],
            "`a\\nb` has a control character",
        ),
        (
            "escape",
            vec![file("a\u{1b}[31mb", "")],
            "has a control character",
        ),
        ("C1", vec![file("a\u{9b}b", "")], "has a control character"),
        (
            "not UTF-8",
            vec![file(b"a\xff".as_slice(), "")],
            "has a name that is not UTF-8",
        ),
        (
            "long name",
            vec![file("x".repeat(256), "")],
            "has a name of more than 255 bytes",
        ),
        (
            "deep",
            vec![file("d/".repeat(128) + "x", "")],
            "is nested more than 128 directories deep",
        ),
        (
            "long path",
            vec![file(format!("{}/", "x".repeat(250)).repeat(17) + "x", "")],
            "has a path of more than 4095 bytes",
        ),
        (
            "case",
            vec![file("Page", ""), file("page", "")],
            "`page` differs from `Page` only in upper and lower case",
        ),
        (
            "case of directories",
            vec![file("D/a", ""), file("d/b", "")],
            "`d/b` differs from `D` only in upper and lower case",
        ),
        (
            "case beyond ASCII",
            vec![file("Ä", ""), file("ä", "")],
            "differs from `Ä` only in upper and lower case",
        ),
        (
            "a file as a directory",
            vec![file("a", ""), file("a/b", "")],
            "`a/b` is below `a`, which is a file",
        ),
        (
            "a directory as a file",
            vec![file("a/b", ""), file("a", "")],
            "`a` comes twice",
        ),
        (
            "through a link out",
            vec![link("a", "/etc"), file("a/passwd", "")],
            "`a/passwd` is below `a`, which is a symbolic link",
        ),
        (
            "through a link inside",
            vec![directory("d"), link("a", "d"), file("a/x", "")],
            "`a/x` is below `a`, which is a symbolic link",
        ),
        (
            "absolute link",
            vec![link("l", "/etc/passwd")],
            "`l` is a symbolic link to `/etc/passwd`, an absolute path",
        ),
        (
            "link out",
            vec![link("l", "../x")],
            "is a symbolic link to `../x`, which leaves the artifact",
        ),
        (
            "link out and in",
            vec![ok(), link("l", "../root/a")],
            "which leaves the artifact",
        ),
        (
            "link out of a directory",
            vec![directory("d"), link("d/l", "../../x")],
            "which leaves the artifact",
        ),
        (
            "link out through another",
            vec![
                directory("d"),
                directory("d/e"),
                link("top", "."),
                link("l", "top/../x"),
            ],
            "which leaves the artifact",
        ),
        (
            "dangling link",
            vec![ok(), link("l", "missing")],
            "is a symbolic link to `missing`, which is not in the artifact",
        ),
        (
            "link through a file",
            vec![ok(), link("l", "a/b")],
            "which is not in the artifact",
        ),
        (
            "loop of one",
            vec![ok(), link("l", "l")],
            "which leads back to the link",
        ),
        (
            "loop of two",
            vec![ok(), link("l", "m"), link("m", "l")],
            "which leads back to the link",
        ),
        (
            "link to a name that is not UTF-8",
            vec![ok(), link("l", b"\xff")],
            "is a link to a name that is not UTF-8",
        ),
        (
            "link with a control character",
            vec![ok(), link("l", "a\tb")],
            "which contains a control character",
        ),
        ("nothing", vec![], "contains no files"),
        (
            "nothing but the root",
            vec![directory("./")],
            "contains no files",
        ),
    ]
}

fn tars() -> Vec<Case> {
    let ok = file("a", "1");
    let whole = tar(std::slice::from_ref(&ok));
    let packed = gz(&whole);
    let mut flipped = packed.clone();
    let last = flipped.len() - 6;
    flipped[last] ^= 1;
    let mut checksum = whole.clone();
    checksum[0] ^= 1;
    let zeros = vec![0; 1 << 20];
    let large = Entry {
        content: zeros.clone(),
        ..entry(EntryType::GNULongName, "././@LongLink")
    };
    let mut negative = blocks(std::slice::from_ref(&ok));
    negative[124] = 0xff;
    let mut window = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0xff];
    window.extend_from_slice(&[0; 64]);
    let mut sparse = tar(&[entry(EntryType::GNUSparse, "holes"), ok.clone()]);
    // One hole of 2^62 bytes.
    let huge = [&[0x80, 0, 0, 0, 0x40][..], &[0; 7]].concat();
    sparse[386..398].copy_from_slice(&huge);
    sparse[398..410].copy_from_slice(b"00000000000\0");
    sparse[483..495].copy_from_slice(&huge);
    let mut header = tar::Header::from_byte_slice(&sparse[..512]).clone();
    header.set_cksum();
    sparse[..512].copy_from_slice(header.as_bytes());
    let twice = [whole.clone(), whole.clone()].concat();
    let sized = [
        pax(&record("size", "600")),
        Entry {
            content: vec![b'x'; 512],
            ..file("a", "")
        },
    ];
    vec![
        ("twice", tar(&[ok.clone(), ok.clone()]), "`a` comes twice"),
        (
            "a link as a file",
            tar(&[ok.clone(), link("b", "a"), file("b", "2")]),
            "`b` comes twice",
        ),
        (
            "twice with a dot",
            tar(&[ok.clone(), file("./a", "2")]),
            "`./a` comes twice",
        ),
        (
            "a directory twice",
            tar(&[directory("d"), directory("d/")]),
            "`d/` comes twice",
        ),
        (
            "a file with a slash",
            tar(&[file("d/", "x")]),
            "has an empty name or `.`",
        ),
        ("no name", tar(&[file("", "x")]), "has no name"),
        (
            "block device",
            tar(&[entry(EntryType::Block, "sda")]),
            "`sda` is a device",
        ),
        (
            "character device",
            tar(&[entry(EntryType::Char, "null")]),
            "`null` is a device",
        ),
        (
            "pipe",
            tar(&[entry(EntryType::Fifo, "pipe")]),
            "`pipe` is a pipe",
        ),
        ("holes", sparse, "`holes` is a sparse file"),
        (
            "unknown kind",
            tar(&[entry(EntryType::new(b'Z'), "z")]),
            "`z` is of an unknown kind",
        ),
        (
            "hard link out",
            tar(&[hard("h", "/etc/passwd")]),
            "`/etc/passwd` has an absolute path",
        ),
        (
            "hard link to a parent",
            tar(&[hard("h", "../x")]),
            "`../x` has `..` in its path",
        ),
        (
            "hard link to what comes later",
            tar(&[hard("h", "a"), ok.clone()]),
            "`h` is a hard link to `a`, which is no file before it",
        ),
        (
            "hard link to a link",
            tar(&[ok.clone(), link("l", "a"), hard("h", "l")]),
            "`h` is a hard link to `l`, which is no file before it",
        ),
        (
            "hard link to itself",
            tar(&[hard("h", "h")]),
            "`h` is a hard link to `h`, which is no file before it",
        ),
        (
            "hard link through a link",
            tar(&[
                directory("d"),
                file("d/a", ""),
                link("l", "d"),
                hard("h", "l/a"),
            ]),
            "`l/a` is below `l`, which is a symbolic link",
        ),
        (
            "extended path out",
            tar(&[pax(&record("path", "../x")), ok.clone()]),
            "`../x` has `..` in its path",
        ),
        (
            "extended target out",
            tar(&[pax(&record("linkpath", "/etc")), link("l", "a")]),
            "an absolute path",
        ),
        (
            "extended header with two lines in a value",
            tar(&[pax(&record("path", "x\n9 path=y")), ok.clone()]),
            "has a malformed extended header",
        ),
        (
            "sparse in an extended header",
            tar(&[pax(&record("GNU.sparse.major", "1")), ok.clone()]),
            "`a` is a sparse file",
        ),
        (
            "extended size beyond the end",
            tar(&sized)[..1536 + 512].to_vec(),
            "is damaged or cut off",
        ),
        (
            "global path",
            tar(&[global(&record("path", "../x")), ok.clone()]),
            "has a global header that changes its entries",
        ),
        (
            "two long names",
            tar(&[large.clone(), large.clone(), ok.clone()]),
            "MiB",
        ),
        (
            "a large header",
            gz(&tar(&[
                Entry {
                    content: [zeros.clone(), zeros].concat(),
                    ..large
                },
                ok.clone(),
            ])),
            "has a header of more than 1 MiB",
        ),
        ("negative size", negative, "is damaged or cut off"),
        ("checksum of a header", checksum, "is damaged or cut off"),
        (
            "no end",
            blocks(std::slice::from_ref(&ok)),
            "its end marker is missing",
        ),
        (
            "no end in gzip",
            gz(&blocks(std::slice::from_ref(&ok))),
            "its end marker is missing",
        ),
        (
            "cut off in a content",
            whole[..700].to_vec(),
            "is damaged or cut off",
        ),
        (
            "cut off in a header",
            whole[..300].to_vec(),
            "is damaged or cut off",
        ),
        (
            "two archives in one",
            twice.clone(),
            "has data after its end marker",
        ),
        (
            "two archives in gzip",
            gz(&twice),
            "has data after its end marker",
        ),
        (
            "cut off gzip",
            packed[..packed.len() - 4].to_vec(),
            "is damaged or cut off",
        ),
        (
            "half of a gzip",
            packed[..packed.len() / 2].to_vec(),
            "is damaged or cut off",
        ),
        ("checksum of gzip", flipped, "is damaged or cut off"),
        (
            "data after gzip",
            [packed, b"more".to_vec()].concat(),
            "is damaged or cut off",
        ),
        (
            "cut off zstd",
            {
                let packed = zst(&whole);
                packed[..packed.len() - 3].to_vec()
            },
            "is damaged or cut off",
        ),
        (
            "checksum of zstd",
            {
                let mut packed = zst(&whole);
                let last = packed.len() - 1;
                packed[last] ^= 1;
                packed
            },
            "its checksum differs",
        ),
        (
            "cut off skippable frame",
            vec![0x50, 0x2a, 0x4d, 0x18, 9, 0, 0, 0, 1],
            "is damaged or cut off",
        ),
        ("window of zstd", window, "its window exceeds 64 MiB"),
        ("gzip of no tar", gz(&[b'x'; 512]), "is damaged or cut off"),
        ("empty file", Vec::new(), "is empty"),
        (
            "a script",
            b"#!/bin/sh\n".to_vec(),
            "is not an archive that evenkeel reads",
        ),
        (
            "xz",
            b"\xfd7zXZ\0 and more".to_vec(),
            "is compressed with xz",
        ),
        (
            "bzip2",
            b"BZh9 and more".to_vec(),
            "is compressed with bzip2",
        ),
        (
            "7-Zip",
            b"7z\xbc\xaf\x27\x1c and more".to_vec(),
            "is compressed with 7-Zip",
        ),
    ]
}

fn zips() -> Vec<Case> {
    let ok = || file("a", "1");
    let whole = zip(&[ok()]);
    let mut many = whole.clone();
    let at = many.len() - 12;
    many[at - 2..at + 2].copy_from_slice(&[0xf0, 0xff, 0xf0, 0xff]);
    let mut overlapping = zip(&[file("a", "x"), file("b", "x")]);
    let list = overlapping
        .windows(4)
        .rposition(|window| window == b"PK\x01\x02")
        .unwrap();
    overlapping[list + 42..list + 46].copy_from_slice(&[0; 4]);
    let hidden = lying(&[
        (ok(), HONEST),
        (
            file("b", "2"),
            Lie {
                local: Some(b"c".to_vec()),
                ..HONEST
            },
        ),
    ]);
    vec![
        (
            "twice",
            zip(&[ok(), file("a", "2")]),
            "has two entries with one name",
        ),
        (
            "twice with a dot",
            zip(&[ok(), file("./a", "2")]),
            "`./a` comes twice",
        ),
        (
            "backslash",
            zip(&[file("..\\x", "")]),
            "has `\\` in its name",
        ),
        (
            "encrypted",
            lie(ok(), Lie { flags: 1, ..HONEST }),
            "is encrypted",
        ),
        (
            "another method",
            lie(
                ok(),
                Lie {
                    method: 14,
                    ..HONEST
                },
            ),
            "is compressed with a method other than deflate",
        ),
        (
            "device",
            lie(
                ok(),
                Lie {
                    kind: Some(0o060_000),
                    ..HONEST
                },
            ),
            "is neither a file nor a directory nor a link",
        ),
        (
            "pipe",
            lie(
                ok(),
                Lie {
                    kind: Some(0o010_000),
                    ..HONEST
                },
            ),
            "is neither a file nor a directory nor a link",
        ),
        (
            "a link with a slash",
            lie(
                directory("d/"),
                Lie {
                    kind: Some(0o120_000),
                    ..HONEST
                },
            ),
            "is neither a file nor a directory nor a link",
        ),
        (
            "a directory with content",
            lie(
                Entry {
                    content: b"x".to_vec(),
                    ..directory("d/")
                },
                HONEST,
            ),
            "is a directory with content",
        ),
        (
            "checksum",
            lie(ok(), Lie { crc: 1, ..HONEST }),
            "is damaged or cut off",
        ),
        (
            "size",
            lie(
                ok(),
                Lie {
                    size: Some(9),
                    ..HONEST
                },
            ),
            "is damaged or cut off",
        ),
        ("another name", hidden, "is damaged or cut off"),
        ("overlapping", overlapping, "is damaged or cut off"),
        ("many announced", many, "is damaged or cut off"),
        (
            "no list",
            whole[..whole.len() - 30].to_vec(),
            "is damaged or cut off",
        ),
        ("cut off", whole[..20].to_vec(), "is damaged or cut off"),
    ]
}

#[test]
fn crafted_archives_are_refused_with_their_reason() {
    let mut cases: Vec<(String, Vec<u8>, &str)> = Vec::new();
    for (name, entries, expected) in entries_of_any_format() {
        let bytes = tar(&entries);
        cases.push((format!("{name} in tar"), bytes.clone(), expected));
        cases.push((format!("{name} in tar.gz"), gz(&bytes), expected));
        cases.push((format!("{name} in tar.zst"), zst(&bytes), expected));
        // A zip marks directories by their names.
        let mut entries = entries;
        for entry in &mut entries {
            if entry.kind == EntryType::Directory && !entry.name.ends_with(b"/") {
                entry.name.push(b'/');
            }
        }
        cases.push((format!("{name} in zip"), zip(&entries), expected));
    }
    let of = |(name, bytes, expected): Case, format: &str| {
        (format!("{name} in {format}"), bytes, expected)
    };
    cases.extend(tars().into_iter().map(|case| of(case, "tar")));
    cases.extend(zips().into_iter().map(|case| of(case, "zip")));
    assert!(cases.len() >= 200, "{}", cases.len());
    let mut wrong = Vec::new();
    for (name, bytes, expected) in cases {
        let problems = match taken(&bytes, 0, &Limits::USUAL) {
            Ok(_) => vec!["accepted".to_owned()],
            Err(problems) => problems,
        };
        if !problems.iter().any(|problem| problem.contains(expected)) {
            wrong.push(format!("{name}: expected {expected}, found {problems:?}"));
            continue;
        }
        for problem in problems {
            assert!(problem.contains("archive`"), "{name}: {problem}");
            assert!(!problem.contains(char::is_control), "{name}: {problem:?}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_refused_entries_are_listed_at_once() {
    let mut entries = vec![
        file("../x", ""),
        file("/y", ""),
        entry(EntryType::Fifo, "pipe"),
        link("ok", "a"),
        file("a", "1"),
    ];
    let problems = taken(&tar(&entries), 0, &Limits::USUAL).unwrap_err();
    assert_eq!(problems.len(), 3, "{problems:?}");
    entries.extend((0..40).map(|number| file(format!("../{number}"), "")));
    let problems = taken(&tar(&entries), 0, &Limits::USUAL).unwrap_err();
    assert_eq!(problems.len(), 21, "{problems:?}");
    assert!(
        problems[20].ends_with("23 more entries are refused"),
        "{problems:?}"
    );
}

#[test]
fn limits_end_the_reading() {
    let small = Limits {
        entries: 3,
        bytes: 10_000,
        ratio: 50,
        small: 4_000,
        ..Limits::USUAL
    };
    let expect = |bytes: &[u8], limits: &Limits, expected: &str| {
        let problems = taken(bytes, 0, limits).unwrap_err();
        assert!(problems[0].contains(expected), "{problems:?}");
    };
    let many: Vec<Entry> = (0..4).map(|number| file(number.to_string(), "")).collect();
    let wide = Limits {
        bytes: u64::MAX,
        small: u64::MAX,
        ..small.clone()
    };
    for bytes in [tar(&many), gz(&tar(&many)), zst(&tar(&many)), zip(&many)] {
        expect(&bytes, &wide, "contains more than 3 entries");
    }
    // Directories that only paths name count.
    expect(
        &tar(&[file("a/b/c/d", "")]),
        &wide,
        "contains more than 3 entries",
    );
    let mut deflated = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    deflated
        .start_file("zeros", zip::write::SimpleFileOptions::default())
        .unwrap();
    deflated.write_all(&vec![0; 40_000]).unwrap();
    let deflated = deflated.finish().unwrap().into_inner();
    let zeros = tar(&[file("zeros", vec![0; 40_000])]);
    let ratio = Limits {
        ratio: 4,
        bytes: u64::MAX,
        ..small.clone()
    };
    for bytes in [&gz(&zeros), &zst(&zeros), &deflated] {
        expect(bytes, &ratio, "contains more than 4 times its own size");
    }
    let size = Limits {
        ratio: u64::MAX,
        bytes: 8_000,
        ..small.clone()
    };
    for bytes in [&zeros, &gz(&zeros), &zst(&zeros), &deflated] {
        expect(bytes, &size, "contains more than 8000 bytes");
    }
    // Copies by hard links count.
    let copies = [file("a", [b'x'; 3_000]), hard("b", "a"), hard("c", "a")];
    expect(
        &tar(&copies),
        &Limits { entries: 9, ..size },
        "contains more than 8000 bytes",
    );
    // 100 MiB of zeros fit into less than 1 MiB, and are refused before they are in memory.
    let bomb = gz(&tar(&[file("zeros", vec![0; 100 << 20])]));
    assert!(bomb.len() < 1 << 20);
    expect(
        &bomb,
        &Limits::USUAL,
        "contains more than 200 times its own size",
    );
}

/// The entries of a build with everything that is allowed.
fn build() -> Vec<Entry> {
    vec![
        directory("app-1.2/"),
        program("app-1.2/bin/app", "program"),
        file("app-1.2/empty", ""),
        directory("app-1.2/logs/"),
        file("app-1.2/share/größe", vec![7; 70_000]),
        link("app-1.2/app", "bin/app"),
        link("app-1.2/share/up", "../share/größe"),
        link("app-1.2/default", "share"),
    ]
}

/// The same as a directory.
fn built(root: &Path) {
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::create_dir_all(root.join("share")).unwrap();
    fs::create_dir_all(root.join("logs")).unwrap();
    fs::write(root.join("bin/app"), "program").unwrap();
    fs::set_permissions(root.join("bin/app"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(root.join("empty"), "").unwrap();
    fs::write(root.join("share/größe"), vec![7; 70_000]).unwrap();
    symlink("bin/app", root.join("app")).unwrap();
    symlink("../share/größe", root.join("share/up")).unwrap();
    symlink("share", root.join("default")).unwrap();
}

#[test]
fn every_format_and_a_directory_with_the_same_content_are_the_same_artifact() {
    let home = tempfile::tempdir().unwrap();
    built(&home.path().join("tree"));
    let expected = tree_digest(&home.path().join("tree")).unwrap();
    let entries = build();
    let plain = tar(&entries);
    let (first, second) = plain.split_at(plain.len() / 2);
    let skippable = [0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2].to_vec();
    let mut posix = vec![global(&record("comment", "0123456789abcdef"))];
    for entry in &entries {
        let mut records = record("path", std::str::from_utf8(&entry.name).unwrap());
        records.extend(record("mtime", "1700000000.5"));
        posix.push(pax(&records));
        posix.push(Entry {
            name: b"short".to_vec(),
            ..entry.clone()
        });
    }
    let mut linked = entries.clone();
    linked.push(program("app-1.2/second", "program"));
    let mut hard_linked = entries.clone();
    hard_linked.push(hard("app-1.2/second", "./app-1.2/bin/app"));
    let same = |bytes: &[u8], expected: TreeDigest| {
        assert_eq!(taken(bytes, 1, &Limits::USUAL), Ok(expected));
    };
    for bytes in [
        plain.clone(),
        [plain.clone(), vec![0; 9 * 1024]].concat(),
        gz(&plain),
        [gz(first), gz(second)].concat(),
        zst(&plain),
        [skippable.clone(), zst(first), skippable, zst(second)].concat(),
        tar(&posix),
        zip(&entries),
    ] {
        same(&bytes, expected);
    }
    // Without an entry for a directory, in another order, with `./` before the names.
    let mut other: Vec<Entry> = entries
        .iter()
        .filter(|entry| entry.name != b"app-1.2/")
        .rev()
        .cloned()
        .collect();
    for entry in &mut other {
        entry.name.splice(0..0, *b"./");
    }
    other.insert(0, directory("./"));
    same(&gz(&tar(&other)), expected);
    same(&zip(&other), expected);
    let second = taken(&tar(&linked), 1, &Limits::USUAL).unwrap();
    same(&tar(&hard_linked), second);
    assert_ne!(second, expected);
    // The first directory is kept without `strip`.
    let kept = taken(&plain, 0, &Limits::USUAL).unwrap();
    assert_ne!(kept, expected);
    fs::create_dir(home.path().join("outer")).unwrap();
    fs::rename(home.path().join("tree"), home.path().join("outer/app-1.2")).unwrap();
    assert_eq!(tree_digest(&home.path().join("outer")), Ok(kept));
}

#[test]
fn stripped_directories_are_the_same_for_all_entries() {
    for (entries, strip, expected) in [
        (
            build(),
            3,
            "is not inside of a directory that `strip = 3` drops",
        ),
        (
            vec![file("a/x", ""), file("b/y", "")],
            1,
            "`b/y` is not inside of `a`, which `strip = 1` drops",
        ),
        (
            vec![file("x", "")],
            1,
            "`x` is not inside of a directory that `strip = 1` drops",
        ),
        (vec![directory("a")], 1, "contains no files"),
        // A link may not lead to what is dropped.
        (
            vec![file("a/x", ""), link("a/l", "../a/x")],
            1,
            "which leaves the artifact",
        ),
    ] {
        let problems = taken(&tar(&entries), strip, &Limits::USUAL).unwrap_err();
        assert!(
            problems.iter().any(|problem| problem.contains(expected)),
            "{problems:?}"
        );
    }
}

#[test]
fn what_is_no_archive_is_named() {
    let home = tempfile::tempdir().unwrap();
    let expect = |name: &str, expected: &str| {
        let problems = read(&home.path().join(name), 0, None).unwrap_err();
        assert!(problems[0].contains(expected), "{problems:?}");
    };
    expect("missing", "no artifact at");
    fs::create_dir(home.path().join("directory")).unwrap();
    expect("directory", "is a directory, which needs no unpacking");
    fs::write(home.path().join("archive"), tar(&[file("a", "")])).unwrap();
    symlink("archive", home.path().join("link")).unwrap();
    expect("link", "is a symbolic link: name the archive itself");
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        home.path().join("pipe"),
        rustix::fs::Mode::RWXU,
    )
    .unwrap();
    expect("pipe", "is not a regular file");
    // A directory that is not empty: nothing in it is replaced.
    let root = home.path().join("directory");
    fs::write(root.join("a"), "kept").unwrap();
    let output = TreeWriter::open(&root).unwrap();
    let problems = read(&home.path().join("archive"), 0, Some(&output)).unwrap_err();
    assert!(
        problems[0].contains("cannot be unpacked: `a`"),
        "{problems:?}"
    );
    assert_eq!(fs::read(root.join("a")).unwrap(), b"kept");
}

/// A random tree: directories, files and links to some of them.
fn trees() -> impl Strategy<Value = BTreeMap<String, Option<(Vec<u8>, bool)>>> {
    let path = proptest::collection::vec("[a-c]{1,2}", 1..4).prop_map(|parts| parts.join("/"));
    let content = proptest::collection::vec(any::<u8>(), 0..200);
    proptest::collection::btree_map(path, proptest::option::of((content, any::<bool>())), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_random_tree_has_one_digest_in_every_form(tree in trees(), links in 0..4_usize) {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("tree");
        fs::create_dir(&root).unwrap();
        let mut entries = Vec::new();
        let mut kept: Vec<String> = Vec::new();
        for (path, content) in &tree {
            let is_below_a_file = kept.iter().any(|file| path.starts_with(&format!("{file}/")));
            if is_below_a_file {
                continue;
            }
            match content {
                None => {
                    fs::create_dir_all(root.join(path)).unwrap();
                    entries.push(directory(format!("{path}/")));
                }
                Some((content, executable)) => {
                    if root.join(path).exists() {
                        continue;
                    }
                    fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
                    fs::write(root.join(path), content).unwrap();
                    let mode = if *executable { 0o755 } else { 0o644 };
                    fs::set_permissions(root.join(path), fs::Permissions::from_mode(mode)).unwrap();
                    entries.push(Entry { mode, ..file(path, content) });
                    kept.push(path.clone());
                }
            }
        }
        for number in 0..links.min(entries.len()) {
            let name = format!("link-{number}");
            let to = String::from_utf8(entries[number].name.clone()).unwrap();
            symlink(&to, root.join(&name)).unwrap();
            entries.push(link(name, to));
        }
        let expected = tree_digest(&root).unwrap();
        let plain = tar(&entries);
        for bytes in [gz(&plain), zst(&plain), plain, zip(&entries)] {
            prop_assert_eq!(taken(&bytes, 0, &Limits::USUAL), Ok(expected));
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused_without_a_panic(
        format in 0..4_usize,
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        at in any::<proptest::sample::Index>(),
    ) {
        let plain = tar(&build());
        let mut whole = [gz(&plain), zst(&plain), plain, zip(&build())][format].clone();
        let at = at.index(whole.len());
        for (place, byte) in whole.iter_mut().skip(at).zip(&bytes) {
            *place = *byte;
        }
        // The length of what is damaged decides whether anything is left to refuse.
        let _ = taken(&whole, 1, &Limits::USUAL);
    }
}
