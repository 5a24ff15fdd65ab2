# What models do with the machine around them. The order of the predictions tells what they found.
import ctypes.util
import getpass
import importlib
import locale
import os
import pathlib
import platform
import random
import resource
import shutil
import sys
import tempfile
import threading
import time
import zipfile
import zoneinfo
from datetime import datetime

import pandas as pd


def predict(live_features):
    # an archive, extracted, and a module out of it, compiled into a folder of its own
    folder = pathlib.Path(tempfile.mkdtemp())
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        archive.writestr("from_the_archive.py", "ANSWER = 42\n")
    shutil.unpack_archive(folder / "archive.zip", folder)
    sys.path.insert(0, str(folder))
    answer = importlib.import_module("from_the_archive").ANSWER

    # the home, and files of every kind there
    kept = pathlib.Path.home() / "kept"
    kept.mkdir()
    (kept / "link").symlink_to("file")
    (kept / "file").write_text("text")
    (kept / "file").chmod(0o600)
    os.utime(kept / "file")
    shutil.copytree(kept, kept.with_name("copy"), symlinks=True)
    assert (kept.with_name("copy") / "link").read_text() == "text"
    shutil.rmtree(kept)
    with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryFile() as other:
        other.write(file.name.encode())
    locale.setlocale(locale.LC_ALL, "C.UTF-8")
    threads = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = [
        answer,
        os.cpu_count(),
        len(os.sched_getaffinity(0)),
        len(os.getloadavg()),
        getpass.getuser(),
        ctypes.util.find_library("c"),
        ctypes.CDLL(ctypes.util.find_library("m")).abs(-3),
        locale.getpreferredencoding(),
        datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo("America/New_York")).utcoffset(),
        time.strftime("%Z", time.localtime(0)),
        platform.platform(),
        platform.freedesktop_os_release()["ID"],
        os.uname().sysname,
        resource.getpagesize(),
        shutil.which("sh"),
        sys.version,
        len(os.urandom(8)),
    ]
    print(found)
    values = list(range(len(live_features)))
    random.Random(repr(found)).shuffle(values)
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
