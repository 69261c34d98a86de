//! Decisions that drift, found later, puts in doubt.

use super::replays::released;

#[test]
fn drift_found_after_a_release_puts_its_decisions_in_doubt() {
    let world = released();
    world
        .expect(0, &["audit", "doubts"])
        .says("NO DOUBTS")
        .says("0 complete drift checks examined")
        .says("evenkeel drift --record");
    world.expect(0, &["drift", "--record"]);
    world.expect(0, &["audit", "doubts"]).says("NO DOUBTS");
    // A definition that changed is no drift.
    world.write(
        "environments/config.toml.j2",
        "greeting = \"{{ greeting }}, you\"\n",
    );
    world.expect(2, &["drift", "--record"]);
    world.expect(0, &["audit", "doubts"]).says("NO DOUBTS");
    world.git(&["checkout", "--quiet", "."]);
    // Another plan is delivered, and approved; then staging turns out to be changed.
    world.write("build/app", "another\n");
    world.commit();
    let document = world.json(0, &["deliver"]);
    let plan = document["verdict"]["plan"].as_str().unwrap().to_owned();
    world.expect(0, &["approve", &plan, "--reason", "x"]);
    world.write("run/staging/config.toml", "outside edit\n");
    world.expect(2, &["drift", "--record"]);
    let before = world.snapshot("");
    let ran = world.expect(2, &["audit", "doubts"]);
    ran.says("IN DOUBT")
        .says(&format!("approval of plan {} at", &plan[7..19]))
        .says("staging was last seen in sync at")
        .says("and first seen drifted at")
        .says("by a drift check");
    let document = world.json(2, &["audit", "doubts"]);
    let doubts = document["doubts"].as_array().unwrap();
    let finding = doubts[0]["findings"][0].as_str().unwrap();
    assert!(doubts.iter().any(|doubt| doubt["decision"] == "approval"));
    for doubt in doubts {
        assert_eq!(doubt["environment"], "staging");
        assert!(doubt["entry"].as_u64() > doubt["in-sync"]["entry"].as_u64());
        assert!(doubt["entry"].as_u64() < doubt["drifted"]["entry"].as_u64());
    }
    for format in ["csv", "html", "markdown", "concise"] {
        let ran = world.expect(2, &["audit", "doubts", "--format", format]);
        assert!(
            ran.out.contains("approval of plan"),
            "{format}: {}",
            ran.out
        );
        assert!(ran.out.contains(&finding[7..19]), "{format}: {}", ran.out);
    }
    assert!(world.snapshot("") == before, "it changed a file");
    // The next complete apply is another observation in sync: these doubts are past, and remain.
    world.expect(0, &["apply", "staging"]);
    world.expect(2, &["audit", "doubts"]);
}
