"""Waiting for another process, as a command line may that has nothing else to do."""

from threading import Event


def pause(seconds: float) -> None:
    """Let some time pass."""
    Event().wait(seconds)
