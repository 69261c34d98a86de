"""The Debian package: cargo-deb reads the metadata of Cargo.toml, and dpkg installs and removes the package in a private root directory."""

import json
import re
import shutil
import tomllib
import unittest

from shared import PROGRAM, ROOT, TEMPORARY, run, tool

INSTALLED = [
    "usr/lib/evenkeel/evenkeel-agent",
    "usr/share/man/man1/evenkeel.1.gz",
    "usr/share/man/man1/evenkeel-drift.1.gz",
    "usr/share/bash-completion/completions/evenkeel",
    "usr/share/zsh/vendor-completions/_evenkeel",
    "usr/share/fish/vendor_completions.d/evenkeel.fish",
    "usr/share/doc/evenkeel/copyright",
    "usr/share/doc/evenkeel/LICENSE-APACHE",
]


def stage() -> None:
    """Writes a crate with the metadata of Cargo.toml alone: the pinned cargo-deb is older than the workspace's resolver."""
    crate = TEMPORARY / "crate"
    (crate / "target/release").mkdir(parents=True)
    text = (ROOT / "Cargo.toml").read_text()
    manifest = tomllib.loads(text)
    metadata = re.search(r"^\[package\.metadata\.deb\]\n.*?(?=^\[)", text, re.DOTALL | re.MULTILINE).group(0)
    package, inherited = manifest["package"], manifest["workspace"]["package"]
    fields = {
        "name": package["name"],
        "version": inherited["version"],
        "edition": "2021",
        "license": inherited["license"],
        "description": package["description"],
    }
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())
    (crate / "Cargo.toml").write_text(
        f'[package]\n{lines}\n[[bin]]\nname = "evenkeel"\npath = "main.rs"\n\n{metadata}\n[workspace]\n'
    )
    (crate / "main.rs").write_text("fn main() {}\n")
    (crate / "target/release/evenkeel").symlink_to(PROGRAM)
    (crate / "target/packaging").symlink_to(ROOT / "target/packaging")
    for name in ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "CHANGELOG.md"]:
        (crate / name).symlink_to(ROOT / name)


class Debian(unittest.TestCase):
    """Of the program under test."""

    def test_installs_and_removes(self):
        if not shutil.which("dpkg"):
            self.skipTest("dpkg is not installed")
        deb = tool("cargo-deb")
        stage()
        package = TEMPORARY / "evenkeel.deb"
        run(deb, "--no-build", "--no-strip", "--fast", "-Z", "gz", "-o", package, cwd=TEMPORARY / "crate")
        control = run("dpkg-deb", "--field", package).stdout
        self.assertRegex(control, r"(?m)^Depends: .*\bgit\b")
        self.assertRegex(control, r"(?m)^Depends: .*\blibc6 ")

        root = TEMPORARY / "debian"
        (root / "var/lib/dpkg/info").mkdir(parents=True)
        (root / "var/lib/dpkg/updates").mkdir()
        (root / "var/lib/dpkg/status").touch()
        (root / "var/lib/dpkg/available").touch()
        # The packages that it depends on are those of the machine.
        dpkg = ["dpkg", f"--root={root}", "--force-depends", "--force-not-root", f"--log={TEMPORARY / 'dpkg.log'}"]
        run(*dpkg, "--install", package)
        self.assertRegex(run(root / "usr/bin/evenkeel", "--version").stdout, r"^evenkeel \d")
        for name in INSTALLED:
            self.assertTrue((root / name).is_file(), name)
        run(*dpkg, "--remove", "evenkeel")
        self.assertFalse((root / "usr/bin/evenkeel").exists())
        self.assertFalse((root / "usr/share/man/man1/evenkeel.1.gz").exists())
