"""The action: its steps are run as the runner of GitHub Actions runs them, with the files and variables that it sets."""

import json
import os
import pathlib
import re
import tempfile
import unittest

import shared
from shared import ROOT, TEMPORARY, Project, environment, run, tool

EXPRESSION = re.compile(r"\$\{\{\s*([^}]*?)\s*\}\}")


def load(path: pathlib.Path) -> dict:
    """Reads YAML with the pinned reader."""
    tool("check-jsonschema")
    import yaml

    return yaml.safe_load(path.read_text())


def outputs_of(text: str) -> dict[str, str]:
    """Reads what a step appended to GITHUB_OUTPUT: `name=value`, and values between delimiters."""
    values, lines = {}, iter(text.splitlines())
    for line in lines:
        if match := re.fullmatch(r"([\w-]+)<<(.+)", line):
            value = []
            for each in lines:
                if each == match[2]:
                    break
                value.append(each)
            values[match[1]] = "\n".join(value)
        else:
            name, _, value = line.partition("=")
            values[name] = value
    return values


class Ran:
    """What a run of the action left."""

    def __init__(self, project: Project, pull_request: str, **given: str) -> None:
        action = load(ROOT / "action.yml")
        self.temporary = pathlib.Path(tempfile.mkdtemp(prefix="runner.", dir=TEMPORARY))
        context = {"github.event.pull_request.base.sha": pull_request}
        for name, about in action["inputs"].items():
            default = EXPRESSION.sub(lambda match: context[match[1]], str(about["default"]))
            context[f"inputs.{name}"] = given.get(name.replace("-", "_"), default)
        self.log, self.summary, self.code = "", "", 0
        for step in action["runs"]["steps"]:
            assert step["shell"] == "bash" and "uses" not in step
            files = {name: self.temporary / f"{name}.{step['id']}" for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"]}
            for file in files.values():
                file.touch()
            variables = {
                name: EXPRESSION.sub(lambda match: context.get(match[1], ""), value) for name, value in step["env"].items()
            }
            script = self.temporary / "script.sh"
            script.write_text(step["run"])
            done = run(
                "bash", "--noprofile", "--norc", "-eo", "pipefail", script, check=False, cwd=project.path,
                env=environment(
                    GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(project.path), RUNNER_TEMP=str(self.temporary),
                    **{name: str(file) for name, file in files.items()}, **variables,
                ),
            )  # fmt: skip
            self.log += done.stdout
            self.summary += files["GITHUB_STEP_SUMMARY"].read_text()
            for name, value in outputs_of(files["GITHUB_OUTPUT"].read_text()).items():
                context[f"steps.{step['id']}.outputs.{name}"] = value
            self.code = done.returncode
            if self.code != 0:
                break
        self.outputs = {
            name: EXPRESSION.sub(lambda match: context.get(match[1], ""), about["value"])
            for name, about in action["outputs"].items()
        }


class Action(unittest.TestCase):
    """Run on small projects."""

    def test_reports_what_a_pull_request_adds_with_the_program_of_the_wheel(self):
        project = Project()
        # What the checkout has must not become code of the action.
        for module in ["venv", "pip", "ensurepip", "json"]:
            (project.path / f"{module}.py").write_text("open('run-by-the-action', 'w')\n")
        project.diverge()
        ran = Ran(project, project.base, wheel=str(shared.wheel))
        self.assertEqual(ran.code, 2, ran.log)
        self.assertRegex(ran.log, r"(?m)^::error file=environments/\w+\.toml,line=\d+")
        self.assertIn("parameter.greeting", ran.summary)
        self.assertEqual(ran.outputs["drift"], "true")
        self.assertEqual((ran.outputs["exit-code"], ran.outputs["error"]), ("2", "1"))
        self.assertEqual(ran.outputs["base"], project.base)
        sarif = json.loads(pathlib.Path(ran.outputs["sarif"]).read_text())
        self.assertEqual((sarif["version"], len(sarif["runs"][0]["results"])), ("2.1.0", 1))
        self.assertTrue((ran.temporary / "evenkeel/bin/evenkeel").exists())
        self.assertFalse((project.path / "run-by-the-action").exists())

    def test_passes_what_was_different_before(self):
        project = Project()
        base = project.diverge()
        (project.path / "notes.md").write_text("A change elsewhere.\n")
        project.commit()
        self.assertEqual(Ran(project, base).code, 0)
        ran = Ran(project, "")
        self.assertEqual((ran.code, ran.outputs["base"]), (2, ""), ran.log)

    def test_reports_without_failing_where_asked(self):
        project = Project()
        project.diverge()
        ran = Ran(project, project.base, fail="false")
        self.assertEqual((ran.code, ran.outputs["drift"]), (0, "true"), ran.log)
        (project.path / "environments/system.toml").write_text("[system\n")
        project.commit()
        self.assertEqual(Ran(project, project.base, fail="false").code, 1)

    def test_asks_for_the_history_where_the_merge_base_is_missing(self):
        project = Project()
        project.diverge()
        shallow = Project()
        run("rm", "-rf", shallow.path)
        run("git", "clone", "--quiet", "--depth", "1", f"file://{project.path}", shallow.path)
        ran = Ran(shallow, project.base)
        self.assertEqual(ran.code, 1)
        self.assertIn("fetch-depth: 0", ran.log)

    def test_refuses_a_wheel_of_the_checkout(self):
        project = Project()
        (project.path / "evenkeel.whl").write_bytes(b"")
        for wheel in ["evenkeel.whl", str(project.path / "environments/../evenkeel.whl")]:
            ran = Ran(project, project.base, wheel=wheel)
            self.assertEqual(ran.code, 1)
            self.assertIn("the wheel is in the checkout", ran.log)

    def test_takes_no_input_for_a_command(self):
        project = Project()
        hostile = ["$(touch hacked)", "`touch hacked`", '"; touch hacked; #', "--output=hacked", "x\n::set-output name=a::b"]
        for name in ["directory", "environments", "base", "fail_on", "sarif", "wheel"]:
            for value in hostile:
                ran = Ran(project, project.base, **{name: value})
                self.assertNotEqual(ran.code, 0, (name, value, ran.log))
                self.assertFalse(list(project.path.rglob("hacked")), (name, value))
                self.assertNotRegex(ran.log, r"(?m)^\s*::set-output", (name, value))

    def test_no_script_has_an_expression(self):
        for step in load(ROOT / "action.yml")["runs"]["steps"]:
            self.assertNotIn("${{", step["run"])

    def test_validates(self):
        run(tool("check-jsonschema"), "--builtin-schema", "vendor.github-actions", ROOT / "action.yml", env=python())
        example = ROOT / "packaging/github/parity.yml"
        run(tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", example, env=python())

    def test_lints_and_the_linter_reads_the_action(self):
        lint = tool("actionlint")
        place = TEMPORARY / "workflows"
        workflow = place / ".github/workflows/parity.yml"
        workflow.parent.mkdir(parents=True)
        run("git", "init", "--quiet", place)
        (place / "action.yml").write_text((ROOT / "action.yml").read_text())
        text = (ROOT / "packaging/github/parity.yml").read_text()
        workflow.write_text(text)
        run(lint, cwd=place)
        workflow.write_text(text.replace("wheel: ${{", "whel: ${{").replace("outputs.sarif }}", "outputs.serif }}"))
        done = run(lint, cwd=place, check=False)
        self.assertIn('"whel"', done.stdout)
        self.assertIn('"serif"', done.stdout)


def python() -> dict[str, str]:
    """Returns an environment in which the validators find their modules."""
    return {**os.environ, "PYTHONPATH": str(shared.TOOLS)}
