"""Whether a registry has an image, asked as a kubelet would that has no credentials."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode
from urllib.request import getproxies, proxy_bypass

import urllib3

TIMEOUT = urllib3.Timeout(connect=4, read=10)
KINDS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Reference:
    """The parts of an image's name."""

    registry: str
    """Host, with the port if it has one."""
    repository: str
    tag: str
    """Tag, or digest with its `sha256:`."""

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}{'@' if ':' in self.tag else ':'}{self.tag}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a registry said of an image."""

    kind: Literal["there", "missing", "unknown"]
    said: str = ""
    """For `unknown`: why it could not be told."""


def reference(image: str) -> Reference:
    """The parts of an image's name, with those that may be left out filled in."""
    name, _, digest = image.partition("@")
    path, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        path, tag = name, ""
    first, slash, rest = path.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        first, rest = "docker.io", path if slash else f"library/{path}"
    return Reference(first, rest, digest or tag or "latest")


def ask(image: str) -> Answer:
    """Ask the image's registry for its manifest, with an anonymous token where it wants one."""
    wanted = reference(image)
    host = "registry-1.docker.io" if wanted.registry == "docker.io" else wanted.registry
    local = host.partition(":")[0] in ("localhost", "127.0.0.1")
    url = f"{'http' if local else 'https'}://{host}/v2/{wanted.repository}/manifests/{wanted.tag}"
    headers = {"Accept": ", ".join(KINDS)}
    try:
        status, challenge = _head(url, headers)
        if status == 401 and challenge.lower().startswith("bearer"):
            token = _token(challenge, wanted.repository)
            if token:
                status, _ = _head(url, {**headers, "Authorization": f"Bearer {token}"})
    except urllib3.exceptions.HTTPError:
        return Answer("unknown", f"registry {wanted.registry} cannot be reached from here")
    if status == 200:
        return Answer("there")
    if status == 404:
        return Answer("missing")
    if status in (401, 403):
        return Answer("unknown", f"registry {wanted.registry} wants credentials to tell")
    return Answer("unknown", f"registry {wanted.registry} answered {status}")


def _head(url: str, headers: dict[str, str]) -> tuple[int, str]:
    """Status, and what the server wants to be shown."""
    answer = _pool(url).request("HEAD", url, headers=headers, timeout=TIMEOUT, retries=_RETRIES)
    return answer.status, answer.headers.get("WWW-Authenticate", "")


def _token(challenge: str, repository: str) -> str:
    wanted = dict(_CHALLENGE.findall(challenge))
    realm = wanted.pop("realm", "")
    if not realm.startswith(("https://", "http://")):
        return ""
    query = urlencode({"scope": f"repository:{repository}:pull", **wanted})
    answer = _pool(realm).request("GET", f"{realm}?{query}", timeout=TIMEOUT, retries=_RETRIES)
    try:
        found = answer.json() if answer.status == 200 else {}
    except ValueError:
        found = {}
    return str(found.get("token") or found.get("access_token") or "") if isinstance(found, dict) else ""


_RETRIES = urllib3.Retry(total=2, connect=1, read=1, redirect=2, status=0)


def _pool(url: str) -> urllib3.PoolManager:
    scheme, _, rest = url.partition("://")
    proxy = getproxies().get(scheme)
    if proxy and not proxy_bypass(rest.partition("/")[0]):
        return urllib3.ProxyManager(proxy)
    return urllib3.PoolManager()
