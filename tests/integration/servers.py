"""Three real S3 servers, each one process on loopback: moto, SeaweedFS and MinIO.

`with start("minio", folder) as server` runs one until the block ends; it leaves nothing outside folder.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAMES = ("moto", "seaweedfs", "minio")

_BUILD_MINIO = Path(__file__).parents[2] / "scripts" / "minio" / "build"
_START_SECONDS = 60
_WEED_PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
)


@dataclass(frozen=True)
class S3Server:
    """A server that runs, with the one account it knows."""

    name: str
    endpoint: str
    access_key: str
    secret_key: str

    def environment(self) -> dict[str, str]:
        """The AWS variables by which a process finds this server and nothing of the machine's own."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self) -> "S3Client":
        """A client of the server that owes nothing to kvjob."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def new_bucket(self) -> str:
        """The name of a bucket just made."""
        name = f"kvjob-{secrets.token_hex(6)}"
        self.client().create_bucket(Bucket=name)
        return name


@contextmanager
def start(name: str, folder: Path) -> Iterator[S3Server]:
    """Run the server of that name with its data in folder, and end it with the block."""
    with {"moto": _moto, "seaweedfs": _seaweedfs, "minio": _minio}[name](folder) as server:
        yield server


@contextmanager
def _moto(folder: Path) -> Iterator[S3Server]:
    [port] = _free_ports(1)
    endpoint = f"http://127.0.0.1:{port}"
    command = [_script("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    # Moto trusts everybody for so many requests, and as a rule for ever; here only until there is an account.
    with _running(command, folder, {"INITIAL_NO_AUTH_ACTION_COUNT": "1000000"}) as alive:
        _until_ready(S3Server("moto", endpoint, "none", "none"), alive)
        visitor = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "region_name": "us-east-1"}
        iam = boto3.client("iam", endpoint_url=endpoint, **visitor)
        iam.create_user(UserName="kvjob")
        allow = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
        }
        iam.put_user_policy(UserName="kvjob", PolicyName="s3", PolicyDocument=json.dumps(allow))
        key = iam.create_access_key(UserName="kvjob")["AccessKey"]
        none = Request(f"{endpoint}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"})
        urlopen(none).close()
        yield S3Server("moto", endpoint, key["AccessKeyId"], key["SecretAccessKey"])


@contextmanager
def _seaweedfs(folder: Path) -> Iterator[S3Server]:
    ports = dict(zip(_WEED_PORTS, _free_ports(len(_WEED_PORTS)), strict=True))
    server = S3Server("seaweedfs", f"http://127.0.0.1:{ports['s3.port']}", "weed-access", "weed-secret")
    keys = [{"accessKey": server.access_key, "secretKey": server.secret_key}]
    accounts = {"identities": [{"name": "kvjob", "credentials": keys, "actions": ["Admin"]}]}
    (folder / "s3.json").write_text(json.dumps(accounts))
    command = [
        _script("weed"),
        "server",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        *(f"-{name}={port}" for name, port in ports.items()),
        f"-filer.localSocket={folder / 'filer.sock'}",
        "-s3",
        f"-s3.localSocket={folder / 's3.sock'}",
        f"-s3.config={folder / 's3.json'}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.autoCreateBucket=false",
        "-master.telemetry=false",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=0",
    ]
    try:
        # A bucket is a collection of volumes; by default seven are made at its first write.
        with _running(command, folder, {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}) as alive:
            _until_ready(server, alive)
            yield server
    finally:
        for port in ports.values():  # these sockets have a fixed place
            for stray in Path("/tmp").glob(f"seaweedfs-*-grpc-{port}.sock"):
                stray.unlink(missing_ok=True)


@contextmanager
def _minio(folder: Path) -> Iterator[S3Server]:
    port, console = _free_ports(2)
    server = S3Server("minio", f"http://127.0.0.1:{port}", "minio-access", "minio-secret")
    command = [
        minio_binary(),
        "server",
        str(folder / "data"),
        "--address",
        f"127.0.0.1:{port}",
        "--console-address",
        f"127.0.0.1:{console}",
    ]
    account = {"MINIO_ROOT_USER": server.access_key, "MINIO_ROOT_PASSWORD": server.secret_key}
    with _running(command, folder, {**account, "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}) as alive:
        _until_ready(server, alive)
        yield server


def minio_binary() -> str:
    """The path of MinIO, built if it is not there; skips the test where that takes a Go that is not there."""
    built = subprocess.run([_BUILD_MINIO], capture_output=True, text=True, check=False)
    if built.returncode == 69:
        pytest.skip(built.stderr.strip())
    assert built.returncode == 0, built.stderr
    return built.stdout.strip()


def _script(name: str) -> str:
    """A program that a package put beside this Python."""
    path = Path(sys.executable).with_name(name)
    assert path.exists(), f"{path} is missing: install the development dependencies (make setup)"
    return str(path)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


class _Process:
    def __init__(self, popen: "subprocess.Popen[bytes]", log: Path) -> None:
        self._popen, self._log = popen, log

    def check(self) -> None:
        assert self._popen.poll() is None, f"the server ended:\n{self.tail()}"

    def tail(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]


@contextmanager
def _running(command: list[str], folder: Path, variables: dict[str, str]) -> Iterator[_Process]:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    # The kernel ends the server with the tests, should these be killed.
    leash = [setpriv, "--pdeathsig", "KILL"] if (setpriv := shutil.which("setpriv")) else []
    with log.open("wb") as output:
        process = subprocess.Popen(
            leash + command,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "TMPDIR": str(folder), **variables},
        )
    try:
        yield _Process(process, log)
    finally:
        process.kill()  # its data goes with it, and SeaweedFS takes 10 s to say goodbye
        process.wait()


def _until_ready(server: S3Server, process: _Process) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        process.check()
        with suppress(BotoCoreError, ClientError):
            server.client().put_object(Bucket=server.new_bucket(), Key="ready", Body=b"x")
            return
        time.sleep(0.1)
    raise AssertionError(f"{server.name} did not start in {_START_SECONDS} s:\n{process.tail()}")
