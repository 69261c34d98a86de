//! Keys of references to container images, whole or in part.

use super::super::Context;
use super::{has, is, is_one_of, last};

/// Part of an image reference under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum ImageKey {
    /// A whole reference, with `latest` as the default tag.
    Reference,
    /// A name only; the tag is elsewhere.
    Name,
    /// A tag only.
    Tag,
    /// No part.
    None,
}

/// Words of pictures and disks, which are images too.
const OTHER_IMAGES: &[&str] = &[
    "background",
    "og",
    "icon",
    "logo",
    "hero",
    "profile",
    "cover",
    "avatar",
    "banner",
    "vm",
    "machine",
    "disk",
    "boot",
    "source",
    "os",
    "ami",
    "droplet",
];

/// Returns the part of an image reference under a key.
pub(in super::super) fn image(context: Context<'_>) -> ImageKey {
    let key = context.key;
    if is(
        key,
        &[
            "newTag",
            "imageTag",
            "image_tag",
            "image-tag",
            "dockerTag",
            "docker_tag",
            "container_tag",
        ],
    ) {
        ImageKey::Tag
    } else if is(
        key,
        &[
            "newName",
            "imageRepository",
            "image_repository",
            "image-repository",
        ],
    ) {
        ImageKey::Name
    } else if is(key, &["tag"]) && has(context.above, &["image", "images"]) {
        ImageKey::Tag
    } else if is(key, &["repository", "name"]) && has(context.above, &["image"]) {
        ImageKey::Name
    } else if is_one_of(last(key), &["image"]) && !has(key, OTHER_IMAGES)
        || is(
            key,
            &[
                "imageName",
                "image_name",
                "image-name",
                "imageUri",
                "image_uri",
                "dockerImage",
                "container_image",
            ],
        )
    {
        ImageKey::Reference
    } else {
        ImageKey::None
    }
}
