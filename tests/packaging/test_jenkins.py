"""The example for Jenkins: the lines of its `sh` steps are run in order, as the agent runs them."""

import re
import tempfile
import textwrap
import unittest
import xml.etree.ElementTree as xml

import shared
from shared import ROOT, TEMPORARY, Project, environment, run

TEXT = (ROOT / "packaging/jenkins/Jenkinsfile").read_text()


class Jenkins(unittest.TestCase):
    """Run on a small project."""

    def test_runs_with_the_program_of_the_wheel(self):
        # In a single-quoted string of Groovy, only the backslash is special.
        scripts = [textwrap.dedent(text).replace("\\\\", "\\") for text in re.findall(r"\bsh '''(.*?)'''", TEXT, re.DOTALL)]
        self.assertEqual(len(scripts), 2)
        project = Project()
        run("git", "update-ref", "refs/remotes/origin/main", project.base, cwd=project.path)
        project.diverge()
        given = environment(
            WORKSPACE_TMP=tempfile.mkdtemp(dir=TEMPORARY), EVENKEEL_WHEEL=str(shared.wheel), CHANGE_TARGET="main"
        )
        install, parity = (run("sh", "-xec", text, check=False, cwd=project.path, env=given) for text in scripts)
        self.assertEqual(install.returncode, 0, install.stdout)
        self.assertEqual(parity.returncode, 2, parity.stdout)
        self.assertEqual(xml.parse(project.path / "evenkeel-junit.xml").getroot().get("failures"), "1")
        self.assertTrue((project.path / "evenkeel.sarif").exists())

    def test_groovy_puts_no_value_into_a_script(self):
        self.assertNotRegex(TEXT, r'\bsh\s*\(?\s*(script:\s*)?"')
        for bracket in ["{}", "()", "[]"]:
            self.assertEqual(TEXT.count(bracket[0]), TEXT.count(bracket[1]))
