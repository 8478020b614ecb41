"""Results in other tools' formats: AIPerf's per-request lines, inference-perf's summary."""
