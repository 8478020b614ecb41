"""The commands and their order."""

from nightshift.control.baselines.gke import steps
from nightshift.control.baselines.gke.options import Options, cluster_of

OPTIONS = Options(
    clusters=(cluster_of("sglang-us:us-central1", "p1"), cluster_of("sglang-asia:asia-northeast1", "p1")),
    project="p1",
    project_number="42",
)


def lines(todo: list[steps.Step]) -> list[str]:
    return [" ".join(step.command) for step in todo]


def test_the_order_of_the_document() -> None:
    verbs = (
        "services enable",
        "clusters update",
        "multi-cluster-services enable",
        "fleet ingress enable",
        "service-42@gcp-sa-multiclusteringress",
        "create secret",
        "apply -f {file}",
        "clusters resize",
        "scale deployment",
        "rollout status",
        "wait gateway/sglang-external-gateway",
    )
    all_lines = lines(steps.set_up(OPTIONS))
    places = [next(i for i, line in enumerate(all_lines) if verb in line) for verb in verbs]
    assert places == sorted(places)
    assert sum("clusters update" in line for line in all_lines) == 2
    assert sum("apply -f" in line for line in all_lines) == 2 * 2 + 4


def test_everything_names_its_project_or_context() -> None:
    for step in steps.set_up(OPTIONS):
        commands = [step.command, step.done.command if step.done else step.command, step.undo or step.command]
        for command in commands:
            if command[0] == "kubectl":
                assert command[1].startswith("--context=gke_p1_")
            else:
                assert any("p1" in word for word in command)


def test_down_leaves_nothing_that_costs() -> None:
    todo = lines(steps.down(OPTIONS))
    assert ["--replicas=0" in line for line in todo] == [True, True, False, False]
    assert ["--num-nodes=0" in line for line in todo] == [False, False, True, True]


def test_remove_is_set_up_backwards() -> None:
    undone = [step for step in steps.set_up(OPTIONS) if step.undo]
    todo = steps.remove(OPTIONS)
    assert [step.command for step in todo[: len(undone)]] == [step.undo for step in reversed(undone)]
    assert all("--num-nodes=0" in line for line in lines(todo)[len(undone) :])
