"""Dagster's GraphQL API over HTTP: the questions and commands that tests need, with plain values in and out."""

import time
from collections.abc import Sequence
from typing import Any

import requests

Key = Sequence[str]

RUN_IS_OVER = {"SUCCESS", "FAILURE", "CANCELED"}
BACKFILL_IS_OVER = {"COMPLETED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"}

LOCATIONS = """query { workspaceOrError { __typename ... on PythonError { message } ... on Workspace { locationEntries {
  name loadStatus locationOrLoadError { __typename ... on PythonError { message stack }
    ... on RepositoryLocation { repositories { name } } } } } } }"""
LAUNCH_RUN = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } ... on InvalidSubsetError { message } } }"""
LAUNCH_BACKFILL = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
RUN = """query($id: ID!) { runOrError(runId: $id) { __typename ... on PythonError { message }
  ... on Run { runId status tags { key value } stepStats { stepKey status } } } }"""
BACKFILL = """query($id: String!) { partitionBackfillOrError(backfillId: $id) { __typename
  ... on PythonError { message } ... on PartitionBackfill { id status numPartitions error { message }
  runs { runId: id status } } } }"""
ASSET_NODE = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { __typename ... on AssetNode { groupName
  jobNames repository { name location { name } } partitionKeys
  partitionStats { numMaterialized numFailed numPartitions }
  assetMaterializations(limit: 1) { runId partition timestamp } } } }"""
CHECKS = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { __typename ... on AssetNode {
  assetChecksOrError(limit: 1000) { __typename ... on AssetChecks { checks { name blocking
    executionForLatestMaterialization { runId status evaluation { success severity description
      metadataEntries { label description } } } } } } } } }"""
INSTIGATORS = """query { repositoriesOrError { ... on RepositoryConnection { nodes {
  schedules { name scheduleState { status } } sensors { name sensorState { status } } jobs { name } } } } }"""
DAEMONS = """query { instance { daemonHealth { allDaemonStatuses { daemonType healthy required
  lastHeartbeatErrors { message } } } } }"""


class GraphQLError(AssertionError):
    """Dagster answered a GraphQL request with errors, or with another type than was asked for."""


class GraphQL:
    """One webserver's API.

    Parameters
    ----------
    url : str
        Address of the webserver, e.g. `http://127.0.0.1:3000`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """`data` of the answer; raises GraphQLError when there are errors."""
        body = {"query": query, "variables": variables}
        answer = self._session.post(f"{self.url}/graphql", json=body, timeout=60).json()
        if answer.get("errors"):
            raise GraphQLError(answer["errors"])
        return answer["data"]

    def locations(self) -> list[dict[str, Any]]:
        """Code locations: name, loadStatus, locationOrLoadError; [] while the workspace is being loaded."""
        return self.ask(LOCATIONS)["workspaceOrError"].get("locationEntries", [])

    def asset(self, key: Key) -> dict[str, Any]:
        """Group, jobs, repository, partitions and last materialisation of an asset."""
        node = self.ask(ASSET_NODE, key={"path": list(key)})["assetNodeOrError"]
        return _expect(node, "AssetNode")

    def launch_run(self, keys: Sequence[Key], tags: dict[str, str] | None = None, job: str | None = None) -> str:
        """Start a run of these assets (with their checks); returns its id. `dagster/partition` is a tag."""
        node = self.asset(keys[0])
        selector = {
            "jobName": job or next(name for name in node["jobNames"] if name.startswith("__ASSET_JOB")),
            "repositoryName": node["repository"]["name"],
            "repositoryLocationName": node["repository"]["location"]["name"],
            "assetSelection": [{"path": list(key)} for key in keys],
        }
        return self._launch(selector, tags or {})

    def launch_job(self, job: str, tags: dict[str, str] | None = None) -> str:
        """Start a run of a whole job of the only repository; returns its id."""
        (location,) = self.locations()
        (repository,) = location["locationOrLoadError"]["repositories"]
        selector = {
            "jobName": job,
            "repositoryName": repository["name"],
            "repositoryLocationName": location["name"],
        }
        return self._launch(selector, tags or {})

    def _launch(self, selector: dict[str, Any], tags: dict[str, str]) -> str:
        pairs = [{"key": key, "value": value} for key, value in tags.items()]
        params = {
            "selector": selector,
            "mode": "default",
            "runConfigData": {},
            "executionMetadata": {"tags": pairs},
        }
        answer = self.ask(LAUNCH_RUN, params=params)["launchRun"]
        return _expect(answer, "LaunchRunSuccess")["run"]["runId"]

    def launch_backfill(self, keys: Sequence[Key], partitions: Sequence[str]) -> str:
        """Start a backfill of these partitions of these assets; returns its id."""
        selection = [{"path": list(key)} for key in keys]
        params = {"assetSelection": selection, "partitionNames": list(partitions)}
        answer = self.ask(LAUNCH_BACKFILL, params=params)["launchPartitionBackfill"]
        return _expect(answer, "LaunchBackfillSuccess")["backfillId"]

    def run(self, run_id: str) -> dict[str, Any]:
        """Status, tags and steps of a run."""
        return _expect(self.ask(RUN, id=run_id)["runOrError"], "Run")

    def backfill(self, backfill_id: str) -> dict[str, Any]:
        """Status, error and runs of a backfill."""
        return _expect(self.ask(BACKFILL, id=backfill_id)["partitionBackfillOrError"], "PartitionBackfill")

    def wait_for_run(self, run_id: str, timeout: float = 120) -> dict[str, Any]:
        """The run once it is over, however it ended; raises TimeoutError before."""
        return _wait(lambda: self.run(run_id), RUN_IS_OVER, timeout)

    def wait_for_backfill(self, backfill_id: str, timeout: float = 240) -> dict[str, Any]:
        """The backfill once it reports its end; Dagster's daemon looks at backfills every 30 s only."""
        return _wait(lambda: self.backfill(backfill_id), BACKFILL_IS_OVER, timeout)

    def wait_for_runs_of_backfill(self, backfill_id: str, timeout: float = 120) -> list[dict[str, Any]]:
        """The runs that a backfill has started, once they are over; before the backfill itself reports its end."""
        end = time.monotonic() + timeout
        while not (runs := self.backfill(backfill_id)["runs"]):
            if time.monotonic() > end:
                raise TimeoutError(f"backfill {backfill_id} has started no run after {timeout:.0f} s")
            time.sleep(0.5)
        return [self.wait_for_run(run["runId"], timeout) for run in runs]

    def checks(self, key: Key) -> dict[str, dict[str, Any]]:
        """Checks of an asset by name, each with its execution for the latest materialisation or None."""
        node = _expect(self.ask(CHECKS, key={"path": list(key)})["assetNodeOrError"], "AssetNode")
        return {check["name"]: check for check in node["assetChecksOrError"].get("checks", [])}

    def instigators(self) -> dict[str, dict[str, str]]:
        """`{"schedules": {name: status}, "sensors": {name: status}, "jobs": {name: ""}}` of all repositories."""
        nodes = self.ask(INSTIGATORS)["repositoriesOrError"]["nodes"]
        return {
            "schedules": {s["name"]: s["scheduleState"]["status"] for n in nodes for s in n["schedules"]},
            "sensors": {s["name"]: s["sensorState"]["status"] for n in nodes for s in n["sensors"]},
            "jobs": {j["name"]: "" for n in nodes for j in n["jobs"]},
        }

    def daemons(self) -> dict[str, dict[str, Any]]:
        """Health of each daemon by type."""
        found = self.ask(DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
        return {daemon["daemonType"]: daemon for daemon in found}


def _expect(answer: dict[str, Any], typename: str) -> dict[str, Any]:
    if answer["__typename"] != typename:
        raise GraphQLError(answer)
    return answer


def _wait(look: Any, over: set[str], timeout: float) -> dict[str, Any]:
    end = time.monotonic() + timeout
    while (found := look())["status"] not in over:
        if time.monotonic() > end:
            raise TimeoutError(f"still {found['status']} after {timeout:.0f} s: {found}")
        time.sleep(0.5)
    return found
