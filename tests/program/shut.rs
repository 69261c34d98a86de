//! The gate and documents: what differs in one, or cannot be read, shuts the release; what is declared opens it.

use super::estate::declared;
use super::world::{SYSTEM, TestWorld};

/// The small system, and a document beside it.
fn small() -> TestWorld {
    let world = TestWorld::with(&format!(
        "{SYSTEM}approvals = 0\n\n[document.config]\npath = \"config/${{environment}}.yaml\"\n"
    ));
    world.write("config/staging.yaml", "replicas: 2\nlevel: info\n");
    world.write("config/production.yaml", "replicas: 2\nlevel: info\n");
    world
}

fn reasons(world: &TestWorld, code: i32, verb: &[&str]) -> Vec<String> {
    let report = world.json(code, verb);
    let mut codes: Vec<String> = report["verdict"]["reasons"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .map(|reason| reason["code"].as_str().unwrap().to_owned())
        .collect();
    codes.dedup();
    codes
}

#[test]
fn documents_in_parity_leave_it_open() {
    let world = small();
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
}

#[test]
fn a_difference_shuts_it_and_its_declaration_opens_it() {
    let world = small();
    world.expect(0, &["deliver"]);
    world.replace("config/production.yaml", "replicas: 2", "replicas: 6");
    let shut = reasons(&world, 3, &["release"]);
    assert!(shut.contains(&"gate/parity".to_owned()), "{shut:?}");
    let shut = reasons(&world, 3, &["deliver"]);
    assert!(shut.contains(&"gate/parity".to_owned()), "{shut:?}");
    world.write(
        "environments/differences.toml",
        &declared("document.config.replicas", "staging = 2\nproduction = 6"),
    );
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
    // Beyond its bounds it is shut again.
    world.replace("config/production.yaml", "replicas: 6", "replicas: 7");
    let shut = reasons(&world, 3, &["deliver"]);
    assert!(shut.contains(&"gate/parity".to_owned()), "{shut:?}");
}

#[test]
fn what_cannot_be_read_shuts_it() {
    let world = small();
    world.expect(0, &["deliver"]);
    for broken in ["replicas: [\n", "a: 1\na: 2\n"] {
        world.write("config/production.yaml", broken);
        for verb in [["deliver"], ["release"]] {
            let ran = world.run(&verb);
            assert!([1, 3].contains(&ran.code), "{verb:?} {}", ran.short());
            ran.says("document/");
        }
    }
    // Broken alike in both is no parity either.
    world.write("config/staging.yaml", "a: 1\na: 2\n");
    for verb in [["deliver"], ["release"]] {
        let ran = world.run(&verb);
        assert!([1, 3].contains(&ran.code), "{verb:?} {}", ran.short());
    }
    std::fs::remove_file(world.path("config/production.yaml")).unwrap();
    for verb in [["deliver"], ["release"]] {
        let ran = world.run(&verb);
        assert!([1, 3].contains(&ran.code), "{verb:?} {}", ran.short());
    }
}

#[test]
fn warnings_about_documents_leave_it_open() {
    let world = small();
    world.write("config/staging.yaml", "hosts: [a, b]\n");
    world.write("config/production.yaml", "hosts: [b, a]\n");
    world.expect(0, &["deliver"]);
    world.add(
        "environments/system.toml",
        "\n[severity]\n\"parity/order-differs\" = \"error\"\n",
    );
    let shut = reasons(&world, 3, &["deliver"]);
    assert!(shut.contains(&"gate/parity".to_owned()), "{shut:?}");
}
