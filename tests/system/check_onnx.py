"""check_onnx.py MODEL GOLDEN: the model gives the golden actions, to 1e-6."""

import json
import sys

import numpy as np
import onnxruntime

golden = json.load(open(sys.argv[2]))
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
(actions,) = session.run(["action"], {"observation": np.array(golden["observations"])})
error = np.abs(actions - np.array(golden["actions"])).max()
print(f"{len(actions)} pairs, largest error {error:.2e}")
sys.exit(0 if error <= 1e-6 else 1)
