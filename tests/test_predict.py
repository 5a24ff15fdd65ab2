"""The entrypoint's contract: every flag of `predict.py`, and what goes wrong around a model that is good.

What goes wrong inside a model is in tests/scenarios.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from conftest import ROOT, scrubbed_environment

from numerai_predict import __version__
from numerai_predict.sandbox import messages

SCHEMA = json.loads((ROOT / "docs/record.schema.json").read_text())

SUPERVISOR_NEVER_IMPORTS = (
    "asyncio", "cloudpickle", "email", "http.client", "importlib.metadata", "numpy", "pandas", "pyarrow", "requests",
    "ssl", "subprocess", "tempfile", "urllib.request", "urllib3",
)  # fmt: skip


@pytest.fixture
def predict(tmp_path: Path):
    """Run predict.py with exactly these arguments, in an empty folder."""

    def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "predict.py"), *map(str, arguments)]
        environment = scrubbed_environment() | variables
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=90)

    return run


@pytest.fixture
def job(pickled, sample_round: Path) -> list[object]:
    """The arguments that run the good model on the sample round."""
    return ["--model", pickled("good"), "--dataset", sample_round / "live.parquet"]


def said(run: subprocess.CompletedProcess[str], exit_code: int) -> str:
    """Check that a run failed in our words, and return them."""
    assert run.returncode == exit_code, run.stderr
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
    assert run.stderr.count("Failed: ") == run.stderr.count("To do: ") == 1
    return run.stderr


# --- flags


def test_output_dir(predict, job, tmp_path, live_ids):
    """A new file named live_predictions-<12 hex>.csv appears in --output_dir; stdout is its path and nothing else."""
    run = predict(*job, "--output_dir", tmp_path)

    assert run.returncode == 0, run.stderr
    path = Path(run.stdout.removesuffix("\n"))
    assert re.fullmatch(r"live_predictions-[0-9a-f]{12}\.csv", path.name)
    assert path.parent == tmp_path
    assert list(pd.read_csv(path, index_col="id").index) == live_ids


def test_output_dir_is_also_spelled_with_a_dash(predict, job, tmp_path):
    """--output-dir is --output_dir."""
    assert predict(*job, "--output-dir", tmp_path).stdout.startswith(f"{tmp_path}/live_predictions-")


def test_output_dir_is_tmp_by_default(predict, job):
    """Without --output_dir, predictions go to /tmp, as they always have."""
    path = Path(predict(*job).stdout.strip())

    assert path.parent == Path("/tmp")
    path.unlink()


def test_output(predict, job, tmp_path):
    """--output is the exact file, relative to where the user is, and replaces an older one."""
    (tmp_path / "mine.csv").write_text("yesterday's")

    assert predict(*job, "--output", "mine.csv").stdout == "mine.csv\n"
    assert (tmp_path / "mine.csv").read_text().startswith("id,prediction\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.pkl", "mine.csv"]


@pytest.mark.parametrize("text", ["1GB", "1GiB", "1g", "1024M", "1048576K", str(1024**3)])
def test_memory(predict, job, tmp_path, text):
    """--memory takes bytes or powers of 1024 under any usual spelling."""
    run = predict(*job, "--output_dir", tmp_path, "--json", "--memory", text)

    assert json.loads(run.stdout)["job"]["limits"]["memory"] == 1024**3


@pytest.mark.parametrize("text", ["90", "90s", "1.5m", "0.025h"])
def test_timeout(predict, job, tmp_path, text):
    """--timeout takes seconds, minutes or hours."""
    run = predict(*job, "--output_dir", tmp_path, "--json", "--timeout", text)

    assert json.loads(run.stdout)["job"]["limits"]["timeout"] == 90


@pytest.mark.parametrize("flag", ["--memory", "--timeout", "--cpus"])
@pytest.mark.parametrize("text", ["0", "-1", "much", "nan", "inf", ""])
def test_limits_that_are_none(predict, job, flag, text):
    """A limit that is not above zero, or no number, is a usage error that names the flag."""
    run = predict(*job, flag, text)

    assert run.returncode == 2
    assert f"argument {flag}" in run.stderr


def test_cpus(predict, sample_round, tmp_path):
    """The model's libraries are told the CPUs of --cpus, but no more than there are."""
    import cloudpickle

    def tell(_):
        import os

        print("threads", os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"])

    (tmp_path / "tell.pkl").write_bytes(cloudpickle.dumps(tell))
    for cpus in (1, 2, 1000):
        run = predict("--model", "tell.pkl", "--dataset", sample_round / "live.parquet", "--cpus", cpus)
        expected = min(cpus, len(os.sched_getaffinity(0)))
        assert f"model| threads {expected} {expected}\n" in run.stderr


def test_json_and_record(predict, job, tmp_path):
    """--json prints the record instead of the path, --record writes the same; its digests are those of the files."""
    run = predict(*job, "--output_dir", tmp_path, "--json", "--record", "record.json")
    record = json.loads(run.stdout)

    assert json.loads((tmp_path / "record.json").read_text()) == record
    jsonschema.validate(record, SCHEMA)
    assert record["outcome"] == "delivered"
    assert record["round"] == {"number": None, "rows": 200, "columns": 62}
    for file in [*record["files"].values(), record["predictions"]]:
        content = Path(file["path"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_record_of_a_failure(predict, job, tmp_path):
    """A run that fails before a worker starts has a record, too, of the same form."""
    job[1] = "nowhere.pkl"
    run = predict(*job, "--record", "record.json", "--json")
    record = json.loads(run.stdout)

    jsonschema.validate(record, SCHEMA)
    assert json.loads((tmp_path / "record.json").read_text()) == record
    assert record["failure"]["kind"] == "usage"
    assert run.returncode == 2


def test_quiet(predict, job, tmp_path):
    """With --quiet, a good run says nothing but the path."""
    run = predict(*job, "--output_dir", tmp_path, "--quiet")

    assert run.stderr == ""
    assert run.stdout.endswith(".csv\n")


def test_quiet_keeps_failures(predict, job):
    """With --quiet, a failure is still told."""
    job[1] = "nowhere.pkl"

    assert said(predict(*job, "--quiet"), 2).startswith("Failed: There is no model file nowhere.pkl.")


def test_debug(predict, job, tmp_path):
    """--debug says under which limits and by which interpreter."""
    stderr = predict(*job, "--output_dir", tmp_path, "--debug").stderr

    assert "limits: " in stderr
    assert sys.executable in stderr


def test_version(predict):
    """--version prints the version."""
    assert predict("--version").stdout == f"numerai-predict {__version__}\n"


def test_help(predict):
    """--help names every flag and shows commands that people really type."""
    stdout = predict("--help").stdout

    for flag in ("--model", "--dataset", "--benchmarks", "--output_dir", "--output-dir", "--output", "--memory"):
        assert flag in stdout
    assert "python predict.py --model model.pkl --dataset live.parquet\n" in stdout


def test_an_abbreviated_flag_is_refused(predict, job):
    """--mod is not --model: a flag of a later version must not change what a script means."""
    assert predict("--mod", *job[1:]).returncode == 2


def test_phases(predict, job, tmp_path):
    """Stderr has one line for each phase, with its duration."""
    stderr = predict(*job, "--output_dir", tmp_path).stderr

    phases = re.findall(r"^  (\w+) +\d+\.\d\d s  \S", stderr, flags=re.MULTILINE)
    assert phases == ["fetch", "start", "round", "inspect", "load", "predict", "judge", "deliver"]


@pytest.mark.parametrize("extension", [".gz", ".bz2", ".xz", ".zip"])
def test_compressed_model(predict, job, tmp_path, extension):
    """A pickle that pandas' rule decompresses by its extension is one."""
    path = f"{job[1]}{extension}"
    with pd.io.common.get_handle(path, "wb", compression="infer", is_text=False) as handles:
        handles.handle.write(Path(job[1]).read_bytes())
    job[1] = path

    assert predict(*job, "--output_dir", tmp_path).returncode == 0


def test_a_terminal_shows_progress(pickled, sample_round, tmp_path):
    """On a terminal, a line that is drawn over itself shows the seconds and the memory of a model that takes long."""
    import pty

    ours, theirs = pty.openpty()
    flags = ["--timeout", "2", "--dataset", str(sample_round / "live.parquet"), "--output_dir", str(tmp_path)]
    command = [sys.executable, str(ROOT / "predict.py"), "--model", str(pickled("loops")), *flags]
    process = subprocess.Popen(command, stderr=theirs, stdout=subprocess.DEVNULL, env=scrubbed_environment())
    os.close(theirs)
    said = b""
    try:
        while data := os.read(ours, 65536):
            said += data
    except OSError:
        pass  # how a terminal says that nobody is at its other end any more
    os.close(ours)

    assert process.wait() == 21
    drawn = re.findall(rb"  predict +(\d\.\d) s of 2 s, [\d,]+ of 4,096 MiB *\r", said)
    assert len(drawn) > 3
    assert drawn == sorted(drawn)


def test_warnings_about_library_versions_are_shown(predict, sample_round, tmp_path):
    """What scikit-learn warns of when it unpickles an estimator of another version is seen."""
    import cloudpickle
    import sklearn
    from sklearn.linear_model import Ridge

    model = Ridge().fit([[0.0], [1.0]], [0.0, 1.0])
    version = sklearn.__version__.encode()
    content = cloudpickle.dumps(lambda _: model).replace(version, b"0" * len(version))
    (tmp_path / "old.pkl").write_bytes(content)
    stderr = predict("--model", "old.pkl", "--dataset", sample_round / "live.parquet").stderr

    assert "model| " in stderr
    assert "InconsistentVersionWarning: Trying to unpickle estimator Ridge from version 0000" in stderr


# --- what goes wrong around a good model


def test_missing_model(predict):
    """Without --model, the usage is printed."""
    run = predict()

    assert run.returncode == 2
    assert "--model" in run.stderr


@pytest.mark.parametrize("flag", ["--model", "--dataset", "--benchmarks"])
def test_missing_file(predict, pickled, sample_round, flag):
    """A file that does not exist is a usage error that names it."""
    files = {"--model": pickled("takes_default_second"), "--dataset": sample_round / "live.parquet"}
    files |= {"--benchmarks": sample_round / "live_benchmark_models.parquet", flag: "./nowhere/file"}
    stderr = said(predict(*[word for pair in files.items() for word in pair]), 2)

    assert "file ./nowhere/file." in stderr
    assert flag in stderr


@pytest.mark.parametrize(("flag", "exit_code"), [("--model", 41), ("--dataset", 40), ("--benchmarks", 40)])
def test_a_folder_for_a_file(predict, pickled, sample_round, tmp_path, flag, exit_code):
    """A folder where a file is due is named as that."""
    files = {"--model": pickled("takes_default_second"), "--dataset": sample_round / "live.parquet"}
    files |= {"--benchmarks": sample_round / "live_benchmark_models.parquet", flag: tmp_path}

    assert "it is not a regular file" in said(predict(*[word for pair in files.items() for word in pair]), exit_code)


def test_benchmarks_that_are_not_read(predict, job, tmp_path):
    """A function of one argument needs no benchmark models, whatever --benchmarks says."""
    assert predict(*job, "--benchmarks", "nowhere", "--output_dir", tmp_path).returncode == 0


def test_benchmarks_of_another_round(predict, pickled, sample_round, tmp_path):
    """Benchmark models whose ids are not the live ids are refused, and it is not the model's fault."""
    other = pd.read_parquet(sample_round / "live_benchmark_models.parquet").iloc[1:]
    other.to_parquet(tmp_path / "other.parquet")
    flags = ["--dataset", sample_round / "live.parquet", "--benchmarks", "other.parquet"]

    stderr = said(predict("--model", pickled("takes_default_second"), *flags), 49)
    assert "The ids of other.parquet are not those of " in stderr


def test_missing_output_dir(predict, job):
    """An output directory that does not exist is a usage error before anything runs."""
    assert "The directory nowhere does not exist." in said(predict(*job, "--output_dir", "nowhere"), 2)


def test_output_that_is_no_file(predict, job):
    """An --output that is a device is refused: replacing it would break the machine."""
    assert "/dev/null is not a file." in said(predict(*job, "--output", "/dev/null"), 2)
    assert Path("/dev/null").is_char_device()


def test_missing_record_directory(predict, job):
    """A --record in a directory that does not exist is a usage error before anything runs."""
    assert "The directory nowhere does not exist." in said(predict(*job, "--record", "nowhere/record.json"), 2)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a directory that nobody can write")
def test_unwritable_output_dir(predict, job):
    """An output directory that cannot be written is one sentence, whoever the user is."""
    assert "The predictions could not be written to /proc/" in said(predict(*job, "--output_dir", "/proc"), 43)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a directory that nobody can write")
def test_unwritable_record(predict, job, tmp_path):
    """A record that cannot be written is a failure which says where the predictions are."""
    run = predict(*job, "--output", "mine.csv", "--record", "/proc/record.json")

    assert "The predictions are at mine.csv." in said(run, 44)
    assert (tmp_path / "mine.csv").exists()


@pytest.fixture
def tiny_disk(tmp_path: Path):
    """A file system of 4 KiB; only root can make one, which CI is."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", folder], capture_output=True, text=True)
    if mount.returncode:
        assert os.environ.get("CI") is None or os.getuid() != 0, f"CI must be able to mount: {mount.stderr}"
        pytest.skip(f"needs the right to mount a file system: {mount.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_full_disk(predict, job, tiny_disk):
    """A disk that is too full for the predictions is one sentence, and leaves no half file."""
    assert "No space left on device" in said(predict(*job, "--output_dir", tiny_disk), 43)
    assert list(tiny_disk.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda frame: frame.reset_index(drop=True), "it has no index `id`"),
        (lambda frame: frame.rename_axis("ticker"), "its index is 'ticker', not 'id'"),
        (lambda frame: frame.reset_index(), "it has no index `id`"),
        (lambda frame: frame.iloc[:0], "it has no rows"),
        (lambda frame: pd.concat([frame, frame]), "its ids are not all different"),
    ],
    ids=["no-id", "other-index", "id-as-column", "no-rows", "ids-twice"],
)
def test_data_that_is_no_round(predict, job, tmp_path, sample_round, change, problem):
    """A parquet file that is not live data is one sentence that says what it lacks."""
    change(pd.read_parquet(sample_round / "live.parquet")).to_parquet(tmp_path / "other.parquet")

    stderr = said(predict(*job, "--dataset", "other.parquet"), 40)
    assert f"The data file other.parquet cannot be used: {problem}." in stderr


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda _: b"", "it is not a parquet file"),
        (lambda _: b"<html>Access denied</html>", "it is not a parquet file"),
        (lambda content: content[: len(content) // 2], "it is cut off"),
        (lambda content: content[:8] + bytes(len(content) - 16) + content[-8:], ""),
    ],
    ids=["empty", "html", "cut-off", "garbage-inside"],
)
@pytest.mark.parametrize("flag", ["--dataset", "--benchmarks"])
def test_damaged_data(predict, pickled, tmp_path, sample_round, flag, damage, problem):
    """A damaged data file is one sentence that names it, and not the model's fault."""
    files = {"--dataset": sample_round / "live.parquet", "--benchmarks": sample_round / "live_benchmark_models.parquet"}
    (tmp_path / "damaged").write_bytes(damage(files[flag].read_bytes()))
    files[flag] = "damaged"
    arguments = [word for pair in files.items() for word in pair]

    stderr = said(predict("--model", pickled("takes_default_second"), *arguments), 40)
    assert f"The data file damaged cannot be used: {problem}" in stderr


def test_environment_without_pandas(tmp_path, job):
    """An interpreter without pandas is told as that, and is not the model's fault."""
    launcher = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); sys.executable = {str(tmp_path / 'python')!r}; "
        "from numerai_predict.cli import main; sys.exit(main(['predict', *sys.argv[1:]]))"
    )
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')  # -S: without site-packages
    bare.chmod(0o755)
    command = [sys.executable, "-c", launcher, *map(str, job)]
    run = subprocess.run(command, capture_output=True, text=True, env=scrubbed_environment(), timeout=90)

    assert "No module named 'pandas'" in said(run, 42)


def test_windows(job):
    """Where there is no fork, everything can be imported, and a run says to use the container or WSL2."""
    windows = (
        "import os, signal, sys; sys.modules.update(dict.fromkeys(['fcntl', 'resource', 'pwd', 'grp', 'termios'])); "
        "del signal.pthread_sigmask, signal.SIGUSR1, os.fork, os.posix_spawn, os.wait4, os.killpg, os.O_NONBLOCK; "
        f"sys.path.insert(0, {str(ROOT / 'src')!r}); "
        "import numerai_predict.api, numerai_predict.sample_round; from numerai_predict.cli import main; "
        "os.name = 'nt'; sys.exit(main(['predict', *sys.argv[1:]]))"
    )
    command = [sys.executable, "-c", windows, *map(str, job)]
    run = subprocess.run(command, capture_output=True, text=True, env=scrubbed_environment(), timeout=90)

    assert "Models cannot be run on Windows." in said(run, 45)
    assert "WSL2" in run.stderr


# --- what a run costs, and what reaches the model


def test_supervisor_imports_the_standard_library_only(job, tmp_path):
    """A local run loads none of the libraries that would make it slower than a bare script."""
    spy = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); from numerai_predict.cli import main; "
        "code = main(['predict', *sys.argv[1:]]); print(*sys.modules, file=open('modules', 'w')); sys.exit(code)"
    )
    command = [sys.executable, "-c", spy, *map(str, job), "--output_dir", str(tmp_path), "--record", "record.json"]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True, env=scrubbed_environment(), timeout=90)

    loaded = (tmp_path / "modules").read_text().split()
    assert "numerai_predict.sandbox.supervisor" in loaded
    assert [name for name in SUPERVISOR_NEVER_IMPORTS if name in loaded] == []


def test_worker_gets_nothing_but_its_own(predict, tmp_path, sample_round):
    """The model's process has no variable, argument or descriptor that it does not need."""
    import cloudpickle

    def tell(_):
        import json
        import os

        paths = {name: f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")}
        descriptors = {name: os.readlink(path) for name, path in paths.items() if os.path.lexists(path)}
        with open("/proc/self/cmdline") as file:
            told = [dict(os.environ), file.read(), descriptors, os.getcwd(), os.getsid(0)]
        print(json.dumps(told, indent=0))  # no line is too long to be shown whole

    (tmp_path / "tell.pkl").write_bytes(cloudpickle.dumps(tell))
    inherited = os.open(tmp_path / "tell.pkl", os.O_RDONLY)
    os.set_inheritable(inherited, True)
    benchmarks = sample_round / "live_benchmark_models.parquet"
    flags = ["--model", "tell.pkl", "--dataset", sample_round / "live.parquet", "--benchmarks", benchmarks]
    result = predict(*flags, AWS_SECRET_ACCESS_KEY="canary", KERAS_BACKEND="jax", TZ="Asia/Tokyo")
    os.close(inherited)

    content = "".join(re.findall(r"model\| (.*)", result.stderr))
    variables, command_line, descriptors, folder, session = json.loads(content)
    assert "canary" not in content
    assert variables["KERAS_BACKEND"] == "jax"
    assert variables["TZ"] == "Asia/Tokyo"
    assert variables["HOME"] == variables["TMPDIR"] == folder
    assert str(tmp_path) not in command_line
    # What libraries open for themselves (pyarrow 14: /dev/urandom and an epoll) is no data and no way out.
    inherited = {number: what for number, what in descriptors.items() if not what.startswith(("/dev/u", "anon_inode:"))}
    assert sorted(inherited) == ["0", "1", "2", "3", "4", "5"]
    assert re.fullmatch(r"/proc/\d+", descriptors["5"])  # its own
    assert descriptors["0"] == "/dev/null"
    assert session != os.getsid(0)


# --- names, streams and files that are not what they seem


@pytest.mark.parametrize("flag", ["--output", "--record"])
@pytest.mark.parametrize("what", ["the model", "the data", "a pipe", "an empty name", "each other"])
def test_a_result_replaces_nothing_but_a_result(predict, job, tmp_path, flag, what):
    """A result that would replace an input, the other result, or what is no file is refused; nothing is lost."""
    os.mkfifo(tmp_path / "pipe")
    place = {"the model": job[1], "the data": job[3], "a pipe": "pipe", "an empty name": "", "each other": "same"}[what]
    other = ["--record" if flag == "--output" else "--output", "same" if what == "each other" else "other"]
    before = Path(job[1]).read_bytes(), Path(job[3]).read_bytes()

    said(predict(*job, flag, place, *other), 2)
    assert (Path(job[1]).read_bytes(), Path(job[3]).read_bytes()) == before
    assert (tmp_path / "pipe").is_fifo()


def test_a_link_is_followed(predict, job, tmp_path):
    """Where --output is a link to a file, the file it points to is replaced, and the link stays."""
    (tmp_path / "real.csv").write_text("yesterday's")
    (tmp_path / "link.csv").symlink_to("real.csv")

    assert predict(*job, "--output", "link.csv").returncode == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text().startswith("id,prediction\n")


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "2>&1 >path | head -1 > head", "<&-"])
def test_who_does_not_listen_loses_nothing(job, tmp_path, redirection):
    """Whether anybody can read stderr does not decide a run."""
    command = [sys.executable, ROOT / "predict.py", *job, "--output", "mine.csv", "--record", "record.json"]
    shell = f"{' '.join(map(str, command))} {redirection}"
    subprocess.run(["sh", "-c", shell], cwd=tmp_path, env=scrubbed_environment(), timeout=90, capture_output=True)

    assert (tmp_path / "mine.csv").read_text().startswith("id,prediction\n")
    assert json.loads((tmp_path / "record.json").read_text())["outcome"] == "delivered"


@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["path", "json"])
@pytest.mark.parametrize("redirection", [">/dev/full", "| true"])
def test_a_result_that_cannot_be_told(job, tmp_path, flags, redirection):
    """When stdout takes nothing, predictions and record are there, and a failure says so without a traceback."""
    command = [sys.executable, ROOT / "predict.py", *job, "--output", "mine.csv", "--record", "record.json", *flags]
    shell = f"({' '.join(map(str, command))}; echo $? > code) {redirection}"
    run = subprocess.run(["sh", "-c", shell], cwd=tmp_path, env=scrubbed_environment(), timeout=90, capture_output=True)

    assert "Traceback" not in run.stderr.decode()
    assert (tmp_path / "code").read_text() == "44\n"
    assert "The predictions are at mine.csv." in run.stderr.decode()
    assert json.loads((tmp_path / "record.json").read_text())["outcome"] == "delivered"


def test_names_that_are_no_text(job, tmp_path):
    """A folder whose name is no UTF-8 is a folder, and stdout is the very path."""
    folder = os.fsencode(tmp_path) + b"/b\xff \xc3\xbc"
    os.mkdir(folder)
    command = [sys.executable, ROOT / "predict.py", *job, "--output_dir", os.fsdecode(folder)]
    run = subprocess.run(command, capture_output=True, env=scrubbed_environment(), timeout=90)

    assert run.returncode == 0, run.stderr
    assert os.path.isfile(run.stdout.removesuffix(b"\n"))


@pytest.mark.parametrize(
    ("flags", "exit_code"),
    [
        (["--model", "http://[abc?x=secretsecretsecret"], 2),
        (["--dataset", "https://127.0.0.1/live.parquet?X-Amz-Signature=secretsecretsecret"], 2),
        (["--post_dat", "policy=secretsecretsecret"], 2),
        (["--post_dat=policy=secretsecretsecret"], 2),
        (["--transfer_timeout", "1e12"], 2),
    ],
    ids=["bad-url", "data-by-url", "typo", "typo-with-equals", "for-ever"],
)
def test_a_command_line_that_is_wrong(predict, job, flags, exit_code):
    """A command line that cannot be meant is a usage error, and what may be a secret in it is not repeated."""
    run = predict(*job, *flags)

    assert run.returncode == exit_code
    assert "Traceback" not in run.stderr
    assert "secretsecret" not in run.stderr + run.stdout


@pytest.mark.parametrize(
    ("extension", "content"), [(".gz", "plain"), (".xz", "plain"), (".bz2", "plain"), (".gz", "half")]
)
def test_a_wrong_extension(predict, job, tmp_path, extension, content):
    """A file that its extension calls compressed, and is not or not wholly, is told as that."""
    import gzip

    pickle = Path(job[1]).read_bytes()
    packed = gzip.compress(pickle)
    job[1] = tmp_path / f"model.pkl{extension}"
    job[1].write_bytes(pickle if content == "plain" else packed[: len(packed) // 2])

    assert "its extension says that it is compressed" in said_by_model(predict(*job), 10)


@pytest.mark.parametrize(
    ("source", "exit_code", "frames"),
    [
        ("def predict(a): ...", 30, 1),
        ("def predict(a, b): ...", 30, 2),
        ("def predict(a, b=None): ...", 30, 2),
        ("def predict(*a): ...", 30, 1),
        ("def predict(*a, **b): ...", 30, 2),
        ("def predict(a, *, b=None): ...", 30, 1),
        ("def predict(a, **b): ...", 30, 1),
        ("def predict(a, b, *, c=None): ...", 30, 2),
        ("def predict(a, b, c=None): ...", 15, 0),
        ("def predict(a, *, b): ...", 16, 0),
        ("def predict(): ...", 15, 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_how_many_frames_a_function_gets(predict, tmp_path, sample_round, source, exit_code, frames):
    """Every parameter counts as a frame, as always; only where that call cannot work, keywords are left out."""
    import cloudpickle

    namespace = {"frames": lambda values: sum(len(v) if isinstance(v, tuple) else hasattr(v, "index") for v in values)}
    count = "print('frames', frames(list(locals().values())))"
    exec(source.replace("...", count), namespace)
    (tmp_path / "model.pkl").write_bytes(cloudpickle.dumps(namespace["predict"]))
    data = [sample_round / "live.parquet", "--benchmarks", sample_round / "live_benchmark_models.parquet"]

    run = predict("--model", "model.pkl", "--dataset", *data)
    assert run.returncode == exit_code, run.stderr
    assert frames == 0 or f"model| frames {frames}\n" in run.stderr


def test_a_pickle_inside_a_pickle(predict, job, tmp_path):
    """A pickle that fails on another one inside it is a pickle, and its traceback is shown."""
    import cloudpickle

    class Outer:
        def __reduce__(self):
            import pickle

            return pickle.loads, (b"version https://git-lfs",)

    job[1] = tmp_path / "outer.pkl"
    job[1].write_bytes(cloudpickle.dumps(Outer()))

    assert "[load_raised, exit code 13]" in said_by_model(predict(*job), 13)


@pytest.mark.parametrize("when", ["loading", "predicting"])
def test_a_model_cannot_blame_the_data(predict, job, tmp_path, when):
    """A model that claims that the data could not be read is not believed."""
    import cloudpickle

    claim = messages.encode(messages.Raised("reading", "OSError", "OSError: no such data", "", {}))

    def blame(*_):
        import os

        os.write(3, claim)
        os._exit(0)

    class AtOnce:
        def __reduce__(self):
            return blame, ()

    job[1] = tmp_path / "blame.pkl"
    job[1].write_bytes(cloudpickle.dumps(AtOnce() if when == "loading" else lambda live_features: blame(live_features)))

    assert "[broken_result, exit code 24]" in said_by_model(predict(*job), 24)


def said_by_model(run: subprocess.CompletedProcess[str], exit_code: int) -> str:
    """Check that a run failed by its model's fault; return what it said."""
    assert run.returncode == exit_code, run.stderr
    assert run.stdout == ""
    return run.stderr
