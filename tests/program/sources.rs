//! Sources of documents: files, directories, globs, commands, commits; and missing ones.

use super::estate::{along, drift, estate, reported, yaml};
use super::world::TestWorld;

fn folder() -> TestWorld {
    let world = estate("[document.config]\npath = \"deploy/${environment}\"\n");
    for name in ["staging", "production"] {
        world.write(&format!("deploy/{name}/web.yaml"), "a: 1\n");
        world.write(&format!("deploy/{name}/sub/app.env"), "A=1\n");
        world.write(&format!("deploy/{name}/notes.txt"), "a line\n");
    }
    world
}

#[test]
fn files_of_a_directory_are_matched_by_their_relative_names() {
    let world = folder();
    assert_eq!(drift(&world, 0), Vec::<String>::new());
    world.write("deploy/production/sub/app.env", "A=2\n");
    assert_eq!(
        drift(&world, 2),
        ["parity/setting-differs \"sub/app.env\".A"]
    );
    world.write("deploy/production/sub/app.env", "A=1\n");
    world.write("deploy/production/new.yaml", "x: 1\n");
    world.write("deploy/staging/old.toml", "y = 1\n");
    let mut reported = drift(&world, 2);
    reported.sort();
    assert_eq!(
        reported,
        [
            "parity/file-missing \"new.yaml\"",
            "parity/file-missing \"old.toml\""
        ]
    );
    world
        .expect(2, &["drift", "--parity"])
        .says("exists in production, missing in staging")
        .says("exists in staging, missing in production");
}

#[test]
fn a_glob_names_some_of_the_files() {
    let world = folder();
    world.replace(
        "environments/system.toml",
        "deploy/${environment}",
        "deploy/${environment}/**/*.env",
    );
    world.write("deploy/production/web.yaml", "a: 2\n");
    assert_eq!(drift(&world, 0), Vec::<String>::new());
    world.write("deploy/production/sub/app.env", "A=2\n");
    assert_eq!(drift(&world, 2).len(), 1);
}

#[test]
fn binary_files_beside_others_are_equal_or_not() {
    let world = folder();
    for name in ["staging", "production"] {
        std::fs::write(
            world.path(&format!("deploy/{name}/logo.png")),
            b"\x89PNG\x00\x01",
        )
        .unwrap();
    }
    assert_eq!(drift(&world, 0), Vec::<String>::new());
    std::fs::write(world.path("deploy/production/logo.png"), b"\x89PNG\x00\x02").unwrap();
    let reported = drift(&world, 2);
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert!(reported[0].contains("logo.png"), "{reported:?}");
}

#[test]
fn one_broken_file_hides_nothing_of_the_others() {
    let world = folder();
    world.write("deploy/production/web.yaml", "a: [\n");
    world.write("deploy/production/sub/app.env", "A=2\n");
    let mut reported = drift(&world, 1);
    reported.sort();
    assert_eq!(reported.len(), 2, "{reported:?}");
    assert!(reported[0].starts_with("document/syntax"));
    assert!(reported[1].starts_with("parity/setting-differs"));
    world
        .expect(1, &["drift", "--parity"])
        .says("cannot tell, 1 difference");
}

#[test]
fn a_missing_document_is_unreadable_and_never_equal() {
    let world = yaml("a: 1\n", "a: 1\n", "");
    std::fs::remove_file(world.path("config/production.yaml")).unwrap();
    assert_eq!(drift(&world, 1), ["document/unreadable"]);
    let text = world.expect(1, &["drift", "--parity"]);
    text.says("there is no `config/production.yaml`")
        .says("cannot tell");
    assert!(!text.out.contains("in parity"));
    std::fs::remove_file(world.path("config/staging.yaml")).unwrap();
    let both = drift(&world, 1);
    assert_eq!(both.len(), 2, "{both:?}");
}

#[test]
fn a_document_of_one_environment_is_reported() {
    let world = estate("[document.config]\n");
    world.add(
        "environments/production.toml",
        "\n[document.config]\npath = \"p.yaml\"\n",
    );
    world.write("p.yaml", "a: 1\n");
    assert_eq!(drift(&world, 2), ["parity/document-missing"]);
    world.add(
        "environments/staging.toml",
        "\n[document.config]\npath = \"s.yaml\"\n",
    );
    world.write("s.yaml", "a: 1\n");
    assert_eq!(drift(&world, 0), Vec::<String>::new());
}

#[test]
fn the_output_of_a_command_is_compared() {
    let world = estate(
        "[document.config]\nrender = [\"bin/render\", \"${environment}\"]\nwithin = \"20s\"\n",
    );
    world.script(
        "bin/render",
        "echo \"a: 1\"; echo \"name: shop-$1\"; echo noise >&2",
    );
    assert_eq!(
        reported(&world.json(0, &["drift", "--parity", "--render"])),
        Vec::<String>::new()
    );
    world.script("bin/render", "echo \"a: ${#1}\"");
    let report = world.json(2, &["drift", "--parity", "--render"]);
    assert_eq!(reported(&report), ["parity/setting-differs a"]);
}

#[test]
fn a_failing_hanging_or_missing_command_is_reported_and_never_equal() {
    let world = estate(
        "[document.config]\nrender = [\"bin/render\", \"${environment}\"]\nwithin = \"3s\"\n",
    );
    let refused = |says: &str| {
        let text = world.expect(1, &["drift", "--parity", "--render"]);
        text.says("document/unreadable")
            .says(says)
            .says("cannot tell");
        assert!(!text.out.contains("in parity"), "{}", text.short());
        assert_eq!(
            world.processes(),
            Vec::<i32>::new(),
            "nothing is left running"
        );
    };
    refused("bin/render");
    world.script(
        "bin/render",
        "echo 'a: 1'; echo 'no such release' >&2; exit 3",
    );
    refused("no such release");
    world.script("bin/render", "echo 'a: 1'; sleep 600 & sleep 600");
    refused("3s");
    world.script("bin/render", "kill -9 $$");
    refused("bin/render");
    world.script("bin/render", "head -c 200 /dev/zero");
    let text = world.expect(1, &["drift", "--parity", "--render"]);
    text.says("document/not-text");
    // Endless output is not kept.
    world.replace(
        "environments/system.toml",
        "within = \"3s\"",
        "within = \"60s\"",
    );
    world.script("bin/render", "yes a");
    let text = world.expect(1, &["drift", "--parity", "--render"]);
    text.says("`bin/render production` printed no document: more than 64 MiB")
        .says("cannot tell");
    assert!(!text.out.contains("in parity"), "{}", text.short());
}

#[test]
fn documents_are_read_from_the_commit_that_is_named() {
    let world = yaml("a: 1\n", "a: 1\n", "");
    let first = world.commit();
    world.write("config/production.yaml", "a: 2\n");
    let second = world.commit();
    world.write("config/production.yaml", "a: [\n");
    world.expect(1, &["drift", "--parity"]);
    world.expect(0, &["drift", "--parity", "--at", &first]);
    world.expect(2, &["drift", "--parity", "--at", &second]);
    world.expect(64, &["drift", "--parity", "--at", "no-such-revision"]);
}

#[test]
fn outside_files_and_files_of_git_are_not_read() {
    let world = yaml("a: 1\n", "a: 1\n", "");
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("x.yaml"), "a: 1\n").unwrap();
    std::fs::remove_file(world.path("config/production.yaml")).unwrap();
    std::os::unix::fs::symlink(
        outside.path().join("x.yaml"),
        world.path("config/production.yaml"),
    )
    .unwrap();
    assert_eq!(drift(&world, 1), ["document/unreadable"]);
    std::fs::remove_file(world.path("config/production.yaml")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        world.path("config/production.yaml"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    assert_eq!(drift(&world, 1), ["document/unreadable"]);
}

#[test]
fn three_environments_are_compared_along_the_path() {
    let world = TestWorld::empty();
    along(
        &world,
        &["development", "staging", "production"],
        "[document.config]\npath = \"config/${environment}.yaml\"\n",
    );
    world.write("config/development.yaml", "a: 1\nb: 1\n");
    world.write("config/staging.yaml", "a: 2\nb: 1\n");
    world.write("config/production.yaml", "a: 2\nb: 2\n");
    let text = world.expect(2, &["drift", "--parity"]);
    text.says("`a` is 2 in staging and 1 in development")
        .says("`b` is 2 in production and 1 in staging");
}
