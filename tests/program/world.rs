//! Project in its own directory, and runs of the real program in it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use evenkeel::report::Report;
use serde_json::Value;

/// Longer than any test on the busiest machine, and far shorter than a hang.
pub const HANGS: Duration = Duration::from_mins(2);

/// Program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_evenkeel");

/// Small system: a directory, an installation, a configuration, and a suite that passes. No process.
pub const SYSTEM: &str = r#"[system]
name = "small"
path = ["staging", "production"]

[parameter.root]
varies = "identity"

[parameter.greeting]
default = "hello"

[artifact.app]
path = "../build"

[target.web]

[directory.home]
on = "web"
path = "${root}"
mode = "0755"

[directory.app]
on = "web"
path = "${directory.home.path}/app"

[installation.app]
on = "web"
artifact = "app"
into = "${directory.app.path}"

[file.config]
on = "web"
path = "${directory.home.path}/config.toml"
template = "config.toml.j2"
mode = "0640"

[suite.smoke]
kind = "smoke"
run = ["../checks/smoke.sh"]

[release]
uncommitted = true
"#;

/// Returns the definition of one environment.
pub fn environment(name: &str) -> String {
    format!(
        "[environment]\nname = \"{name}\"\n\n[values]\nroot = \"run/{name}\"\n\n[target.web]\nlocal = true\n"
    )
}

/// Project in its own directory.
pub struct TestWorld {
    home: tempfile::TempDir,
    /// Variables of the program besides `PATH` and `HOME`.
    pub variables: BTreeMap<String, String>,
}

/// Result of one run.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; 128 and the signal if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl TestWorld {
    /// Creates a repository with two environments, the lines of one document `app`, and files.
    pub fn with_document(document: &str, files: &[(&str, &str)]) -> Self {
        let world = Self::empty();
        for name in ["staging", "production"] {
            world.write(
                &format!("environments/{name}.toml"),
                &format!("[environment]\nname = \"{name}\"\n"),
            );
        }
        world.write(
                "environments/system.toml",
                &format!(
                    "[system]\nname = \"shop\"\npath = [\"staging\", \"production\"]\n\n[document.app]\n{document}\n"
                ),
            );
        for (name, text) in files {
            world.write(name, text);
        }
        world.commit();
        world
    }

    /// Creates an empty directory.
    pub fn empty() -> Self {
        let home = tempfile::Builder::new()
            .prefix("evenkeel-program-")
            .tempdir()
            .unwrap();
        Self {
            home,
            variables: BTreeMap::new(),
        }
    }

    /// Creates the small system.
    pub fn small() -> Self {
        Self::with(SYSTEM)
    }

    /// Creates another system with the small one's environments and files.
    pub fn with(system: &str) -> Self {
        let world = Self::empty();
        world.write("environments/system.toml", system);
        for name in ["staging", "production"] {
            world.write(&format!("environments/{name}.toml"), &environment(name));
        }
        world.write(
            "environments/config.toml.j2",
            "greeting = \"{{ greeting }}\"\n",
        );
        world.write("build/app", "the artifact\n");
        world.script("checks/smoke.sh", "exit 0");
        fs::create_dir(world.path("run")).unwrap();
        world
    }

    /// Returns a path in it, without links.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().canonicalize().unwrap().join(name)
    }

    /// Writes a file and its parent directories.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Appends to a file.
    pub fn add(&self, name: &str, text: &str) {
        let before = self.read(name);
        self.write(name, &format!("{before}{text}"));
    }

    /// Replaces an existing part of a file.
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let before = self.read(name);
        assert!(before.contains(from), "{name} has no {from:?}");
        self.write(name, &before.replacen(from, to, 1));
    }

    /// Writes a shell script.
    pub fn script(&self, name: &str, text: &str) {
        self.write(name, &format!("#!/bin/sh\n{text}\n"));
        self.mode(name, 0o755);
    }

    /// Sets permission bits.
    pub fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Reads a file as text.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Returns the program with these arguments, not started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments);
        // With 0 in both cases, no test would see whether there is anything to do.
        if arguments.contains(&"plan") && !arguments.contains(&"show") {
            command.arg("--exit-code");
        }
        // Every line of every finding is tested; `plain` returns the default output.
        let is_listing = arguments.contains(&"drift") || arguments.contains(&"compare");
        let is_data = arguments
            .windows(2)
            .any(|two| two[0] == "--format" && two[1] != "text");
        if is_listing && !is_data {
            command.args(["--full", "--all"]);
        }
        self.surround(&mut command);
        command
    }

    /// Gives a command this directory and these variables, and nothing else.
    pub fn surround(&self, command: &mut Command) {
        command
            .current_dir(self.path(""))
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            .env("HOME", self.path(""))
            // Wide, so that messages are on one line.
            .env("COLUMNS", "200")
            .envs(&self.variables)
            .stdin(Stdio::null());
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// Runs the program without additional options.
    pub fn plain(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(PROGRAM);
        command.args(arguments);
        self.surround(&mut command);
        Ran::of(&command.output().unwrap())
    }

    /// Runs it, and prints everything if it ends with another code.
    #[track_caller]
    pub fn expect(&self, code: i32, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}\n{}", ran.short());
        ran
    }

    /// Runs it with `--format json`, and parses the document.
    #[track_caller]
    pub fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let ran = self.expect(code, &[arguments, &["--format", "json"]].concat());
        let document = ran.document();
        assert_eq!(document["exit-code"], code, "{arguments:?}: {}", ran.out);
        document
    }

    /// Starts it with pipes.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs git in it.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_with(arguments, &[])
    }

    /// Runs git in it, with further variables.
    #[track_caller]
    fn git_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let mut command = Command::new("git");
        command.args([
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.invalid",
        ]);
        command.args(arguments);
        self.surround(&mut command);
        command.envs(variables.iter().copied());
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Commits everything except evenkeel's own files; returns the commit.
    pub fn commit(&self) -> String {
        if !self.path(".git").exists() {
            self.write(".gitignore", "/.evenkeel\n/run\n/build\n");
            self.git(&["init", "--quiet"]);
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "Say what is so"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Commits everything like [`Self::commit`], at this second since 1970.
    pub fn commit_at(&self, seconds: i64) {
        self.git(&["add", "--all"]);
        self.git_with(
            &["commit", "--quiet", "--allow-empty", "-m", "Change it"],
            &[("GIT_COMMITTER_DATE", &format!("{seconds} +0000"))],
        );
    }

    /// Returns every file, directory and link below a path, with its mode and content.
    pub fn snapshot(&self, name: &str) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut found = BTreeMap::new();
        let start = self.path(name);
        if start.symlink_metadata().is_err() {
            return found;
        }
        for entry in walkdir::WalkDir::new(start) {
            let entry = entry.unwrap();
            let facts = entry.path().symlink_metadata().unwrap();
            let content = if facts.is_file() {
                fs::read(entry.path()).unwrap()
            } else if facts.is_symlink() {
                fs::read_link(entry.path())
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes()
            } else {
                Vec::new()
            };
            found.insert(
                entry.path().to_owned(),
                (facts.permissions().mode(), content),
            );
        }
        found
    }

    /// Returns the running processes of this project, by their working directory or open files.
    pub fn processes(&self) -> Vec<i32> {
        processes_in(&self.path(""))
    }
}

/// Returns the processes that run or write in a directory, whose path has no link in it.
pub fn processes_in(home: &Path) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(number) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let here = |what: &str| {
            fs::read_link(entry.path().join(what)).is_ok_and(|path| path.starts_with(home))
        };
        if here("cwd") || here("fd/1") {
            found.push(number);
        }
    }
    found
}

/// Kills processes.
pub fn kill(processes: &[i32]) {
    for number in processes {
        if let Some(number) = rustix::process::Pid::from_raw(*number) {
            let _ = rustix::process::kill_process(number, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for TestWorld {
    fn drop(&mut self) {
        // Only processes in this directory, which belongs to the test.
        kill(&self.processes());
    }
}

impl Ran {
    /// Converts the system's output.
    pub fn of(output: &Output) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        Self {
            code: output
                .status
                .code()
                .unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0)),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Returns both outputs.
    pub fn all(&self) -> String {
        format!("{}\n{}", self.out, self.err)
    }

    /// Returns both outputs, shortened, for messages of tests.
    pub fn short(&self) -> String {
        self.all().chars().take(4_000).collect()
    }

    /// Parses standard output as one JSON document, and validates it by the published schema.
    #[track_caller]
    pub fn document(&self) -> Value {
        let document: Value = serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}\n{}", self.short()));
        let report: Report = serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}\n{}", self.short()));
        assert_eq!(serde_json::to_value(&report).unwrap(), document);
        valid(&document);
        document
    }

    /// Checks that the output contains a text.
    #[track_caller]
    pub fn says(&self, what: &str) -> &Self {
        assert!(
            self.all().contains(what),
            "output lacks {what:?}:\n{}",
            self.short()
        );
        self
    }

    /// Checks that the output does not contain a text.
    #[track_caller]
    pub fn silent_about(&self, what: &str) -> &Self {
        assert!(
            !self.all().contains(what),
            "output has {what:?}:\n{}",
            self.short()
        );
        self
    }
}

/// Mounts a small file system in memory; `None` with a note if that is not permitted.
pub fn small_disk(at: &Path, options: &str) -> Option<Mounted> {
    fs::create_dir_all(at).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "tmpfs"])
        .arg(at)
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        eprintln!("SKIPPED: mounting a tmpfs is not permitted here");
    }
    mounted.then(|| Mounted(at.to_owned()))
}

/// Mounted file system, until it is dropped.
pub struct Mounted(PathBuf);

impl Mounted {
    /// Mounts it again with other options.
    pub fn again(&self, options: &str) {
        let done = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(&self.0)
            .status()
            .unwrap();
        assert!(done.success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Checks that a document is valid by the published schema.
#[track_caller]
pub fn valid(document: &Value) {
    static SCHEMA: LazyLock<jsonschema::Validator> =
        LazyLock::new(|| jsonschema::draft202012::new(&Report::schema()).unwrap());
    let wrong: Vec<String> = SCHEMA
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{document}");
}

/// Returns a text without times and without padding.
pub fn timeless(text: &str) -> String {
    let times =
        regex::Regex::new(r"\d{4}-\d\d-\d\dT[0-9:.]+Z|(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d UTC")
            .unwrap();
    let blanks = regex::Regex::new(r"(\S) {3,}").unwrap();
    let text = times.replace_all(text, "TIME");
    blanks.replace_all(&text, "$1   ").into_owned()
}
