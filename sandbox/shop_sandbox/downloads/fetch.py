"""Have a group of archives on disk, each proven to be the one in the lock file.

A file is hashed before it is used for the first time and never again while size, time and inode stay as they were; `recheck_jars`
hashes all of them. What has arrived of a broken download is kept as `<file>.part` and continued.
"""

from __future__ import annotations

import os
import shutil
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shop_sandbox.disk import disk_full_explained
from shop_sandbox.downloads import faults
from shop_sandbox.downloads.lock import JarGroup, LockedJar
from shop_sandbox.downloads.locking import exclusive
from shop_sandbox.downloads.repository import Repositories, user_repositories
from shop_sandbox.downloads.verified import VerifiedFiles, sha256_of
from shop_sandbox.events import DownloadFinished, DownloadProgress, PreparationStarted
from shop_sandbox.paths import CachePaths

if TYPE_CHECKING:
    import httpx

Announce = Callable[[DownloadProgress | DownloadFinished | PreparationStarted], None]
"""Told of what takes time, from several threads."""

_PARALLEL = 6
_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.5
_PROGRESS_SECONDS = 0.1
_RANGE_NOT_SATISFIABLE = 416
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})


def ensure_jars(
    group: JarGroup,
    cache: CachePaths,
    inherited: Mapping[str, str],
    announce: Announce,
    *,
    repositories: Callable[[Mapping[str, str]], Repositories] = user_repositories,
) -> tuple[Path, ...]:
    """Give the paths of the group's archives, sorted by name; download what is missing or wrong.

    Raises SandboxError: OFFLINE_AND_NOT_FETCHED, DOWNLOAD_FAILED, DOWNLOAD_CORRUPT or DISK_FULL. Safe with other processes doing
    the same.
    """
    if not _untrusted(group, cache):
        return jar_paths(group, cache)
    waiting = PreparationStarted(at=time.time(), resource=group.name, what="another shop-dev is downloading this; waiting for it")
    with (
        disk_full_explained(cache.downloads, f"the archives of {group.name}", in_cache=True),
        exclusive(cache.downloads / f"{group.name}.lock", on_wait=lambda: announce(waiting)),
    ):
        verified = _verified(group, cache)
        missing = [jar for jar in group.jars if not _is_right(jar, cache, verified)]
        if missing:
            _download_all(missing, cache, repositories(inherited), announce)
        for jar in missing:
            verified.check(cache.downloads / jar.path, jar.sha256)
        verified.save()
    return jar_paths(group, cache)


def recheck_jars(group: JarGroup, cache: CachePaths) -> tuple[LockedJar, ...]:
    """Hash every archive of the group, whatever is remembered about it, and name those that are missing or wrong.

    The next `ensure_jars` downloads these again.
    """
    with exclusive(cache.downloads / f"{group.name}.lock"):
        verified = _verified(group, cache)
        wrong = tuple(jar for jar in group.jars if not verified.check(cache.downloads / jar.path, jar.sha256))
        verified.save()
    return wrong


def jar_paths(group: JarGroup, cache: CachePaths) -> tuple[Path, ...]:
    """Return where the group's archives lie, or will lie: absolute paths sorted as the class path must be."""
    return tuple(sorted(cache.downloads / jar.path for jar in group.jars))


def are_fetched(group: JarGroup, cache: CachePaths) -> bool:
    """Tell whether all archives are there and known to be right. Reads no archive."""
    return not _untrusted(group, cache)


def _untrusted(group: JarGroup, cache: CachePaths) -> list[LockedJar]:
    verified = _verified(group, cache)
    return [jar for jar in group.jars if not verified.holds(cache.downloads / jar.path, jar.sha256)]


def _verified(group: JarGroup, cache: CachePaths) -> VerifiedFiles:
    return VerifiedFiles(cache.downloads, cache.downloads / f"{group.name}.verified.json")


def _is_right(jar: LockedJar, cache: CachePaths, verified: VerifiedFiles) -> bool:
    path = cache.downloads / jar.path
    return verified.holds(path, jar.sha256) or verified.check(path, jar.sha256)


def _download_all(jars: list[LockedJar], cache: CachePaths, repositories: Repositories, announce: Announce) -> None:
    import httpx

    # Proxies are found by httpx in the process's environment, as by every HTTP client.
    with (
        httpx.Client(timeout=httpx.Timeout(30, connect=10), follow_redirects=True, verify=_trusted()) as client,
        ThreadPoolExecutor(_PARALLEL, thread_name_prefix="download") as pool,
    ):
        fetches = [pool.submit(_Download(jar, cache.downloads, repositories, client, announce).run) for jar in jars]
        try:
            for fetch in fetches:
                fetch.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _trusted() -> ssl.SSLContext:
    """Trust what the system trusts, as pip and uv do: a company's proxy that looks into TLS has its certificate there. A file or a
    folder in SSL_CERT_FILE or SSL_CERT_DIR goes before that."""
    if os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context()
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _distrusted(error: BaseException | None) -> str | None:
    """Return why a certificate was not believed, if that is at the bottom of this error."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message or str(error)
        error = error.__cause__ or error.__context__
    return None


class _Unavailable(Exception):
    """One address did not give the file. `answered` tells a refusal from silence, `is_final` whether asking again is pointless."""

    def __init__(self, reason: str, *, answered: bool, is_final: bool) -> None:
        super().__init__(reason)
        self.answered = answered
        self.is_final = is_final


@dataclass
class _Download:
    """One archive on its way from the first repository that has it."""

    jar: LockedJar
    folder: Path
    repositories: Repositories
    client: httpx.Client
    announce: Announce

    def run(self) -> None:
        started = time.monotonic()
        self._target.parent.mkdir(parents=True, exist_ok=True)
        if not self._take_from_local_repository():
            self._from_any_repository()
        self.announce(
            DownloadFinished(
                at=time.time(), artifact=self.jar.file_name, total_bytes=self.jar.size, seconds=time.monotonic() - started
            )
        )

    @property
    def _target(self) -> Path:
        return self.folder / self.jar.path

    @property
    def _part(self) -> Path:
        return self._target.with_name(f"{self.jar.file_name}.part")

    def _take_from_local_repository(self) -> bool:
        """Copy from the user's own Maven repository if the very file is there: other Java tools may have fetched it already."""
        source = self.repositories.local / self.jar.path
        try:
            if source.stat().st_size != self.jar.size or sha256_of(source) != self.jar.sha256:
                return False
        except OSError:
            return False
        shutil.copyfile(source, self._part)
        self._part.replace(self._target)
        return True

    def _from_any_repository(self) -> None:
        failures: list[_Unavailable] = []
        for address in self.repositories.addresses:
            try:
                self._from(address)
            except _Unavailable as failure:
                failures.append(failure)
            else:
                return
        reason = "; ".join(str(failure) for failure in failures)
        if any(failure.answered for failure in failures):
            raise faults.refused(self.jar.file_name, reason, self.repositories.addresses)
        raise faults.unreachable(self.jar.file_name, self.repositories.addresses, reason)

    def _from(self, address: str) -> None:
        """Download, going on after breaks; a whole file with the wrong hash is thrown away and asked for once more."""
        wrong = ""
        for _ in range(2):
            self._receive(f"{address}/{self.jar.path}")
            wrong = sha256_of(self._part)
            if wrong == self.jar.sha256:
                self._part.replace(self._target)
                return
            self._part.unlink()
        raise faults.corrupt(self.jar.file_name, self.jar.sha256, wrong, address)

    def _receive(self, url: str) -> None:
        import httpx

        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._receive_rest(url)
            except httpx.TransportError as error:
                if (distrusted := _distrusted(error)) is not None:
                    raise faults.untrusted(self.jar.file_name, url, distrusted) from error
                reason = f"{url}: {str(error) or type(error).__name__}"
                failure = _Unavailable(reason, answered=False, is_final=isinstance(error, httpx.ConnectError))
            except _Unavailable as error:
                failure = error
            else:
                return
            if failure.is_final or attempt == _ATTEMPTS:
                raise failure
            time.sleep(pause)
            pause *= 2

    def _receive_rest(self, url: str) -> None:
        """Ask for what is missing and append it. A server that knows no ranges sends all, and the file starts anew."""
        have = self._part.stat().st_size if self._part.exists() else 0
        if have == self.jar.size:
            return
        headers = {"Range": f"bytes={have}-"} if 0 < have < self.jar.size else {}
        with self.client.stream("GET", url, headers=headers) as response:
            if response.status_code in _WORTH_ANOTHER_TRY:
                raise _Unavailable(f"{url}: HTTP {response.status_code}", answered=True, is_final=False)
            if response.status_code not in (200, 206):
                if response.status_code == _RANGE_NOT_SATISFIABLE:
                    self._part.unlink(missing_ok=True)
                raise _Unavailable(f"{url}: HTTP {response.status_code}", answered=True, is_final=True)
            self._append(response, start=have if response.status_code == 206 else 0)

    def _append(self, response: httpx.Response, *, start: int) -> None:
        received, told = start, 0.0
        with self._part.open("ab" if start else "wb") as file:
            for chunk in response.iter_raw():
                received += len(chunk)
                if received > self.jar.size:
                    break  # not our file; the hash will say so
                file.write(chunk)
                if time.monotonic() - told >= _PROGRESS_SECONDS:
                    told = time.monotonic()
                    self.announce(
                        DownloadProgress(
                            at=time.time(), artifact=self.jar.file_name, received_bytes=received, total_bytes=self.jar.size
                        )
                    )
