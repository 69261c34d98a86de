//! A repository that git does not read is an error with git's message, and never "no repository": the policy of the
//! working tree does not count because git failed.

use super::world::{SYSTEM, TestWorld};

/// Obstacle of git, and a part of the message.
type Damage = (&'static str, &'static str, fn(&mut TestWorld));

const DAMAGED: &[Damage] = &[
    ("HEAD is garbage", "not a git repository", |world| {
        world.write(".git/HEAD", "garbage\n");
    }),
    ("an unknown format", "repository extension", |world| {
        world.git(&["config", "core.repositoryFormatVersion", "1"]);
        world.git(&["config", "extensions.future", "true"]);
    }),
    ("an empty .git", "not a git repository", |world| {
        std::fs::remove_dir_all(world.path(".git")).unwrap();
        std::fs::create_dir(world.path(".git")).unwrap();
    }),
    (
        "a .git that leads nowhere",
        "not a git repository",
        |world| {
            std::fs::remove_dir_all(world.path(".git")).unwrap();
            world.write(".git", "gitdir: /nowhere\n");
        },
    ),
    ("settings that are no settings", "bad config", |world| {
        world.write(".git/config", "[[[\n");
    }),
    ("a damaged branch", "HEAD is not a commit", |world| {
        let branch = world.git(&["symbolic-ref", "HEAD"]);
        world.write(&format!(".git/{branch}"), "garbage\n");
    }),
    ("a branch that is gone", "HEAD is not a commit", |world| {
        let branch = world.git(&["symbolic-ref", "HEAD"]);
        std::fs::remove_file(world.path(&format!(".git/{branch}"))).unwrap();
    }),
    ("a branch that never was", "HEAD is not a commit", |world| {
        world.git(&["symbolic-ref", "HEAD", "refs/heads/none"]);
    }),
    (
        "a commit that is not there",
        "HEAD is not a commit",
        |world| {
            world.write(".git/HEAD", &format!("{}\n", "1".repeat(40)));
        },
    ),
    ("a working tree elsewhere", "does not read", |world| {
        world.git(&["config", "core.worktree", "/"]);
    }),
    ("no git", "git cannot be started", |world| {
        world.variables.insert("PATH".into(), "/nonexistent".into());
    }),
    (
        "no git among relative directories",
        "git cannot be started",
        |world| {
            world.script("git", "exit 0");
            world.variables.insert("PATH".into(), ".:bin:".into());
        },
    ),
];

#[test]
fn a_failing_git_is_an_error_and_not_a_missing_repository() {
    for (what, words, damage) in DAMAGED {
        let mut world = TestWorld::with(&SYSTEM.replace("uncommitted = true\n", "approvals = 1\n"));
        world.commit();
        world.replace(
            "environments/system.toml",
            "approvals = 1",
            "approvals = 0\nuncommitted = true",
        );
        damage(&mut world);
        for arguments in [
            &["validate"][..],
            &["plan"],
            &["deliver"],
            &["release"],
            &["apply", "staging"],
            &["--at", "HEAD", "drift"],
        ] {
            let ran = world.run(arguments);
            assert_eq!(ran.code, 1, "{what}: {arguments:?}: {}", ran.short());
            assert!(
                ran.all().contains(words),
                "{what}: {arguments:?}: {}",
                ran.short()
            );
            assert!(
                !ran.all().contains("in no git repository"),
                "{what}: {}",
                ran.short()
            );
        }
        assert!(world.snapshot("run/staging").is_empty(), "{what}");
    }
}

#[test]
fn before_the_first_commit_and_without_a_repository_everything_works() {
    let world = TestWorld::small();
    world.expect(0, &["validate"]);
    world.git(&["init", "--quiet"]);
    world.expect(0, &["validate"]);
    world.git(&["add", "--all"]);
    world.expect(0, &["validate"]);
    // Without git, a project outside of a repository works.
    let mut world = TestWorld::small();
    world.variables.insert("PATH".into(), "/nonexistent".into());
    world.expect(0, &["validate"]);
}
