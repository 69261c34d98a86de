//! Keys of Kubernetes quantities.

use super::super::Context;
use super::is;

/// Dimensions of Kubernetes quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Resource {
    /// Cores.
    Cores,
    /// Bytes of memory or of storage.
    Bytes,
}

/// Returns the resource of a quantity: `cpu`, `memory`, `storage`, `ephemeral-storage`, `requests.storage`,
/// `hugepages-2Mi`.
pub(in super::super) fn resource(context: Context<'_>) -> Option<Resource> {
    let key = context.key.rsplit(['.', '_']).next().unwrap_or("");
    if is(key, &["cpu", "cpus"]) {
        Some(Resource::Cores)
    } else if is(key, &["memory", "storage", "ephemeral-storage"]) || key.starts_with("hugepages-")
    {
        Some(Resource::Bytes)
    } else {
        None
    }
}

/// Whether the enclosing map contains Kubernetes quantities.
pub(in super::super) fn is_quantities(above: &str) -> bool {
    is(
        above,
        &[
            "requests",
            "limits",
            "hard",
            "capacity",
            "allocatable",
            "default",
            "defaultRequest",
            "maxLimitRequestRatio",
        ],
    )
}

/// Whether the enclosing map is a namespace quota, where every value is a quantity.
pub(in super::super) fn is_quota(above: &str) -> bool {
    is(above, &["hard"])
}
