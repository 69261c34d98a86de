//! Tags that may mean another image tomorrow.

use super::super::Context;
use super::super::key::{self, ImageKey};
use super::{Reference, is_picture, is_tag};

/// Tags that say "whatever is newest", and names of branches and of environments, which are moved on as work goes on. `16` or `1.27`
/// move as well, but only within what their publisher calls compatible; whether that is narrow enough is a policy, so they are not here.
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

/// Endings of tags that name a base image and no version.
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

/// Bases whose name alone is no version, in place of a tag: `nginx:alpine`.
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

/// The tag of a reference that may mean another image tomorrow: `latest`, also where no tag is written; names of branches,
/// channels and environments, with or without the name of a base (`stable-alpine`). `None` where there is a digest, where the tag has a
/// version, and where the text is no reference.
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
            // Without a key that says so, a missing tag may stand elsewhere.
            reference.tag.filter(|_| reference.digest.is_none())?
        }
    };
    is_floating(tag).then_some(tag)
}

/// Whether a name has a version in itself, `ubuntu-22.04`, `debian-cloud/debian-12`, `ami-0a1b…`: images of machines have no tag.
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
    fn tags_that_move_are_known() {
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
