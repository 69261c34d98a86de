//! Untrusted checkouts: no command runs a program that the settings or the content of a repository name.
//!
//! Each row plants one program where git, or a careless caller of git, would run it. The count of executions is zero.

use std::path::Path;

use super::world::{SYSTEM, TestWorld};

/// Commands that read a checkout.
const COMMANDS: &[&[&str]] = &[
    &["validate"],
    &["validate", "--at", "HEAD"],
    &["drift", "--parity"],
    &["drift", "--parity", "--since", "HEAD"],
    &["drift"],
    &["plan"],
    &["status"],
    &["compare", "values-staging.yaml", "values-production.yaml"],
    &["compare", "environments", "checks"],
    &["init", "--dry-run"],
];

/// All other commands; they run the programs that the definitions name, which are harmless here.
const MORE: &[&[&str]] = &[
    &["deliver"],
    &["approve", "0000", "--reason", "x"],
    &["release"],
    &["apply", "staging"],
    &["verify", "staging"],
    &["baseline", "--dry-run"],
    &["log"],
    &["audit", "verify"],
    &["audit", "checkpoint"],
    &["lock", "show"],
    &["explain", "gate/parity"],
];

/// Committed project with a document, and a script that leaves a mark.
struct Checkout {
    world: TestWorld,
    elsewhere: tempfile::TempDir,
}

impl Checkout {
    fn new() -> Self {
        let system =
            format!("{SYSTEM}\n[document.values]\npath = \"values-${{environment}}.yaml\"\n");
        let world = TestWorld::with(&system);
        world.write("values-staging.yaml", "a: 1\n");
        world.write("values-production.yaml", "a: 2\n");
        world.commit();
        let elsewhere = tempfile::tempdir().unwrap();
        let checkout = Self { world, elsewhere };
        let program = checkout.program();
        std::fs::write(
            &program,
            format!("#!/bin/sh\necho \"$0 $*\" >> {}\nexit 1\n", checkout.mark()),
        )
        .unwrap();
        executable(Path::new(&program));
        checkout
    }

    /// Returns the program that must not run.
    fn program(&self) -> String {
        self.elsewhere.path().join("planted").display().to_string()
    }

    fn mark(&self) -> String {
        self.elsewhere.path().join("mark").display().to_string()
    }

    fn set(&self, name: &str, value: &str) {
        self.world.git(&["config", "--add", name, value]);
    }

    /// Adds a setting that names the program.
    fn named(&self, name: &str) {
        self.set(name, &self.program());
    }

    /// Removes the committed content of a file, so that git would fetch it.
    fn forget(&self, path: &str) {
        let object = self.world.git(&["rev-parse", &format!("HEAD:{path}")]);
        let (folder, rest) = object.split_at(2);
        std::fs::remove_file(self.world.path(&format!(".git/objects/{folder}/{rest}"))).unwrap();
    }

    /// Clone whose missing objects are promised by `url`.
    fn promised(&self, url: &str) {
        self.set("core.repositoryFormatVersion", "1");
        self.set("extensions.partialClone", "origin");
        self.set("remote.origin.promisor", "true");
        self.set("remote.origin.url", url);
        self.forget("environments/system.toml");
        self.forget("values-staging.yaml");
    }

    /// Adds attributes that give every file a driver.
    fn attributes(&self, attributes: &str) {
        self.world
            .write(".git/info/attributes", &format!("* {attributes}\n"));
        self.world
            .write(".gitattributes", &format!("* {attributes}\n"));
        // Git would compare it again.
        self.world.add("values-staging.yaml", "# edited\n");
    }

    fn executable(&self, name: &str) {
        self.world
            .script(name, &format!("exec {} \"$0\"", self.program()));
    }

    fn executed(&self) -> String {
        std::fs::read_to_string(self.mark()).unwrap_or_default()
    }
}

fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

const HOOKS: &[&str] = &[
    "post-index-change",
    "post-checkout",
    "pre-auto-gc",
    "reference-transaction",
    "fsmonitor-watchman",
    "post-merge",
    "pre-commit",
    "proc-receive",
];

type Plant = fn(&mut Checkout);

/// Settings and trees, each with one planted program.
const PLANTED: &[(&str, Plant)] = &[
    ("core.fsmonitor", |it| it.named("core.fsmonitor")),
    ("core.fsmonitor, version 2", |it| {
        it.named("core.fsmonitor");
        it.set("core.fsmonitorHookVersion", "2");
        it.set("core.untrackedCache", "true");
    }),
    ("hooks", |it| {
        for hook in HOOKS {
            it.executable(&format!(".git/hooks/{hook}"));
        }
    }),
    ("core.hooksPath", |it| {
        it.set("core.hooksPath", "hooks");
        for hook in HOOKS {
            it.executable(&format!("hooks/{hook}"));
        }
    }),
    ("core.pager", |it| it.named("core.pager")),
    ("pager of each command", |it| {
        for command in ["rev-parse", "rev-list", "cat-file", "ls-tree", "ls-files"] {
            it.named(&format!("pager.{command}"));
        }
    }),
    ("core.editor", |it| it.named("core.editor")),
    ("sequence.editor", |it| it.named("sequence.editor")),
    ("core.askPass", |it| {
        it.named("core.askPass");
        it.promised("https://user@127.0.0.1:1/x");
    }),
    ("credential.helper", |it| {
        it.named("credential.helper");
        it.promised("https://127.0.0.1:1/x");
    }),
    ("credential.helper of a host", |it| {
        it.named("credential.https://127.0.0.1:1.helper");
        it.promised("https://127.0.0.1:1/x");
    }),
    ("core.sshCommand", |it| {
        it.named("core.sshCommand");
        it.promised("ssh://h/x");
    }),
    ("core.sshCommand with a protocol that is allowed", |it| {
        it.named("core.sshCommand");
        it.set("protocol.ssh.allow", "always");
        it.set("protocol.allow", "always");
        it.promised("h:x");
    }),
    ("remote.origin.uploadpack", |it| {
        it.named("remote.origin.uploadpack");
        it.promised("/nowhere");
    }),
    ("remote.origin.uploadpack of a file", |it| {
        it.named("remote.origin.uploadpack");
        it.set("protocol.file.allow", "always");
        it.promised("file:///nowhere");
    }),
    ("remote.origin.receivepack", |it| {
        it.named("remote.origin.receivepack");
        it.promised("/nowhere");
    }),
    ("ext::", |it| {
        it.set("protocol.ext.allow", "always");
        let url = format!("ext::{} %S x", it.program());
        it.promised(&url);
    }),
    ("remote.origin.vcs", |it| {
        it.set("remote.origin.vcs", "ext");
        it.set("protocol.ext.allow", "always");
        it.promised("x");
    }),
    ("core.gitProxy", |it| {
        it.named("core.gitProxy");
        it.set("protocol.git.allow", "always");
        it.promised("git://127.0.0.1:1/x");
    }),
    ("url.insteadOf", |it| {
        it.set("url.ext::sh -c x.insteadOf", "https://");
        it.set("protocol.ext.allow", "always");
        it.named("core.sshCommand");
        it.promised("https://h/x");
    }),
    ("a second promisor", |it| {
        it.set("remote.other.promisor", "true");
        it.set("remote.other.url", "ssh://h/x");
        it.named("core.sshCommand");
        it.promised("/nowhere");
    }),
    ("core.alternateRefsCommand", |it| {
        it.named("core.alternateRefsCommand");
        let objects = it.world.path(".git/objects").display().to_string();
        it.world
            .write(".git/objects/info/alternates", &format!("{objects}\n"));
    }),
    ("diff.external", |it| it.named("diff.external")),
    ("a driver of differences", |it| {
        it.named("diff.planted.command");
        it.attributes("diff=planted");
    }),
    ("a conversion to text", |it| {
        it.named("diff.planted.textconv");
        it.attributes("diff=planted");
    }),
    ("filter.clean", |it| {
        it.named("filter.planted.clean");
        it.attributes("filter=planted");
    }),
    ("filter.smudge", |it| {
        it.named("filter.planted.smudge");
        it.attributes("filter=planted");
    }),
    ("filter.process", |it| {
        it.named("filter.planted.process");
        it.set("filter.planted.required", "true");
        it.attributes("filter=planted");
    }),
    ("filters named lfs", |it| {
        it.named("filter.lfs.clean");
        it.named("filter.lfs.smudge");
        it.named("filter.lfs.process");
        it.attributes("filter=lfs diff=lfs merge=lfs -text");
    }),
    ("core.attributesFile", |it| {
        it.named("filter.planted.clean");
        it.world.write("attributes", "* filter=planted\n");
        it.set("core.attributesFile", "attributes");
        it.world.add("values-staging.yaml", "# edited\n");
    }),
    ("a driver of merges", |it| {
        it.named("merge.planted.driver");
        it.attributes("merge=planted");
    }),
    ("gpg.program", |it| {
        it.named("gpg.program");
        it.named("gpg.ssh.program");
        it.named("gpg.x509.program");
        it.set("log.showSignature", "true");
    }),
    ("aliases", |it| {
        for command in ["rev-parse", "rev-list", "cat-file", "ls-tree", "ls-files"] {
            let value = format!("!{}", it.program());
            it.set(&format!("alias.{command}"), &value);
        }
    }),
    ("include.path", |it| {
        let program = it.program();
        it.world.write(
            ".git/more",
            &format!("[core]\n\tfsmonitor = {program}\n\tpager = {program}\n"),
        );
        it.set("include.path", "more");
    }),
    ("includeIf", |it| {
        let program = it.program();
        it.world
            .write(".git/more", &format!("[core]\n\tfsmonitor = {program}\n"));
        it.set("includeIf.gitdir:/.path", "more");
    }),
    ("settings of a worktree", |it| {
        let program = it.program();
        it.set("core.repositoryFormatVersion", "1");
        it.set("extensions.worktreeConfig", "true");
        it.world.write(
            ".git/config.worktree",
            &format!("[core]\n\tfsmonitor = {program}\n"),
        );
    }),
    ("core.worktree", |it| {
        it.named("core.fsmonitor");
        it.set("core.worktree", "/");
    }),
    ("a bare repository among the files", |it| {
        let program = it.program();
        for name in ["environments", "checks"] {
            it.world
                .write(&format!("{name}/HEAD"), "ref: refs/heads/main\n");
            it.world.write(
                &format!("{name}/config"),
                &format!("[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = {program}\n"),
            );
            it.world.write(&format!("{name}/objects/x"), "");
            it.world.write(&format!("{name}/refs/x"), "");
        }
    }),
    ("a repository inside of the definitions", |it| {
        let program = it.program();
        it.world.git(&["init", "--quiet", "environments"]);
        it.world.write(
            "environments/.git/config",
            &format!("[core]\n\tfsmonitor = {program}\n"),
        );
    }),
    ("a .git that leads elsewhere", |it| {
        it.named("core.fsmonitor");
        std::fs::rename(it.world.path(".git"), it.world.path("planted.git")).unwrap();
        it.world.write(".git", "gitdir: planted.git\n");
    }),
    ("a submodule", |it| {
        let program = it.program();
        it.world.write(
            ".gitmodules",
            &format!(
                "[submodule \"x\"]\n\tpath = x\n\turl = ext::{program}\n\tupdate = !{program}\n"
            ),
        );
        it.set("submodule.x.update", &format!("!{program}"));
        it.set("submodule.recurse", "true");
        it.set("fetch.recurseSubmodules", "true");
    }),
    ("uploadpack.packObjectsHook", |it| {
        it.named("uploadpack.packObjectsHook");
        it.promised("/nowhere");
    }),
    ("programs beside the checkout's files", |it| {
        for program in [
            "git",
            "git-cat-file",
            "git-rev-parse",
            "ssh",
            "sh",
            "cat",
            "false",
        ] {
            it.executable(program);
        }
        let path = std::env::var("PATH").unwrap_or_default();
        it.world
            .variables
            .insert("PATH".into(), format!(".::{path}"));
    }),
    ("variables that git reads", |it| {
        let program = it.program();
        for name in [
            "GIT_SSH_COMMAND",
            "GIT_SSH",
            "GIT_PAGER",
            "GIT_EXTERNAL_DIFF",
            "GIT_EDITOR",
            "GIT_ASKPASS",
            "GIT_PROXY_COMMAND",
            "PAGER",
            "EDITOR",
        ] {
            it.world.variables.insert(name.into(), program.clone());
        }
        for (name, value) in [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
            ("GIT_CONFIG_VALUE_0", &program),
            ("GIT_NO_LAZY_FETCH", "0"),
            ("GIT_ALLOW_PROTOCOL", "ssh:ext:file"),
        ] {
            it.world.variables.insert(name.into(), value.into());
        }
        it.promised("ssh://h/x");
    }),
    ("archives, manuals and browsers", |it| {
        for name in [
            "tar.x.command",
            "man.x.cmd",
            "browser.x.cmd",
            "mergetool.x.cmd",
        ] {
            it.named(name);
        }
        it.named("interactive.diffFilter");
        it.named("sendemail.smtpServer");
    }),
    ("collecting garbage", |it| {
        it.set("gc.auto", "1");
        it.set("maintenance.auto", "true");
        it.named("gc.recentObjectsHook");
        it.executable(".git/hooks/pre-auto-gc");
    }),
];

#[track_caller]
fn nothing_runs(checkout: &Checkout, what: &str, commands: &[&[&str]]) {
    for arguments in commands {
        let ran = checkout.world.run(arguments);
        assert!(
            ran.code != 101 && ran.code < 128,
            "{what}: {arguments:?}: {}",
            ran.short()
        );
        assert_eq!(checkout.executed(), "", "{what}: {arguments:?}");
    }
}

#[test]
fn no_command_runs_programs_of_a_repository() {
    assert!(PLANTED.len() >= 40, "{}", PLANTED.len());
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some((what, plant)) = PLANTED.get(number) else {
                        return;
                    };
                    let mut checkout = Checkout::new();
                    plant(&mut checkout);
                    nothing_runs(&checkout, what, COMMANDS);
                    if number.is_multiple_of(4) {
                        nothing_runs(&checkout, what, MORE);
                    }
                }
            });
        }
    });
}

/// The planted programs work: git itself runs them.
#[test]
fn git_itself_would_run_them() {
    let checkout = Checkout::new();
    checkout.named("core.sshCommand");
    checkout.promised("ssh://h/x");
    let mut git = std::process::Command::new("git");
    checkout.world.surround(&mut git);
    let _ = git
        .args(["cat-file", "-p", "HEAD:environments/system.toml"])
        .output();
    assert_ne!(checkout.executed(), "");
}
