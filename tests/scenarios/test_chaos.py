"""Random faults on all legs and random kills: whatever happens, nothing wrong is stored and nothing false is claimed.

`CHAOS_RUNS=200 pytest tests/scenarios/test_chaos.py -s` makes more runs; each is what its seed says.
"""

import hashlib
import os
import random
import signal
import subprocess
import time
from collections import Counter

import pytest

from numerai_predict.stand_ins.server import FAULTS

RUNS = int(os.environ.get("CHAOS_RUNS", "20"))

BATCH = 5
"""Runs that share a test, so that they share the work between processes."""

QUICK_FAULTS = sorted(FAULTS.keys() - {"slow", "trickle", "trickling-headers", "empty"})
"""Faults that do not only wait. Not among them is an empty 200: S3 confirms like that, so on an upload it is a lie that
no client can see through."""


@pytest.mark.parametrize("batch", range(-(-RUNS // BATCH)))
def test_chaos(make_world, right_bytes, batch):
    """No object that is not a judged CSV, no success without an object, no half file at a final name."""
    outcomes: Counter[str] = Counter()
    for seed in range(batch * BATCH, min(RUNS, (batch + 1) * BATCH)):
        world = make_world()
        outcomes[chaotic_run(world, random.Random(seed), right_bytes)] += 1
    print(f"\nchaos, seeds {batch * BATCH}-{batch * BATCH + BATCH - 1}: {dict(outcomes)}")


def chaotic_run(world, chance: random.Random, right_bytes: bytes) -> str:
    """Run once under what chance has chosen, check what must hold whatever happens, and say how it came out."""
    for leg in (world.numerai.api, world.numerai.data, world.s3.gets, world.s3.posts):
        if chance.random() < 0.4:
            slow = chance.random() < 0.1
            leg.fail("trickle" if slow else chance.choice(QUICK_FAULTS), times=chance.choice([1, 1, 2, float("inf")]))
    kill_after = chance.uniform(0.0, 2.0) if chance.random() < 0.5 else None
    exit_code = run_and_kill(world, kill_after, chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))

    assert world.stored in (None, right_bytes)
    if exit_code == 0:
        assert world.stored == right_bytes
    assert all(csv.read_bytes() == right_bytes for csv in world.csvs)
    for copy in world.cache.rglob("*@*"):
        assert hashlib.sha256(copy.read_bytes()).hexdigest() == copy.name.split("@")[1]
    return "killed" if exit_code < 0 else str(exit_code)


def run_and_kill(world, kill_after: float | None, with_signal: signal.Signals) -> int:
    """Run the command, and end it after some time; return its exit code, negative if a signal ended it."""
    process = subprocess.Popen(
        world.command(*world.presigned(), "--transfer_timeout", "3"),
        env=world.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if kill_after is not None:
        time.sleep(kill_after)
        process.send_signal(with_signal)
    return process.wait(timeout=60)
