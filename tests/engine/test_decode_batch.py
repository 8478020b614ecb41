"""Counting by phase must equal counting by member."""

from hypothesis import given
from hypothesis import strategies as st

from nightshift.engine.decode_batch import DecodeBatch
from nightshift.engine.request import make_request
from nightshift.engine.sequence import Sequence
from nightshift.engine.tokens import blocks_for

members = st.lists(st.tuples(st.integers(1, 60), st.integers(2, 90)), min_size=1, max_size=8)


blocks_of = st.sampled_from([1, 16])


def batch_of(
    sizes: list[tuple[int, int]], steps_before: int, block_tokens: int = 16
) -> tuple[DecodeBatch, list[Sequence]]:
    batch = DecodeBatch(block_tokens)
    batch.steps = steps_before
    sequences = []
    for index, (prompt, answer) in enumerate(sizes):
        request = make_request(f"r{index}", b"p" * 4 * prompt, max_tokens=answer, ignore_eos=True)
        sequence = Sequence(request, block_tokens)
        sequence.kv_tokens, sequence.generated, sequence.serial = prompt, 1, index
        batch.add(sequence)
        sequences.append(sequence)
    return batch, sequences


@given(members, st.integers(0, 40), st.integers(0, 100), blocks_of)
def test_blocks_for_many_steps(sizes: list[tuple[int, int]], before: int, steps: int, block: int) -> None:
    batch, _ = batch_of(sizes, before, block)
    expected = sum(blocks_for(prompt + steps, block) - blocks_for(prompt, block) for prompt, _ in sizes)
    assert batch.blocks_for(steps) == expected


@given(members, st.integers(0, 40), st.integers(0, 60), st.integers(1, 100), blocks_of)
def test_steps_within_is_the_largest_that_fits(
    sizes: list[tuple[int, int]], before: int, blocks: int, limit: int, block: int
) -> None:
    batch, _ = batch_of(sizes, before, block)
    steps = batch.steps_within(blocks, limit)
    assert batch.blocks_for(steps) <= blocks
    assert steps == limit or batch.blocks_for(steps + 1) > blocks


@given(members, st.data())
def test_all_end_in_their_step_and_totals_return_to_zero(
    sizes: list[tuple[int, int]], data: st.DataObject
) -> None:
    batch, sequences = batch_of(sizes, 5)
    gone = data.draw(st.sets(st.sampled_from(range(len(sequences)))))
    for index in gone:
        batch.remove(sequences[index])
    ended = {}
    while len(batch):
        steps = data.draw(st.integers(1, batch.steps_to_end()))
        for sequence in batch.advance(steps):
            ended[sequence.request.id] = batch.steps - 5
    assert ended == {f"r{index}": answer - 1 for index, (_, answer) in enumerate(sizes) if index not in gone}
    assert batch.kv_tokens == batch.reserve_tokens == batch.written_tokens == 0
    assert all(
        sequence.kv_tokens == prompt + answer - 1
        for index, (sequence, (prompt, answer)) in enumerate(zip(sequences, sizes, strict=True))
        if index not in gone
    )
