"""What Apache DataSketches' Python API says of images: JSON, a record a file.

    pip install 'datasketches==5.2.*' && python check.py FILE...
"""

import json
import sys
from pathlib import Path

import datasketches as ds

THETA, HLL = 3, 7


def read(image):
    family = image[2]
    if family == THETA:
        sketch = ds.compact_theta_sketch.deserialize(image)
        return {
            "estimate": sketch.get_estimate(),
            "retained": sketch.num_retained,
            "theta": sketch.theta,
            "theta64": sketch.theta64,
            "rewritten_alike": sketch.serialize() == image,
        }
    if family == HLL:
        sketch = ds.hll_sketch.deserialize(image)
        return {
            "estimate": sketch.get_estimate(),
            "lg_k": sketch.lg_config_k,
            "rewritten_alike": sketch.serialize_compact() == image,
        }
    raise SystemExit(f"family {family} is neither theta nor HLL")


json.dump({name: read(Path(name).read_bytes()) for name in sys.argv[1:]}, sys.stdout, indent=1)
print()
