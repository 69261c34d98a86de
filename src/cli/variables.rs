//! Variables that configure threads: absurd values would exhaust the resources of every command.
//!
//! Libraries read them directly, and once. So the program restarts itself without the unusable ones.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Variables, with the smallest and the largest accepted value.
const LIMITS: [(&str, u64, u64); 4] = [
    ("RAYON_NUM_THREADS", 0, 256),
    ("RAYON_RS_NUM_CPUS", 0, 256),
    ("RUST_MIN_STACK", 256 * 1024, 64 * 1024 * 1024),
    ("TOKIO_WORKER_THREADS", 1, 256),
];

/// Restarts this program without variables of absurd values. Returns if there are none, or if that is not possible.
pub fn leave_out_absurd() {
    let absurd: Vec<&str> = LIMITS
        .into_iter()
        .filter(|(name, least, most)| {
            std::env::var_os(name).is_some_and(|value| !is_within(value.to_str(), *least, *most))
        })
        .map(|(name, _, _)| name)
        .collect();
    if absurd.is_empty() {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut arguments = std::env::args_os();
    let mut again = Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    again.args(arguments);
    for name in absurd {
        again.env_remove(name);
    }
    // It only returns after a failure.
    let _ = again.exec();
}

fn is_within(value: Option<&str>, least: u64, most: u64) -> bool {
    value
        .and_then(|value| value.parse().ok())
        .is_some_and(|number: u64| (least..=most).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::is_within;

    #[test]
    fn only_numbers_within_bounds_are_followed() {
        for (value, expected) in [
            ("1", true),
            ("256", true),
            ("257", false),
            ("-1", false),
            ("", false),
            ("18446744073709551616", false),
        ] {
            assert_eq!(is_within(Some(value), 0, 256), expected, "{value}");
        }
        assert!(!is_within(None, 0, 256));
    }
}
