"""What `init` and `new service` say."""

from __future__ import annotations

from collections.abc import Sequence

from shop_dev.output.answer import Answer
from shop_dev.scaffold import Language, Written, missing_program


def scaffold_answer(written: Sequence[Written], service: str, language: Language) -> Answer:
    """Return the files, and what to do next."""
    lines = [f"  {'+' if one.is_new else ' '} {one.path}" for one in written]
    program = missing_program(language)
    return Answer(
        data={
            "service": service,
            "language": language,
            "written": [one.path for one in written if one.is_new],
            "kept": [one.path for one in written if not one.is_new],
        },
        text="\n".join([*lines, "", "Start it with `shop-dev up`."]),
        warnings=(f"{program} is not on PATH, and the service needs it to start.",) if program else (),
    )
