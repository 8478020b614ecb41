"""The rule that chose, in words for a person who asks why."""

from collections.abc import Mapping

_WORDS: Mapping[str, str] = {
    "prefix": "it is believed to hold the most of the prompt in its cache",
    "least_load": "it had the fewest requests outstanding",
    "least_load_imbalance": "loads were too uneven to look at prefixes: it had the fewest outstanding",
    "least_load_no_prefix": "nobody held enough of the prompt: it had the fewest outstanding",
    "least_load_no_prompt": "there is no prompt to look at: it had the fewest outstanding",
    "least_load_no_key": "the request has no hash key: it had the fewest outstanding",
    "round_robin": "it was its turn",
    "nearest": "it is the nearest that had room",
    "hash_ring": "it owns the request's hash key",
    "stolen": "it was idle and asked for work",
    "queue_full": "as many requests wait as may",
    "queue_timeout": "it waited as long as it may, and no replica became available",
    "no_replica": "no replica that could serve it is there",
    "draining": "this balancer takes no new requests",
    "model_not_found": "no replica serves that model",
    "deadline_exceeded": "its deadline passed before it was placed",
    "upstream_unreachable": "the targets tried could not be reached",
    "upstream_lost": "its target failed before it had answered",
    "upstream_timeout": "its target did not answer in time",
}


def in_words(reason: str) -> str:
    """Return the words, or the reason itself if it has none."""
    return _WORDS.get(reason, reason)
