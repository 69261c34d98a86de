//! Several environments in one file: found by `init`, declared by `section`, compared as two documents with places in
//! one file.

use super::estate::{drift, reported};
use super::world::TestWorld;

/// Returns a repository of one file.
fn repository(path: &str, text: &str) -> TestWorld {
    let world = TestWorld::empty();
    world.write(path, text);
    world.commit();
    world
}

/// Checks the section that `init` writes for the only document, and the differences.
#[track_caller]
fn finds(path: &str, text: &str, section: &str, expected: &[&str]) {
    let world = repository(path, text);
    world.expect(0, &["init"]);
    let system = world.read("environments/system.toml");
    if section.is_empty() {
        assert!(!system.contains("section ="), "{system}");
    } else {
        assert!(
            system.contains(&format!("path = \"{path}\"\nsection = \"{section}\"\n")),
            "{system}"
        );
    }
    let mut found = drift(&world, if expected.is_empty() { 0 } else { 2 });
    found.sort();
    assert_eq!(found, expected, "{path}");
    world.expect(0, &["baseline"]);
    world.expect(0, &["drift", "--parity"]);
}

#[test]
fn maps_under_the_names_of_environments() {
    finds(
        "wrangler.toml",
        "name = \"api\"\n[env.staging.vars]\nLOG = \"debug\"\nRATE = \"10\"\n[env.production.vars]\nLOG = \"info\"\n",
        "env.${environment}",
        &[
            "parity/key-missing vars.RATE",
            "parity/setting-differs vars.LOG",
        ],
    );
    finds(
        "config/database.yml",
        "default: &default\n  adapter: postgresql\n  pool: 5\nqa:\n  <<: *default\n  database: app_qa\nlive:\n  <<: *default\n  pool: 20\n  database: app_live\n",
        "${environment}",
        &["parity/size-differs pool"],
    );
    finds(
        "cdk.json",
        "{\"context\": {\"uat\": {\"alarms\": false, \"host\": \"uat.a\"}, \"prod\": {\"alarms\": true, \"host\": \"prod.a\"}}}",
        "context.${environment}",
        &["parity/flag-differs alarms"],
    );
    finds(
        "serverless.yml",
        "params:\n  default: {a: 1}\n  preprod: {memory: 512, a: x}\n  prod: {memory: 512, a: y}\n",
        "params.${environment}",
        &["parity/setting-differs a"],
    );
    finds(
        "settings.ini",
        "[common]\na = 1\n[staging]\nurl = http://staging.x\n[production]\nurl = http://production.x\n",
        "${environment}",
        &[],
    );
    finds(
        "odoo.conf",
        "[staging]\nurl = a\n[production]\nurl = b\n",
        "${environment}",
        &["parity/setting-differs url"],
    );
    finds(
        "locals.tf",
        "locals {\n  env = {\n    staging = { size = \"s\" }\n    production = { size = \"s\" }\n  }\n}\n",
        "locals.env.${environment}",
        &[],
    );
}

#[test]
fn blocks_of_a_file_that_is_compared_as_lines() {
    finds(
        "fastlane/Fastfile",
        "default_platform(:ios)\n\nplatform :ios do\n  desc \"To testers\"\n  lane :staging do |options|\n    gym(scheme: \"Shop\")\n    pilot(skip_submission: true)\n  end\n\n  lane :production do |options|\n    gym(scheme: \"Shop\")\n    pilot(skip_submission: false)\n  end\nend\n",
        "platform.ios.lane.${environment}",
        &["parity/lines-differ [\"pilot(skip_submission: true)\"]"],
    );
    finds(
        "Appfile",
        "apple_id \"a@example.org\"\nfor_lane :uat do\n  app_identifier \"org.shop\"\nend\nfor_lane :prod do\n  app_identifier \"org.shop\"\nend\n",
        "for_lane.${environment}",
        &[],
    );
    // Lanes of one environment and of none, and a file of another program.
    for (path, text) in [
        (
            "fastlane/Fastfile",
            "lane :staging, :a do\n  a\nend\nlane :production do\n  a\nend\nlane :lint do\n  a\nend\n",
        ),
        (
            "Gemfile",
            "group :staging do\n  gem \"a\"\nend\ngroup :production do\n  gem \"b\"\nend\n",
        ),
    ] {
        let world = repository(path, text);
        world.run(&["init"]);
        let system = world.path("environments/system.toml");
        let system = std::fs::read_to_string(system).unwrap_or_default();
        assert!(!system.contains("section ="), "{system}");
    }
}

#[test]
fn a_nested_development_with_the_same_keys_is_deployed() {
    finds(
        "serverless.yml",
        "service: shop\ncustom:\n  config:\n    dev:\n      memory: 512\n      level: debug\n    prod:\n      memory: 512\n      level: info\n",
        "custom.config.${environment}",
        &["parity/setting-differs level"],
    );
    // Other keys, one key, at the root, or no production.
    for text in [
        "custom:\n  config:\n    dev: {memory: 512, level: debug}\n    prod: {memory: 512, alarms: true}\n",
        "custom:\n  config:\n    dev: {memory: 512}\n    prod: {memory: 512}\n",
        "dev: {memory: 512, level: debug}\nprod: {memory: 512, level: info}\n",
        "custom:\n  config:\n    dev: {memory: 512, level: debug}\n    staging: {memory: 512, level: info}\n",
    ] {
        let world = repository("settings.yml", text);
        world.expect(0, &["init"]);
        let system = world.read("environments/system.toml");
        assert!(!system.contains("\n[document."), "{system}");
    }
}

#[test]
fn jobs_and_keys_with_the_environment_in_their_names() {
    finds(
        ".github/workflows/cd.yml",
        "on: push\njobs:\n  build: {runs-on: u}\n  deploy-qa:\n    environment: qa\n    env: {LEVEL: debug}\n  deploy-live:\n    environment: live\n    env: {LEVEL: info}\n",
        "jobs.deploy-${environment}",
        &["parity/setting-differs env.LEVEL"],
    );
    finds(
        ".gitlab-ci.yml",
        "stages: [deploy]\ndeploy_staging:\n  script: [a]\ndeploy_production:\n  script: [a]\n",
        "deploy_${environment}",
        &[],
    );
}

#[test]
fn elements_of_lists_that_name_an_environment() {
    finds(
        "skaffold.yaml",
        "build: {}\nprofiles:\n- name: stg\n  tag: a\n- name: prd\n  tag: b\n",
        "profiles[name=${environment}]",
        &["parity/setting-differs tag"],
    );
    finds(
        ".github/workflows/cd.yml",
        "jobs:\n  deploy:\n    strategy:\n      matrix:\n        include:\n        - {environment: staging, size: small}\n        - {environment: production, size: small}\n",
        "jobs.deploy.strategy.matrix.include[environment=${environment}]",
        &[],
    );
    finds(
        "set.yaml",
        "spec:\n  generators:\n  - list:\n      elements:\n      - {cluster: staging, mode: a}\n      - {cluster: production, mode: b}\n",
        "spec.generators[0].list.elements[cluster=${environment}]",
        &["parity/setting-differs mode"],
    );
}

#[test]
fn names_in_long_words() {
    let world = repository(
        "azure-pipelines.yml",
        "stages:\n- stage: DeployStaging\n  pool: a\n- stage: DeployProduction\n  pool: b\n",
    );
    world.expect(0, &["init"]);
    assert!(
        world
            .read("environments/staging.toml")
            .contains("section = \"stages[stage=DeployStaging]\"")
    );
    assert_eq!(drift(&world, 2), ["parity/setting-differs pool"]);
}

#[test]
fn documents_of_one_file_overlay_those_without_a_profile() {
    finds(
        "src/main/resources/application.yml",
        "port: 8080\nlog: {a: 1}\n---\nspring: {config: {activate: {on-profile: staging}}}\nport: 9090\n---\nspring: {config: {activate: {on-profile: production}}}\nlog: {a: 1}\n",
        "[spring.config.activate.on-profile=${environment}]",
        &["parity/setting-differs port"],
    );
    finds(
        "application.properties",
        "port=8080\n#---\nspring.config.activate.on-profile=uat\nlevel=DEBUG\n#---\nspring.config.activate.on-profile=live\nport=8080\nlevel=INFO\n",
        "[spring.config.activate.on-profile=${environment}]",
        &["parity/setting-differs level"],
    );
}

#[test]
fn one_of_several_documents_may_have_the_sections() {
    finds(
        "helmfile.yaml",
        "environments:\n  staging: {context: a, values: [x]}\n  production: {context: b, values: [x]}\n---\nreleases: [{name: shop}]\n",
        "environments.${environment}",
        &["parity/setting-differs context"],
    );
}

#[test]
fn objects_of_kubernetes_by_their_namespace() {
    let object = |kind: &str, namespace: &str, more: &str| {
        format!(
            "---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: web, namespace: shop-{namespace}}}\n{more}\n"
        )
    };
    let text = [
        object("ConfigMap", "uat", "data: {level: debug}"),
        object("Service", "uat", "spec: {type: ClusterIP}"),
        object("ConfigMap", "prod", "data: {level: info}"),
        object("Service", "prod", "spec: {type: ClusterIP}"),
    ];
    finds(
        "all.yaml",
        &text.concat(),
        "[metadata.namespace=shop-${environment}]",
        &[
            "parity/setting-differs [apiVersion=v1,kind=ConfigMap,namespace=shop-uat,name=web].data.level",
        ],
    );
}

#[test]
fn irregular_sections_are_in_the_environments_files() {
    let world = repository(
        "settings.json",
        "{\"Environments\": {\"Staging\": {\"n\": \"a\"}, \"Production\": {\"n\": \"b\"}}}",
    );
    world.expect(0, &["init"]);
    assert!(
        world
            .read("environments/staging.toml")
            .contains("section = \"Environments.Staging\"")
    );
    assert_eq!(drift(&world, 2), ["parity/setting-differs n"]);
    // Jobs that name their environment in another key.
    let world = repository(
        ".github/workflows/cd.yml",
        "jobs:\n  a:\n    environment: {name: uat}\n    env: {X: a}\n  b:\n    environment: {name: prod}\n    env: {X: b}\n",
    );
    world.expect(0, &["init"]);
    assert!(
        world
            .read("environments/uat.toml")
            .contains("section = \"jobs.a\"")
    );
    assert_eq!(drift(&world, 2), ["parity/setting-differs env.X"]);
}

#[test]
fn other_maps_are_not_proposed_as_sections() {
    for (path, text) in [
        ("x.yaml", "replicas: {staging: 1, production: 3}\n"),
        (
            "x.yaml",
            "hosts:\n- {name: a, env: staging}\n- {name: b, env: staging}\n- {name: c, env: production}\n",
        ),
        (
            "package.json",
            "{\"config\": {\"staging\": {\"a\": 1}, \"production\": {\"a\": 2}}}",
        ),
        ("x.yaml", "test: {a: 1}\nlive: {a: 1}\n"),
        ("notes.txt", "staging: a\nproduction: b\n"),
    ] {
        let world = repository(path, text);
        world.expect(1, &["init"]);
    }
    // Development is not a rehearsal, and tests are not environments.
    for (path, text) in [
        (
            "config/database.yml",
            "development: {a: 1}\nproduction: {a: 2}\n",
        ),
        ("tests/x.yaml", "staging: {a: 1}\nproduction: {a: 2}\n"),
    ] {
        let world = repository(path, text);
        world.expect(0, &["init"]);
        let system = world.read("environments/system.toml");
        assert!(system.contains("\n# [document."), "{system}");
        assert!(!system.contains("\n[document."), "{system}");
    }
}

fn sectioned(section: &str, text: &str) -> TestWorld {
    let world = TestWorld::empty();
    for name in ["staging", "production"] {
        world.write(
            &format!("environments/{name}.toml"),
            &format!("[environment]\nname = \"{name}\"\n"),
        );
    }
    world.write(
        "environments/system.toml",
        &format!(
            "[system]\nname = \"shop\"\npath = [\"staging\", \"production\"]\n\n[document.app]\npath = \"app.yaml\"\nsection = '{section}'\n"
        ),
    );
    world.write("app.yaml", text);
    world.commit();
    world
}

#[test]
fn places_history_and_declared_differences_are_those_of_the_section() {
    let text =
        "env:\n  staging:\n    level: info\n    n: 1\n  production:\n    level: info\n    n: 1\n";
    let world = sectioned("env.${environment}", text);
    assert_eq!(drift(&world, 0), Vec::<String>::new());
    let first = world.git(&["rev-parse", "HEAD"]);
    world.write("app.yaml", &text.replacen("level: info", "level: debug", 1));
    let second = world.commit();
    let ran = world.expect(2, &["drift", "--parity"]);
    ran.says("app.yaml:3:12");
    ran.says(&format!("commit {}", &second[..10]));
    world.expect(0, &["drift", "--parity", "--at", first.trim()]);
    assert_eq!(
        reported(&world.json(2, &["drift", "--parity", "--since", first.trim()])),
        ["parity/setting-differs level"]
    );
    world.write(
        "environments/differences.toml",
        "[[difference]]\nat = \"document.app.level\"\nstaging = \"debug\"\nproduction = \"info\"\nreason = \"a\"\nowner = \"b\"\nexpires = 2099-01-01\n",
    );
    assert_eq!(drift(&world, 0), Vec::<String>::new());
}

#[test]
fn a_section_missing_on_one_side_is_a_difference_and_on_both_an_error() {
    let world = sectioned("env.${environment}", "env:\n  staging: {a: 1}\n");
    let ran = world.expect(2, &["drift", "--parity"]);
    ran.says("exists in staging, missing in production");
    let world = sectioned(
        "envs.${environment}",
        "env:\n  staging: {a: 1}\n  production: {a: 1}\n",
    );
    let ran = world.expect(1, &["drift", "--parity"]);
    ran.says("document/no-section");
    let world = sectioned("env[", "env:\n  staging: {a: 1}\n");
    world
        .expect(1, &["drift", "--parity"])
        .says("is not a valid path pattern");
}

#[test]
fn secrets_beside_a_section_are_hidden() {
    let world = sectioned(
        "env.${environment}",
        "env:\n  staging:\n    level: a\n    password: one-secret-1\n  production:\n    password: two-secret-2\n    level: b\n",
    );
    let ran = world.expect(2, &["drift", "--parity"]);
    assert!(!ran.out.contains("-secret-"), "{}", ran.out);
}
