"""The figures of the paper (arXiv 2505.24095) from result folders: 8-10 of results, 2-6 of the data used."""
