"""Packs files into one archive with a list of what is in it: each file's size and SHA-256.

The archive is written beside its name and renamed at the end: whole or not at all, 0600.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

MANIFEST: Final = "manifest.json"


class Pack:
    """One archive under way. Names in it have `/` between their parts."""

    def __init__(self, tar: tarfile.TarFile, folder: str) -> None:
        """`folder`: what all names in it begin with."""
        self._tar, self._folder = tar, folder
        self.files: dict[str, dict[str, Any]] = {}
        """What is in it by now, by name."""

    def text(self, name: str, text: str) -> None:
        """Put a text in. Half a surrogate pair is escaped."""
        content = text.encode("utf-8", "backslashreplace")
        self._put(name, io.BytesIO(content), len(content))

    def file(self, name: str, path: Path) -> None:
        """Put a file in as it is at this moment: what grows meanwhile is cut. Raises OSError."""
        with path.open("rb") as source:
            self._put(name, source, os.fstat(source.fileno()).st_size)

    def close(self, **said: object) -> None:
        """Put the list of what is in it in, with what else is `said`."""
        listed = {"files": dict(sorted(self.files.items())), **said}
        self.text(MANIFEST, json.dumps(listed, indent=1, sort_keys=True) + "\n")

    def _put(self, name: str, source: IO[bytes], size: int) -> None:
        info = tarfile.TarInfo(f"{self._folder}/{name}")
        info.size, info.mode = size, 0o600
        reader = _Hashing(source)
        self._tar.addfile(info, reader)
        self.files[name] = {"bytes": size, "sha256": reader.hash.hexdigest()}


class _Hashing(io.RawIOBase):
    """A file whose bytes are hashed as they are read."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.hash.update(data)
        return data


@contextlib.contextmanager
def packed(path: Path, folder: str) -> Iterator[Pack]:
    """An archive to put files into; `path` is there once the block has ended well. Raises
    OSError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with (
            os.fdopen(os.open(temporary, flags, 0o600), "wb") as raw,
            gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0, compresslevel=6) as packing,
            tarfile.open(fileobj=packing, mode="w") as tar,
        ):
            yield Pack(tar, folder)
        temporary.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def unpacked(path: Path) -> Mapping[str, bytes]:
    """What an archive holds, by name, each file as its list says. Raises ValueError where one is
    not, and OSError or tarfile.TarError where it cannot be read."""
    found: dict[str, bytes] = {}
    with tarfile.open(path, "r:gz") as tar:
        for info in tar:
            file = tar.extractfile(info)
            found[info.name.partition("/")[2]] = file.read() if file is not None else b""
    listed = json.loads(found[MANIFEST])["files"]
    if found.keys() != listed.keys() | {MANIFEST}:
        raise ValueError("it does not hold the files of its list")
    for name, said in listed.items():
        if hashlib.sha256(found[name]).hexdigest() != said["sha256"]:
            raise ValueError(f"{name} is not what was packed")
    return found
