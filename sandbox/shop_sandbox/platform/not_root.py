"""Start a program that refuses to run as root, from root: `python -I -S not_root.py DATA_DIR PROGRAM ARGUMENT...` (Linux).

PostgreSQL will not start with an effective user id of 0. Another system account seldom helps: it cannot enter a checkout below
/root or a home directory of mode 0700, where the programs and the data are. Two ways that can, the first that works is taken:

1. A user namespace that calls root's own id by another number (user_namespaces(7)). The program sees itself as `nobody`, the kernel
   still sees root: files belong to root, every directory of root's can be entered, nothing is changed on disk.
2. Where namespaces are forbidden (most containers): become `nobody` and keep the one capability to pass directories and read files
   whatever their mode (CAP_DAC_OVERRIDE, ambient, see capabilities(7)). The data directory then belongs to `nobody`, as PostgreSQL
   demands.

The process stays the same (exec), so its group, its pipes and its parent stay too. It needs the standard library only, and no
site-packages.
"""

from __future__ import annotations

import ctypes
import errno
import os
import pwd
import stat
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_PR_GET_PDEATHSIG = 2
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_NOT_STARTED = 127

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> int:
    """Change identity and become the program. Returns only where that fails, with a line on standard error."""
    data, program = Path(sys.argv[1]), sys.argv[2]
    nobody = pwd.getpwnam("nobody")
    parent, death_signal = os.getppid(), _death_signal()
    try:
        _give(data, 0, 0)
        if _namespace_will_do(nobody, data, program):
            _enter_namespace(nobody)
        else:
            _give(data, nobody.pw_uid, nobody.pw_gid)
            _become(nobody)
        # A change of identity may take the parent-death signal off; and the parent may be gone by now.
        _prctl(_PR_SET_PDEATHSIG, death_signal)
        if death_signal and os.getppid() != parent:
            os.kill(os.getpid(), death_signal)
        os.execv(program, sys.argv[2:])  # noqa: S606  # nosec B606 # the caller's program, no shell
    except OSError as error:
        print(f"cannot start {program} as another user than root: {error}", file=sys.stderr, flush=True)  # noqa: T201 - standard error is the log
    return _NOT_STARTED


def _namespace_will_do(identity: pwd.struct_passwd, data: Path, program: str) -> bool:
    """Try it in a child, for there is no way back: may it be done, and are data and program within reach afterwards?"""
    child = os.fork()
    if child == 0:
        try:
            _enter_namespace(identity)
            within_reach = os.access(program, os.X_OK) and os.access(data, os.R_OK | os.W_OK | os.X_OK)
        except OSError:
            within_reach = False
        os._exit(0 if within_reach else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _enter_namespace(identity: pwd.struct_passwd) -> None:
    """Call this process's own user and group by the numbers of `identity`, and nobody else by any."""
    outside_user, outside_group = os.geteuid(), os.getegid()
    _checked(_libc.unshare(_CLONE_NEWUSER), "unshare(CLONE_NEWUSER)")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{identity.pw_uid} {outside_user} 1")
    Path("/proc/self/gid_map").write_text(f"{identity.pw_gid} {outside_group} 1")


def _become(identity: pwd.struct_passwd) -> None:
    """Become `identity` and keep CAP_DAC_OVERRIDE over that and over the exec that follows."""
    _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(identity.pw_gid, identity.pw_gid, identity.pw_gid)
    os.setresuid(identity.pw_uid, identity.pw_uid, identity.pw_uid)
    kept = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0)  # effective, permitted, inheritable; then their upper halves
    _checked(_libc.capset(header, sets), "capset(CAP_DAC_OVERRIDE)")
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE)


def _give(data: Path, user: int, group: int) -> None:
    """Make `data` and all in it belong to `user`, unless the folder itself already does.

    Refuses a folder that others may enter: PostgreSQL's own is never like that, and a wrong argument must not cost more than a
    message.
    """
    status = data.stat()
    if status.st_uid == user:
        return
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise PermissionError(errno.EPERM, f"{data} is open to others, so it is no data directory, and is not given away")
    for folder, _, files in os.walk(data):
        os.chown(folder, user, group)
        for name in files:
            os.chown(Path(folder, name), user, group, follow_symlinks=False)


def _death_signal() -> int:
    number = ctypes.c_int(0)
    _checked(_libc.prctl(_PR_GET_PDEATHSIG, ctypes.byref(number), 0, 0, 0), "prctl(PR_GET_PDEATHSIG)")
    return number.value


def _prctl(option: int, first: int, second: int = 0) -> None:
    _checked(_libc.prctl(option, first, second, 0, 0), f"prctl({option})")


def _checked(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


if __name__ == "__main__":
    sys.exit(main())
