//! Unusual definitions: documents only, and several productions.

use super::world::TestWorld;

fn environment(world: &TestWorld, name: &str, more: &str) {
    world.write(
        &format!("environments/{name}.toml"),
        &format!("[environment]\nname = \"{name}\"\n{more}"),
    );
}

#[test]
fn a_system_of_documents_alone_needs_nothing_else() {
    let world = TestWorld::empty();
    world.write(
        "environments/system.toml",
        "[system]\nname = \"shop\"\npath = [\"staging\", \"production\"]\n[document.values]\npath = \"values.yaml\"\n",
    );
    world.write("values.yaml", "a: 1\n");
    environment(&world, "staging", "");
    environment(&world, "production", "");
    world.expect(0, &["validate"]);
    world.expect(0, &["drift", "--parity"]);
    world.expect(0, &["drift"]);
    assert!(!world.path(".evenkeel").exists(), "looking leaves nothing");
}

#[test]
fn a_release_to_several_productions_is_refused_and_they_are_compared() {
    let world = TestWorld::empty();
    world.write(
        "environments/system.toml",
        "[system]\nname = \"shop\"\npath = [\"staging\", [\"eu-production\", \"us-production\"]]\n[release]\nrequire = []\n[target.web]\nlocal = true\n[file.a]\non = \"web\"\npath = \"at-${environment}\"\ncontent = \"x\"\n",
    );
    environment(&world, "staging", "");
    environment(&world, "eu-production", "");
    environment(&world, "us-production", "[file.a]\nmode = \"0600\"\n");
    world.expect(0, &["validate"]);
    for arguments in [
        &["plan"][..],
        &["plan", "us-production"],
        &["apply", "eu-production"],
        &["deliver"],
        &["release"],
        &["approve", "abc", "--reason", "why"],
    ] {
        world
            .expect(3, arguments)
            .says("eu-production and us-production are production together")
            .says("evenkeel drift");
        assert!(!world.path("at-eu-production").exists(), "{arguments:?}");
    }
    world.expect(2, &["plan", "staging"]);
    world.expect(0, &["apply", "staging"]);
    let document = world.json(2, &["drift"]);
    let findings = document["findings"].as_array().unwrap();
    let reported = |code: &str| {
        findings
            .iter()
            .filter(|finding| finding["code"] == code)
            .count()
    };
    assert_eq!(reported("parity/attribute-differs"), 2);
    // Each lacks what staging has; neither is ahead of the other.
    let corners: Vec<&str> = findings
        .iter()
        .filter_map(|finding| finding["corner"].as_str())
        .collect();
    assert_eq!(corners, ["half-promoted", "half-promoted"]);
}
