//! Baseline: afterwards only new differences are reported, and existing text of the file is unchanged.

use super::estate::{declared, drift, estate, yaml};
use super::world::TestWorld;

const FILE: &str = "environments/differences.toml";

/// Returns differences of every sort, in several files and formats.
fn rich() -> TestWorld {
    let world = estate(
        "[document.values]\npath = \"config/${environment}.yaml\"\n\n[document.variables]\npath = \"env/${environment}\"\n",
    );
    world.write(
        "config/staging.yaml",
        "replicas: 2\ndebug: true\nimage: shop:1.2\nmemory: 512Mi\nlevel: info\nport: 80\nhosts: [a, b]\n\
         cert: |\n  line one\n  line two\nsubnet: subnet-0a1b2c3d4e5f60718\nonly: {deep: {x: 1, y: 2}}\n\
         command: [run, a, b]\nlist: [{name: a, v: 1}, {name: b, v: 1}]\n\
         s1: {zone: eu-west-1}\ns2: {zone: eu-west-1}\ns3: {zone: eu-west-1}\n\"odd key\": {\"a.b\": one}\ntagged: !A x\n",
    );
    world.write(
        "config/production.yaml",
        "replicas: 6\ndebug: false\nimage: shop:1.3\nmemory: 2Gi\nlevel: debug\nport: \"80\"\nhosts: [b, a]\n\
         cert: |\n  line one\n  line zwei\nsubnet: subnet-0ffb2c3d4e5f60718\nother: 1.5\n\
         command: [run, b, a]\nlist: [{name: a, v: 1}, {name: c, v: 2}]\n\
         s1: {zone: us-east-2}\ns2: {zone: us-east-2}\ns3: {zone: us-east-2}\n\"odd key\": {\"a.b\": two}\ntagged: !B x\n",
    );
    world.write(
        "env/staging/app.env",
        "LEVEL=info\nDB_PASSWORD=one-hunter\nQUOTED=\"a \\\"b\\\"\"\n",
    );
    world.write(
        "env/production/app.env",
        "LEVEL=debug\nDB_PASSWORD=two-hunter\nQUOTED=\"c \\\"d\\\"\"\nMORE=1\n",
    );
    world.write("env/staging/nginx.conf", "listen 80;\nworkers 2;\n");
    world.write("env/production/nginx.conf", "listen 80;\nworkers 8;\n");
    world.write("env/staging/gone.toml", "a = 1\n");
    world
}

#[test]
fn after_a_baseline_only_new_differences_are_reported() {
    let world = rich();
    let before = drift(&world, 2);
    assert!(before.len() >= 15, "{before:?}");
    world.expect(0, &["baseline", "--owner", "platform"]);
    let left = drift(&world, 0);
    assert!(
        left.iter()
            .all(|line| line.starts_with("parity/secret-differs")),
        "{left:?}"
    );
    world.expect(0, &["validate"]);
    world.replace("config/production.yaml", "level: debug", "level: trace");
    let reported: Vec<String> = drift(&world, 2)
        .into_iter()
        .filter(|line| !line.contains("secret"))
        .collect();
    assert_eq!(reported, ["parity/setting-differs level"]);
    world.replace("config/production.yaml", "level: trace", "level: debug");
    world.add("config/production.yaml", "fresh: true\n");
    let reported: Vec<String> = drift(&world, 2)
        .into_iter()
        .filter(|line| !line.contains("secret"))
        .collect();
    assert_eq!(reported, ["parity/key-missing fresh"]);
}

#[test]
fn the_file_reads_like_this() {
    let world = rich();
    world.expect(
        0,
        &[
            "baseline", "--owner", "platform", "--reason", "as found", "--ticket", "OPS-7",
        ],
    );
    let dates = regex::Regex::new("[0-9]{4}-[0-9]{2}-[0-9]{2}").unwrap();
    insta::assert_snapshot!("baseline", dates.replace_all(&world.read(FILE), "DATE"));
}

#[test]
fn twice_adds_nothing_and_a_dry_run_writes_nothing() {
    let world = rich();
    world
        .expect(0, &["baseline", "--dry-run"])
        .says("would be added");
    assert!(!world.path(FILE).exists());
    world.expect(0, &["baseline"]);
    let first = world.read(FILE);
    world.expect(0, &["baseline"]).says("nothing to write");
    assert_eq!(world.read(FILE), first);
}

#[test]
fn existing_text_stays_byte_for_byte() {
    let written = format!(
        "# Ours; see the handbook.\r\n\n#   odd   spacing\n{}   # trailing words\n\n\n# the end, without a line end",
        declared(
            "document.config.a",
            "staging   =  1 # low\nproduction={exact=2}"
        )
        .trim_end()
    );
    let world = yaml("a: 1\nb: 1\n", "a: 2\nb: 2\n", "");
    world.write(FILE, &written);
    assert_eq!(drift(&world, 2), ["parity/setting-differs b"]);
    world.mode(FILE, 0o640);
    world.expect(0, &["baseline"]);
    let after = world.read(FILE);
    assert!(after.starts_with(&written), "{after}");
    assert_eq!(drift(&world, 0), Vec::<String>::new());
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(world.path(FILE)).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn a_secret_encrypted_in_one_environment_is_bounded() {
    let sealed =
        "password: ENC[PKCS7,MIIBeQYJKoZIhvcNAQcDoIIBajCCAWYCAQAxggEhMIIBHQIBADAFMAACAQEw]\n";
    let world = yaml("password: hunter2\n", sealed, "");
    assert_eq!(drift(&world, 2), ["parity/setting-differs password"]);
    world.expect(0, &["baseline"]);
    assert_eq!(drift(&world, 0), Vec::<String>::new());
    assert!(!world.read(FILE).contains("hunter2"));
}

#[test]
fn a_broken_file_stays_unchanged() {
    let world = yaml("a: 1\n", "a: 2\n", "");
    world.write(FILE, "[[difference]\n");
    world.expect(1, &["baseline"]);
    assert_eq!(world.read(FILE), "[[difference]\n");
    world.expect(64, &["baseline", "--at", "HEAD"]);
    world.expect(64, &["baseline", "--expires-in", "soon"]);
}

#[test]
fn the_expiry_is_configurable() {
    let world = yaml("a: 1\n", "a: 2\n", "");
    world.expect(0, &["baseline", "--expires-in", "1d"]);
    assert_eq!(drift(&world, 0), ["difference/expires-soon"]);
}

#[test]
fn severities_of_the_system_decide_what_needs_a_declaration() {
    let world = yaml("password: one\n", "password: two\n", "");
    world.expect(0, &["baseline"]).says("nothing to write");
    world.add(
        "environments/system.toml",
        "\n[severity]\n\"parity/secret-differs\" = \"error\"\n",
    );
    assert_eq!(drift(&world, 2), ["parity/secret-differs password"]);
    world.expect(0, &["baseline"]);
    let file = world.read(FILE);
    assert!(!file.contains("\"one") && !file.contains("\"two"), "{file}");
}

/// Configuration within configuration: all of it is bounded, except the secret in it.
#[test]
fn a_text_with_a_secret_in_it_is_bounded_without_the_secret() {
    let embedded = |level: &str, secret: &str| {
        format!(
            "data:\n  app.properties: |\n    level={level}\n    db.password={secret}\n    size=1\n"
        )
    };
    let world = yaml(
        &embedded("info", "hunter-one"),
        &embedded("debug", "hunter-two"),
        "",
    );
    let text = world.expect(2, &["drift", "--parity"]);
    assert!(!text.all().contains("hunter"), "{}", text.short());
    text.says("level=debug");
    world.expect(0, &["baseline"]);
    let file = world.read(FILE);
    assert!(
        file.contains("level=debug") && !file.contains("hunter"),
        "{file}"
    );
    assert_eq!(drift(&world, 0), Vec::<String>::new());
    world.replace("config/production.yaml", "hunter-two", "hunter-three");
    assert_eq!(drift(&world, 0), Vec::<String>::new());
    world.replace("config/production.yaml", "size=1", "size=2");
    let text = world.expect(2, &["drift", "--parity"]);
    assert!(!text.all().contains("hunter"), "{}", text.short());
    text.says("a difference is declared here");
}
