"""`python as_user.py USER GROUP,... COMMAND...`: runs `cockpit` as another user of this machine.

Everything is imported before the rights are given up: the tree may be readable by nobody else.
"""

from __future__ import annotations

import contextlib
import grp
import io
import os
import pwd
import sys

import cockpit.cli.act
import cockpit.cli.status
import cockpit.wire.live  # noqa: F401  # as above
from cockpit.cli.main import main


def become(user: str, groups: str) -> None:
    """Give up every right but this user's, who is in these groups and no other."""
    found = pwd.getpwnam(user)
    os.setgroups([grp.getgrnam(name).gr_gid for name in groups.split(",") if name])
    os.setgid(found.pw_gid)
    os.setuid(found.pw_uid)
    os.environ.update(HOME="/nonexistent")


if __name__ == "__main__":
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        main(["status", "--help"])
    become(sys.argv[1], sys.argv[2])
    sys.exit(main(sys.argv[3:]))
