"""Files that are replaced as a whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shop_sandbox.disk import write_atomically


def test_threads_that_replace_the_same_file_at_once_never_mix_their_contents(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    contents = [bytes([65 + number]) * (20_000 + number) for number in range(8)]

    def replace(content: bytes) -> None:
        for _ in range(30):
            write_atomically(file, content)
            assert file.read_bytes() in contents

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(replace, contents))

    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
