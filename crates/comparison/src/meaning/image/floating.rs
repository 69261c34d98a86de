//! Floating tags, whose image may change.

use super::super::Context;
use super::super::key::{self, ImageKey};
use super::{Reference, is_picture, is_tag};

/// Tags of the newest version, and names of branches and environments, which move with the work. `16` or `1.27` move as
/// well, but within their publisher's compatibility; whether that is acceptable is a policy, so they are not listed.
const FLOATING: &[&str] = &[
    "latest",
    "stable",
    "main",
    "master",
    "trunk",
    "head",
    "edge",
    "nightly",
    "dev",
    "devel",
    "develop",
    "development",
    "canary",
    "next",
    "snapshot",
    "unstable",
    "rolling",
    "current",
    "mainline",
    "lts",
    "beta",
    "alpha",
    "rc",
    "testing",
    "test",
    "staging",
    "production",
    "prod",
    "release",
    "live",
];

/// Suffixes that name a base image and not a version.
const BASES: &[&str] = &[
    "alpine",
    "slim",
    "debian",
    "ubuntu",
    "distroless",
    "bookworm",
    "bullseye",
    "trixie",
    "jammy",
    "noble",
    "amd64",
    "arm64",
    "fpm",
    "apache",
    "minimal",
    "full",
];

/// Base images whose name replaces a tag and is not a version: `nginx:alpine`.
const BARE_BASES: &[&str] = &[
    "alpine",
    "slim",
    "debian",
    "ubuntu",
    "distroless",
    "fpm",
    "apache",
    "minimal",
    "full",
];

/// Returns the floating tag of a reference: `latest`, also by default; names of branches, channels and environments,
/// with or without the name of a base (`stable-alpine`). `None` if there is a digest or a version in the tag, and if
/// the text is not a reference.
#[must_use]
pub fn floating_tag<'a>(text: &'a str, context: Context<'_>) -> Option<&'a str> {
    let tag = match key::image(context) {
        ImageKey::Tag => is_tag(text).then_some(text)?,
        ImageKey::Reference if !is_picture(text) => {
            let reference = Reference::read(text)?;
            if reference.digest.is_some()
                || reference.tag.is_none() && is_of_machines(reference.name)
            {
                return None;
            }
            reference.tag()?
        }
        _ => {
            let reference = Reference::read(text).filter(Reference::is_unmistakable)?;
            // If the key does not show a reference, a missing tag may be elsewhere.
            reference.tag.filter(|_| reference.digest.is_none())?
        }
    };
    is_floating(tag).then_some(tag)
}

/// Whether a name contains a version, `ubuntu-22.04`, `debian-cloud/debian-12`, `ami-0a1b…`: machine images have no
/// tag.
fn is_of_machines(name: &str) -> bool {
    let mut parts = name.split('-');
    parts.next();
    parts.any(|part| part.starts_with(|each: char| each.is_ascii_digit()))
}

fn is_floating(tag: &str) -> bool {
    let is = |list: &[&str], word: &str| list.iter().any(|each| each.eq_ignore_ascii_case(word));
    let (first, rest) = tag.split_once('-').unwrap_or((tag, ""));
    (is(FLOATING, first) || is(BARE_BASES, first))
        && (rest.is_empty() || rest.split('-').all(|word| is(BASES, word)))
}

#[cfg(test)]
mod tests {
    use super::floating_tag;
    use crate::meaning::Context;

    const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1";

    #[test]
    fn moving_tags_are_recognised() {
        let floats = |text: &str, key: &str, above: &str| {
            floating_tag(text, Context { key, above }).map(str::to_owned)
        };
        for (text, tag) in [
            ("nginx", "latest"),
            ("nginx:latest", "latest"),
            ("ghcr.io/org/app:main", "main"),
            ("app:edge", "edge"),
            ("nginx:stable-alpine", "stable-alpine"),
            ("nginx:alpine", "alpine"),
            ("app:LATEST", "LATEST"),
            ("app:nightly", "nightly"),
            ("app:staging", "staging"),
            ("localhost:5000/app", "latest"),
        ] {
            assert_eq!(floats(text, "image", "").as_deref(), Some(tag), "{text}");
        }
        assert_eq!(
            floats("ghcr.io/org/app:latest", "anything", "").as_deref(),
            Some("latest")
        );
        assert_eq!(floats("latest", "tag", "image").as_deref(), Some("latest"));
        assert_eq!(floats("latest", "newTag", "").as_deref(), Some("latest"));
        let pinned = format!("nginx:latest@{A}");
        for (text, key, above) in [
            (pinned.as_str(), "image", ""),
            ("nginx:1.27", "image", ""),
            ("postgres:16", "image", ""),
            ("debian:bookworm", "image", ""),
            ("app:main-3f2a91c", "image", ""),
            ("app:stable-20240101", "image", ""),
            ("app:latest-1.2", "image", ""),
            ("app:mainframe", "image", ""),
            ("logo.png", "image", ""),
            ("ubuntu-22.04", "image", ""),
            ("debian-cloud/debian-12", "image", ""),
            ("ami-0a1b2c3d", "image", ""),
            ("${IMAGE}", "image", ""),
            ("hero", "background_image", ""),
            ("", "image", ""),
            ("", "tag", "image"),
            ("1.2.3", "tag", "image"),
            ("latest", "tag", "git"),
            ("latest", "version", ""),
            ("nginx:latest", "name", ""),
            ("ghcr.io/org/app", "repository", "image"),
            ("ghcr.io/org/app", "url", ""),
            ("main", "branch", ""),
        ] {
            assert_eq!(floats(text, key, above), None, "{text} under {key}");
        }
    }
}
