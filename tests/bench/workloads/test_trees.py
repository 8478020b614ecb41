"""Trees have the calls that code or paper say, share what they must, and split the questions."""

from collections import Counter
from itertools import islice
from pathlib import Path
from statistics import fmean

import orjson
import pytest

from nightshift.bench.workloads import Call, Program, workload
from nightshift.bench.workloads.questions import made_questions
from nightshift.bench.workloads.tree_program import STEPS, calls_of_tree
from nightshift.errors import UserError


def walk(program: Program) -> tuple[list[Call], int]:
    """Answer everything; return the calls in the order asked, and how many were at most under way."""
    under_way = list(program.first())
    seen: list[Call] = []
    most = 0
    while under_way:
        most = max(most, len(under_way))
        call = under_way.pop(0)
        seen.append(call)
        under_way += program.answered(call, f"answer {len(seen)}")
    return seen, most


def tree(name: str = "tot", region: str = "us-east-2", **arguments: object) -> Program:
    return next(workload(name, arguments).users(region)[0])


@pytest.mark.parametrize(
    ("branches", "which", "calls"), [(2, "code", 30), (4, "code", 340), (2, "paper", 15), (4, "paper", 85)]
)
def test_as_many_calls_as_code_or_paper_say(branches: int, which: str, calls: int) -> None:
    seen, _ = walk(tree(num_branches=branches, tree=which))
    assert len(seen) == calls == calls_of_tree(branches, first_once=which == "paper")


def test_each_call_continues_its_parent() -> None:
    seen, _ = walk(tree())
    assert Counter(call.turn for call in seen) == {0: 2, 1: 4, 2: 8, 3: 16}
    known = [call.messages for call in seen]
    for call in seen:
        assert len(call.messages) == 2 * call.turn + 1
        assert call.messages[-1]["content"].endswith(STEPS[call.turn][-20:])
        if call.turn:
            assert call.messages[:-2] in known


def test_all_at_once_or_one_at_a_time() -> None:
    _, together = walk(tree("tot_single"))
    in_turn, alone = walk(tree("tot_single", disable_parallel=True))
    assert together == 16
    assert alone == 1
    assert len(in_turn) == 30
    assert [call.turn for call in in_turn[:6]] == [0, 1, 2, 3, 3, 2]


def test_a_tree_can_be_played_again() -> None:
    program = tree("tot_single", disable_parallel=True)
    list(program.first())
    assert len(walk(program)[0]) == 30


def test_limits_keys_and_ids_of_the_original() -> None:
    tot, single, mixed = tree("tot"), tree("tot_single"), tree("mixed_tree")
    assert [p.hash_key for p in (tot, single, mixed)] == ["us-east-2", "us-east-2-0", "us-east-2-0-0"]
    assert [p.first()[0].max_tokens for p in (tot, single, mixed)] == [256, 512, 512]
    assert single.id == "us-east-2-0-0"
    assert tot.first()[0].temperature == 0.001
    assert tree("tot", hash_key="question").hash_key == "us-east-2-0-0"


def test_mixed_trees_are_large_in_the_americas() -> None:
    assert len(tree("mixed_tree").first()) == 4
    assert len(tree("mixed_tree", "ap-northeast-1").first()) == 2
    assert len(tree("mixed_tree", "ap-northeast-1", num_branches=3).first()) == 3


def test_users_have_questions_of_their_own_and_begin_again() -> None:
    users = workload("tot", {"num_users": 3}).users("us-east-2")
    played = [list(islice(programs, 101)) for programs in users]
    texts = [{one.first()[0].messages[0]["content"] for one in own} for own in played]
    assert not texts[0] & texts[1]
    assert [len(own) for own in texts] == [100, 100, 100]
    assert played[0][100].id == f"{played[0][0].id}#2"


def written(tmp_path: Path, number: int) -> str:
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps({"question": f"Question {n}?"}) for n in range(number)))
    return str(path)


def test_regions_split_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, 30)
    seen = []
    for region in ("us-east-2", "ap-northeast-1", "eu-central-1"):
        (programs,) = workload("tot", {"data_path": path}).users(region)
        seen += [one.first()[0].messages[0]["content"].splitlines()[0] for one in islice(programs, 10)]
    assert sorted(seen) == sorted(f"Question {n}?" for n in range(30))


def test_too_few_questions(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has 3 questions for region us-east-2, too few for --num-users 4"):
        workload("tot", {"data_path": written(tmp_path, 9), "num_users": 4}).users("us-east-2")


def test_broken_questions_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(b'{"question": "One?"}\n{"answer": 1}\nnothing\n')
    data = workload("tot", {"data_path": str(path), "share": "0/1"}).data
    assert data.endswith("1 of 3 questions; 2 broken rows skipped, the first at line 2: no field question")
    path.write_bytes(b"{}\n")
    with pytest.raises(UserError, match="none of its 1 rows has a question; the first at line 1: no field"):
        workload("tot", {"data_path": str(path)}).users("us-east-2")


def test_made_questions_are_as_long_as_gsm8k_s() -> None:
    """About 45 words. Tolerance 10%."""
    many = list(islice(made_questions("0", "us-east-2"), 2000))
    assert fmean(len(one.split()) for one in many) == pytest.approx(45, rel=0.1)
    assert len(set(many)) == 2000


def test_other_regions_other_questions() -> None:
    here, there = (set(islice(made_questions("0", region), 300)) for region in ("a", "b"))
    assert not here & there
