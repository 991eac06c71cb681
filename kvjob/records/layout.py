"""The keys of the store, in one place."""

STUDIES = "studies/"
RUNS = "runs/"
DATASETS = "datasets/"
WEIGHTS = "weights/"


def dataset(dataset_hash: str, name: str) -> str:
    """A file of a packed data set: `manifest.json`, `images-256.npy`, …"""
    return f"{DATASETS}{dataset_hash}/{name}"


def run(key: str, name: str = "") -> str:
    """A file of a run: `config.json`, `history.json`, `scores.csv`, …"""
    return f"{RUNS}{key}/{name}"


def attempt(key: str, number: int) -> str:
    """The record of one attempt, numbered from 1."""
    return run(key, f"attempts/{number:04}.json")


def bundle(key: str, number: int, name: str) -> str:
    """A file of what is kept of one attempt: `log.txt`, `failure.json`, `pod.json`."""
    return run(key, f"attempts/{number:04}/{name}")


def checkpoint(key: str, epoch: int, sha8: str, name: str = "") -> str:
    """A file of the checkpoint taken after an epoch (numbered from 1)."""
    return run(key, f"checkpoints/{epoch:05}-{sha8}/{name}")


def sample(key: str, name: str) -> str:
    """A sample picture of a run, or their index."""
    return run(key, f"samples/{name}")


def study(name: str, file: str) -> str:
    """A file of a study: `study.json`, `plan.json`, `report/…`"""
    return f"{STUDIES}{name}/{file}"


def weights(sha16: str, name: str) -> str:
    """Encoder weights that a study brought from a file."""
    return f"{WEIGHTS}{sha16}/{name}"
