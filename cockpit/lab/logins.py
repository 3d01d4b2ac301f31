"""How a principal of a lab logs in at each side: by password, by certificate, or not at all.

Never connects.
"""

from __future__ import annotations

from cockpit.lab.certificates import Tls
from cockpit.lab.clusters import Login
from cockpit.lab.layout import Layout
from cockpit.lab.profiles import Profile
from cockpit.lab.workload import Side


def login_at(bootstrap: str, user: str, side: Side, layout: Layout, profile: Profile) -> Login:
    """At these brokers of a side. Raises OSError."""
    security = profile.cluster(side).security
    if security == "mtls":
        return Login(bootstrap, user, tls=Tls(layout.tls, user))
    if security == "plaintext":
        return Login(bootstrap, user)
    authority = Tls(layout.tls, user).authority if security == "scram_tls" else None
    password = layout.secret(user).read_text(encoding="utf-8")
    return Login(bootstrap, user, password, authority=authority)
