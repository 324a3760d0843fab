"""The simulation with known truth: do the intervals keep their promise?

``python tests/simulation/intervals`` (``make validate``) runs what is missing of the declared grid
(``grid``), sums it up (``results``) and writes the page of the site (``page``).
"""
