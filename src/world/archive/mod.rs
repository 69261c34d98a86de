//! Archives whose content is an artifact: tar, tar.gz, tar.zst and zip.
//!
//! An archive is read once for its digest, which is that of a directory with the same content, and once more to unpack it.
//! Nothing in it is trusted: [`entries`] decides what may be in an artifact, and every size is limited before memory or a
//! disk is used. Only this program reads archives; hosts get trees.

mod entries;
mod meter;
mod tarball;
#[cfg(test)]
mod tests;
mod zipped;
mod zstd;

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use self::entries::{Collector, Fatal};
use self::meter::{Meter, Metered};
use evenkeel_host::reason::{why, why_io};
use evenkeel_host::{TreeDigest, TreeWriter};
use evenkeel_model::Digest;

/// An unpacked archive, in a private directory that is removed with this.
pub struct Unpacked(tempfile::TempDir);

impl Unpacked {
    /// Returns the directory with the content.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Unpacks an archive with a known digest.
///
/// # Errors
///
/// The reason, for display: also when the archive has another content by now.
pub fn unpack(path: &Path, strip: usize, expected: &Digest) -> Result<Unpacked, String> {
    let made = tempfile::Builder::new()
        .prefix("evenkeel-artifact-")
        .tempdir()
        .and_then(|directory| Ok((TreeWriter::open(directory.path())?, directory)));
    let (writer, directory) =
        made.map_err(|error| format!("no directory to unpack it: {}", why_io(&error)))?;
    let tree = read(path, strip, Some(&writer)).map_err(|problems| problems.join("; "))?;
    if tree.digest != *expected {
        return Err(format!(
            "`{}` changed since the plan was made (expected {}, found {}): plan again",
            path.display(),
            expected.short(),
            tree.digest.short()
        ));
    }
    Ok(Unpacked(directory))
}

/// What an archive may contain at most.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Files, directories and links, with the directories that only paths name.
    pub entries: usize,
    /// Bytes after decompression.
    pub bytes: u64,
    /// Bytes after decompression for each byte of the archive.
    pub ratio: u64,
    /// Bytes after decompression for which the ratio does not count.
    pub small: u64,
    /// Nested directories.
    pub depth: usize,
    /// Bytes in one name.
    pub name: usize,
    /// Bytes in a path.
    pub path: usize,
}

impl Limits {
    /// The limits of every archive.
    pub const USUAL: Self = Self {
        entries: 250_000,
        bytes: 8 << 30,
        ratio: 200,
        small: 64 << 20,
        depth: 128,
        name: 255,
        path: 4095,
    };
}

/// Reads an archive: checks it, digests it, and writes its content to `output`. The first `strip` directories of every
/// path are dropped.
///
/// # Errors
///
/// All reasons for which it is no artifact, or the first one for which the rest cannot be read.
pub fn read(
    path: &Path,
    strip: usize,
    output: Option<&TreeWriter>,
) -> Result<TreeDigest, Vec<String>> {
    read_within(path, strip, output, &Limits::USUAL)
}

fn read_within(
    path: &Path,
    strip: usize,
    output: Option<&TreeWriter>,
    limits: &Limits,
) -> Result<TreeDigest, Vec<String>> {
    let shown = path.display();
    let (mut file, before) = open(path).map_err(|reason| vec![reason])?;
    let meter = Meter::new(limits, before.size);
    let mut collector = Collector::new(limits, strip, output, &meter);
    let read = collect(&mut file, &meter, &mut collector);
    if let Err(Fatal(reason)) = read {
        collector.problem(meter.fault().unwrap_or(reason));
    }
    let after = file.metadata().ok().map(|after| Seen::of(&after));
    if after.as_ref() != Some(&before) {
        return Err(vec![format!(
            "`{shown}` changed while it was read: wait until its build is done, then run this again"
        )]);
    }
    collector.finish().map_err(|problems| {
        problems
            .into_iter()
            .map(|problem| format!("`{shown}` {problem}"))
            .collect()
    })
}

/// The state of a file that changes when it is written to.
#[derive(PartialEq, Eq)]
struct Seen {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Seen {
    fn of(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Opens the archive itself, not what a link in its place leads to.
fn open(path: &Path) -> Result<(File, Seen), String> {
    let shown = path.display();
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::NOENT | Errno::NOTDIR => format!("no artifact at `{shown}`: build it first"),
        Errno::LOOP => format!("`{shown}` is a symbolic link: name the archive itself"),
        errno => format!("cannot read `{shown}`: {}", why(errno)),
    })?;
    let status = rustix::fs::fstat(&file)
        .map_err(|errno| format!("cannot read `{shown}`: {}", why(errno)))?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => {
            return Err(format!(
                "`{shown}` is a directory, which needs no unpacking: remove `unpack`"
            ));
        }
        _ => return Err(format!("`{shown}` is not a regular file")),
    }
    let file = File::from(file);
    let metadata = file
        .metadata()
        .map_err(|error| format!("cannot read `{shown}`: {}", why_io(&error)))?;
    Ok((file, Seen::of(&metadata)))
}

/// Finds the format by the first bytes, as the name may be anything, and reads all entries.
fn collect<'m>(
    file: &mut File,
    meter: &'m Meter,
    collector: &mut Collector<'_>,
) -> Result<(), Fatal> {
    /// The place of a tar header's magic.
    const USTAR: usize = 257;
    let mut first = Vec::new();
    file.by_ref()
        .take(512)
        .read_to_end(&mut first)
        .and_then(|_| file.rewind())
        .map_err(|error| damaged(&why_io(&error)))?;
    let buffered = || BufReader::with_capacity(64 * 1024, &*file);
    let tar: Box<dyn Read + 'm> = match first.as_slice() {
        [0x1f, 0x8b, ..] => {
            let file = file.try_clone().map_err(|error| damaged(&why_io(&error)))?;
            Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::new(file)))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            let file = file.try_clone().map_err(|error| damaged(&why_io(&error)))?;
            Box::new(zstd::Decoder::new(BufReader::new(file)))
        }
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => {
            return zipped::collect(buffered(), meter, collector);
        }
        [0xfd, b'7', b'z', b'X', b'Z', ..] => return Err(unsupported("xz")),
        [b'B', b'Z', b'h', ..] => return Err(unsupported("bzip2")),
        [b'7', b'z', 0xbc, 0xaf, ..] => return Err(unsupported("7-Zip")),
        bytes
            if bytes.get(USTAR..USTAR + 5) == Some(b"ustar")
                || (bytes.len() == 512 && bytes.iter().all(|byte| *byte == 0)) =>
        {
            let file = file.try_clone().map_err(|error| damaged(&why_io(&error)))?;
            Box::new(BufReader::new(file))
        }
        [] => return Err(Fatal("is empty: build it again".to_owned())),
        _ => {
            return Err(Fatal(
                "is not an archive that evenkeel reads: expected tar, tar.gz, tar.zst or zip"
                    .to_owned(),
            ));
        }
    };
    tarball::collect(Metered::new(tar, meter), meter, collector)
}

fn unsupported(format: &str) -> Fatal {
    Fatal(format!(
        "is compressed with {format}, which evenkeel does not read: use tar.gz, tar.zst or zip"
    ))
}

/// The problem of an archive whose rest cannot be read.
fn damaged(reason: &str) -> Fatal {
    Fatal(format!("is damaged or cut off ({reason}): build it again"))
}
