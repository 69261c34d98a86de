//! Entries of a zip archive, whose two lists of entries must agree.

use std::io::{Read, Seek, SeekFrom};

use zip::CompressionMethod;
use zip::read::ZipArchive;

use super::damaged;
use super::entries::{Collector, Fatal};
use super::meter::{Meter, Metered};
use evenkeel_model::text::inert;

/// The bits of a mode that name the type of an entry.
const TYPE: u32 = 0o170_000;
const FILE: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
/// The longest target of a link, in bytes.
const TARGET: u64 = 4096;

/// Returns the largest number of entries that a record at the end announces.
fn announced(reader: &mut (impl Read + Seek)) -> std::io::Result<u64> {
    /// A record, its comment and the records of large archives.
    const TAIL: u64 = 80 * 1024;
    let length = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    reader.take(TAIL).read_to_end(&mut tail)?;
    reader.rewind()?;
    let counts = tail.windows(40).filter_map(|record| match record {
        [b'P', b'K', 6, 6, ..] => {
            let count = record.get(32..40)?.try_into().ok()?;
            Some(u64::from_le_bytes(count))
        }
        _ => None,
    });
    let small = tail.windows(12).filter_map(|record| match record {
        // All ones stand for the number in the other record.
        [b'P', b'K', 5, 6, .., 0xff, 0xff] => None,
        [b'P', b'K', 5, 6, .., low, high] => Some(u64::from(u16::from_le_bytes([*low, *high]))),
        _ => None,
    });
    Ok(counts.chain(small).max().unwrap_or(0))
}

/// Reads all entries.
pub(super) fn collect<R: Read + Seek>(
    mut reader: R,
    meter: &Meter,
    collector: &mut Collector<'_>,
) -> Result<(), Fatal> {
    let broken = |error: zip::result::ZipError| damaged(&inert(&error.to_string()));
    let most = collector.most();
    let excess = || {
        Fatal(format!(
            "contains more than {most} entries: split the artifact"
        ))
    };
    // The number first, before memory is used for them.
    let announced = announced(&mut reader).map_err(|error| damaged(&error.to_string()))?;
    if announced > most as u64 {
        return Err(excess());
    }
    let mut archive = ZipArchive::new(reader).map_err(broken)?;
    if archive.len() > most {
        return Err(excess());
    }
    if archive.has_duplicate_names() {
        return Err(Fatal(
            "has two entries with one name: each name must be there once".to_owned(),
        ));
    }
    archive.validate_header_consistency().map_err(broken)?;
    for index in 0..archive.len() {
        let entry = archive.by_index_data(index).map_err(broken)?;
        let name = entry.name_raw().to_vec();
        let is_encrypted = entry.encrypted();
        let method = entry.compression();
        let size = entry.size();
        // Without a mode, it is a plain file or a directory.
        let mode = entry.unix_mode().unwrap_or(0);
        let is_directory = name.ends_with(b"/");
        if is_encrypted {
            collector.refuse(&name, "is encrypted: archive it without a password");
            continue;
        }
        if !matches!(
            method,
            CompressionMethod::Stored | CompressionMethod::Deflated
        ) {
            collector.refuse(
                &name,
                "is compressed with a method other than deflate: archive it with deflate",
            );
            continue;
        }
        if name.contains(&b'\\') {
            collector.refuse(&name, "has `\\` in its name: archive it with `/`");
            continue;
        }
        match (mode & TYPE, is_directory) {
            (0 | DIRECTORY, true) => {
                if size > 0 {
                    collector.refuse(&name, "is a directory with content: archive it again");
                    continue;
                }
                collector.directory(&name)?;
            }
            (0 | FILE, false) => {
                let content = archive.by_index(index).map_err(broken)?;
                let mut content = Metered::new(content, meter);
                collector.file(&name, mode & 0o111 != 0, size, &mut content)?;
            }
            (LINK, false) => {
                let content = archive.by_index(index).map_err(broken)?;
                let mut target = Vec::new();
                Metered::new(content, meter)
                    .take(TARGET)
                    .read_to_end(&mut target)
                    .map_err(|error| damaged(&error.to_string()))?;
                collector.link(&name, &target)?;
            }
            _ => collector.refuse(
                &name,
                "is neither a file nor a directory nor a link: archive only those",
            ),
        }
    }
    Ok(())
}
