//! History: the commit that introduced a difference, and new differences since a revision.

use super::estate::{drift, yaml};
use super::world::TestWorld;

/// Commits everything at noon of a day.
fn commit_on(world: &TestWorld, day: &str, subject: &str) -> String {
    if !world.path(".git").exists() {
        world.write(".gitignore", "/.evenkeel\n");
        world.git(&["init", "--quiet"]);
    }
    world.git(&["add", "--all"]);
    let moment = format!("{day}T12:00:00+00:00");
    let mut command = std::process::Command::new("git");
    command.args([
        "-c",
        "user.name=Test",
        "-c",
        "user.email=test@example.invalid",
        "commit",
        "--quiet",
        "--allow-empty",
        "-m",
        subject,
    ]);
    world.surround(&mut command);
    let done = command
        .env("GIT_AUTHOR_DATE", &moment)
        .env("GIT_COMMITTER_DATE", &moment)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    world.git(&["rev-parse", "HEAD"])
}

/// Returns two differences, of May and of June.
fn two_differences() -> (TestWorld, String) {
    let world = yaml("a: 1\nb: 1\nc: 1\n", "a: 1\nb: 1\nc: 1\n", "");
    commit_on(&world, "2026-04-01", "Begin");
    world.write("config/production.yaml", "a: 2\nb: 1\nc: 1\n");
    commit_on(&world, "2026-05-01", "Let a differ");
    world.write("config/production.yaml", "a: 2\nb: 2\nc: 1\n");
    let last = commit_on(&world, "2026-06-01", "Let b differ");
    (world, last)
}

#[test]
fn each_difference_has_its_commit() {
    let (world, _) = two_differences();
    world.write("config/production.yaml", "a: 2\nb: 2\nc: 2\n");
    let text = world.expect(2, &["drift", "--parity"]);
    text.says("since 2026-05-01 12:00:00 UTC")
        .says("\"Let a differ\"")
        .says("since 2026-06-01 12:00:00 UTC")
        .says("in no commit yet");
    // Of one severity and reach the oldest comes first.
    let reported = drift(&world, 2);
    assert_eq!(
        reported,
        [
            "parity/setting-differs a",
            "parity/setting-differs b",
            "parity/setting-differs c"
        ]
    );
    let silent = world.expect(2, &["drift", "--parity", "--no-history"]);
    assert!(!silent.out.contains("since 20"), "{}", silent.short());
}

#[test]
fn differences_older_than_a_revision_are_only_counted() {
    let (world, last) = two_differences();
    world
        .expect(0, &["drift", "--parity", "--since", &last])
        .says("2 older ones not shown");
    let text = world.expect(2, &["drift", "--parity", "--since", "HEAD~1"]);
    text.says("`b` is 2 in production")
        .says("1 older one not shown");
    assert!(!text.out.contains("`a` is 2"), "{}", text.short());
    world.expect(64, &["drift", "--parity", "--since", "nowhere"]);
}

#[test]
fn a_returned_difference_has_its_new_age() {
    let (world, _) = two_differences();
    world.write("config/production.yaml", "a: 1\nb: 2\nc: 1\n");
    commit_on(&world, "2026-07-01", "Fix a");
    world.write("config/production.yaml", "a: 2\nb: 2\nc: 1\n");
    commit_on(&world, "2026-08-01", "Spoil a");
    world
        .expect(2, &["drift", "--parity"])
        .says("2026-08-01 12:00:00 UTC")
        .says("\"Spoil a\"");
}

#[test]
fn only_new_places_are_new() {
    let (world, last) = two_differences();
    world.write("config/production.yaml", "a: 2\nb: 2\nc: 2\n");
    let text = world.expect(2, &["drift", "--parity", "--since", &last]);
    text.says("`c` is 2 in production")
        .says("2 older ones not shown");
}

#[test]
fn a_renamed_file_keeps_its_age() {
    let world = yaml("a: 1\n", "a: 1\n", "");
    commit_on(&world, "2026-04-01", "Begin");
    world.write("config/production.yaml", "a: 2\n");
    commit_on(&world, "2026-05-01", "Let a differ");
    // Moved away, and back by way of another folder.
    world.git(&["mv", "config/production.yaml", "elsewhere.yaml"]);
    commit_on(&world, "2026-06-01", "Move it away");
    world.git(&["mv", "elsewhere.yaml", "config/production.yaml"]);
    commit_on(&world, "2026-07-01", "Move it back");
    world
        .expect(2, &["drift", "--parity"])
        .says("since 2026-05-01 12:00:00 UTC")
        .says("by Test, \"Let a differ\"");
    // Renamed and uncommitted: the age is unchanged.
    world.git(&["mv", "config", "settings"]);
    world.replace("environments/system.toml", "config/", "settings/");
    world
        .expect(2, &["drift", "--parity"])
        .says("\"Let a differ\"");
    world
        .expect(0, &["drift", "--parity", "--since", "HEAD"])
        .says("1 older one not shown");
    commit_on(&world, "2026-08-01", "Call the folder otherwise");
    for then in ["HEAD~1", "HEAD~2", "HEAD~3"] {
        world
            .expect(0, &["drift", "--parity", "--since", then])
            .says("1 older one not shown");
    }
    world.expect(2, &["drift", "--parity", "--since", "HEAD~4"]);
}

#[test]
fn a_merged_difference_is_dated_to_the_merged_commit() {
    let world = yaml("a: 1\nb: 1\n", "a: 1\nb: 1\n", "");
    commit_on(&world, "2026-04-01", "Begin");
    world.git(&["checkout", "--quiet", "-b", "feature"]);
    world.write("config/production.yaml", "a: 2\nb: 1\n");
    commit_on(&world, "2026-05-01", "Let a differ");
    world.write("unrelated", "");
    commit_on(&world, "2026-05-02", "Something else");
    world.git(&["checkout", "--quiet", "-"]);
    world.write("other", "");
    commit_on(&world, "2026-06-01", "Meanwhile");
    let merge = |message: &str| {
        world.git(&[
            "-c",
            "user.name=Merger",
            "-c",
            "user.email=m@example.invalid",
            "merge",
            "--quiet",
            "--no-ff",
            "--no-commit",
            "feature",
        ]);
        commit_on(&world, "2026-07-01", message)
    };
    merge("Merge the feature");
    world
        .expect(2, &["drift", "--parity"])
        .says("since 2026-05-01 12:00:00 UTC")
        .says("by Test, \"Let a differ\"");
    // A difference made by the merge itself is dated by the merge.
    world.git(&["checkout", "--quiet", "feature"]);
    world.write("unrelated", "more");
    commit_on(&world, "2026-08-01", "More of something else");
    world.git(&["checkout", "--quiet", "-"]);
    world.git(&["merge", "--quiet", "--no-ff", "--no-commit", "feature"]);
    world.write("config/production.yaml", "a: 2\nb: 2\n");
    commit_on(&world, "2026-09-01", "Merge and spoil");
    world
        .expect(2, &["drift", "--parity"])
        .says("\"Let a differ\"")
        .says("\"Merge and spoil\"");
}

#[test]
fn a_frequently_changing_document_has_its_own_budget() {
    let world = yaml(
        "a: 1\n",
        "a: 1\n",
        "[document.busy]\npath = \"busy.${environment}.yaml\"\n",
    );
    world.write("busy.staging.yaml", "tag: 0\n");
    world.write("busy.production.yaml", "tag: 0\n");
    commit_on(&world, "2026-04-01", "Begin");
    world.write("config/production.yaml", "a: 2\n");
    commit_on(&world, "2026-05-01", "Let a differ");
    for number in 1..=80 {
        world.write("busy.staging.yaml", &format!("tag: {number}\n"));
        commit_on(&world, "2026-06-01", &format!("Tag {number}"));
    }
    world
        .expect(2, &["drift", "--parity"])
        .says("since 2026-05-01 12:00:00 UTC")
        .says("\"Let a differ\"")
        .says("at least since commit")
        .says("\"Tag 17\"");
}

#[test]
fn without_a_repository_there_are_no_ages_and_since_is_refused() {
    let world = yaml("a: 1\n", "a: 2\n", "");
    let text = world.expect(2, &["drift", "--parity"]);
    assert!(!text.out.contains("since"), "{}", text.short());
    assert_eq!(text.err, "");
    world
        .expect(1, &["drift", "--parity", "--since", "HEAD"])
        .says("no git repository");
}

#[test]
fn a_repository_without_commits_has_no_history() {
    let world = yaml("a: 1\n", "a: 2\n", "");
    world.git(&["init", "--quiet"]);
    world.expect(2, &["drift", "--parity"]);
}
