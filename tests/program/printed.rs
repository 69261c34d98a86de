//! Output of the real `kubectl kustomize` and `helm`, compared; and values merged like helm.
//!
//! `tests/tools` installs both. If they are missing, the tests print a note.

use std::path::PathBuf;
use std::process::Command;

use super::estate::{drift, reported};
use super::world::TestWorld;

/// Returns a program of `tests/tools`, or of the machine.
fn program(name: &str) -> Option<String> {
    let installed = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("target/tools/bin")
        .join(name);
    let candidates = [installed.display().to_string(), name.to_owned()];
    let found = candidates.into_iter().find(|candidate| {
        let tried = Command::new(candidate).arg("--help").output();
        tried.is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        eprintln!("SKIPPED: {name} is not here, and tests/tools did not install it");
    }
    found
}

/// Returns the differences, with the commands of the definitions run.
#[track_caller]
fn rendered(world: &TestWorld, code: i32) -> Vec<String> {
    let mut found = reported(&world.json(code, &["drift", "--parity", "--render"]));
    found.sort();
    found
}

#[test]
fn overlays_of_kustomize_are_compared_by_its_output() {
    let Some(kubectl) = program("kubectl") else {
        return;
    };
    let overlay = "resources: [../../base]\npatches: [{path: web.yaml}]\n";
    let patch = |spec: &str| {
        format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {spec}\n")
    };
    let world = TestWorld::with_document(
        &format!("render = [\"{kubectl}\", \"kustomize\", \"overlays/${{environment}}\"]"),
        &[
            ("base/kustomization.yaml", "resources: [web.yaml]\n"),
            (
                "base/web.yaml",
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  paused: false\n  minReadySeconds: 5\n",
            ),
            ("overlays/staging/kustomization.yaml", overlay),
            ("overlays/staging/web.yaml", &patch("{paused: true}")),
            ("overlays/production/kustomization.yaml", overlay),
            // Equal to the base.
            (
                "overlays/production/web.yaml",
                &patch("{minReadySeconds: 5}"),
            ),
        ],
    );
    assert_eq!(rendered(&world, 2), ["parity/flag-differs spec.paused"]);
    world.expect(0, &["baseline"]);
    assert_eq!(rendered(&world, 0), Vec::<String>::new());
    world.write("overlays/staging/kustomization.yaml", "resources: [none]\n");
    world.expect(1, &["drift", "--parity", "--render"]);
}

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";

#[test]
fn charts_are_compared_by_the_output_of_helm() {
    let Some(helm) = program("helm") else {
        return;
    };
    let world = TestWorld::with_document(
        &format!(
            "render = [\"{helm}\", \"template\", \"shop\", \"chart\", \"--values\", \"chart/values-${{environment}}.yaml\"]"
        ),
        &[
            ("chart/Chart.yaml", CHART),
            (
                "chart/templates/web.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  level: {{ .Values.level | quote }}\n  mode: {{ .Values.mode | quote }}\n",
            ),
            ("chart/values.yaml", "level: info\nmode: a\n"),
            ("chart/values-staging.yaml", "level: debug\n"),
            ("chart/values-production.yaml", "mode: a\n"),
        ],
    );
    assert_eq!(rendered(&world, 2), ["parity/setting-differs data.level"]);
}

/// The same values, merged by helm and by evenkeel.
#[test]
fn values_are_merged_like_helm() {
    let Some(helm) = program("helm") else {
        return;
    };
    let base = "a: {b: x, c: {d: dd}}\nlist: [{n: p}, {n: q}]\nflag: false\ntext: t\nempty: {}\n";
    for (staging, production) in [
        ("a: {b: null}\n", "a: {c: {d: z}}\n"),
        ("list: [{n: r}]\n", "list: null\n"),
        ("flag: true\ntext: ''\n", "text: t\n"),
        ("a: null\nempty: {k: v}\n", "a: {b: x}\n"),
        ("new: {x: {one: v}}\n", "new: {x: {two: v}}\n"),
        ("a: {c: {d: null, e: w}}\n", ""),
    ] {
        let files = [
            ("chart/Chart.yaml", CHART),
            ("chart/templates/values.yaml", "{{ toYaml .Values }}\n"),
            ("chart/values.yaml", base),
            ("chart/values-staging.yaml", staging),
            ("chart/values-production.yaml", production),
        ];
        let printed = TestWorld::with_document(
            &format!(
                "render = [\"{helm}\", \"template\", \"shop\", \"chart\", \"--values\", \"chart/values-${{environment}}.yaml\"]"
            ),
            &files,
        );
        let expected = rendered(&printed, 2);
        let combined = TestWorld::with_document(
            "path = \"chart/values-${environment}.yaml\"\nbase = [\"chart/values.yaml\"]",
            &files,
        );
        let mut found = drift(&combined, 2);
        found.sort();
        assert_eq!(found, expected, "{staging} {production}");
    }
}
