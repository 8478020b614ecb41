"""Nightshift puts the GPUs of sleeping regions to work: a load balancer for LLM inference."""

__version__ = "0.1.0"
