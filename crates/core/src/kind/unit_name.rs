//! Names of systemd's units, checked before any program sees them.

/// Suffixes of units.
const SUFFIXES: &[&str] = &[
    ".service",
    ".socket",
    ".timer",
    ".path",
    ".mount",
    ".automount",
    ".swap",
    ".target",
    ".slice",
];

/// The longest name; a record is named after it.
const LONGEST: usize = 200;

/// Returns the problem of a unit's name, if it has one.
pub(super) fn problem(name: &str) -> Option<String> {
    let shown = evenkeel_model::text::inert(name);
    if name.contains('/') {
        return Some(format!(
            "`{shown}` contains `/`: write the name of the unit, not a path, such as `nginx.service`"
        ));
    }
    if name.starts_with('-') {
        return Some(format!(
            "`{shown}` starts with `-`, as options do: no unit can be declared under it"
        ));
    }
    let is_plain = |each: char| {
        each.is_ascii_alphanumeric() || matches!(each, ':' | '_' | '.' | '\\' | '@' | '-')
    };
    if !name.chars().all(is_plain) {
        return Some(format!(
            "`{shown}` cannot name a unit: letters, digits and `:-_.\\@` can; `systemd-escape` writes others"
        ));
    }
    let Some((stem, suffix)) = name.rfind('.').and_then(|dot| name.split_at_checked(dot)) else {
        return Some(format!(
            "`{shown}` has no suffix: write the full name, such as `{shown}.service`"
        ));
    };
    if stem.is_empty() || !SUFFIXES.contains(&suffix) {
        return Some(format!(
            "`{shown}` does not end with the suffix of a unit, such as `.service`, `.socket` or `.timer`"
        ));
    }
    if stem.ends_with('@') {
        return Some(format!(
            "`{shown}` is a template: name an instance of it, such as `{stem}1{suffix}`"
        ));
    }
    (name.len() > LONGEST).then(|| format!("the name is longer than {LONGEST} bytes"))
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn names_of_units_are_accepted() {
        for name in [
            "nginx.service",
            "getty@tty1.service",
            "dev-disk-by\\x2duuid.mount",
            "a:b_c.timer",
            "postgresql@15-main.service",
        ] {
            assert_eq!(problem(name), None);
        }
    }

    #[test]
    fn paths_options_and_other_text_are_refused() {
        for (name, expected) in [
            ("/etc/systemd/system/a.service", "contains `/`"),
            ("--force.service", "as options do"),
            ("a b.service", "cannot name a unit"),
            ("a\n.service", "cannot name a unit"),
            ("a\0.service", "cannot name a unit"),
            ("a*.service", "cannot name a unit"),
            ("nginx", "such as `nginx.service`"),
            ("nginx.conf", "does not end with the suffix"),
            (".service", "does not end with the suffix"),
            ("getty@.service", "is a template"),
            ("", "has no suffix"),
        ] {
            let found = problem(name).unwrap_or_default();
            assert!(found.contains(expected), "{name:?}: {found}");
        }
        assert!(problem(&format!("{}.service", "a".repeat(200))).is_some());
    }
}
