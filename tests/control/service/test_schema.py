"""The schema that editors get, and the page that is made of it."""

from pathlib import Path

from nightshift.control.service.docs import page
from nightshift.control.service.schema import described, service_schema
from nightshift.control.service.task import Task

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "service-file.md"


def test_the_page_is_that_of_the_schema() -> None:
    assert PAGE.read_text() == page(), (
        "python -m nightshift.control.service.docs docs/reference/service-file.md"
    )


def test_every_key_of_ours_is_described() -> None:
    defs = service_schema()["$defs"]
    for name in [kind.__name__ for kind in described()]:
        for key, schema in defs[name]["properties"].items():
            assert schema.get("description"), f"{name}.{key}"


def test_every_reference_leads_somewhere() -> None:
    schema = service_schema()

    def references(value: object) -> set[str]:
        if isinstance(value, list):
            return set().union(*(references(item) for item in value)) if value else set()
        if not isinstance(value, dict):
            return set()
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*(references(item) for item in value.values()))

    assert {ref.rpartition("/")[2] for ref in references(schema)} <= set(schema["$defs"])
    assert set(Task.model_fields) < set(schema["$defs"]["TaskFile"]["properties"])
