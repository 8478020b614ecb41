"""Questions for the trees: word problems from templates, or those of a file.

The original took the training questions of "grade school math" (Cobbe et al., arXiv 2110.14168, GSM8K),
JSON Lines with a field `question`; `--data-path` takes such a file. Offline, templates are filled with
names, things and numbers. GSM8K's questions take two to eight steps and have about 45 words (how many
is not published); the templates have 47 in the mean (the tests count them). No sentence is GSM8K's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

from nightshift.bench.workloads.rows import Broken, read_rows
from nightshift.errors import UserError

_NAMES = (
    *("Amara", "Boris", "Chen", "Dalia", "Emil", "Farah", "Goran", "Hanna", "Ivo", "Jomo", "Kaya", "Liam"),
    *("Mira", "Nuno", "Olga", "Pavel", "Quinn", "Rosa", "Samir", "Tara", "Uma", "Viktor", "Wren", "Yusuf"),
)
_THINGS = (
    *("apples", "pencils", "marbles", "stickers", "books", "tickets", "cookies", "eggs", "candles"),
    *(
        "tomatoes",
        "bottles",
        "postcards",
        "shells",
        "flowers",
        "chairs",
        "bricks",
        "lemons",
        "coins",
        "kites",
    ),
)
_PLACES = ("school", "the market", "the bakery", "the library", "the workshop", "the garden", "the harbour")
_BEGINNINGS = (
    "{a} has {n} {t} and keeps them in {m} boxes at {p}, the same number in each box.",
    "{a} sells {t} at {p} for {k} dollars each, and on a usual day {n} people come and buy {m} of them.",
    "At {p}, {a} needs {k} minutes to pack one box of {t}, and there are {n} boxes to pack before noon.",
    "{a} and {b} collect {t}. {a} has {n} of them, and {b} has {k} times as many as {a} has.",
    "A truck brings {n} crates of {t} to {p}, and in every crate there are {m} bags with {k} {t} each.",
)
_MIDDLES = (
    "On the way home {b} loses {k} of the {t} and gives a third of what is left to {c}.",
    "{b} comes to help and does {k} times as much in the same time as {a} does alone.",
    "The next day {c} brings {m} more {t}, but {k} of them are broken and have to be thrown away.",
    "{c} pays {k} dollars for the bus and {m} dollars for lunch out of the same purse.",
    "Half of the {t} are red, and the others are green or yellow in equal numbers.",
    "Every week after that the number goes up by {k}, and this goes on for {m} weeks.",
)
_ENDS = (
    "How many {t} are there in the end?",
    "How much more does {a} have than {b} at the end of the week?",
    "How many hours does all of this take, if nobody rests?",
    "How many {t} does each of the three get, if they share them equally?",
    "What is the total cost in dollars for {a} and {b} together?",
)


@dataclass(slots=True)
class QuestionFile:
    """The questions of a file, and how many of its rows were broken."""

    path: str
    questions: list[tuple[int, str]] = field(default_factory=list)
    """Number of the row in the file, from 0, and the question."""
    rows: int = 0
    broken: list[Broken] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What `Workload.data` says."""
        told = f"real: file {self.path}, {len(self.questions):,} of {self.rows:,} questions"
        if not self.broken:
            return told
        first = self.broken[0]
        return f"{told}; {len(self.broken):,} broken rows skipped, the first at {first.where}: {first.why}"


def read_questions(path: str) -> QuestionFile:
    """Read a data file with a field `question`. Raises `UserError` if all rows are broken."""
    found = QuestionFile(path)
    for where, row in read_rows(Path(path)):
        question = None if isinstance(row, Broken) else row.get("question")
        if isinstance(row, Broken):
            found.broken.append(row)
        elif not isinstance(question, str) or not question.strip():
            found.broken.append(Broken(where, "no field question"))
        else:
            found.questions.append((found.rows, question.strip()))
        found.rows += 1
    if not found.questions:
        why = f"; the first at {found.broken[0].where}: {found.broken[0].why}" if found.broken else ""
        raise UserError(f"--data-path {path}: none of its {found.rows:,} rows has a question{why}")
    return found


def made_questions(seed: str, region: str) -> Iterator[str]:
    """Yield questions without end; another region or seed, others."""
    rng = Random(f"{seed}/{region}/questions")
    for _ in count():
        yield _made(rng)


def _made(rng: Random) -> str:
    a, b, c = rng.sample(_NAMES, 3)
    sentences = [
        rng.choice(_BEGINNINGS),
        *rng.sample(_MIDDLES, rng.choice((0, 0, 0, 1, 1, 1, 2))),
        rng.choice(_ENDS),
    ]
    thing, place = rng.choice(_THINGS), rng.choice(_PLACES)
    return " ".join(
        sentence.format(
            a=a, b=b, c=c, t=thing, p=place, n=rng.randint(10, 96), m=rng.randint(3, 12), k=rng.randint(2, 9)
        )
        for sentence in sentences
    )
