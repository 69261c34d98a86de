//! Documents printed by real programs, if installed.

use std::process::Command;

use super::{Home, files, printed_by, said, staging};

/// Whether a program is installed; otherwise prints a note.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: {program} is not installed");
    }
    found
}

#[test]
fn a_terraform_plan_is_a_document() {
    if !has("terraform") {
        return;
    }
    let home = Home::new();
    home.write(
        "infra/main.tf",
        "resource \"terraform_data\" \"size\" {\n  input = \"small\"\n}\n",
    );
    for arguments in [
        &["init", "-input=false"][..],
        &["plan", "-input=false", "-out=plan"],
    ] {
        let done = Command::new("terraform")
            .args(arguments)
            .env("CHECKPOINT_DISABLE", "1")
            .current_dir(home.path("infra"))
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
    let plan = printed_by(&["terraform", "-chdir=infra", "show", "-json", "plan"]);
    let none = printed_by(&["terraform", "-chdir=infra", "show", "-json", "none"]);
    let sets = home
        .working()
        .gather(&[(staging(), &plan), (staging(), &none)]);
    let document = &files(&sets[0])[""];
    assert!(
        document.starts_with("render: terraform -chdir=infra show -json plan: {"),
        "{document}"
    );
    assert!(document.contains("\"input\":\"small\""), "{document}");
    assert!(
        said(&sets[1]).contains("ended with status 1"),
        "{}",
        said(&sets[1])
    );
    assert!(
        sets[1].complaints[0]
            .help
            .as_ref()
            .unwrap()
            .contains("none")
    );
}
