"""What a container's memory is told as, by either version of Linux's control groups."""

from kvjob.train.cgroup import cgroup_memory


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"memory.{name}").write_text(text)


def test_version_2(tmp_path):
    write(tmp_path, current="5\n", peak="9\n", max="10\n", events="low 0\nmax 3\noom 2\noom_kill 1\n")
    counted = {"low": 0, "met_max": 3, "oom": 2, "oom_kill": 1}
    assert cgroup_memory(tmp_path) == {"current": 5, "peak": 9, "max": 10, **counted}


def test_version_1_under_the_same_names(tmp_path):
    control = "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"
    bytes_of = {"usage_in_bytes": "5\n", "max_usage_in_bytes": "9\n", "limit_in_bytes": "10\n"}
    write(tmp_path / "memory", **bytes_of, oom_control=control)
    counted = {"oom_kill_disable": 0, "under_oom": 0, "oom_kill": 1}
    assert cgroup_memory(tmp_path) == {"current": 5, "peak": 9, "max": 10, **counted}


def test_no_limit_is_no_number(tmp_path):
    write(tmp_path, max="max\n")
    assert cgroup_memory(tmp_path) == {}
    write(tmp_path / "memory", limit_in_bytes="9223372036854771712\n")
    assert cgroup_memory(tmp_path) == {}


def test_this_machine_tells_something_or_nothing():
    assert all(number >= 0 for number in cgroup_memory().values())
