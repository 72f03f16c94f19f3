"""Editors as debuggers see them: a few words of the Debug Adapter Protocol and of Chrome's DevTools Protocol.

https://microsoft.github.io/debug-adapter-protocol/specification, https://chromedevtools.github.io/devtools-protocol/v8/
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp

SECONDS = 30.0


class DapEditor:
    """An editor attached to a debug adapter that listens on a port, as debugpy's does."""

    def __init__(self, port: int, *, patience: float = SECONDS) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self._stream = self._connection.makefile("rwb")
        self._number = 0
        self._heard: list[dict[str, Any]] = []

    def __enter__(self) -> DapEditor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stream.close()
        self._connection.close()

    def attach(self, breakpoints: dict[Path, int], **arguments: object) -> None:
        """Attach with a breakpoint in each file, and let the program go. `arguments` are those of this adapter's `attach`."""
        self._begin("attach", arguments, breakpoints)

    def launch(self, configuration: dict[str, Any], breakpoints: dict[Path, int]) -> None:
        """Start the program of a configuration of `launch.json`, as F5 does, with a breakpoint in each file."""
        self._begin("launch", configuration, breakpoints)

    def _begin(self, how: str, arguments: dict[str, Any], breakpoints: dict[Path, int]) -> None:
        self._ask("initialize", {"adapterID": "test", "pathFormat": "path"})
        attaching = self._send(how, arguments)
        begun = self._until(lambda one: one.get("event") == "initialized" or one.get("success") is False)
        assert "event" in begun, begun
        for file, line in breakpoints.items():
            answer = self._ask("setBreakpoints", {"source": {"path": str(file)}, "breakpoints": [{"line": line}]})
            assert [one["verified"] for one in answer["breakpoints"]] == [True]
        self._ask("configurationDone", {})
        self._answer_to(attaching)

    def value_where_it_stops(self, expression: str) -> str:
        """Wait for a breakpoint, and return what an expression is there."""
        stopped = self._until(lambda one: one.get("event") == "stopped")["body"]
        assert stopped["reason"] == "breakpoint"
        self._thread = stopped["threadId"]
        frame = self._ask("stackTrace", {"threadId": self._thread})["stackFrames"][0]["id"]
        return str(self._ask("evaluate", {"expression": expression, "frameId": frame})["result"])

    def go_on(self) -> None:
        """Let the program go on from where it stopped."""
        self._ask("continue", {"threadId": self._thread})

    def _ask(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return self._answer_to(self._send(command, arguments))

    def _send(self, command: str, arguments: dict[str, Any]) -> int:
        self._number += 1
        body = json.dumps({"seq": self._number, "type": "request", "command": command, "arguments": arguments}).encode()
        self._stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._stream.flush()
        return self._number

    def _answer_to(self, number: int) -> dict[str, Any]:
        answer = self._until(lambda one: one.get("request_seq") == number)
        assert answer["success"], answer
        return dict(answer.get("body") or {})

    def _until(self, fits: Any) -> dict[str, Any]:
        """Return the first message that fits, of those that were heard and those that come."""
        for at, one in enumerate(self._heard):
            if fits(one):
                return self._heard.pop(at)
        while not fits(one := self._read()):
            self._heard.append(one)
        return one

    def _read(self) -> dict[str, Any]:
        length = 0
        while (line := self._stream.readline().strip()) or not length:
            assert line or length, "the adapter has closed the connection"
            length = int(line.partition(b":")[2])
        return dict(json.loads(self._stream.read(length)))


class CdpEditor:
    """An editor attached to `node --inspect`."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self._connection = connection
        self._number = 0
        self._heard: list[dict[str, Any]] = []

    async def attach(self, file: str, line: int) -> None:
        """Attach to a program that waits at its first line, with a breakpoint at a line (from 1) of a file, and let it go."""
        await self._ask("Debugger.enable")
        await self._ask("Runtime.enable")
        answer = await self._ask("Debugger.setBreakpointByUrl", {"urlRegex": f".*/{file}$", "lineNumber": line - 1})
        self._breakpoint = answer["breakpointId"]
        await self._ask("Runtime.runIfWaitingForDebugger")
        await self._until(lambda one: one.get("method") == "Debugger.paused")
        await self.go_on()

    async def value_where_it_stops(self, expression: str) -> object:
        """Wait for the breakpoint, and return what an expression is there."""
        paused = (await self._until(lambda one: one.get("method") == "Debugger.paused"))["params"]
        assert paused["hitBreakpoints"] == [self._breakpoint]
        frame = paused["callFrames"][0]["callFrameId"]
        return (await self._ask("Debugger.evaluateOnCallFrame", {"callFrameId": frame, "expression": expression}))["result"][
            "value"
        ]

    async def go_on(self) -> None:
        """Let the program go on from where it stopped."""
        await self._ask("Debugger.resume")

    async def _ask(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        self._number += 1
        number = self._number
        await self._connection.send_json({"id": number, "method": method, "params": parameters or {}})
        answer = await self._until(lambda one: one.get("id") == number)
        assert "error" not in answer, answer
        return dict(answer["result"])

    async def _until(self, fits: Any) -> dict[str, Any]:
        for at, one in enumerate(self._heard):
            if fits(one):
                return self._heard.pop(at)
        while not fits(one := await self._connection.receive_json(timeout=SECONDS)):
            self._heard.append(one)
        return dict(one)
