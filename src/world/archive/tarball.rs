//! Entries of a tar archive: ustar, GNU and pax.

use std::io::Read;

use tar::EntryType;

use super::damaged;
use super::entries::{Collector, Fatal};
use super::meter::{Meter, Metered};

/// The size of a block.
const BLOCK: u64 = 512;

/// Reads all entries.
pub(super) fn collect<R: Read>(
    reader: Metered<'_, R>,
    meter: &Meter,
    collector: &mut Collector<'_>,
) -> Result<(), Fatal> {
    let broken = |error: std::io::Error| damaged(&error.to_string());
    let mut archive = tar::Archive::new(reader);
    let Some(next) = each(&mut archive, meter, collector)? else {
        return Ok(());
    };
    if meter.total() < next + BLOCK {
        return Err(damaged("its end marker is missing"));
    }
    meter.in_content();
    let mut rest = archive.into_inner();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match rest.read(&mut buffer).map_err(broken)? {
            0 => return Ok(()),
            read => {
                let bytes = buffer.get(..read).unwrap_or_default();
                if bytes.iter().any(|byte| *byte != 0) {
                    return Err(Fatal(
                        "has data after its end marker: archive everything at once".to_owned(),
                    ));
                }
            }
        }
    }
}

/// Reads the entries; returns the place after the last one, or `None` if the rest cannot be read.
fn each<R: Read>(
    archive: &mut tar::Archive<Metered<'_, R>>,
    meter: &Meter,
    collector: &mut Collector<'_>,
) -> Result<Option<u64>, Fatal> {
    let broken = |error: std::io::Error| damaged(&error.to_string());
    let mut entries = archive.entries().map_err(broken)?;
    // The place of the next header.
    let mut next = 0_u64;
    loop {
        meter.before_content();
        let Some(entry) = entries.next() else { break };
        let mut entry = entry.map_err(broken)?;
        meter.in_content();
        let size = entry.size();
        next = size
            .checked_next_multiple_of(BLOCK)
            .and_then(|size| size.checked_add(entry.raw_file_position()))
            .ok_or_else(|| damaged("a size overflows"))?;
        let name = entry.path_bytes().into_owned();
        let kind = entry.header().entry_type();
        if kind == EntryType::GNUSparse {
            // Its holes may be longer than anything that can be read.
            collector.refuse(&name, "is a sparse file: archive it without `--sparse`");
            return Ok(None);
        }
        if let Some(reason) = extensions(&mut entry).map_err(broken)? {
            collector.refuse(&name, reason);
            drain(&mut entry).map_err(broken)?;
            continue;
        }
        let target = entry.link_name_bytes().map(std::borrow::Cow::into_owned);
        let target = target.unwrap_or_default();
        match kind {
            EntryType::Regular | EntryType::Continuous => {
                let mode = entry.header().mode().map_err(broken)?;
                collector.file(&name, mode & 0o111 != 0, size, &mut entry)?;
            }
            EntryType::Directory => collector.directory(&name)?,
            EntryType::Symlink => collector.link(&name, &target)?,
            EntryType::Link => collector.hard_link(&name, &target)?,
            // Of all that follow. `git archive` writes its commit there.
            EntryType::XGlobalHeader => {
                if !is_comment(&mut entry).map_err(broken)? {
                    collector.problem(
                        "has a global header that changes its entries: archive it without one"
                            .to_owned(),
                    );
                }
            }
            EntryType::Char | EntryType::Block => {
                collector.refuse(
                    &name,
                    "is a device: archive only files, directories and links",
                );
            }
            EntryType::Fifo => {
                collector.refuse(
                    &name,
                    "is a pipe: archive only files, directories and links",
                );
            }
            _ => collector.refuse(
                &name,
                "is of an unknown kind: archive only files, directories and links",
            ),
        }
        // What is left would count as a header.
        drain(&mut entry).map_err(broken)?;
    }
    Ok(Some(next))
}

/// Returns what is wrong with the extended header of an entry.
fn extensions<R: Read>(entry: &mut tar::Entry<'_, R>) -> std::io::Result<Option<&'static str>> {
    // The crate would return the content of a global header, which is read below.
    if entry.header().entry_type() == EntryType::XGlobalHeader {
        return Ok(None);
    }
    let Some(extensions) = entry.pax_extensions()? else {
        return Ok(None);
    };
    for extension in extensions {
        let Ok(extension) = extension else {
            return Ok(Some("has a malformed extended header: archive it again"));
        };
        if extension.key_bytes().starts_with(b"GNU.sparse.") {
            return Ok(Some("is a sparse file: archive it without `--sparse`"));
        }
    }
    Ok(None)
}

/// Whether a global header has nothing but comments.
fn is_comment<R: Read>(entry: &mut tar::Entry<'_, R>) -> std::io::Result<bool> {
    /// The longest one that is read.
    const LONGEST: u64 = 1 << 20;
    if entry.size() > LONGEST {
        return Ok(false);
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes)?;
    Ok(tar::PaxExtensions::new(&bytes)
        .all(|extension| extension.is_ok_and(|extension| extension.key_bytes() == b"comment")))
}

fn drain(entry: &mut impl Read) -> std::io::Result<()> {
    std::io::copy(entry, &mut std::io::sink()).map(drop)
}
