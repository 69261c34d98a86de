//! References to container images: registry, name, tag and digest.
//!
//! Grammar and defaults are those of the distribution project's `reference` package, which Docker and Kubernetes share:
//! the first part is a registry if it has a dot or a colon or is `localhost`; without one it is `docker.io`, where a
//! name of one part is in `library/`; without tag and digest the tag is `latest`; a digest decides what is pulled.
//!
//! Many other texts match this grammar, so a text is a reference only under a key that shows it, or if it names a
//! well-known registry, a digest, or a host with a tag.

mod floating;

pub use floating::floating_tag;

use super::key::{self, ImageKey};
use super::{Context, ImageDifference, Relation};

/// Longest reference: 255 for the name, 128 for the tag, and a digest.
const LONGEST: usize = 600;

/// Extensions of pictures, whose file names resemble names without a tag.
const PICTURES: &[&str] = &[
    ".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp", ".ico", ".qcow2", ".iso", ".img", ".raw",
    ".vmdk",
];

/// Parts of a reference, as written.
#[derive(Clone, Copy, Debug)]
struct Reference<'a> {
    registry: Option<&'a str>,
    name: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    fn read(text: &'a str) -> Option<Self> {
        if text.is_empty() || text.len() > LONGEST {
            return None;
        }
        let text = text.strip_prefix("docker://").unwrap_or(text);
        let (text, digest) = match text.split_once('@') {
            Some((text, digest)) if is_digest(digest) => (text, Some(digest)),
            Some(_) => return None,
            None => (text, None),
        };
        let after_slash = text.rfind('/').map_or(0, |slash| slash + 1);
        let (text, tag) = match text.get(after_slash..)?.rfind(':') {
            Some(colon) => {
                let (name, tag) = text.split_at_checked(after_slash + colon)?;
                (name, Some(tag.get(1..)?))
            }
            None => (text, None),
        };
        let is_registry = |part: &str| part.contains(['.', ':']) || part == "localhost";
        let (registry, name) = match text.split_once('/') {
            Some((first, rest)) if is_registry(first) => (Some(first), rest),
            _ => (None, text),
        };
        let sound = is_name(name) && tag.is_none_or(is_tag) && registry.is_none_or(is_host);
        sound.then_some(Self {
            registry,
            name,
            tag,
            digest,
        })
    }

    fn registry(&self) -> &'a str {
        match self.registry {
            None | Some("index.docker.io") => "docker.io",
            Some(registry) => registry,
        }
    }

    /// Returns the name without the `library/` that Docker Hub adds.
    fn name(&self) -> &'a str {
        match self.name.strip_prefix("library/") {
            Some(short) if self.registry() == "docker.io" && !short.contains('/') => short,
            _ => self.name,
        }
    }

    /// Returns the pulled tag: as written; `latest` without one; none if a digest decides.
    fn tag(&self) -> Option<&'a str> {
        self.tag
            .or_else(|| self.digest.is_none().then_some("latest"))
    }

    fn is_unmistakable(&self) -> bool {
        self.digest.is_some()
            || self.registry.is_some_and(|registry| {
                is_well_known(registry) || registry.contains('.') && self.tag.is_some()
            })
    }
}

fn is_well_known(registry: &str) -> bool {
    matches!(
        registry,
        "docker.io"
            | "index.docker.io"
            | "ghcr.io"
            | "gcr.io"
            | "quay.io"
            | "k8s.gcr.io"
            | "registry.k8s.io"
            | "public.ecr.aws"
            | "mcr.microsoft.com"
            | "registry.gitlab.com"
    ) || [
        ".gcr.io",
        ".azurecr.io",
        "-docker.pkg.dev",
        ".amazonaws.com",
    ]
    .iter()
    .any(|ending| registry.ends_with(ending))
        && (!registry.ends_with(".amazonaws.com") || registry.contains(".dkr.ecr."))
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        matches!(
            (algorithm, hex.len()),
            ("sha256", 64) | ("sha512", 128) | ("sha384", 96)
        ) && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_name(text: &str) -> bool {
    text.split('/').all(|part| {
        let bytes = part.as_bytes();
        let edge = |byte: Option<&u8>| {
            byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().all(|byte| {
                byte.is_ascii_lowercase()
                    || byte.is_ascii_digit()
                    || matches!(byte, b'.' | b'_' | b'-')
            })
            && !part.contains("..")
    })
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "0"));
    !host.is_empty()
        && (1..=5).contains(&port.len())
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

fn is_picture(text: &str) -> bool {
    PICTURES.iter().any(|ending| text.ends_with(ending))
}

pub(super) fn relate(left: &str, right: &str, context: Context<'_>) -> Option<Relation> {
    // Before the key is split: most texts are not references.
    let begins = |text: &str| {
        text.bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    if left.len().max(right.len()) > LONGEST
        || !begins(left)
        || !begins(right)
        || left.contains(' ')
        || right.contains(' ')
    {
        return None;
    }
    let of_key = key::image(context);
    if of_key == ImageKey::Tag || is_picture(left) || is_picture(right) {
        return None;
    }
    // Without a slash or a digest the text is ambiguous.
    let shaped = |text: &str| text.bytes().any(|byte| byte == b'/' || byte == b'@');
    if of_key == ImageKey::None && !(shaped(left) && shaped(right)) {
        return None;
    }
    let (one, two) = (Reference::read(left)?, Reference::read(right)?);
    if of_key == ImageKey::None && !(one.is_unmistakable() && two.is_unmistakable()) {
        return None;
    }
    let both_pinned = one.digest.is_some() && two.digest.is_some();
    let tags = if of_key == ImageKey::Reference {
        (one.tag(), two.tag())
    } else {
        // If the tag may be elsewhere, `latest` is not assumed.
        (one.tag, two.tag)
    };
    // A digest decides. Tags beside two digests are comments that may still contradict each other; a tag beside one
    // digest is not compared with a default.
    let tag = match tags {
        (Some(one), Some(two)) => one != two,
        (None, None) => false,
        _ => !both_pinned && one.digest.is_none() && two.digest.is_none(),
    };
    let difference = ImageDifference {
        registry: !one.registry().eq_ignore_ascii_case(two.registry()),
        name: one.name() != two.name(),
        tag,
        digest: one.digest != two.digest,
    };
    Some(if difference == ImageDifference::default() {
        Relation::Same
    } else {
        Relation::Image(difference)
    })
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{assert_all, assert_not_same, kinds, scalar};
    use crate::meaning::{Context, ImageDifference, Relation, relate};
    use evenkeel_document::ScalarKind::Text;

    const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1";
    const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2";

    #[test]
    fn one_image_has_many_spellings() {
        let pinned = format!("nginx:1.27@{A}");
        let bare = format!("docker.io/library/nginx@{A}");
        assert_all(
            kinds(Text, Text),
            "image",
            &[
                ("nginx", "nginx:latest"),
                ("nginx", "docker.io/library/nginx"),
                ("nginx:1.27", "docker.io/nginx:1.27"),
                ("library/nginx:1.27", "nginx:1.27"),
                ("index.docker.io/library/nginx:1.27", "nginx:1.27"),
                ("org/app:1", "docker.io/org/app:1"),
                ("docker://org/app:1", "org/app:1"),
                ("GHCR.io/org/app:1", "ghcr.io/org/app:1"),
                (&pinned, &bare),
            ],
            &Relation::Same,
        );
        let name = Context {
            key: "repository",
            above: "image",
        };
        let relation = relate(
            &scalar(Text, "nginx"),
            &scalar(Text, "docker.io/library/nginx"),
            name,
        );
        assert_eq!(relation, Relation::Same);
    }

    #[test]
    fn parts_that_differ_are_named() {
        let pinned_a = format!("nginx@{A}");
        let pinned_b = format!("nginx@{B}");
        let tagged_a = format!("nginx:1@{A}");
        let retagged_a = format!("nginx:2@{A}");
        // registry, name, tag, digest
        for (one, two, parts) in [
            ("nginx:1.27", "nginx:1.28", "t"),
            ("nginx", "nginx:1.28", "t"),
            ("nginx:1.27", "httpd:1.27", "n"),
            ("nginx:1", "ghcr.io/library/nginx:1", "rn"),
            ("ghcr.io/org/app:1", "quay.io/org/app:1", "r"),
            ("localhost:5000/app:1", "localhost:5001/app:1", "r"),
            ("localhost/app", "app", "r"),
            ("org/app:1", "app:1", "n"),
            ("app:V1", "app:v1", "t"),
            (
                "registry.example.com:443/app:1",
                "registry.example.com/app:1",
                "r",
            ),
            ("library/a/b:1", "a/b:1", "n"),
            ("ghcr.io/library/app:1", "ghcr.io/app:1", "n"),
            (&pinned_a, &pinned_b, "d"),
            (&pinned_a, "nginx", "d"),
            (&tagged_a, "nginx:1", "d"),
            (&tagged_a, &retagged_a, "t"),
            (&tagged_a, &pinned_b, "d"),
        ] {
            let relation = relate(
                &scalar(Text, one),
                &scalar(Text, two),
                Context {
                    key: "image",
                    above: "",
                },
            );
            let expected = ImageDifference {
                registry: parts.contains('r'),
                name: parts.contains('n'),
                tag: parts.contains('t'),
                digest: parts.contains('d'),
            };
            assert_eq!(relation, Relation::Image(expected), "{one} and {two}");
        }
    }

    #[test]
    fn similar_texts_are_not_images() {
        assert_all(
            kinds(Text, Text),
            "image",
            &[
                ("images/logo.png", "images/other.png"),
                ("Nginx", "nginx"),
                ("${IMAGE}:1", "nginx:1"),
                ("nginx:", "nginx"),
                ("/app", "app"),
                ("app//x", "app/x"),
                ("nginx@sha256:12", "nginx"),
                ("nginx latest", "nginx:latest"),
                ("", "latest"),
            ],
            &Relation::Differs,
        );
        for key in ["name", "host", "path", "url", "repository", ""] {
            for (one, two) in [
                ("nginx", "nginx:latest"),
                ("library/nginx", "nginx"),
                ("localhost", "localhost:latest"),
                ("example.com/a", "example.com/a:latest"),
                ("docker.io/nginx", "docker.io/nginx:latest"),
                ("db:5432", "db:latest"),
                ("a/b", "docker.io/a/b"),
            ] {
                assert_not_same(kinds(Text, Text), key, one, two);
            }
        }
    }
}
