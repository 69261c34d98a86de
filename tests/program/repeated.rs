//! The same documents give the same bytes: on every run, with any number of threads, in any time zone and language, and
//! wherever the project lies.

use super::estate::estate;
use super::world::TestWorld;

/// Differences of many causes in many files.
fn many() -> TestWorld {
    let world = estate(
        "[document.files]\npath = \"d/${environment}\"\n\n[document.printed]\nrender = [\"bin/render\", \"${environment}\"]\n",
    );
    world.script(
        "bin/render",
        "for i in 1 2 3 4 5 6; do echo \"k$i: $1-$i-${#1}\"; done",
    );
    for file in 0..40 {
        let text = |shift: usize| -> String {
            (0..20)
                .map(|key| format!("key{key}: value{}\nlist{key}: [{{name: a, v: {}}}, {{name: b{shift}, v: 1}}]\n", (file * key + shift) % 7, shift * key))
                .collect()
        };
        world.write(&format!("d/staging/f{file}.yaml"), &text(1));
        world.write(&format!("d/production/f{file}.yaml"), &text(2));
    }
    world.write("d/production/broken.yaml", "a: [\n");
    world.write("d/staging/broken.yaml", "a: 1\n");
    world.write("d/staging/x.env", "A=1\nB=2\n");
    world.write("d/production/x.env", "A=2\nC=2\n");
    world
}

/// Everything but the time of day.
fn outputs(world: &TestWorld) -> Vec<String> {
    let clock = regex::Regex::new("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z").unwrap();
    [
        &["drift", "--parity"][..],
        &["drift", "--parity", "--format", "json"],
        &["compare", "d/staging", "d/production"],
        &["compare", "d/staging", "d/production", "--format", "json"],
        &["baseline", "--dry-run"],
        &["init", "--dry-run"],
    ]
    .iter()
    .map(|arguments| {
        clock
            .replace_all(&world.run(arguments).all(), "NOW")
            .into_owned()
    })
    .collect()
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let mut world = many();
    let first = outputs(&world);
    assert!(
        first[0].contains("document/syntax") && first[0].contains("parity/"),
        "{}",
        first[0]
    );
    for variables in [
        &[][..],
        &[("RAYON_NUM_THREADS", "1")],
        &[("RAYON_NUM_THREADS", "2")],
        &[("RAYON_NUM_THREADS", "7")],
        &[("TZ", "Pacific/Kiritimati"), ("LC_ALL", "tr_TR.UTF-8")],
        &[
            ("TZ", "America/St_Johns"),
            ("LC_ALL", "C"),
            ("LANG", "de_DE.UTF-8"),
        ],
        &[("TERM", "dumb"), ("USER", "somebody")],
    ] {
        world.variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(outputs(&world), first, "{variables:?}");
    }
    let mut elsewhere = outputs(&many());
    // The name of the directory is the name that `init` proposes for the system.
    let (last, before) = (elsewhere.pop().unwrap(), first.last().unwrap());
    assert_eq!(elsewhere, first[..first.len() - 1]);
    assert_eq!(last.lines().count(), before.lines().count());
}
