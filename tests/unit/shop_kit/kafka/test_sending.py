from __future__ import annotations

import pytest
from shop_kit.errors import Unavailable
from shop_kit.kafka import sending
from shop_kit.kafka.sending import RawRecord, send


def test_a_record_that_kafka_did_not_take_in_time_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SECONDS", 0.1)

    with pytest.raises(Unavailable, match=r"1 records were not taken: .*timed out"):
        send("127.0.0.1:9", [RawRecord("topic", b"key", b"value", [])])
