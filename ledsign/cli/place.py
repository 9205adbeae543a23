"""Where the verbs that read evidence find it: the state folder, and the policy that days are counted by."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import cast

import click

from ledsign.cli.common import Exit, F, fail
from ledsign.config import load_config, policy_of
from ledsign.database import read_only
from ledsign.errors import ConfigError, StoreError
from ledsign.i18n import _
from ledsign.policy import Policy, load_policy
from ledsign.resources import resource

DATABASE = "ledsign.db"
STATE = Path("/var/lib/ledsign")


@dataclass(frozen=True, slots=True)
class Place:
    """A state folder and the policy in force there."""

    state: Path
    policy: Policy

    @contextlib.contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """The database, read only; the daemon may run meanwhile."""
        try:
            with contextlib.closing(read_only(self.state / DATABASE)) as connection:
                yield connection
        except StoreError as error:
            if self.state.exists() and not os.access(self.state, os.X_OK | os.R_OK):
                text = _("{folder}: only root and the account ledsign may read it").format(folder=self.state)
                fail(Exit.NOT_PERMITTED, text)
            where = str(self.state / DATABASE)
            fail(Exit.TEMPFAIL, str(error) if where in str(error) else f"{where}: {error}")


def _place(config: Path | None, state: Path | None) -> Place:
    try:
        if config is None:
            return Place(state or STATE, load_policy(resource("configs", "policy.yaml")))
        settings = load_config(config)
        return Place(state or settings.state, policy_of(settings))
    except ConfigError as error:
        fail(Exit.CONFIG, str(error))


def place_options(function: F) -> F:
    """Add ``--config`` and ``--state``; the command receives them as ``place``."""

    @click.option(
        "--config",
        type=click.Path(dir_okay=False, path_type=Path),
        help=_("The daemon's configuration: state folder and policy are taken from it."),
    )
    @click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        help=_("State folder of the daemon, {folder} when no configuration is given.").format(folder=STATE),
    )
    @wraps(function)
    def placed(config: Path | None, state: Path | None, **arguments: object) -> object:
        return function(place=_place(config, state), **arguments)

    return cast(F, placed)
