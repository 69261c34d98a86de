//! A project whose staging is on hosts.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::hosts::Hosts;

static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// A project, which is written with `write`.
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    /// The configuration of OpenSSH that reaches its hosts.
    pub(crate) config: PathBuf,
    destinations: Vec<String>,
    resources: String,
}

impl Project {
    /// A project with some hosts of a fleet, and no resources yet.
    pub(crate) fn new(directory: &Path, fleet: &impl Hosts, hosts: &[usize]) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            root: directory.join(format!("project-{number}")),
            config: fleet.config(),
            destinations: hosts.iter().map(|host| format!("host-{host}")).collect(),
            resources: String::new(),
        }
    }

    /// Stays in the directory of another project, whose ledger manages the hosts.
    pub(crate) fn replacing(mut self, other: Option<&Self>) -> Self {
        if let Some(other) = other {
            self.root.clone_from(&other.root);
        }
        self
    }

    /// Reaches its hosts with the key exchange X25519 alone. Before version 10, OpenSSH's default is a hybrid with sntrup761,
    /// whose keys take its client tens of milliseconds.
    pub(crate) fn with_x25519(mut self) -> Self {
        let text = fs::read_to_string(&self.config).unwrap();
        self.config = self.config.with_file_name("config-x25519");
        let text = format!("{text}  KexAlgorithms curve25519-sha256\n");
        fs::write(&self.config, text).unwrap();
        self
    }

    /// Adds small files in one directory.
    pub(crate) fn files(mut self, count: usize) -> Self {
        self.resources += "[directory.all]\non = \"web\"\npath = \"${root}\"\n";
        for number in 0..count {
            let _ = write!(
                self.resources,
                "[file.f{number:05}]\non = \"web\"\npath = \"${{directory.all.path}}/f{number:05}\"\ncontent = \"thing {number}\\n\"\nmode = \"0640\"\n"
            );
        }
        self
    }

    /// Adds packages that are installed.
    pub(crate) fn packages<'a>(mut self, names: impl Iterator<Item = &'a str>) -> Self {
        for (number, name) in names.enumerate() {
            let _ = write!(
                self.resources,
                "[package.p{number}]\non = \"web\"\npackage = \"{name}\"\n"
            );
        }
        self
    }

    /// Adds services with their units.
    pub(crate) fn services(mut self, count: usize) -> Self {
        for number in 0..count {
            let _ = write!(
                self.resources,
                "[file.unit-{number}]\non = \"web\"\npath = \"/etc/systemd/system/bench-{number}.service\"\ncontent = \"[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n\"\nmode = \"0644\"\n\
[service.s{number}]\non = \"web\"\nunit = \"bench-{number}.service\"\nrestart-on = [\"file.unit-{number}\"]\n"
            );
        }
        self
    }

    /// Writes its definitions.
    pub(crate) fn write(self) -> Self {
        let folder = self.root.join("environments");
        fs::create_dir_all(&folder).unwrap();
        let system = format!(
            "[system]\nname = \"bench\"\npath = [\"staging\", \"production\"]\n[parameter.root]\nvaries = \"identity\"\n[target.web]\n[release]\nrequire = []\n{}",
            self.resources
        );
        fs::write(folder.join("system.toml"), system).unwrap();
        let quoted: Vec<String> = self
            .destinations
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect();
        let staging = format!(
            "[environment]\nname = \"staging\"\n[values]\nroot = \"/srv/bench\"\n[target.web]\nhosts = [{}]\n",
            quoted.join(", ")
        );
        fs::write(folder.join("staging.toml"), staging).unwrap();
        fs::write(
            folder.join("production.toml"),
            "[environment]\nname = \"production\"\n[values]\nroot = \"/srv/other\"\n[target.web]\nssh = \"host-0\"\n",
        )
        .unwrap();
        self
    }
}
