//! Errors of the configuration file: all of them at once, clear, and without the secret.

use crate::guestbook::{Home, TOKEN, configuration};

fn complaint(text: &str) -> String {
    let home = Home::new();
    home.configure(text);
    let output = home.run();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let errors = String::from_utf8(output.stderr).expect("the complaint is text");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains("guestbook.toml: "), "{errors}");
    errors
}

#[test]
fn each_wrong_value_is_named() {
    let good = configuration("127.0.0.1:0", "info");
    let cases = [
        ("127.0.0.1:0", "127.0.0.1", "expected an address and a port"),
        (
            "127.0.0.1:0",
            "0.0.0.0:7101",
            "`listen` is `0.0.0.0:7101`, expected a loopback address",
        ),
        (
            "\"guestbook.db\"",
            "\"\"",
            "`database` must be a non-empty string",
        ),
        (
            "workers = 2",
            "workers = 0",
            "`workers` must be a whole number from 1 to 64",
        ),
        (
            "workers = 2",
            "workers = \"two\"",
            "`workers` must be a whole number from 1 to 64",
        ),
        ("workers = 2", "", "`workers` is missing"),
        (
            "\"info\"",
            "\"loud\"",
            "`log-level` is `loud`, expected one of `error`, `warn`, `info`, `debug`",
        ),
        (
            "workers = 2",
            "workers = 2\nwokers = 3",
            "unknown key `wokers`, expected one of `listen`, `database`",
        ),
        ("workers = 2", "workers = = 2", "line 3 is not valid TOML"),
        (
            "guestbook.db",
            "no/such/folder/guestbook.db",
            "cannot open the database",
        ),
    ];
    for (from, to, expected) in cases {
        let text = good.replace(from, to);
        if expected.starts_with("cannot") {
            let home = Home::new();
            home.configure(&text);
            let errors = String::from_utf8_lossy(&home.run().stderr).into_owned();
            assert!(
                errors.contains(expected) && errors.lines().count() == 1,
                "{to}: {errors}"
            );
        } else {
            let errors = complaint(&text);
            assert!(errors.contains(expected), "{to}: {errors}");
        }
    }
}

#[test]
fn all_errors_are_reported_at_once() {
    let errors = complaint("listen = 7101\nport = 1");
    for expected in [
        "`port`",
        "`listen` must be",
        "`database` is",
        "`workers` is",
        "`log-level` is",
        "`moderator-token` is",
    ] {
        assert!(errors.contains(expected), "{expected}: {errors}");
    }
}

#[test]
fn the_secret_is_never_quoted() {
    let quoted = format!("\"{TOKEN}\"");
    let good = configuration("127.0.0.1:0", "info");
    let cases = [
        (
            "\"hunter2\"",
            "hunter2",
            "`moderator-token` must have at least 16 characters",
        ),
        (
            "1234512345",
            "1234512345",
            "`moderator-token` must be a non-empty string",
        ),
        (
            "\"hunter2hunter2 hunter2\"",
            "hunter2",
            "`moderator-token` must be printable ASCII",
        ),
        (
            "\"hunter2hunter2hunter2",
            "hunter2",
            "line 5 is not valid TOML",
        ),
        (
            "\"hunter2hunter2hunter2\"\nmoderator-token = \"hunter2\"",
            "hunter2",
            "line 6 is not valid TOML",
        ),
    ];
    for (value, secret, expected) in cases {
        let errors = complaint(&good.replace(&quoted, value));
        assert!(errors.contains(expected), "{errors}");
        assert!(!errors.contains(secret), "{errors}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let home = Home::new();
    std::fs::remove_file(home.config()).expect("the configuration can be removed");
    let output = home.run();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.starts_with("guestbook: cannot read ") && errors.contains("guestbook.toml"),
        "{errors}"
    );
}
