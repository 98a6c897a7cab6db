"""Does an experiment again, from the recorded versions or on what is there now, and says what differs.

Done again it gives the same bytes, or every condition that is another one than recorded is named: a table version that
is gone or was written anew, code, packages, configuration keys, and the first difference in each file.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from etf_platform.core.config.snapshot import config_from, config_text, flat
from etf_platform.core.errors import BadInputError, PlatformError
from etf_platform.core.states import State
from etf_platform.core.tables import TABLES
from etf_platform.governance.experiment_record import Artifact, Conditions, Experiment, Results, digest
from etf_platform.orchestration.environment import code_digest, environment
from etf_platform.orchestration.experiment_kinds import perform
from etf_platform.orchestration.experiments import PinnedPlatform, conditions_of, kept, silent
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.provenance import code_commit
from etf_platform.storage.changes import changed_rows
from etf_platform.storage.pinned import lost

SHOWN = 8  # differing keys of one kind


@dataclass(frozen=True)
class Difference:
    """One thing that is not as recorded; what is absent is empty. `about` is table, code, environment, config, file."""

    about: str
    what: str
    recorded: str
    now: str


@dataclass(frozen=True)
class Reproduction:
    """How doing it again went.

    Attributes
    ----------
    state : State
        PASS: the same bytes. FAIL: others. BLOCKED: it could not be done again.
    conditions : tuple of Difference
        What is not as recorded, besides the files; with the same bytes these did not matter.
    files : tuple of Difference
        First difference of every file that is another one.
    n_files : int
        Files that were compared.
    reason : str
        Why it could not be done; empty otherwise.
    """

    state: State
    conditions: tuple[Difference, ...] = ()
    files: tuple[Difference, ...] = ()
    n_files: int = 0
    reason: str = ""

    @property
    def sentence(self) -> str:
        """The verdict in one line."""
        if self.state is State.PASS:
            aside = f"; {len(self.conditions)} conditions differ and did not matter" if self.conditions else ""
            return f"same bytes in {self.n_files} files{aside}"
        if self.state is State.BLOCKED:
            return f"cannot be done again: {self.reason}"
        because = sorted({each.about for each in self.conditions})
        causes = ", ".join(because) if because else "nothing on record: the result is not a function of it"
        return f"{len(self.files)} of {self.n_files} files differ; what differs besides: {causes}"


def reproduced(platform: Platform, experiment: Experiment, now: bool = False) -> Reproduction:
    """Do an experiment again and compare.

    Parameters
    ----------
    now : bool
        On the newest versions and under the present configuration, instead of the recorded ones.

    Raises
    ------
    BadInputError
        The experiment never ran.
    """
    seen, made = experiment.conditions, experiment.results
    if seen is None or made is None:
        raise BadInputError(
            f"doing {experiment.experiment_id} again", "it never ran", "choose one whose status is not draft"
        )
    code = (*_code(seen), *_environment(seen))
    missing = () if now else _lost(platform, seen)
    if missing:
        return Reproduction(State.BLOCKED, (*missing, *code), reason=_sentence(missing))
    try:
        again = _platform(platform, seen, now)
        found = perform(again, experiment.plan.kind, experiment.plan.params, silent).artifacts
    except PlatformError as error:
        return Reproduction(State.BLOCKED, code, reason=str(error))
    present = conditions_of(again, digest(config_text(again.config)))
    conditions = (*_tables(platform, seen, present), *_config(platform, seen, again), *code)
    files = tuple(_files(platform, made, found))
    state = State.FAIL if files else State.PASS
    return Reproduction(state, conditions, files, len({*found, *(a.name for a in made.artifacts)}))


def _platform(platform: Platform, seen: Conditions, now: bool) -> PinnedPlatform:
    if now:
        return PinnedPlatform(platform.workspace, platform.config)
    config = config_from(kept(platform, seen.config).decode())
    workspace = replace(platform.workspace, source=seen.source)
    return PinnedPlatform(workspace, config, dict(seen.data_version))


def _lost(platform: Platform, seen: Conditions) -> tuple[Difference, ...]:
    found = []
    for address, version in seen.data_version.items():
        why = lost(platform.lake, address, version, seen.data_files.get(address, ""))
        if why:
            found.append(Difference("table", address, f"version {version}", why))
    return tuple(found)


def _tables(platform: Platform, seen: Conditions, now: Conditions) -> Iterator[Difference]:
    for address in sorted({*seen.data_version, *now.data_version}):
        then, today = seen.data_version.get(address), now.data_version.get(address)
        if then is None or today is None:
            yield Difference("table", address, _version(then), _version(today))
        elif seen.data_files[address] != now.data_files[address]:
            rows = _rows(platform, address, then, today, seen.data_files[address])
            yield Difference("table", address, _version(then), f"{_version(today)}{rows}")


def _rows(platform: Platform, address: str, then: int, now: int, files: str) -> str:
    why = lost(platform.lake, address, then, files)
    if why:
        return f" (version {then}: {why})"
    layer, universe, name = address.split("/")
    table = next((each for each in TABLES if (each.layer, each.name) == (layer, name)), None)
    return "" if table is None else f": {changed_rows(platform.lake, table, universe, then, now)}"


def _version(number: int | None) -> str:
    return "not read" if number is None else f"version {number}"


def _code(seen: Conditions) -> Iterator[Difference]:
    if seen.commit != code_commit():
        yield Difference("code", "commit", seen.commit, code_commit())
    if seen.code != code_digest():
        yield Difference("code", "files of the package", seen.code[:12], code_digest()[:12])


def _environment(seen: Conditions) -> Iterator[Difference]:
    return _pairs("environment", seen.environment, environment())


def _config(platform: Platform, seen: Conditions, again: Platform) -> Iterator[Difference]:
    text = config_text(again.config)
    if digest(text) != seen.config:
        then = json.loads(kept(platform, seen.config))
        yield from _pairs("config", flat(then), flat(json.loads(text)))
    if seen.source != again.source_name:
        yield Difference("config", "source", seen.source, again.source_name)


def _files(platform: Platform, made: Results, found: Mapping[str, bytes]) -> Iterator[Difference]:
    recorded = {each.name: each for each in made.artifacts}
    for name in sorted({*recorded, *found}):
        if name not in found:
            yield Difference("file", name, recorded[name].sha256[:12], "absent")
        elif name not in recorded:
            yield Difference("file", name, "absent", digest(found[name])[:12])
        elif digest(found[name]) != recorded[name].sha256:
            yield from _inside(platform, recorded[name], found[name])


def _inside(platform: Platform, artifact: Artifact, content: bytes) -> Iterator[Difference]:
    """Differing keys of a JSON file, the first differing line of a table, digests of anything else."""
    digests = Difference("file", artifact.name, artifact.sha256[:12], digest(content)[:12])
    try:
        stored = kept(platform, artifact.sha256)
    except PlatformError:
        yield digests
        return
    if artifact.name.endswith(".json"):
        pair = next(_pairs("file", flat(json.loads(stored)), flat(json.loads(content)), 1), None)
        yield digests if pair is None else replace(pair, what=f"{artifact.name} {pair.what}")
    elif artifact.name.endswith(".csv"):
        yield _line(artifact.name, stored.decode().splitlines(), content.decode().splitlines())
    else:
        yield digests


def _line(name: str, stored: list[str], found: list[str]) -> Difference:
    for i, (then, now) in enumerate(zip_longest(stored, found, fillvalue=""), start=1):
        if then != now:
            return Difference("file", f"{name} line {i}", then, now)
    return Difference("file", name, "other line ends", "")


def _pairs(about: str, then: Mapping[str, Any], now: Mapping[str, Any], most: int = SHOWN) -> Iterator[Difference]:
    differing = [key for key in {**then, **now} if (key in then, then.get(key)) != (key in now, now.get(key))]
    for key in differing[:most]:
        texts = ("absent" if key not in side else str(side[key]) for side in (then, now))
        yield Difference(about, key, *texts)
    if len(differing) > most:
        yield Difference(about, f"and {len(differing) - most} more", "", "")


def _sentence(missing: tuple[Difference, ...]) -> str:
    return "; ".join(f"{each.what} {each.recorded}: {each.now}" for each in missing)
