//! Artifacts from archives, with links, on a host: from the definition to the rollback.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::super::world::TestWorld;
use super::{hosts, system};

/// One build of the application.
struct Build<'a> {
    version: &'a str,
    default: &'a str,
}

impl Build<'_> {
    /// Returns it as a tar archive below a directory.
    fn tar(&self) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        let mut add = |name: &str, mode: u32, content: &str| {
            let mut header = tar::Header::new_gnu();
            header.set_mode(mode);
            header.set_size(content.len() as u64);
            header.set_cksum();
            let path = format!("app-{}/{name}", self.version);
            let mut data = content.as_bytes();
            archive.append_data(&mut header, path, &mut data).unwrap();
        };
        add("bin/app", 0o755, &format!("version {}\n", self.version));
        add("themes/dark", 0o644, "dark\n");
        add("themes/light", 0o644, "light\n");
        for (name, to) in [("app", "bin/app"), ("themes/default", self.default)] {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            let path = format!("app-{}/{name}", self.version);
            archive.append_link(&mut header, path, to).unwrap();
        }
        archive.into_inner().unwrap()
    }

    fn gz(&self) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&self.tar()).unwrap();
        packed.finish().unwrap()
    }

    fn zst(&self) -> Vec<u8> {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        ruzstd::encoding::compress_to_vec(&*self.tar(), level)
    }

    fn zip(&self) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        let name = |name: &str| format!("app-{}/{name}", self.version);
        let mut add = |path: &str, mode: u32, content: &str| {
            let options = options.unix_permissions(mode);
            archive.start_file(name(path), options).unwrap();
            archive.write_all(content.as_bytes()).unwrap();
        };
        add("themes/light", 0o644, "light\n");
        add("themes/dark", 0o644, "dark\n");
        add("bin/app", 0o755, &format!("version {}\n", self.version));
        for (path, to) in [("app", "bin/app"), ("themes/default", self.default)] {
            archive.add_symlink(name(path), to, options).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }
}

/// Declares the artifact and its installation.
fn declared(store: &Path) -> TestWorld {
    let world = system();
    let store = format!("\n[artifacts]\nstore = \"{}\"\n", store.display());
    world.add("environments/system.toml", &store);
    world.add(
        "environments/system.toml",
        r#"
[artifact.app]
path   = "../build/app"
unpack = true
strip  = 1

[directory.app]
on   = "web"
path = "/srv/app"
mode = "0755"

[installation.app]
on       = "web"
artifact = "app"
into     = "${directory.app.path}"
keep     = 1
"#,
    );
    world.commit();
    fs::create_dir_all(world.path("build")).unwrap();
    world
}

#[test]
fn archives_are_installed_on_hosts_drift_are_updated_and_rolled_back() {
    let store = tempfile::tempdir().unwrap();
    let mut world = declared(store.path());
    // What is unpacked is removed at the end of each run.
    let temporary = world.path("run/temporary");
    fs::create_dir_all(&temporary).unwrap();
    let name = temporary.display().to_string();
    world.variables.insert("TMPDIR".to_owned(), name);
    let Some(running) = hosts(&mut world, &["staging-1", "production-1"], "root") else {
        return;
    };
    let put = |bytes: Vec<u8>| fs::write(world.path("build/app"), bytes).unwrap();
    let one = Build {
        version: "1",
        default: "light",
    };
    put(one.gz());
    world.expect(0, &["deliver"]).says("installation.app");
    for host in &running[..1] {
        assert_eq!(host.read("/srv/app/current/app"), "version 1\n");
        assert_eq!(host.read("/srv/app/current/themes/default"), "light\n");
        let link = |path: &str| fs::read_link(host.path("/srv/app/current").join(path));
        assert_eq!(link("app").unwrap().to_str(), Some("bin/app"));
    }
    world.expect(0, &["release"]);
    world.expect(0, &["drift"]);

    // The same content in another format is the same artifact.
    for same in [one.zip(), one.zst(), one.tar(), one.gz()] {
        put(same);
        world.expect(0, &["plan", "staging"]);
        world.expect(0, &["drift"]);
    }

    // A link that leads elsewhere is drift, and is not followed by the repair.
    let host = &running[0];
    let current = fs::read_link(host.path("/srv/app/current")).unwrap();
    let release = host.path("/srv/app").join(current);
    for to in ["dark", "/etc/passwd", "../../../../../etc/passwd"] {
        fs::remove_file(release.join("themes/default")).unwrap();
        symlink(to, release.join("themes/default")).unwrap();
        world
            .expect(2, &["drift", "staging", "--live"])
            .says("installation/files-changed");
        world.expect(0, &["apply", "staging"]);
        assert_eq!(host.read("/srv/app/current/themes/default"), "light\n");
    }

    // Another build, in which only a link differs.
    put(Build {
        version: "1",
        default: "dark",
    }
    .zip());
    world
        .expect(2, &["plan", "staging"])
        .says("installation.app");
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
    assert_eq!(running[1].read("/srv/app/current/themes/default"), "dark\n");

    // The host keeps one release, and the checkout has another build: the store has the one before.
    world.expect(8, &["rollback", "production"]);
    assert_eq!(
        running[1].read("/srv/app/current/themes/default"),
        "light\n"
    );
    assert_eq!(running[1].read("/srv/app/current/app"), "version 1\n");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
}

#[test]
fn a_refused_archive_is_named_with_its_entries_and_nothing_is_applied() {
    let store = tempfile::tempdir().unwrap();
    let mut world = declared(store.path());
    let Some(running) = hosts(&mut world, &["staging-1"], "root") else {
        return;
    };
    let harmful = Build {
        version: "1",
        default: "../../etc/passwd",
    };
    fs::write(world.path("build/app"), harmful.gz()).unwrap();
    for command in ["plan", "apply"] {
        let ran = world.run(&[command, "staging"]);
        assert_ne!(ran.code, 0);
        ran.says("artifact `app` cannot be read")
            .says("the entry `themes/default` is a symbolic link to")
            .says("`../../etc/passwd`, which leaves the artifact")
            .says("environments/system.toml");
    }
    let whole = Build {
        version: "1",
        default: "light",
    }
    .gz();
    fs::write(world.path("build/app"), &whole[..whole.len() / 2]).unwrap();
    world
        .run(&["apply", "staging"])
        .says("build/app` is damaged or cut off");
    fs::remove_file(world.path("build/app")).unwrap();
    world
        .run(&["apply", "staging"])
        .says("no artifact at")
        .says("build it first");
    assert!(!running[0].path("/srv/app").exists());
    // No room to unpack it: nothing is applied.
    fs::write(world.path("build/app"), &whole).unwrap();
    let nowhere = world.path("nowhere").display().to_string();
    world.variables.insert("TMPDIR".to_owned(), nowhere);
    world
        .expect(1, &["apply", "staging"])
        .says("artifact `app` cannot be unpacked, so nothing was applied");
    assert!(!running[0].path("/srv/app").exists());
    world.variables.remove("TMPDIR");
    world.expect(0, &["apply", "staging"]);
    assert_eq!(running[0].read("/srv/app/current/app"), "version 1\n");
}
