"""Frozen with PyPI's pmvalsampsize 0.2.1, numpy 2.4.6, scipy 1.17.1: python call.py > expected.json

Steps of 1e-7 instead of 1e-4 for the standard error of log(O/E), so that the width that was asked
for is met. The linear predictors are numpy.random.seed(123456) and one call of scipy's rvs.
"""

import json

from pmvalsampsize.pmvalsampsize import pmvalsampsize

CALLS = (
    {"prevalence": 0.43, "cstatistic": 0.8, "lpbeta": (1.33, 1.75)},
    {
        "prevalence": 0.12,
        "cstatistic": 0.72,
        "lpnormal": (-2.3, 0.9),
        "oeciwidth": 0.4,
        "csciwidth": 0.3,
        "cstatciwidth": 0.08,
    },
    {"prevalence": 0.018, "cstatistic": 0.8, "lpnormal": (-5.0, 1.3), "oeciwidth": 0.6},
)
found = []
for call in CALLS:
    made = pmvalsampsize(type="b", noprint=True, simobs=20000, oeseincrement=1e-7, **call)
    found.append({"call": call, "n": [int(row[1]) for row in made["results_table"][:3]]})
print(json.dumps(found, indent=1))
