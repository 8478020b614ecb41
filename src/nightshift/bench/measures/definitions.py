"""What each figure is. The report prints this beside the numbers; so does `nightshift bench measures`."""

from collections.abc import Mapping

DEFINITIONS: Mapping[str, str] = {
    "requests": "Requests sent, of whatever outcome; warm-up included. Finished + failed + unfinished.",
    "finished": "Requests whose whole answer came; warm-up included.",
    "failed": "Requests that ended in a transport error, an error status, an error inside the stream, or a "
    "stream that ended too soon; warm-up included.",
    "unfinished": "Requests still running when the run ended; warm-up included.",
    "without_first_token": "Of the unfinished ones, those without any content yet; warm-up included. They "
    "have no TTFT, so that TTFT looks better than it is where this is not small.",
    "warmup_requests": "Requests sent before the warm-up was over. Of the figures below they count only in "
    "those of the window, with the part of their work that lies in it.",
    "weighted_token_per_s": "Sum of (input + 2 x output tokens) over finished requests / (latest end - "
    "earliest start): the original system's throughput.",
    "token_per_s": "Sum of (input + output tokens) over finished requests / (latest end - earliest start).",
    "output_token_per_s": "Output tokens of finished requests / (latest end - earliest start).",
    "request_per_s": "Finished requests / (latest end - earliest start).",
    "window_weighted_token_per_s": "(Input + 2 x output tokens) worked on between warm-up and the end of the "
    "run, per second: a request's input is spread evenly from sending to first content, its output from "
    "there to its end; unfinished requests count with what they delivered, failed ones not at all.",
    "window_output_token_per_s": "Output tokens worked on between warm-up and the end of the run, per "
    "second; spread as above.",
    "ttft_s": "Time to first token: from just before sending (a new connection included) to the first "
    "content that is not empty. Of requests that finished or are unfinished with content.",
    "e2e_s": "End to end: from just before sending to the chunk with a finish reason. Of finished requests.",
    "tpot_s": "Time per output token of a finished request: (E2E - TTFT) / (output tokens - 1).",
    "ntpot_s": "Normalized time per output token of a finished request: E2E / output tokens.",
    "itl_s": "Inter-token latency: the gaps between pieces of content that came one after another, those of "
    "all requests in one pool. Of requests that finished or are unfinished with content.",
    "queued_s": "Time in a balancer's queue, as the response's header says. Of requests with that header.",
    "schedule_lag_s": "Open loop: from when a request was due to when it was sent. The client's own delay, "
    "which no other figure has in it.",
    "goodput": "Requests that finished and kept every limit of the SLO (itl: of the request's mean gap; one "
    "token has no tpot or itl to limit): their share of the requests judged, per second, and their input + "
    "output tokens per second (seconds as for throughput). Failed ones are judged and not good; unfinished "
    "ones are judged, and not good, if they had broken the limit of ttft or e2e already; else they are "
    "undecided and count neither way.",
    "prefix_hit_rate": "Sum of cached prompt tokens / sum of prompt tokens, as engines report them, over "
    "finished requests whose engine reports both. None if no engine does.",
    "handed_over": "Requests that were served through a second balancer (hops of 1 or more).",
    "queued": "Requests that waited in a balancer's queue for 1 ms or more.",
    "imbalance": "Outstanding requests (running and waiting) of the most loaded replica / those of the least "
    "loaded one (an idle one counts as 1), at each sample after the warm-up; of a region: of the replicas "
    "that stand there. 1 is even.",
    "imbalance_of_means": "The same ratio of the replicas' means over the whole window: what lasts.",
    "client_cpu_share": "CPU time / elapsed time of the busiest client process; 1 is a core, and one client "
    "cannot use more. Above 0.7 the client may be the limit.",
    "client_lag_p99_s": "How late the clients' own timers fired (p99, worst client): about as late are all "
    "times in the records.",
    "client_late_s": "Real seconds after the common start at which the last client was ready.",
}
"""What each figure of a row of `summary.json` is."""

PARTS: Mapping[str, str] = {
    "mean": "Arithmetic mean.",
    "p50, p90, p95, p99": "Percentiles, linear between neighbours (numpy's default).",
}
"""What the parts of a distribution are."""
