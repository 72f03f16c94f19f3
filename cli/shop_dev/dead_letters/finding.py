"""Finds the dead letters that a command is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop_kit.errors import Unavailable
from shop_kit.kafka.letters import SUFFIX, Letter, LetterId, letter_topics, moved_on, read_letters

from shop_dev.dead_letters.fitting import Fit, LatestSchemas
from shop_dev.errors import CliCode, ShopDevError


@dataclass(frozen=True)
class Preview:
    """A letter, and what handling it now would meet."""

    letter: Letter
    fit: Fit
    later: int
    """How many messages of its key came after it."""

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return what speaks against sending it back, in sentences."""
        found = []
        if self.letter.origin is None:
            found.append("its headers do not say where it came from")
        if self.fit.fault:
            found.append(self.fit.fault)
        if self.later:
            found.append(f"its key has moved on: {self.later} later message{'s' if self.later > 1 else ''}")
        if self.letter.times_sent_back:
            found.append(f"it was sent back {self.letter.times_sent_back} times before")
        return tuple(found)


class DeadLetterOffice:
    """Dead letters of one Kafka. All methods raise ShopDevError when Kafka does not answer."""

    def __init__(self, servers: str, registry_url: str) -> None:
        self.servers = servers
        self._schemas = LatestSchemas(registry_url)

    def topics(self, wanted: str | None) -> dict[str, int]:
        """Return topics of dead letters: all, or those of a topic, a group or that very name; each with its records."""
        try:
            found = letter_topics(self.servers)
        except Unavailable as error:
            raise _away(error) from error
        if wanted is None:
            return found
        chosen = {name: count for name, count in found.items() if wanted in {name, *_parts(name)}}
        if not chosen:
            raise ShopDevError(CliCode.DEAD_LETTER_NOT_FOUND, f"No topic of dead letters belongs to {wanted}.")
        return chosen

    def letters(self, topic: str) -> list[Letter]:
        """Return the letters of a topic of dead letters, oldest first."""
        try:
            return sorted(read_letters(self.servers, topic), key=lambda letter: (letter.died_at, letter.id))
        except Unavailable as error:
            raise _away(error) from error

    def preview(self, letters: Sequence[Letter]) -> list[Preview]:
        """Return the letters with what handling them now would meet."""
        try:
            later = moved_on(self.servers, letters)
        except Unavailable as error:
            raise _away(error) from error
        return [Preview(letter, self.fit(letter), later[letter.id]) for letter in letters]

    def fit(self, letter: Letter) -> Fit:
        """Return the letter as its topic's schema reads it now."""
        if letter.origin is None:
            return Fit("its headers do not say where it came from")
        (topic, _), _ = letter.origin
        return self._schemas.fit(topic, letter.value)

    def the_one_topic(self, wanted: str) -> str:
        """Return the topic that is meant. Raises ShopDevError when there is none, or more than one."""
        found = [*self.topics(wanted)]
        if len(found) > 1:
            raise ShopDevError(CliCode.USAGE_INVALID, f"{wanted} has {len(found)} topics of dead letters: {', '.join(found)}.")
        return found[0]


def chosen(letters: Sequence[Letter], *, begin: LetterId | None, end: LetterId | None) -> list[Letter]:
    """Return the letters from `begin` to `end`, both included; ids of different partitions do not bound each other."""
    return [
        letter
        for letter in letters
        if (begin is None or (letter.id.partition == begin.partition and letter.id >= begin))
        and (end is None or (letter.id.partition == end.partition and letter.id <= end))
    ]


def _parts(topic: str) -> tuple[str, str]:
    """Return the topic that letters came from and their group: `<topic>.<group>.dlq`."""
    origin, _, group = topic.removesuffix(SUFFIX).rpartition(".")
    return origin, group


def _away(error: Unavailable) -> ShopDevError:
    return ShopDevError(CliCode.LETTERS_NOT_REDRIVEN, f"{error}.")
