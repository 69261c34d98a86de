"""The hooks, run by the real pre-commit with the program of the wheel."""

import shutil
import tempfile
import unittest

import shared
from shared import ROOT, TEMPORARY, Project, environment, run, tool

MANIFEST = ROOT / ".pre-commit-hooks.yaml"


class Hooks(unittest.TestCase):
    """Run on a small project."""

    def test_stop_a_commit_with_a_difference(self):
        pre_commit = tool("pre-commit")
        hooks = Project()
        shutil.copy2(MANIFEST, hooks.path)
        revision = hooks.commit()
        project = Project()
        (project.path / ".pre-commit-config.yaml").write_text(
            f"repos:\n  - repo: {hooks.path}\n    rev: {revision}\n    hooks:\n"
            "      - id: evenkeel-validate\n      - id: evenkeel-parity\n"
        )
        project.commit()
        given = environment(PYTHONPATH=str(shared.TOOLS), PRE_COMMIT_HOME=tempfile.mkdtemp(dir=TEMPORARY))
        command = [pre_commit, "run", "--all-files", "--verbose"]
        done = run(*command, check=False, cwd=project.path, env=given)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(done.stdout.count("Passed"), 2, done.stdout)
        project.diverge()
        done = run(*command, check=False, cwd=project.path, env=given)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("DRIFT", done.stdout)
        self.assertRegex(done.stdout, r"evenkeel parity\.+Failed")
        self.assertRegex(done.stdout, r"evenkeel validate\.+Passed")

    def test_validates(self):
        run(tool("pre-commit"), "validate-manifest", MANIFEST, env=environment(PYTHONPATH=str(shared.TOOLS)))
