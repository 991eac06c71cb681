"""What a user may write for a store, and what is imported for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from kvjob.errors import ConfigurationError
from kvjob.store import open_store


def test_a_path_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert open_store("runs").url == str(tmp_path / "runs")
    assert open_store("./runs/").url == str(tmp_path / "runs")
    assert open_store("~/runs").url == str(tmp_path / "home" / "runs")
    assert open_store("/runs").url == "/runs"
    assert open_store("s3:no-slashes").url == str(tmp_path / "s3:no-slashes")


def test_a_file_address_is_a_folder() -> None:
    assert open_store("file:///data/my%20study").url == "/data/my study"
    assert open_store("file://localhost/data").url == "/data"
    assert open_store("FILE:///data").url == "/data"


def test_an_s3_address_is_a_bucket_and_a_prefix() -> None:
    for url in ("s3://bucket", "s3://bucket/prefix", "s3://bucket/deep/prefix", "s3://bucket/odd?#prefix%20"):
        assert open_store(url).url == url
        assert open_store(f"{url}/").url == url


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "not a path"),
        ("  ", "not a path"),
        ("a\0b", "not a path"),
        ("~nobody-of-this-name/x", "no such user"),
        ("file://host/data", "names a host"),
        ("file://relative", "names a host"),
        ("gs://bucket", "store gs://: no kind of store"),
        ("https://host/bucket", "store https://: no kind of store"),
        ("://x", "no kind of store"),
        ("s3://", "no name of a bucket"),
        ("s3:///prefix", "no name of a bucket"),
        ("s3://Bucket", "no name of a bucket"),
        ("s3://b", "no name of a bucket"),
        ("s3://under_score", "no name of a bucket"),
        ("s3://bucket//prefix", "store key '/prefix': has the part ''"),
        ("s3://bucket/../prefix", "has the part '..'"),
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(url: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_store(url)
    assert told in str(caught.value)
    assert caught.value.fix


def test_credentials_in_an_address_are_refused_and_not_repeated() -> None:
    for url in ("s3://AKIAKEY:the-secret@bucket/prefix", "gs://AKIAKEY:the-secret@bucket"):
        with pytest.raises(ConfigurationError) as caught:
            open_store(url)
        assert "the-secret" not in str(caught.value)
        assert "AKIAKEY" not in str(caught.value)


def test_a_folder_store_imports_neither_boto3_nor_torch() -> None:
    command = (
        "import sys; from kvjob.store import open_store; open_store('/runs'); "
        "assert not {'boto3', 'botocore', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", command], check=True)
