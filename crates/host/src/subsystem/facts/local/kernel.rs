//! The running kernel.

use super::Group;

pub(super) fn read(group: &mut Group) {
    let system = rustix::system::uname();
    group.add(&["release"], &system.release().to_string_lossy());
    if let Some(line) = group.file("/proc/cmdline") {
        // Devices and ids differ on every machine.
        let own = ["root=", "BOOT_IMAGE=", "initrd=", "resume=", "UUID="];
        let options: Vec<&str> = line
            .split_whitespace()
            .filter(|option| !own.iter().any(|start| option.starts_with(start)))
            .collect();
        group.add(&["options"], &options.join(" "));
    }
}
