//! Changes outside evenkeel, one attribute at a time: of each kind, declared and not.
//!
//! The expected finding is stored beside each change, so that tests of drift and of refusals share the list.

use std::collections::BTreeMap;

use evenkeel_host::recorded::{Process, RecordedHost, Thing};
use evenkeel_host::{Account, Text};
use evenkeel_model::Digest;

use super::inside::Inside;
use super::world::TestWorld;

/// System with a resource of each kind, with and without owners, with and without a secret.
const SYSTEM: &str = r#"[system]
name = "watched"
path = ["staging", "production"]

[parameter.root]
varies = "identity"

[parameter.token]
varies = "secret"

[artifact.app]
path = "../build"

[target.web]

[release]
uncommitted = true
require = []

[directory.home]
on = "web"
path = "${root}"
mode = "0755"
owner = "app"
group = "app"

[directory.loose]
on = "web"
path = "${directory.home.path}/loose"

[directory.inbox]
on = "web"
path = "${directory.home.path}/inbox"
exclusive = true
except = ["*.tmp"]

[directory.app]
on = "web"
path = "${directory.home.path}/app"

[file.config]
on = "web"
path = "${directory.home.path}/config"
content = "level = \"info\"\n"
mode = "0640"
owner = "app"
group = "www"

[file.plain]
on = "web"
path = "${directory.home.path}/plain"
content = "plain\n"

[file.note]
on = "web"
path = "${directory.inbox.path}/note"
content = "note\n"

[file.token]
on = "web"
path = "${directory.home.path}/token"
content = "token = ${token}\n"
mode = "0600"

[link.latest]
on = "web"
path = "${directory.home.path}/latest"
to = "config"

[installation.app]
on = "web"
artifact = "app"
into = "${directory.app.path}"

[process.app]
on = "web"
command = ["app", "--serve"]
environment = { WORKERS = "2", TOKEN = "${token}" }
restart-on = ["file.config"]
ready = { tcp = "127.0.0.1:7000" }
"#;

/// Secret of staging.
pub const SECRET: &str = "c4nary-of-staging";

/// Returns the system with recorded targets.
pub fn watched() -> Inside {
    watched_from(&str::to_owned)
}

/// Returns the system with recorded targets, with its definition changed before it is written. It does not depend on
/// its place.
pub fn watched_from(change: &dyn Fn(&str) -> String) -> Inside {
    let world = TestWorld::with(&change(SYSTEM));
    for name in ["staging", "production"] {
        world.replace(
            &format!("environments/{name}.toml"),
            "[values]\n",
            &format!("[values]\ntoken = {{ file = \"../secrets/{name}\" }}\n"),
        );
        world.write(&format!("secrets/{name}"), &format!("c4nary-of-{name}"));
        world.replace(
            &format!("environments/{name}.toml"),
            "local = true\n",
            "local = true\nbase = \"/srv\"\nstate = \"/srv/state\"\n",
        );
        world.write(".evenkeel/key", &format!("{}\n", "5".repeat(64)));
        world.mode(".evenkeel/key", 0o600);
    }
    Inside::new(world)
}

/// Change outside evenkeel.
pub struct Tampering {
    /// Description for messages.
    pub what: &'static str,
    /// Address of the changed resource.
    pub address: &'static str,
    /// Attribute that a refusal names; `None` if no plan depends on it.
    pub seen: Option<&'static str>,
    /// Attribute that drift names; `None` if it is not declared.
    pub drifts: Option<String>,
    /// Whether it hides all other attributes of the resource.
    pub whole: bool,
    change: Change,
}

type Change = Box<dyn Fn(&mut RecordedHost, u64)>;

impl Tampering {
    /// Applies it. Another number gives another wrong value, if there are several.
    pub fn happen(&self, world: &mut RecordedHost, number: u64) {
        (self.change)(world, number);
    }
}

const HOME: &str = "/srv/staging";

fn path(name: &str) -> String {
    if name.is_empty() {
        HOME.to_owned()
    } else {
        format!("{HOME}/{name}")
    }
}

fn other_account(number: u64) -> Account {
    Account {
        id: 4000 + u32::try_from(number % 1000).unwrap(),
        name: None,
    }
}

fn mode(thing: &mut Thing, number: u64) {
    if let Thing::File { mode, .. } | Thing::Directory { mode, .. } = thing {
        // Never the declared mode, which has no such bits.
        *mode = 0o1002 | (u32::try_from(number % 8).unwrap() << 3);
    }
}

fn owner(thing: &mut Thing, number: u64) {
    if let Thing::File { owner, .. } | Thing::Directory { owner, .. } = thing {
        *owner = other_account(number);
    }
}

fn group(thing: &mut Thing, number: u64) {
    if let Thing::File { group, .. } | Thing::Directory { group, .. } = thing {
        *group = other_account(number);
    }
}

fn content(thing: &mut Thing, number: u64) {
    if let Thing::File { bytes, .. } = thing {
        *bytes = format!("edited {number}\n").into_bytes().into();
    }
}

fn points(thing: &mut Thing, number: u64) {
    if let Thing::Link { to } = thing {
        *to = format!("elsewhere-{number}");
    }
}

/// Returns a change of a path, including its time.
fn thing(
    what: &'static str,
    (address, name): (&'static str, &'static str),
    (seen, drifts): (&'static str, bool),
    change: fn(&mut Thing, u64),
) -> Tampering {
    Tampering {
        what,
        address,
        seen: Some(seen),
        drifts: drifts.then(|| seen.to_owned()),
        whole: false,
        change: Box::new(move |world, number| {
            let path = path(name);
            let mut thing = world.things[&path].0.clone();
            change(&mut thing, number);
            world.put(&path, thing);
        }),
    }
}

/// Returns a change that replaces the whole resource.
fn whole(
    what: &'static str,
    (address, attribute): (&'static str, &'static str),
    change: impl Fn(&mut RecordedHost, u64) + 'static,
) -> Tampering {
    Tampering {
        what,
        address,
        seen: Some(attribute),
        drifts: Some(attribute.to_owned()),
        whole: true,
        change: Box::new(change),
    }
}

/// Returns a change of an unmanaged thing that no plan depends on.
fn beside(
    what: &'static str,
    address: &'static str,
    drifts: Option<&str>,
    change: impl Fn(&mut RecordedHost, u64) + 'static,
) -> Tampering {
    Tampering {
        what,
        address,
        seen: None,
        drifts: drifts.map(str::to_owned),
        whole: false,
        change: Box::new(change),
    }
}

fn process(
    what: &'static str,
    (seen, drifts, is_whole): (&'static str, bool, bool),
    change: fn(&mut Process, u64),
) -> Tampering {
    Tampering {
        what,
        address: "process.app",
        seen: Some(seen),
        drifts: drifts.then(|| seen.to_owned()),
        whole: is_whole,
        change: Box::new(move |world, number| {
            for process in world.processes.values_mut() {
                change(process, number);
            }
        }),
    }
}

/// Replaces one recorded start attribute of a process.
fn started(process: &mut Process, name: &str, text: String) {
    process
        .started_as
        .insert(name.to_owned(), Text::Plain(text));
}

fn release(number: u64) -> Digest {
    Digest::of(format!("release {number}").as_bytes())
}

/// Returns all changes.
pub fn tamperings() -> Vec<Tampering> {
    let mut all = Vec::new();
    for (address, name, is_owned) in [
        ("directory.home", "", true),
        ("directory.loose", "loose", false),
        ("directory.inbox", "inbox", false),
        ("directory.app", "app", false),
        ("file.config", "config", true),
        ("file.plain", "plain", false),
        ("file.note", "inbox/note", false),
        ("file.token", "token", false),
    ] {
        let at = (address, name);
        all.push(thing("its mode", at, ("mode", true), mode));
        all.push(thing("its owner", at, ("owner", is_owned), owner));
        all.push(thing("its group", at, ("group", is_owned), group));
        if address.starts_with("file") {
            all.push(thing("its content", at, ("content", true), content));
        }
    }
    all.push(thing(
        "what it points to",
        ("link.latest", "latest"),
        ("to", true),
        points,
    ));
    for (address, name) in [
        ("directory.loose", "loose"),
        ("file.config", "config"),
        ("file.plain", "plain"),
        ("file.token", "token"),
        ("link.latest", "latest"),
    ] {
        let at = (address, "presence");
        all.push(whole("removed", at, move |world, _| {
            world.things.remove(&path(name));
        }));
        if !address.starts_with("directory") {
            all.push(whole("a directory now", at, move |world, number| {
                let mode = 0o700 | (u32::try_from(number % 2).unwrap() << 2);
                world.put_directory(&path(name), mode);
            }));
        }
        if !address.starts_with("file") {
            all.push(whole("a file now", at, move |world, number| {
                world.put_file(&path(name), &number.to_le_bytes(), 0o644);
            }));
        }
        if !address.starts_with("link") {
            all.push(whole("a link now", at, move |world, number| {
                let to = format!("elsewhere-{number}");
                world.put(&path(name), Thing::Link { to });
            }));
        }
    }
    all.extend(of_installations());
    all.extend(of_processes());
    all.extend(undeclared());
    all
}

fn of_installations() -> Vec<Tampering> {
    fn installed(world: &mut RecordedHost) -> &mut evenkeel_host::recorded::Installed {
        world.installations.get_mut(&path("app")).unwrap()
    }
    let released = ("installation.app", "artifact");
    vec![
        Tampering {
            drifts: Some("presence".to_owned()),
            ..whole("no release is current", released, |world, _| {
                installed(world).current = None;
            })
        },
        Tampering {
            drifts: Some("presence".to_owned()),
            ..whole("uninstalled", released, |world, _| {
                world.installations.remove(&path("app"));
            })
        },
        whole("switched to another release", released, |world, number| {
            let (other, installed) = (release(number), installed(world));
            installed.releases.insert(other, (other, 0));
            installed.current = Some(other);
        }),
        whole(
            "files of the release edited",
            ("installation.app", "files"),
            |world, number| {
                let installed = installed(world);
                let current = installed.current.unwrap();
                installed.releases.insert(current, (release(number), 0));
            },
        ),
        whole(
            "the release deleted",
            ("installation.app", "files"),
            |world, _| {
                let installed = installed(world);
                let current = installed.current.unwrap();
                installed.releases.remove(&current);
            },
        ),
    ]
}

fn of_processes() -> Vec<Tampering> {
    vec![
        process("it died", ("presence", true, true), |process, _| {
            process.alive = false;
        }),
        whole(
            "its record is gone",
            ("process.app", "presence"),
            |world, _| {
                world.processes = BTreeMap::new();
            },
        ),
        process("it hangs", ("ready", true, false), |process, _| {
            process.ready = false;
        }),
        process(
            "another command",
            ("command", true, false),
            |process, number| {
                started(process, "command", format!("[\"other\",\"{number}\"]"));
            },
        ),
        process(
            "another directory",
            ("directory", true, false),
            |process, number| started(process, "directory", format!("/tmp/{number}")),
        ),
        process(
            "another variable's value",
            ("environment.WORKERS", true, false),
            |process, number| {
                started(process, "environment.WORKERS", format!("{}", number + 3));
            },
        ),
        process(
            "another secret",
            ("environment.TOKEN", true, false),
            |process, number| {
                let seal = Text::Sealed(release(number));
                process.started_as.insert("environment.TOKEN".into(), seal);
            },
        ),
        process(
            "a variable more",
            ("environment.DEBUG", true, false),
            |process, number| started(process, "environment.DEBUG", number.to_string()),
        ),
        process(
            "started with an older file",
            ("restart-on.file.config", true, false),
            |process, number| {
                started(
                    process,
                    "restart-on.file.config",
                    release(number).to_string(),
                );
            },
        ),
        // As declared, but another process: a plan that would stop the observed one must not stop this one.
        process(
            "restarted outside evenkeel",
            ("process", false, false),
            |process, number| {
                process.running.pid += 1 + u32::try_from(number % 1000).unwrap();
                process.running.ticks += 1;
            },
        ),
    ]
}

fn undeclared() -> Vec<Tampering> {
    vec![
        beside(
            "a file in an exclusive directory",
            "directory.inbox",
            Some("entries.extra"),
            |world, number| {
                world.put_file(&path("inbox/extra"), &number.to_le_bytes(), 0o644);
            },
        ),
        beside(
            "a directory in an exclusive directory",
            "directory.inbox",
            Some("entries.more"),
            |world, _| {
                world.put_directory(&path("inbox/more"), 0o755);
            },
        ),
        beside(
            "a link in an exclusive directory",
            "directory.inbox",
            Some("entries.linked"),
            |world, number| {
                let to = number.to_string();
                world.put(&path("inbox/linked"), Thing::Link { to });
            },
        ),
        beside(
            "an excepted file in an exclusive directory",
            "directory.inbox",
            None,
            |world, number| {
                world.put_file(&path("inbox/x.tmp"), &number.to_le_bytes(), 0o600);
            },
        ),
        beside(
            "a file in a directory that is not exclusive",
            "directory.loose",
            None,
            |world, number| {
                world.put_file(&path("loose/extra"), &number.to_le_bytes(), 0o644);
            },
        ),
        beside("a file elsewhere", "", None, |world, number| {
            world.put_file("/srv/elsewhere", &number.to_le_bytes(), 0o644);
        }),
        beside("everything written again", "", None, |world, _| {
            let things: Vec<(String, Thing)> = world
                .things
                .iter()
                .map(|(path, (thing, _))| (path.clone(), thing.clone()))
                .collect();
            for (path, thing) in things {
                world.put(&path, thing);
            }
        }),
        beside(
            "an older release is kept",
            "installation.app",
            None,
            |world, number| {
                if let Some(installed) = world.installations.get_mut(&path("app")) {
                    let older = release(number + 1_000_000);
                    installed.releases.insert(older, (older, 0));
                }
            },
        ),
    ]
}
