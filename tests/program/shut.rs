//! Gate and documents: a difference or an unreadable document shuts the release; a declared difference does not.

use super::estate::declared;
use super::world::{Ran, SYSTEM, TestWorld};

/// Returns the small system with a document.
fn small() -> TestWorld {
    let world = TestWorld::with(&format!(
        "{SYSTEM}approvals = 0\n\n[document.config]\npath = \"config/${{environment}}.yaml\"\n"
    ));
    world.write("config/staging.yaml", "replicas: 2\nlevel: info\n");
    world.write("config/production.yaml", "replicas: 2\nlevel: info\n");
    world
}

/// Checks that it is shut because the environments differ.
#[track_caller]
fn is_shut(world: &TestWorld, verb: &str) -> Ran {
    let ran = world.expect(3, &[verb]);
    ran.says("parity");
    ran
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
    is_shut(&world, "release");
    is_shut(&world, "deliver");
    world.write(
        "environments/differences.toml",
        &declared("document.config.replicas", "staging = 2\nproduction = 5"),
    );
    // Beyond its bounds the declaration does not count.
    is_shut(&world, "deliver").says("expected 5");
    world.replace("environments/differences.toml", "= 5", "= 6");
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
}

#[test]
fn an_unreadable_document_shuts_it() {
    let world = small();
    world.expect(0, &["deliver"]);
    for broken in ["replicas: [\n", "a: 1\na: 2\n"] {
        world.write("config/production.yaml", broken);
        for verb in ["deliver", "release"] {
            is_shut(&world, verb).says("is not valid yaml");
        }
    }
    // Equally damaged files are not in parity either.
    world.write("config/staging.yaml", "a: 1\na: 2\n");
    for verb in ["deliver", "release"] {
        is_shut(&world, verb);
    }
    std::fs::remove_file(world.path("config/production.yaml")).unwrap();
    for verb in ["deliver", "release"] {
        is_shut(&world, verb);
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
    is_shut(&world, "deliver");
}
