"""The wheel: what it has, that pip installs and removes it, and that the same program gives the same bytes."""

import json
import tomllib
import unittest
import zipfile

import shared
from shared import ROOT, TEMPORARY, VENV, run

SHARED = [
    "man/man1/evenkeel.1",
    "man/man1/evenkeel-drift.1",
    "man/man1/evenkeel-lock-break.1",
    "bash-completion/completions/evenkeel",
    "zsh/site-functions/_evenkeel",
    "fish/vendor_completions.d/evenkeel.fish",
]


class Wheel(unittest.TestCase):
    """Of the program under test."""

    def test_installs_the_program(self):
        version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
        program = VENV / "bin/evenkeel"
        self.assertEqual(run(program, "--version").stdout, f"evenkeel {version}\n")
        about = json.loads(run(program, "--version", "--json").stdout)
        self.assertEqual((about["name"], about["version"]), ("evenkeel", version))
        self.assertIn("sarif", about["formats"])
        self.assertIn("linux", about["target"])

    def test_installs_manual_pages_and_completions(self):
        for name in SHARED:
            self.assertGreater((VENV / "share" / name).stat().st_size, 200, name)
        run("bash", "-n", VENV / "share/bash-completion/completions/evenkeel")

    def test_names_licences_and_platform(self):
        with zipfile.ZipFile(shared.wheel) as archive:
            names = archive.namelist()
            info = next(name for name in names if name.endswith("/METADATA"))
            metadata = archive.read(info).decode()
        self.assertIn("License-Expression: MIT OR Apache-2.0\n", metadata)
        self.assertTrue(any(name.endswith(".dist-info/licenses/LICENSE-MIT") for name in names))
        self.assertRegex(shared.wheel.name, r"^evenkeel-[0-9.]+-py3-none-manylinux_2_\d+_(x86_64|aarch64)\.whl$")
        self.assertFalse([name for name in names if name.endswith(".py")])

    def test_gives_the_same_bytes(self):
        command = [ROOT / "packaging/wheel", shared.PROGRAM, "--out", TEMPORARY / "again", "--compression", "1"]
        again = run(*command).stdout.strip()
        with open(again, "rb") as one, open(shared.wheel, "rb") as other:
            self.assertEqual(one.read(), other.read())

    def test_refuses_a_program_of_another_version(self):
        other = TEMPORARY / "other"
        other.write_text('#!/bin/sh\necho \'{"version":"0.0.1"}\'\n')
        other.chmod(0o755)
        done = run(ROOT / "packaging/wheel", other, "--out", TEMPORARY / "none", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is version 0.0.1, expected", done.stdout)
