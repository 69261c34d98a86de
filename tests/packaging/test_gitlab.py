"""The include for GitLab: its script is run with the variables of a merge request."""

import json
import unittest

import shared
from shared import ROOT, Project, environment, run, tool
from test_github import load, python

INCLUDE = ROOT / "packaging/gitlab/evenkeel.yml"


def script(project: Project, **variables: str) -> "shared.subprocess.CompletedProcess":
    """Runs the script of the job as the runner does: with variables, in the checkout."""
    job = load(INCLUDE)["evenkeel-parity"]
    text = "\n".join(job["script"])
    given = environment(GITLAB_CI="true", CI_PROJECT_DIR=str(project.path), **job["variables"], **variables)
    return run("sh", "-c", text, check=False, cwd=project.path, env=given)


class GitLab(unittest.TestCase):
    """Run on small projects."""

    def test_reports_what_a_merge_request_adds_with_the_program_of_the_wheel(self):
        project = Project()
        (project.path / "venv.py").write_text("open('run-by-the-job', 'w')\n")
        project.diverge()
        done = script(project, EVENKEEL_WHEEL=str(shared.wheel), CI_MERGE_REQUEST_DIFF_BASE_SHA=project.base)
        self.assertEqual(done.returncode, 2, done.stdout)
        issues = json.loads((project.path / "gl-code-quality-report.json").read_text())
        self.assertEqual([issue["severity"] for issue in issues], ["major"])
        self.assertIn("<testsuites", (project.path / "evenkeel-junit.xml").read_text())
        self.assertFalse((project.path / "run-by-the-job").exists())

    def test_passes_what_was_different_before(self):
        project = Project()
        base = project.diverge()
        self.assertEqual(script(project, CI_MERGE_REQUEST_DIFF_BASE_SHA=base).returncode, 0)
        self.assertEqual(script(project).returncode, 2)

    def test_takes_no_variable_for_a_command(self):
        project = Project()
        hostile = ["$(touch hacked)", "`touch hacked`", '"; touch hacked; #']
        given = [{"CI_MERGE_REQUEST_DIFF_BASE_SHA": value} for value in hostile]
        # A wheel costs an environment of Python: all of it in one value.
        given.append({"EVENKEEL_WHEEL": "".join(hostile)})
        for variables in given:
            self.assertNotEqual(script(project, **variables).returncode, 0)
            self.assertFalse((project.path / "hacked").exists())

    def test_validates(self):
        run(tool("check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci", INCLUDE, env=python())
