#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# onnxruntime 1.32.0 and onnx 1.23.2: ArgMax, TopK and ReduceMax of a row of scores that holds NaN
#
# Expected: ArgMax is TopK with K = 1, and both return the NaN (as NumPy and PyTorch do).
# What happens: TopK ranks NaN first at any position. ArgMax and ReduceMax name it only where it
#   stands FIRST in the row and skip it elsewhere. The reference evaluator of the onnx package
#   names it always.
# Why it matters: an exported student that ends in ArgMax over similarities takes a person for each
#   probe and hides that a score is NaN; the same model with TopK, or with columns in another order,
#   answers otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 \
  numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END'
import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

nan = numpy.nan
scores = numpy.array([[nan, 3, 1], [3, nan, 1], [1, 3, nan]], dtype="float32")
nodes = [helper.make_node("ArgMax", ["scores"], ["best"], axis=1, keepdims=0),
         helper.make_node("TopK", ["scores", "one"], ["values", "ids"], axis=1),
         helper.make_node("ReduceMax", ["scores", "one"], ["largest"], keepdims=0)]
outputs = [helper.make_tensor_value_info(name, kind, None) for name, kind in
           (("best", TensorProto.INT64), ("ids", TensorProto.INT64), ("largest", TensorProto.FLOAT))]
graph = helper.make_graph(
    nodes, "ranking", [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [3, 3])], outputs,
    [numpy_helper.from_array(numpy.array([1]), "one")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
seen = {}
for name, run in (("onnxruntime", session.run), ("onnx reference", ReferenceEvaluator(model).run)):
    best, ids, largest = run(None, {"scores": scores})
    seen[name] = best.tolist(), ids[:, 0].tolist(), [str(float(v)) for v in largest]
    print(f"{name}: ArgMax {seen[name][0]}, TopK {seen[name][1]}, ReduceMax {seen[name][2]}")
assert seen["onnxruntime"] == ([0, 0, 1], [0, 1, 2], ["nan", "3.0", "3.0"])
assert seen["onnx reference"] == ([0, 1, 2], [0, 1, 2], ["nan", "nan", "nan"])
END
