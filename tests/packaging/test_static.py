"""The static program: that everything linked into evenkeel can be linked so, and that it needs nothing around it.

`packaging/static` compiles everything, which takes minutes. What can break is the linking: this links what the build of the
program under test left.
"""

import itertools
import json
import os
import re
import shutil
import unittest

from shared import BUILT, ROOT, TEMPORARY, run


def link() -> "os.PathLike[str]":
    """Returns the static program, linked from the newest libraries that fit together."""
    libraries = BUILT.parent / "deps"
    newest = lambda crate: sorted(libraries.glob(f"lib{crate}-*.rlib"), key=lambda path: -path.stat().st_mtime)[:3]
    program = TEMPORARY / "static"
    natives = [f"-Lnative={out}" for out in (BUILT.parent / "build").glob("*/out")]
    crates = ["evenkeel", "evenkeel_allocator", "evenkeel_host"]
    done = None
    for found in itertools.product(*(newest(crate) for crate in crates)):
        externs = [f"--extern={crate}={path}" for crate, path in zip(crates, found)]
        done = run(
            "rustc", "--edition", "2024", "--crate-name", "evenkeel", "src/main.rs", "-Ctarget-feature=+crt-static",
            "-Cstrip=symbols", "-o", program, *externs, f"-Ldependency={libraries}", *natives, cwd=ROOT, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return program
    if done is None:
        raise unittest.SkipTest(f"no libraries in {libraries}")
    raise AssertionError(f"the static program cannot be linked:\n{done.stdout}")


class Static(unittest.TestCase):
    """Linked with archives alone."""

    def test_runs_alone_in_an_empty_root_as_in_the_container(self):
        if not shutil.which("rustc"):
            self.skipTest("rustc is not installed")
        program = link()
        self.assertNotIn("=>", run("ldd", program, check=False).stdout)
        if os.geteuid() != 0:
            self.skipTest("an empty root needs root")
        container = (ROOT / "packaging/Containerfile").read_text()
        stage = container.split("AS program\n")[1].split("\nFROM ")[0]
        place = re.search(r"^COPY target/packaging/evenkeel (\S+)$", stage, re.MULTILINE).group(1)
        user = re.search(r"^USER (\S+)$", stage, re.MULTILINE).group(1)
        entry = json.loads(re.search(r"^ENTRYPOINT (.*)$", stage, re.MULTILINE).group(1))
        self.assertEqual(entry, [place])
        self.assertNotIn(user.split(":")[0], ["0", "root"])

        root = TEMPORARY / "container"
        (root / place.lstrip("/")).parent.mkdir(parents=True)
        (root / "work").mkdir()
        shutil.copy2(program, root / place.lstrip("/"))
        (root / "work/a.yaml").write_text("replicas: 2\n")
        (root / "work/b.yaml").write_text("replicas: 3\n")
        inside = ["chroot", f"--userspec={user}", root, *entry]
        self.assertRegex(run(*inside, "--version").stdout, r"^evenkeel \d")
        done = run(*inside, "compare", "/work/a.yaml", "/work/b.yaml", check=False)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("replicas", done.stdout)
