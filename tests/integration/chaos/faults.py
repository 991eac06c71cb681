"""The faults that processes and an S3 server can meet, each a function that does the damage."""

import json
import os
import random
import signal
import time
from collections.abc import Callable

from kvjob.records import layout
from kvjob.store import KeyMissing
from tests.integration.chaos.processes import Processes
from tests.integration.chaos.progress import NUMBERED, Progress
from tests.integration.chaos.proxy import Trouble
from tests.integration.chaos.schedule import Fault, Missed

MODEL, TRAINING, MANIFEST = "model.safetensors", "training.safetensors", "manifest.json"

Inject = Callable[[Processes, str, random.Random], int | None]


def _signal(disturbed: Processes, key: str, number: signal.Signals) -> None:
    try:
        os.kill(disturbed.trainers()[key], number)
    except (KeyError, ProcessLookupError):
        raise Missed from None


def kill_trainer(disturbed: Processes, key: str, chance: random.Random) -> None:
    _signal(disturbed, key, signal.SIGKILL)


def stop_trainer(disturbed: Processes, key: str, chance: random.Random) -> None:
    _signal(disturbed, key, signal.SIGTERM)


def kill_command(disturbed: Processes, key: str, chance: random.Random) -> None:
    disturbed.study.process.kill()


def stop_command(disturbed: Processes, key: str, chance: random.Random) -> None:
    disturbed.study.process.send_signal(signal.SIGINT)


def pause_trainer(disturbed: Processes, key: str, chance: random.Random) -> None:
    _signal(disturbed, key, signal.SIGSTOP)
    time.sleep(chance.uniform(1, 4))
    _signal(disturbed, key, signal.SIGCONT)


def store_away(disturbed: Processes, key: str, chance: random.Random) -> None:
    disturbed.proxy.shut()
    time.sleep(chance.uniform(1, 4))
    disturbed.proxy.open()


def _trouble(**what: object) -> Inject:
    def inject(disturbed: Processes, key: str, chance: random.Random) -> None:
        seconds = chance.uniform(0.3, 1.5) if what["blow"] == "delay" else 0.0
        disturbed.proxy.trouble(Trouble(**{"seconds": seconds, **what}))  # type: ignore[arg-type]
        met = disturbed.until("request for the fault to meet", lambda: not disturbed.proxy.left)
        disturbed.proxy.calm()
        if not met:
            raise Missed

    return inject


def _damaged(damage: Callable[[Progress, str, random.Random], None], newest: bool = False) -> Inject:
    """Damage what a trainer left, the newest checkpoint or other records, and have the next one find it."""

    def inject(disturbed: Processes, key: str, chance: random.Random) -> int:
        _signal(disturbed, key, signal.SIGSTOP)
        try:
            disturbed.settled(key)
            epochs = disturbed.at_stake(key) if newest else 0
            damage(disturbed, key, chance)
        except KeyMissing:  # the run came to its end
            _signal(disturbed, key, signal.SIGCONT)
            raise Missed from None
        _signal(disturbed, key, signal.SIGKILL)
        return epochs

    return inject


def _part(disturbed: Progress, key: str, chance: random.Random) -> tuple[str, bytes]:
    name = disturbed.newest(key) + chance.choice((MODEL, TRAINING))
    return name, disturbed.store.read(name)


def flip_bit(disturbed: Progress, key: str, chance: random.Random) -> None:
    name, data = _part(disturbed, key, chance)
    place = chance.randrange(len(data))
    flipped = bytearray(data)
    flipped[place] ^= 1 << chance.randrange(8)
    disturbed.store.write(name, bytes(flipped))


def truncate(disturbed: Progress, key: str, chance: random.Random) -> None:
    name, data = _part(disturbed, key, chance)
    disturbed.store.write(name, data[: chance.randrange(len(data))])


def lose_part(disturbed: Progress, key: str, chance: random.Random) -> None:
    disturbed.store.delete(disturbed.newest(key) + chance.choice((MODEL, TRAINING, MANIFEST)))


def point_to_nothing(disturbed: Progress, key: str, chance: random.Random) -> None:
    name = layout.run(key, "latest.json")
    pointer = json.loads(disturbed.store.read(name))
    pointer["folder"] = layout.checkpoint(key, pointer["epoch"], "0" * 8)
    disturbed.store.write(name, json.dumps(pointer).encode())


def _torn(name: str) -> Callable[[Progress, str, random.Random], None]:
    """A document of the run, cut off in the middle."""

    def inject(disturbed: Progress, key: str, chance: random.Random) -> None:
        data = disturbed.store.read(layout.run(key, name))
        disturbed.store.write(layout.run(key, name), data[: chance.randrange(len(data) - 2)])

    return inject


def tear_attempt(disturbed: Progress, key: str, chance: random.Random) -> None:
    names = (entry.key for entry in disturbed.store.list(layout.run(key, "attempts/")))
    name = max(filter(NUMBERED.search, names))
    data = disturbed.store.read(name)
    disturbed.truth[name] = data
    disturbed.store.write(name, data[: chance.randrange(len(data) - 2)])


FAULTS = (
    Fault("trainer killed", kill_trainer),
    Fault("trainer stopped", stop_trainer),
    Fault("trainer paused", pause_trainer),
    Fault("kvjob run killed", kill_command, everybody=True),
    Fault("kvjob run stopped", stop_command, everybody=True),
    Fault("store away", store_away, everybody=True),
    Fault("answers cut", _trouble(blow="cut-answer", left=3)),
    Fault("answers delayed", _trouble(blow="delay", left=3)),
    Fault("503 SlowDown", _trouble(blow="answer", left=3, status="503 SlowDown")),
    Fault("500 InternalError", _trouble(blow="answer", left=3, status="500 InternalError")),
    Fault("upload cut", _trouble(blow="cut-upload", left=2, least_body=10_000)),
    Fault("newest checkpoint: bit flipped", _damaged(flip_bit, newest=True)),
    Fault("newest checkpoint: truncated", _damaged(truncate, newest=True)),
    Fault("newest checkpoint: part missing", _damaged(lose_part, newest=True)),
    Fault("latest.json points to nothing", _damaged(point_to_nothing)),
    Fault("latest.json torn", _damaged(_torn("latest.json"))),
    Fault("best.json torn", _damaged(_torn("best.json"))),
    Fault("history.json torn", _damaged(_torn("history.json"))),
    Fault("attempt's record torn", _damaged(tear_attempt)),
)
