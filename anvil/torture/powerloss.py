"""Power loss, as apart from a process's death: what a database wrote since its last fsync is gone.

While this watches, every file that SQLite syncs is copied beside itself as it is at that moment. Losing
power means to end the process and put these copies back. It hooks SQLite's own virtual file system
(https://www.sqlite.org/vfs.html), so it sees what SQLite really asks of the disk.
"""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COPY = ".synced"
SHARED_MEMORY = "-shm"
WRITTEN = ("", "-wal", "-journal")
OK = 0

_POINTER = ctypes.c_void_p
_OPEN = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, _POINTER, _POINTER, ctypes.c_int, _POINTER)
"""The name is passed on as the pointer that it is: SQLite keeps it, and reads beyond its end."""

_DELETE = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, ctypes.c_char_p, ctypes.c_int)
_SYNC = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, ctypes.c_int)


class _Vfs(ctypes.Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", _POINTER),
        ("name", ctypes.c_char_p),
        ("app_data", _POINTER),
        ("open", _POINTER),
        ("delete", _POINTER),
        ("others", _POINTER * 14),
    )


class _Methods(ctypes.Structure):
    """sqlite3_io_methods, version 3."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("close", _POINTER),
        ("read", _POINTER),
        ("write", _POINTER),
        ("truncate", _POINTER),
        ("sync", _POINTER),
        ("others", _POINTER * 13),
    )


@contextmanager
def synced_copies(*, is_wanted: bool) -> Iterator[None]:
    """Keep copies of what SQLite syncs in this process, if that is wanted."""
    watch = _Watch() if is_wanted else None
    try:
        yield
    finally:
        if watch is not None:
            watch.end()


def survive_start(database: Path) -> None:
    """Note that what is on disk now would survive."""
    for suffix in WRITTEN:
        path = database.with_name(database.name + suffix)
        if path.exists():
            shutil.copyfile(path, _copy_of(path))


def lose_power(database: Path) -> list[str]:
    """Put back what had been synced, and return the names of the files that lost something."""
    lost: list[str] = []
    for suffix in WRITTEN:
        path = database.with_name(database.name + suffix)
        survived = _copy_of(path)
        before = path.read_bytes() if path.exists() else None
        after = survived.read_bytes() if survived.exists() else None
        if before == after:
            continue
        lost.append(path.name)
        if after is None:
            path.unlink()
        else:
            path.write_bytes(after)
    database.with_name(database.name + SHARED_MEMORY).unlink(missing_ok=True)
    return lost


def _copy_of(path: Path) -> Path:
    return path.with_name(path.name + COPY)


class _Watch:
    """SQLite's default file system, with its syncs and deletions followed."""

    def __init__(self) -> None:
        import _sqlite3  # noqa: PLC0415 - the very library that is hooked

        self._library = ctypes.CDLL(_sqlite3.__file__)
        self._library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        self._plain = self._library.sqlite3_vfs_find(None)
        self._paths: dict[int, Path] = {}
        self._methods: dict[int, _Methods] = {}
        self._plain_open = _OPEN(self._plain.contents.open)
        self._plain_delete = _DELETE(self._plain.contents.delete)
        self._callbacks = (_OPEN(self._open), _DELETE(self._delete))
        self._sync_callback = _SYNC(self._sync)
        self._plain_sync: dict[int, Callable[[int, int], Any]] = {}
        self._vfs = _Vfs()
        ctypes.memmove(ctypes.byref(self._vfs), self._plain, ctypes.sizeof(_Vfs))
        self._vfs.name = b"followed"
        self._vfs.open, self._vfs.delete = (
            ctypes.cast(callback, _POINTER) for callback in self._callbacks
        )
        self._library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1)

    def end(self) -> None:
        self._library.sqlite3_vfs_unregister(ctypes.byref(self._vfs))
        self._library.sqlite3_vfs_register(self._plain, 1)

    def _open(self, vfs: int, name: int | None, file: int, flags: int, given: int | None) -> int:
        code = self._plain_open(vfs, name, file, flags, given)
        methods = _POINTER.from_address(file)
        if code == OK and name is not None and methods.value:
            self._paths[file] = Path(ctypes.string_at(name).decode())
            methods.value = ctypes.addressof(self._followed(methods.value))
        return int(code)

    def _followed(self, plain: int) -> _Methods:
        """Return the methods with our sync; one set for each that SQLite has."""
        if plain not in self._methods:
            methods = _Methods()
            ctypes.memmove(ctypes.byref(methods), plain, ctypes.sizeof(_Methods))
            self._plain_sync[ctypes.addressof(methods)] = _SYNC(methods.sync)
            methods.sync = ctypes.cast(self._sync_callback, _POINTER)
            self._methods[plain] = methods
        return self._methods[plain]

    def _sync(self, file: int, flags: int) -> int:
        code = self._plain_sync[_POINTER.from_address(file).value or 0](file, flags)
        path = self._paths[file]
        if code == OK and path.exists():
            shutil.copyfile(path, _copy_of(path))
        return int(code)

    def _delete(self, vfs: int, name: bytes, is_durable: int) -> int:
        code = self._plain_delete(vfs, name, is_durable)
        _copy_of(Path(name.decode())).unlink(missing_ok=True)
        return int(code)
