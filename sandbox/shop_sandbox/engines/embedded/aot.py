"""What a JVM learned in one run, kept for the next: Java 25's AOT cache (JEP 514), before that a dynamic CDS archive (JEP 350)."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from shop_sandbox.downloads.usage import mark_used
from shop_sandbox.downloads.verified import VerifiedFiles, sha256_of
from shop_sandbox.engines.embedded.java import Java

_UNUSED_SECONDS = 30 * 24 * 3600


class AotCache:
    """One cache file in a folder named by all it depends on.

    A JVM that finds the header wrong says so and starts without. What it does not find, the hash kept beside the file does: a cache
    that was written to or cut short is dropped before it is used, and a new one is trained in the background.
    """

    def __init__(self, java: Java, folder: Path) -> None:
        self._java = java
        self._folder = folder
        self._file = folder / "cache.aot"
        self._sum = folder / "cache.sha256"

    def exists(self) -> bool:
        """Return whether there is a cache, untouched since it was made. Reads two small files."""
        expected = self._expected()
        return expected is not None and self._verified().holds(self._file, expected)

    def drop_if_touched(self) -> None:
        """Remove a cache that is not what was made; keep one that only looks so (a copied home directory)."""
        expected = self._expected()
        if self.exists() or not self._folder.exists():
            return
        verified = self._verified()
        if expected is not None and verified.check(self._file, expected):
            verified.save()
        else:
            self.drop()

    def size(self) -> int:
        """Bytes on disk, 0 where there is none."""
        return self._file.stat().st_size if self._file.exists() else 0

    def drop(self) -> None:
        """Remove the cache, if there is one. A JVM that runs on it keeps its mapping."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def adopt(self, made: Path) -> None:
        """Move a freshly made cache into place. `made` lies on the same disk."""
        self._folder.mkdir(parents=True, exist_ok=True)
        sha256 = sha256_of(made)
        self._sum.unlink(missing_ok=True)
        made.replace(self._file)
        self._sum.write_text(sha256)
        verified = self._verified()
        verified.check(self._file, sha256)
        verified.save()
        self._forget_others()

    def flags_to_use(self) -> tuple[str, ...]:
        """JVM flags to start with the cache; none where there is no cache."""
        if not self.exists():
            return ()
        mark_used(self._folder)
        return (f"-XX:AOTCache={self._file}",) if self._java.has_aot_cache else (f"-XX:SharedArchiveFile={self._file}",)

    def flags_to_make(self, output: Path) -> tuple[str, ...]:
        """JVM flags for the run that writes a cache when it ends."""
        return (f"-XX:AOTCacheOutput={output}",) if self._java.has_aot_cache else (f"-XX:ArchiveClassesAtExit={output}",)

    def _forget_others(self) -> None:
        """Remove caches of other versions and checkouts that nobody has started with for a month: each takes some 70 MB."""
        family = self._folder.name.rpartition("-")[0]
        for other in self._folder.parent.glob(f"{family}-*"):
            if other != self._folder and time.time() - other.stat().st_mtime > _UNUSED_SECONDS:
                shutil.rmtree(other, ignore_errors=True)

    def _expected(self) -> str | None:
        try:
            return self._sum.read_text()
        except OSError:
            return None

    def _verified(self) -> VerifiedFiles:
        return VerifiedFiles(self._folder, self._folder / "verified.json")
