//! First day: `init` in typical repositories, then a baseline, and afterwards only new differences.

use super::estate::drift;
use super::world::{Ran, TestWorld};

fn repository(files: &[(&str, &str)]) -> TestWorld {
    let world = TestWorld::empty();
    for (name, text) in files {
        world.write(name, text);
    }
    world
}

const VALUES: &str =
    "image: {repository: shop, tag: 1.2.3}\nreplicas: 2\nhost: staging.shop.example\nlevel: info\n";
const VALUES_OF_PRODUCTION: &str =
    "image: {repository: shop, tag: 1.2.3}\nreplicas: 6\nhost: www.shop.example\nlevel: info\n";

fn helm() -> TestWorld {
    repository(&[
        (
            "charts/shop/Chart.yaml",
            "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        ),
        (
            "charts/shop/templates/web.yaml",
            "kind: Deployment\nreplicas: {{ .Values.replicas }}\n",
        ),
        ("charts/shop/values.yaml", "replicas: 1\n"),
        ("charts/shop/values-staging.yaml", VALUES),
        ("charts/shop/values-production.yaml", VALUES_OF_PRODUCTION),
    ])
}

fn kustomize() -> TestWorld {
    let patch = |count: u8| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: {count}}}\n"
        )
    };
    let list = "resources: [../../base]\npatches: [{path: web.yaml}]\n";
    repository(&[
        (
            "base/web.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n",
        ),
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("overlays/staging/kustomization.yaml", list),
        ("overlays/staging/web.yaml", &patch(2)),
        ("overlays/production/kustomization.yaml", list),
        ("overlays/production/web.yaml", &patch(5)),
    ])
}

fn compose() -> TestWorld {
    let service = |level: &str| {
        format!(
            "services:\n  web:\n    image: shop:1.2.3\n    environment:\n    - LEVEL={level}\n    - CACHE=on\n"
        )
    };
    repository(&[
        ("compose.yaml", "services: {web: {image: shop:1.2.3}}\n"),
        ("compose.staging.yaml", &service("debug")),
        ("compose.production.yaml", &service("info")),
    ])
}

fn terraform() -> TestWorld {
    repository(&[
        ("main.tf", "variable \"size\" {}\n"),
        (
            "staging.tfvars",
            "size = \"small\"\nregion = \"eu-west-1\"\ncount_of_hosts = 2\n",
        ),
        (
            "production.tfvars",
            "size = \"large\"\nregion = \"eu-west-1\"\ncount_of_hosts = 4\n",
        ),
    ])
}

fn dotenv() -> TestWorld {
    repository(&[
        (".env.example", "LEVEL=\n"),
        (
            ".env.staging",
            "LEVEL=debug\nURL=https://staging.shop.example\nCACHE=true\n",
        ),
        (
            ".env.production",
            "LEVEL=info\nURL=https://www.shop.example\nCACHE=true\n",
        ),
    ])
}

/// Hosts of staging contain its name; production's do not.
fn ansible() -> TestWorld {
    let vars = |host: &str, workers: u8| {
        format!(
            "hostname: {host}\nworkers: {workers}\nlevel: info\nsmtp: {{host: mail.shop.example, port: 25}}\n"
        )
    };
    repository(&[
        ("inventory", "[web]\nshop.example\nstaging.shop.example\n"),
        (
            "host_vars/staging.shop.example/vars.yml",
            &vars("staging.shop.example", 2),
        ),
        ("host_vars/shop.example/vars.yml", &vars("shop.example", 8)),
    ])
}

fn three() -> TestWorld {
    let config =
        |name: &str, count: u8| format!("name: shop-{name}\nreplicas: {count}\nlevel: info\n");
    repository(&[
        ("config/preprod.yaml", &config("preprod", 4)),
        ("config/staging.yaml", &config("staging", 2)),
        ("config/production.yaml", &config("production", 6)),
    ])
}

fn siblings() -> TestWorld {
    let config =
        |region: &str, count: u8| format!("region: {region}\nreplicas: {count}\nlevel: info\n");
    repository(&[
        ("deploy/staging/app.yaml", &config("eu-west-1", 2)),
        ("deploy/eu-production/app.yaml", &config("eu-west-1", 6)),
        ("deploy/us-production/app.yaml", &config("us-east-1", 4)),
    ])
}

type Repository = (&'static str, fn() -> TestWorld, &'static [&'static str]);

const ALL: [Repository; 8] = [
    ("helm", helm, &["staging", "production"]),
    ("kustomize", kustomize, &["staging", "production"]),
    ("compose", compose, &["staging", "production"]),
    ("terraform", terraform, &["staging", "production"]),
    ("dotenv", dotenv, &["staging", "production"]),
    ("ansible", ansible, &["staging", "production"]),
    ("three", three, &["staging", "preprod", "production"]),
    (
        "siblings",
        siblings,
        &["staging", "eu-production", "us-production"],
    ),
];

/// Returns the files of a project other than definitions and records.
fn its_own(world: &TestWorld) -> Vec<(std::path::PathBuf, (u32, Vec<u8>))> {
    world
        .snapshot("")
        .into_iter()
        .filter(|(path, _)| {
            let path = path.strip_prefix(world.path("")).unwrap();
            !path.starts_with("environments") && !path.starts_with(".evenkeel")
        })
        .collect()
}

#[test]
fn from_init_to_a_passing_check_that_reports_new_differences() {
    for (name, make, environments) in ALL {
        let world = make();
        let before = its_own(&world);
        world.expect(0, &["init", "--dry-run"]);
        assert!(!world.path("environments").exists(), "{name}");
        world.expect(0, &["init"]);
        world.expect(0, &["validate"]);
        let mut made: Vec<String> = std::fs::read_dir(world.path("environments"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        made.sort();
        let mut expected: Vec<String> = environments
            .iter()
            .map(|name| format!("{name}.toml"))
            .collect();
        expected.push("system.toml".to_owned());
        expected.sort();
        assert_eq!(made, expected, "{name}");
        let reported = drift(&world, 2);
        assert!(!reported.is_empty(), "{name}");
        world.expect(0, &["baseline"]);
        // Advice needs no declaration: one host contains the environment's name, and shares the domain with the other.
        let advice: &[&str] = match name {
            "ansible" => &["parity/name-on-one-side hostname"],
            _ => &[],
        };
        assert_eq!(drift(&world, 0), advice, "{name}");
        // A full check passes, too: no declared resource exists.
        world.expect(0, &["drift"]);
        assert_eq!(
            its_own(&world),
            before,
            "{name}: what was there stays as it is"
        );
    }
}

#[test]
fn findings_have_a_certainty() {
    for (name, make, _) in ALL {
        let world = make();
        let text = world.expect(0, &["init"]);
        assert_eq!(text.err, "", "{name}");
        insta::assert_snapshot!(format!("init-{name}"), written(&world, &text));
    }
}

/// Returns the report and the definitions.
fn written(world: &TestWorld, report: &Ran) -> String {
    let name = world
        .path("")
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let mut all = report.out.clone();
    let mut files: Vec<_> = world.snapshot("environments").into_iter().collect();
    files.sort();
    for (path, (_, text)) in files {
        if path.is_file() {
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            all.push_str(&format!(
                "\n--- {file}\n{}",
                String::from_utf8(text).unwrap()
            ));
        }
    }
    all.replace(&name.to_lowercase(), "PROJECT")
        .replace(&name, "PROJECT")
}

#[test]
fn a_new_difference_is_reported_after_the_first_day() {
    let world = helm();
    world.expect(0, &["init"]);
    world.expect(0, &["baseline"]);
    world.replace(
        "charts/shop/values-production.yaml",
        "level: info",
        "level: trace",
    );
    assert_eq!(drift(&world, 2), ["parity/setting-differs level"]);
}

#[test]
fn files_are_never_overwritten_or_partial() {
    for there in ["system.toml", "staging.toml", "production.toml"] {
        let world = helm();
        world.write(&format!("environments/{there}"), "# ours\n");
        let before = world.snapshot("environments");
        world
            .expect(1, &["init"])
            .says("exists; nothing is overwritten");
        assert_eq!(world.snapshot("environments"), before, "{there}");
    }
    // A dangling link counts as a file.
    let world = helm();
    std::fs::create_dir(world.path("environments")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", world.path("environments/staging.toml")).unwrap();
    let before = world.snapshot("environments");
    world.expect(1, &["init"]);
    assert_eq!(world.snapshot("environments"), before);
    // Another place is possible.
    world.expect(0, &["init", "--environments", "definitions"]);
    world.expect(2, &["drift", "--parity", "--environments", "definitions"]);
    let world = helm();
    world.write("environments", "a file\n");
    world.expect(1, &["init"]);
    assert_eq!(world.read("environments"), "a file\n");
}

#[test]
fn finding_nothing_is_reported() {
    let world = repository(&[("README.md", "words\n"), ("src/main.c", "int main;\n")]);
    world
        .expect(1, &["init"])
        .says("no files or directories found")
        .says("evenkeel compare");
    assert!(!world.path("environments").exists());
    world.expect(64, &["init", "--at", "HEAD"]);
}

#[test]
fn broken_and_hostile_files_do_not_fail() {
    let world = helm();
    world.write("charts/shop/values-staging.yaml", "a: [\n");
    world.write("other/broken-staging.json", "{");
    world.write("other/broken-production.json", "{");
    std::fs::write(world.path("logo-staging.png"), b"\x89PNG\0\x01").unwrap();
    std::fs::write(world.path("logo-production.png"), b"\x89PNG\0\x02").unwrap();
    world.write("x/\u{1b}[2Jstaging/app.yaml", "a: 1\n");
    world.write("x/\u{1b}[2Jproduction/app.yaml", "a: 2\n");
    world.write("y/\"quoted\" ${environment}-staging.yaml", "a: 1\n");
    world.write("y/\"quoted\" ${environment}-production.yaml", "a: 2\n");
    std::os::unix::fs::symlink(".", world.path("loop-staging")).unwrap();
    std::os::unix::fs::symlink("/etc", world.path("etc-production")).unwrap();
    let text = world.run(&["init"]);
    assert!(text.code == 0 || text.code == 1, "{}", text.short());
    assert!(!text.all().contains('\u{1b}'), "{}", text.short());
    if text.code == 0 {
        world.expect(0, &["validate"]);
        let drift = world.run(&["drift", "--parity"]);
        assert!([1, 2].contains(&drift.code), "{}", drift.short());
        assert!(!drift.all().contains('\u{1b}'), "{}", drift.short());
    }
}
