"""The benchmark: what users ask (`workloads`), how they ask it (`client`), several systems on the same work
(`compare`), and what came of it (`measures`, `figures`, `report`).
"""
