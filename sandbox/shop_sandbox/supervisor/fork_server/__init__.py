"""The parent of every process of a sandbox: a small, single-threaded program that forks on request.

There are two of them, both forked from the supervisor's first lines, before it has threads. The *spawner* has imported next to
nothing and starts programs. Its child, the *nursery*, has imported the third-party modules of the Python children, and calls a
function in a fork of itself. Where forking such a process is unsafe (`Platform.forks_preloaded`), the spawner starts those by exec.

Why not `multiprocessing`'s forkserver: docs/adr/0003-own-fork-server.md.

Each child gets a process group, stdio, environment and user of its own, and waits at a gate until the supervisor has written it
into the ledger: no program ever runs that the ledger does not know. The kernel ends it when its server ends. When the supervisor
goes away without a word, the server sees its connection close and ends what it started, asking the stores first: it is the
guardian, at no extra memory.

The conversation is one JSON object a line, one request at a time; file descriptors travel as SCM_RIGHTS beside the request.
"""
