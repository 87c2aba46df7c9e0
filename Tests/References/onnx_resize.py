"""Images of other sizes as ONNX publishes them: the tests of its operator Resize, in float32.

    pip install onnx pyyaml && python3 onnx_resize.py

The options are those of the experiments that `make test-operators` writes.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Export"))
import operators  # noqa: E402
import rules  # noqa: E402

cases = []
for name, node in operators.tests():
    if node.type != "Resize":
        continue
    written = rules.resizing(node)
    options = yaml.safe_load(written.model[0])
    options.pop("type")
    x, y = written.inputs["x"], np.asarray(written.expected)
    cases.append({
        "name": name, "options": options, "shape": list(x.shape[1:]),
        "x": [float(v) for v in x.reshape(-1)], "output": list(y.shape[1:]),
        "y": [float(v) for v in y.reshape(-1)]})
text = ",\n".join(json.dumps(case) for case in cases)
(HERE / "onnx_resize.json").write_text(
    '{"generator": "onnx_resize.py, onnx %s", "cases": [\n%s\n]}\n' % (onnx.__version__, text))
