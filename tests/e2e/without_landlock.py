"""Run a program as on a kernel that was built without Landlock:

    without_landlock.py PROGRAM ARGUMENTS...
"""

import ctypes
import errno
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LANDLOCK_CREATE_RULESET = 444  # on every processor

LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7fff0000, 0x00050000

STEPS = [(LOAD, 0, 0, 0),  # the call's number
         (JUMP_IF_EQUAL, 0, 1, LANDLOCK_CREATE_RULESET),
         (RETURN, 0, 0, ERRNO | errno.EOPNOTSUPP),
         (RETURN, 0, 0, ALLOW)]


def main(command):
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(b"".join(
        struct.pack("=HBBI", *step) for step in STEPS))
    program = ctypes.create_string_buffer(struct.pack(
        "@HP", len(STEPS), ctypes.addressof(code)))
    if (libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) != 0):
        raise OSError(ctypes.get_errno(), "prctl")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
