"""The Helm chart: what it renders from the manifests, held to Kubernetes' schemas and to what a cluster should never be given."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from fakes.helm_here import helm_program, kubernetes_validate
from shop_dev.architecture import MANIFESTS
from shop_dev.chart import FILE
from shop_sandbox.manifest.form.deployment import Fargate
from shop_sandbox.manifest.loader import load_manifests

CHECKOUT = Path(__file__).resolve().parents[2]
CHART = (CHECKOUT / FILE).parent
KUBERNETES = ("1.30", "1.34")
"""The oldest that the chart takes, and a newer one."""
FOR = ("--kube-version", f"{KUBERNETES[-1]}.0")  # a Helm that is built from its module takes itself for one of an old Kubernetes
CUSTOM = {"ScaledObject": "keda.sh/v1alpha1", "ExternalSecret": "external-secrets.io/v1"}
Object = dict[str, Any]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]  # the first time on a machine, Helm is built


def rendered(environment: str, *more: str) -> list[Object]:
    values = str(CHART / f"values-{environment}.yaml")
    command = [
        helm_program(),
        "template",
        "shop",
        str(CHART),
        *FOR,
        "--values",
        values,
        "--set",
        "image.tag=0123456789abcdef",
        *more,
    ]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [one for one in yaml.safe_load_all(text) if one]


@pytest.fixture(scope="module")
def objects() -> list[Object]:
    return rendered("production")


def named(objects: list[Object], kind: str) -> Mapping[str, Object]:
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def deployed() -> set[str]:
    manifests = load_manifests(CHECKOUT, MANIFESTS)
    return {one.service.service for one in manifests if isinstance(one.service.deploy, Fargate)}


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_helm_finds_nothing_wrong(environment: str) -> None:
    values = str(CHART / f"values-{environment}.yaml")
    command = [helm_program(), "lint", "--strict", str(CHART), *FOR, "--values", values, "--set", "image.tag=a"]
    said = subprocess.run(command, check=False, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr


def test_every_object_fits_the_schemas_of_kubernetes(objects: list[Object], tmp_path: Path) -> None:
    program = kubernetes_validate()
    file = tmp_path / "objects.yaml"
    file.write_text(yaml.safe_dump_all([one for one in objects if one["kind"] not in CUSTOM]))
    for version in KUBERNETES:
        said = subprocess.run([program, "-k", version, "--strict", str(file)], check=False, capture_output=True, text=True)
        assert said.returncode == 0, said.stdout[-2000:] + said.stderr[-2000:]


def test_the_schemas_refuse_what_is_wrong(objects: list[Object], tmp_path: Path) -> None:
    wrong = named(objects, "Deployment")["orders"]
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump({**wrong, "spec": {**wrong["spec"], "strategie": {}}}))
    said = subprocess.run([kubernetes_validate(), "-k", KUBERNETES[0], "--strict", str(file)], check=False, capture_output=True)
    assert said.returncode != 0


def test_what_kubernetes_does_not_know_has_the_form_that_is_documented(objects: list[Object]) -> None:
    forms = yaml.safe_load((Path(__file__).parent / "custom_resources.yaml").read_text())
    custom = [one for one in objects if one["kind"] in CUSTOM]

    assert {one["kind"]: one["apiVersion"] for one in custom} == CUSTOM
    for one in custom:
        jsonschema.validate(one["spec"], forms[one["kind"]])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**one["spec"], "unknown": 1}, forms[one["kind"]])


def test_each_service_that_is_deployed_has_all_of_its_objects(objects: list[Object]) -> None:
    for kind in ("Deployment", "Service", "ServiceAccount", "PodDisruptionBudget"):
        assert set(named(objects, kind)) == deployed(), kind
    assert set(named(objects, "NetworkPolicy")) == {*deployed(), "nothing-else"}


def test_each_service_has_one_autoscaler_and_consumers_are_scaled_by_lag(objects: list[Object]) -> None:
    by_cpu, by_lag = set(named(objects, "HorizontalPodAutoscaler")), named(objects, "ScaledObject")
    assert by_cpu | set(by_lag) == deployed()
    assert not by_cpu & set(by_lag)
    topics = {trigger["metadata"]["topic"] for trigger in by_lag["orders"]["spec"]["triggers"] if trigger["type"] == "kafka"}
    manifest = next(one.service for one in load_manifests(CHECKOUT, MANIFESTS) if one.service.service == "orders")
    assert topics == {topic.name for topic in manifest.needs.topics.consumes}


def test_pods_are_nobody_and_can_write_nowhere_but_in_tmp(objects: list[Object]) -> None:
    for deployment in named(objects, "Deployment").values():
        pod = deployment["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}


def test_only_those_may_call_whose_manifests_say_so(objects: list[Object]) -> None:
    policies = named(objects, "NetworkPolicy")
    let_in = {name: _names(policies[name]["spec"]["ingress"], "from") for name in deployed()}
    let_out = {name: _names(policies[name]["spec"]["egress"], "to") for name in deployed()}

    assert let_in["pricing"] == {"cart", "edge", "orders"}
    assert let_out["search"] == set()
    assert {(caller, name) for name, callers in let_in.items() for caller in callers} == {
        (name, callee) for name, callees in let_out.items() for callee in callees
    }


def _names(rules: list[Object], side: str) -> set[str]:
    selectors = [peer["podSelector"]["matchLabels"] for rule in rules for peer in rule[side] if "podSelector" in peer]
    return {labels["app.kubernetes.io/name"] for labels in selectors}


def test_no_secret_stands_in_an_object(objects: list[Object]) -> None:
    variables = {one["name"] for each in named(objects, "Deployment").values() for one in _container(each)["env"]}
    assert not variables & {"DATABASE_URL", "REDIS_URL", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL"}
    told = {name: [one["secretKey"] for one in each["spec"]["data"]] for name, each in named(objects, "ExternalSecret").items()}
    assert told["orders-stores"] == ["DATABASE_URL"]
    assert told["edge-stores"] == ["REDIS_URL"]


def test_an_environment_says_where_things_are_and_how_many(objects: list[Object]) -> None:
    staging, production = rendered("staging"), objects
    assert _variables(staging, "payments")["SHOP_PSP_URL"] != _variables(production, "payments")["SHOP_PSP_URL"]
    assert _variables(production, "payments")["SHOP_EDGE_URL"] == "http://edge:8080"
    assert named(staging, "ScaledObject")["orders"]["spec"]["maxReplicaCount"] == 6
    assert named(production, "ScaledObject")["orders"]["spec"]["maxReplicaCount"] == 12


def test_a_chart_without_a_tag_is_refused() -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        rendered("production", "--set", "image.tag=")
    assert "image.tag" in refused.value.stderr


def _container(deployment: Object) -> Object:
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(found)


def _variables(objects: list[Object], service: str) -> dict[str, str]:
    return {one["name"]: one["value"] for one in _container(named(objects, "Deployment")[service])["env"]}
