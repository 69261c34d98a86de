//! The same files by pyinfra and by Ansible, over SSH on a host of the same fleet.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::hosts::Hosts;
use super::measure::{Took, run, run_with};

/// Creates files, and then runs again with nothing to do.
pub(crate) fn pyinfra(
    directory: &Path,
    fleet: &impl Hosts,
    host: usize,
    size: usize,
) -> Option<(Option<Took>, Option<Took>)> {
    let program = Path::new("pyinfra");
    run(directory, program, &["--version"], &[0])?;
    let root = directory.join("pyinfra");
    fs::create_dir_all(&root).unwrap();
    let text = format!(
        "from io import StringIO\nfrom pyinfra.operations import files\nfiles.directory(path='/srv/pyinfra')\nfor n in range({size}):\n    files.put(name=f'f{{n}}', src=StringIO(f'thing {{n}}\\n'), dest=f'/srv/pyinfra/f{{n:05}}', mode='640')\n",
    );
    fs::write(root.join("deploy.py"), text).unwrap();
    let config = fleet.config();
    fs::write(
        root.join("inventory.py"),
        format!(
            "hosts = [('host-{host}', {{'ssh_config_file': '{}'}})]\n",
            config.display()
        ),
    )
    .unwrap();
    let once = || run(&root, program, &["-y", "inventory.py", "deploy.py"], &[0]);
    Some((once(), once()))
}

/// Creates files, and then checks them with `--check`.
pub(crate) fn ansible(
    directory: &Path,
    fleet: &impl Hosts,
    host: usize,
    size: usize,
) -> Option<(Option<Took>, Option<Took>)> {
    let program = Path::new("ansible-playbook");
    run(directory, program, &["--version"], &[0])?;
    let root = directory.join("ansible");
    fs::create_dir_all(&root).unwrap();
    let mut text = "- hosts: all\n  gather_facts: false\n  tasks:\n    - file: {path: /srv/ansible, state: directory}\n".to_owned();
    for number in 0..size {
        let _ = writeln!(
            text,
            "    - copy: {{dest: /srv/ansible/f{number:05}, content: \"thing {number}\\n\", mode: '0640'}}"
        );
    }
    fs::write(root.join("site.yml"), text).unwrap();
    let arguments = format!("-F {}", fleet.config().display());
    let home = root.join("home").display().to_string();
    let inventory = format!("host-{host},");
    let once = |more: &[&str]| {
        let mut all = vec!["-i", &inventory, "site.yml"];
        all.extend(more);
        run_with(
            &root,
            program,
            &all,
            &[0],
            &[
                ("ANSIBLE_SSH_ARGS", &arguments),
                // With fewer transfers and processes: as fast as it is without plugins of others.
                ("ANSIBLE_PIPELINING", "1"),
                ("ANSIBLE_HOME", &home),
            ],
        )
    };
    Some((once(&[]), once(&["--check"])))
}
