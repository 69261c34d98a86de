//! The processor and the memory.

use super::Group;

pub(super) fn read(group: &mut Group) {
    let system = rustix::system::uname();
    group.add(&["architecture"], &system.machine().to_string_lossy());
    if let Some(text) = group.file("/proc/cpuinfo") {
        let values = |key: &str| {
            text.lines()
                .filter_map(|line| line.split_once(':'))
                .filter(|(name, _)| name.trim() == key)
                .map(|(_, value)| value.trim().to_owned())
                .collect::<Vec<_>>()
        };
        let count = values("processor").len();
        if count > 0 {
            group.add(&["processors"], &count.to_string());
        }
        if let Some(model) = values("model name").first() {
            group.add(&["processor-model"], model);
        }
    }
    if let Some(text) = group.file("/proc/meminfo") {
        let total = text.lines().find_map(|line| {
            let rest = line.strip_prefix("MemTotal:")?;
            rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
        });
        match total {
            Some(kibibytes) => group.add(&["memory"], &size(kibibytes.saturating_mul(1024))),
            None => group.miss("`/proc/meminfo` has no total"),
        }
    }
}

/// Returns a size, rounded so that machines of one type agree: to 256 MiB below 8 GiB, to 1 GiB above.
pub(super) fn size(bytes: u64) -> String {
    const MEBIBYTE: u64 = 1024 * 1024;
    let mebibytes = bytes / MEBIBYTE;
    let step = if mebibytes < 8 * 1024 { 256 } else { 1024 };
    let rounded = mebibytes.saturating_add(step / 2) / step * step;
    if rounded >= 1024 && rounded.is_multiple_of(1024) {
        format!("{}Gi", rounded / 1024)
    } else {
        format!("{}Mi", rounded.max(1))
    }
}
