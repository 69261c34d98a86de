//! Many hosts at once: `tests/live/fleet` starts them, each with its own network, root and server of OpenSSH.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::world::TestWorld;
use super::host::{possible, prepare};
use super::system;

/// Running hosts; they end with this value. Fleets have the same addresses, so one runs at a time on a machine.
pub(super) struct Fleet(PathBuf, File);

impl Fleet {
    /// Starts hosts `host-1`, `host-2` and so on, and points a project's variables to them.
    pub(super) fn up(world: &mut TestWorld, count: usize) -> Option<Self> {
        if !possible() {
            return None;
        }
        if !Path::new("/usr/sbin/ip").exists() && !Path::new("/usr/bin/ip").exists() {
            eprintln!(
                "SKIPPED: ip is missing (apt-get install iproute2): many hosts are not tested"
            );
            return None;
        }
        let turn = File::create(std::env::temp_dir().join("evenkeel-fleet.lock")).unwrap();
        turn.lock().unwrap();
        let directory = prepare(world).join("fleet");
        let done = script("up", &directory).arg(count.to_string()).status();
        assert!(done.unwrap().success());
        world.variables.insert(
            "EVENKEEL_SSH_CONFIG".to_owned(),
            directory.join("config").display().to_string(),
        );
        for (name, place) in [
            ("EVENKEEL_AGENT", "hosts/agent"),
            ("XDG_RUNTIME_DIR", "hosts/runtime"),
        ] {
            let place = world.path(place).display().to_string();
            world.variables.insert(name.to_owned(), place);
        }
        Some(Self(directory, turn))
    }

    /// Does to the network of a host what a command of the script says: `cut`, `join` or `reset`.
    pub(super) fn network(&self, command: &str, number: usize) {
        let done = script(command, &self.0).arg(number.to_string()).status();
        assert!(done.unwrap().success(), "{command}");
    }

    /// Ends the server of a host and its connections.
    fn kill(&self, number: usize) {
        let key = format!("{}/keys/{number} ", self.0.display());
        let ended = Command::new("pkill")
            .args(["-KILL", "-f", "--", &key])
            .status();
        assert!(ended.unwrap().success());
        let master = format!("root@host-{number}$|host-{number}( |$)");
        let _ = Command::new("pkill").args(["-f", "--", &master]).status();
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = script("down", &self.0).status();
        let _ = self.1.unlock();
    }
}

fn script(command: &str, directory: &Path) -> Command {
    let mut script = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/fleet"));
    script.arg(command).arg(directory);
    script
}

#[test]
fn many_hosts_are_changed_and_a_dead_one_hides_no_other() {
    let count = 200;
    let mut world = system();
    let Some(fleet) = Fleet::up(&mut world, count) else {
        return;
    };
    let hosts: Vec<String> = (1..=count).map(|number| format!("host-{number}")).collect();
    world.replace(
        "environments/staging.toml",
        "ssh = \"staging-1\"",
        &format!("hosts = {hosts:?}"),
    );
    world.commit();
    world
        .expect(0, &["apply", "staging"])
        .says(&format!("on {count} hosts"));
    world.expect(0, &["drift", "staging", "--live"]);

    fleet.kill(7);
    world
        .expect(1, &["drift", "staging", "--live"])
        .says("target.web@host-7")
        .says(&format!(
            "{}/{} attributes read",
            11 * (count - 1),
            11 * count
        ));

    // Nothing is changed while it is unknown, unless a rollout says that a host may fail.
    world.replace("environments/system.toml", "hello ${", "bye ${");
    world.commit();
    world
        .expect(1, &["apply", "staging"])
        .says("@host-7 cannot be read, so nothing was applied");
    world.add(
        "environments/staging.toml",
        "rollout = { batch = \"50%\", max-failures = 1 }\n",
    );
    world.commit();
    world
        .expect(1, &["apply", "staging"])
        .says(&format!("done {} hosts", count - 1))
        .says("failed 1 host: host-7");
    world
        .expect(1, &["drift", "staging", "--live"])
        .says("target.web@host-7")
        .says("cannot tell");
}
