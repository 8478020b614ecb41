"""Readings of /proc: of a made-up one, and of this process."""

import os
from pathlib import Path

from nightshift.bench.proxy.usage import Usage, read_usage, rss_in, session_of


def make_process(proc: Path, pid: int, session: int, *, threads: dict[int, int], rss_kb: int) -> None:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "stat").write_text(f"{pid} (a) name ) S 1 {pid} {session} 0 -1\n")
    (folder / "status").write_text(f"Name:\ta\nVmRSS:\t  {rss_kb} kB\n")
    for tid, cpu_ns in threads.items():
        (folder / "task" / str(tid)).mkdir(parents=True)
        (folder / "task" / str(tid) / "schedstat").write_text(f"{cpu_ns} 5 6\n")


def test_all_processes_of_the_sessions_count(tmp_path: Path) -> None:
    make_process(tmp_path, 10, 10, threads={10: 100, 11: 20}, rss_kb=3)
    make_process(tmp_path, 12, 10, threads={12: 7}, rss_kb=1)
    make_process(tmp_path, 20, 20, threads={20: 1}, rss_kb=1)
    make_process(tmp_path, 30, 30, threads={30: 999}, rss_kb=999)
    (tmp_path / "self").mkdir()
    usage = read_usage([10, 20], tmp_path)
    assert usage == Usage({(10, 10): 100, (10, 11): 20, (12, 12): 7, (20, 20): 1}, 5 * 1024)


def test_threads_that_came_and_went() -> None:
    before = Usage({(1, 1): 10**9, (1, 2): 5 * 10**9}, 0)
    after = Usage({(1, 1): 3 * 10**9, (1, 3): 10**9}, 0)
    assert after.cpu_s_since(before) == 3.0


def test_a_name_with_brackets_and_spaces() -> None:
    assert session_of("42 (tokio) R 1) S 1 42 77 0 -1") == 77


def test_an_ended_process_has_no_memory() -> None:
    assert rss_in("Name:\tzombie\n") == 0


def test_this_process() -> None:
    before = read_usage([os.getsid(0)])
    sum(range(200_000))
    after = read_usage([os.getsid(0)])
    assert before.rss_bytes > 10**6
    assert after.cpu_s_since(before) > 0
