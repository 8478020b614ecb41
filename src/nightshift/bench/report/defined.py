"""What each measure means, beside the tables and figures that show it, and what other tools call it."""

from collections.abc import Iterable, Mapping

from nightshift.bench.measures.vocabulary import OTHER_NAMES, TOOLS
from nightshift.bench.report.html import Html, element, table
from nightshift.bench.report.words import NAMES, definitions


def defined(paths: Iterable[str]) -> Html:
    """Return the definitions of these figures, folded up; nothing where none has one.

    A path is that of `summary.json` (`ttft_s.p50`), or a name of `definitions`.
    """
    known = definitions()
    named = dict.fromkeys(path if path in known else path.partition(".")[0] for path in paths)
    meanings = {name: known[name] for name in named if name in known}
    if not meanings:
        return Html("")
    return element("details", element("summary", "How this is computed"), terms(meanings), class_="defined")


def terms(meanings: Mapping[str, str]) -> Html:
    """Return a list of terms: title and name of each, and its meaning."""
    pairs = [
        (element("dt", f"{NAMES.get(term, '')} ", element("code", term)), element("dd", meaning))
        for term, meaning in meanings.items()
    ]
    return element("dl", *(part for pair in pairs for part in pair), class_="terms")


def names_elsewhere() -> Html:
    """Return the table of what other load generators call the same figures."""
    head = [element("th", title, scope="col") for title in ("Here", *TOOLS, "Note")]
    rows = [
        element(
            "tr",
            element("th", element("code", names.figure), scope="row"),
            *(element("td", element("code", name)) for name in names.elsewhere().values()),
            element("td", names.note, class_="words"),
        )
        for names in OTHER_NAMES
    ]
    return table("The same figures in other load generators", head, rows, class_="names")
