"""The same command again goes on with what is not done, and does nothing twice."""

import json
import signal
import subprocess

from kvjob.errors import ExitCode
from tests.asking import ask
from tests.integration.study import OPTIMIZER, SMALL, command, outcome


def test_a_finished_study_is_not_trained_again(undisturbed, tiny_data, tmp_path):
    attempts = sorted(undisturbed.rglob("attempts/*.json"))
    before = {path: path.read_bytes() for path in attempts}
    done = ask(
        *OPTIMIZER,
        "--data",
        tiny_data,
        "--store",
        undisturbed,
        "--out",
        tmp_path / "report",
        "--logs",
        tmp_path,
    )
    assert done.code == 0, done.err
    assert {path: path.read_bytes() for path in sorted(undisturbed.rglob("attempts/*.json"))} == before
    assert not list(tmp_path.glob("*.log"))


def test_sigterm_saves_and_exits_75_and_the_run_goes_on_where_it_was(undisturbed, tiny_data, tmp_path):
    store = tmp_path / "store"
    planned = json.loads(
        ask("plan", *OPTIMIZER[1:], "--data", tiny_data, "--store", undisturbed, "--json").out
    )
    key = planned["runs"][1]["key"]
    (store / "studies").mkdir(parents=True)
    for part in ("studies", "datasets"):
        subprocess.run(["cp", "-r", undisturbed / part, store], check=True)
    arguments = ("train", key, "--study", "paper", "--store", store)
    with subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as trainer:
        assert trainer.stdout is not None
        assert trainer.stderr is not None
        for line in trainer.stdout:
            if "epoch 2/4" in line:
                trainer.send_signal(signal.SIGTERM)
                break
        trainer.stdout.read()
        message = trainer.stderr.read()
        code = trainer.wait()
    attempt = json.loads((store / f"runs/{key}/attempts/0001.json").read_text())
    if code == 0:  # the signal met a run that had just ended
        assert attempt["cause"] == "finished"
    else:
        assert code == ExitCode.INTERRUPTED == 75
        assert "SIGTERM" in message
        assert (attempt["cause"], attempt["exit_code"]) == ("interrupted", 75)
        assert ask(*arguments).code == 0
        again = json.loads((store / f"runs/{key}/attempts/0002.json").read_text())
        assert again["resumed_from"] >= 2
    expected = {path: data for path, data in outcome(undisturbed).items() if path.startswith(f"runs/{key}/")}
    assert outcome(store) == expected


def test_a_plan_says_what_is_done_and_why(undisturbed, tiny_data):
    planned = ask("plan", "paper", *SMALL, "--data", tiny_data, "--store", undisturbed)
    assert planned.code == 0, planned.err
    assert planned.out.count("best epoch") == 3
    assert "11 runs of study 'paper': 3 done, 8 new" in planned.out


def test_a_study_that_shares_runs_trains_only_the_others(undisturbed, tiny_data):
    own = undisturbed.parent / "own.yaml"
    own.write_text(
        "name: own\nexperiments: [{name: momentum, levels: [0.9, 0.5]}, optimizer]\nbase: {optimizer: sgd}\n"
    )
    planned = ask("plan", own, *SMALL, "--data", tiny_data, "--store", undisturbed, "--json")
    states = {run["roles"][0]["level"]: run["state"] for run in json.loads(planned.out)["runs"]}
    # the baseline of this study is a level of the other
    assert states == {"0.9": "done", "0.5": "new", "adam": "done", "rmsprop": "done"}
