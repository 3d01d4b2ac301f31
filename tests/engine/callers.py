"""Users of a test that all have the same uid: who connects next is called as the test says."""

from __future__ import annotations


class Called:
    """Instead of `cockpit.engine.names.Names`: the names of those who connect, in their order."""

    def __init__(self, names: list[str]) -> None:
        """`names` is emptied from its beginning."""
        self._names = names

    async def of(self, _uid: int) -> str:
        """The next name.

        Raises IndexError when more people come than the test has named.
        """
        return self._names.pop(0)
