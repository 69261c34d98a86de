//! What is sent to a host: only what it lacks.

use std::fs;

use super::line::Line;
use super::{hosts, system};

/// Bytes that look like any others: the same for the same seed.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

#[test]
fn only_what_a_host_lacks_is_sent() {
    let mut world = system();
    world.add(
        "environments/system.toml",
        r#"
[artifact.app]
path = "../build/app"

[directory.app]
on   = "web"
path = "/srv/app"
mode = "0755"

[installation.app]
on       = "web"
artifact = "app"
into     = "${directory.app.path}"

[file.data]
on     = "web"
path   = "/srv/site/data"
source = "../build/data"
mode   = "0644"
"#,
    );
    world.commit();
    let Some(running) = hosts(&mut world, &["staging-1"], "root") else {
        return;
    };
    let host = &running[0];
    let line = Line::to(&world, host);
    let app = world.path("build/app");
    fs::create_dir_all(&app).unwrap();
    for number in 0..300 {
        fs::write(app.join(number.to_string()), noise(4000, number)).unwrap();
    }
    let mut data = noise(5_000_000, 1000);
    fs::write(world.path("build/data"), &data).unwrap();
    world.expect(0, &["apply", "staging"]);
    assert!(line.since() > 6_000_000);

    // In sync: questions and answers only.
    world.expect(0, &["plan", "staging"]);
    let idle = line.since();
    assert!(idle < 50_000, "{idle}");

    for number in [3, 77, 250] {
        fs::write(app.join(number.to_string()), noise(4000, 2000 + number)).unwrap();
    }
    data.splice(2_500_000..2_500_000, noise(1000, 5000));
    fs::write(world.path("build/data"), &data).unwrap();
    line.since();
    world.expect(0, &["apply", "staging"]);
    let sent = line.since();
    eprintln!(
        "3 of 300 files changed, 1 kB inserted into 5 MB: {sent} bytes; in sync: {idle} bytes"
    );
    assert!(sent < 300_000, "{sent}");
    assert!(fs::read(host.path("/srv/site/data")).unwrap() == data);
    for number in [3, 4, 77, 250] {
        // The link leads to a path of the host.
        let current = fs::read_link(host.path("/srv/app/current")).unwrap();
        let file = host.path("/srv/app").join(current).join(number.to_string());
        assert!(fs::read(file).unwrap() == fs::read(app.join(number.to_string())).unwrap());
    }
    world.expect(0, &["plan", "staging"]);
}
