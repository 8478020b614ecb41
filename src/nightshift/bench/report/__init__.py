"""What a run says: a table for the terminal and one self-contained page."""

from nightshift.bench.report.page import write_report
from nightshift.bench.report.table import print_summary, summary_table

__all__ = ["print_summary", "summary_table", "write_report"]
