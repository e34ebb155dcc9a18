"""The wheel's console script is the program: the same words, exit codes and signals, in an empty environment."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What lies on this path would be in the empty environment too.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
SIDES = [ROOT / "data" / "shop.parquet", ROOT / "data" / "pay.parquet"]


@pytest.fixture(scope="session")
def wheel() -> Path:
    """What `cargo xtask test` builds before."""
    folder = Path(os.environ.get("OVERLAP_WHEELS", ROOT / "target" / "wheels" / "test"))
    found = sorted(folder.glob("overlap-*.whl"))
    assert len(found) == 1, f"{len(found)} wheels in {folder}: maturin build, or set OVERLAP_WHEELS"
    return found[0]


@pytest.fixture(scope="session")
def scripts(wheel, tmp_path_factory) -> Path:
    """The scripts of an environment that has the wheel and nothing else."""
    venv = tmp_path_factory.mktemp("empty") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, env=ENVIRONMENT)
    bin = venv / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", bin / "python"]
    subprocess.run([*pip, "install", "--no-index", wheel], check=True, env=ENVIRONMENT)
    return bin


@pytest.fixture(params=["script", "module"])
def command(request, scripts):
    return [scripts / "overlap"] if request.param == "script" else [scripts / "python", "-m", "overlap"]


def run(command, *arguments, **options):
    return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, timeout=120, env=ENVIRONMENT, **options)


def test_the_command_says_what_the_program_says(command, binary, tmp_path):
    for arguments in [
        ["estimate", *SIDES],
        ["estimate", *SIDES, "--k", 4096, "--format", "json"],
        ["exact", *SIDES, "--by", "city_tier", "--format", "csv"],
        ["estimate", "--help"],
        ["--version"],
        ["estimate"],
        ["estimate", SIDES[0], "--nonsense"],
        ["estimate", *SIDES, "--id", "nobody"],
        ["estimate", tmp_path / "missing.parquet", SIDES[1]],
        ["estimate", *SIDES, "--as", "nothing"],
        ["sketch", SIDES[0], "-o", tmp_path / "nowhere" / "shop.ovs"],
    ]:
        ours, theirs = run(command, *arguments), run([binary], *arguments)
        # The light program that tests use may lack the wheel's features.
        words = [text.partition("features:")[0] for text in (ours.stdout, theirs.stdout)]
        assert words[0] == words[1], arguments
        assert (ours.returncode, ours.stderr) == (theirs.returncode, theirs.stderr), arguments
    assert run(command, "--version").stdout.rstrip().endswith("features: cloud")


def test_the_command_and_the_module_are_of_one_environment(scripts):
    text = "import overlap, sys; s = overlap.sketch(sys.argv[1]); print(overlap.__version__, s.rows)"
    found = run([scripts / "python", "-c", text], SIDES[0])
    assert found.stdout == f"{overlap_version(scripts)} 240000\n", found.stderr


def overlap_version(scripts) -> str:
    return run([scripts / "overlap"], "-V").stdout.split()[-1]


def test_exit_codes_are_the_program_s(command, tmp_path):
    (tmp_path / "text.csv").write_text("user_id\nann\nbob\n")
    (tmp_path / "corrupt.parquet").write_bytes(b"PAR1" + bytes(100))
    assert run(command, "estimate").returncode == 2
    assert run(command, "estimate", tmp_path / "corrupt.parquet", SIDES[1]).returncode == 3
    assert run(command, "estimate", tmp_path / "text.csv", SIDES[1]).returncode == 4
    assert run(command, "sketch", SIDES[0], "-o", tmp_path / "none" / "x.ovs").returncode == 6


@pytest.mark.skipif(os.name == "nt", reason="pipes and signals of Unix")
def test_a_closed_pipe_is_no_error(command):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*command, "estimate", *SIDES], stdout=writer, stderr=subprocess.PIPE, timeout=120, env=ENVIRONMENT)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(os.name == "nt", reason="pipes and signals of Unix")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_it_with_the_program_s_codes(command, tmp_path, sent, code):
    stopped = tmp_path / "left.ovs"
    with subprocess.Popen(
        [*command, "sketch", "-", "--input-format", "csv", "-o", stopped],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        process.stdin.write(b"user_id\n" + b"7\n" * 1000)
        process.stdin.flush()
        # Until the program has taken the signals over, Python has them.
        caught = Path(f"/proc/{process.pid}/status")
        deadline = time.monotonic() + 20
        while caught.exists() and not any(
            line.startswith("SigCgt") and int(line.split()[1], 16) >> (signal.SIGHUP - 1) & 1
            for line in caught.read_text().splitlines()
        ):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(sent)
        assert process.wait(20) == code
        assert process.stderr.read() == b""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="pipes and signals of Unix")
def test_out_of_memory_is_an_exit_code(command, tmp_path):
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))  # noqa: E731
    done = run(
        command, "sketch", SIDES[0], "--precision", 24, "--k", 1 << 24, "--by", "last_active",
        "--threads", 1, "-o", tmp_path / "x.ovs", preexec_fn=limit,
    )
    assert done.returncode == 7 and "out of memory" in done.stderr, done.stderr


def test_arguments_may_be_any_bytes(command, tmp_path):
    if os.name == "nt" or sys.platform == "darwin":
        pytest.skip("file names there are text")
    name = os.fsencode(tmp_path) + b"/shop-\xff.parquet"
    Path(os.fsdecode(name)).write_bytes(SIDES[0].read_bytes())
    done = subprocess.run([*command, b"estimate", name, os.fsencode(SIDES[1])], capture_output=True, timeout=120, env=ENVIRONMENT)
    assert done.returncode == 0 and b"overlap" in done.stdout, done.stderr
