"""Reads an event file and a folder of hyper-parameters with TensorBoard's package, and checks them.

python3 read_events.py FILE FOLDER
"""
import math
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.compat.proto import graph_pb2
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util

run = event_accumulator.EventAccumulator(sys.argv[1])
run.Reload()
tags = run.Tags()
assert tags["scalars"] == ["loss"], tags
assert [(event.step, event.wall_time) for event in run.Scalars("loss")] == [(1, 10), (2, 10), (3, 10)]
assert math.isclose(run.Scalars("loss")[2].value, 1 / 3, rel_tol=1e-6)
exact = run.Tensors("exact")[0]
assert exact.step == 7 and float(tensor_util.make_ndarray(exact.tensor_proto)) == 0.1
histogram = run.Histograms("weights")[0].histogram_value
assert (histogram.min, histogram.max, histogram.num, histogram.sum) == (-1, 2, 4, 1.5)
assert sum(histogram.bucket) == 4 and len(histogram.bucket) == len(histogram.bucket_limit)
image = run.Images("picture")[0]
assert (image.height, image.width, image.step) == (4, 5, 2)
assert image.encoded_image_string.startswith(b"\x89PNG")
note = run.Tensors("note/text_summary")[0].tensor_proto
assert tensor_util.make_ndarray(note)[0].decode() == "wörd"
curve = tensor_util.make_ndarray(run.Tensors("pr")[0].tensor_proto)
assert curve.shape == (6, 5) and list(curve[0]) == [1, 1, 1, 1, 0], curve
graph = graph_pb2.GraphDef.FromString(run.Graph().SerializeToString())
nodes = {node.name: node for node in graph.node}
assert {"input", "0/weight", "0/bias", "0/linear", "relu", "output"} <= set(nodes), list(nodes)
assert list(nodes["0/linear"].input)[:2] == ["input", "0/weight"]
shape = nodes["0/linear"].attr["_output_shapes"].list.shape[0]
assert [dim.size for dim in shape.dim] == [4, 2]

trial = event_accumulator.EventAccumulator(sys.argv[2])
trial.Reload()
content = trial.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
told = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
assert told["lr"].number_value == 0.1 and told["name"].string_value == "a" and told["flag"].bool_value
assert trial.Scalars("score")[0].value == 2
