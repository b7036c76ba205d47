"""Reads a run of MLflow's file store with MLflow's package, checks it, and goes on with it.

python3 read_mlflow.py STORE RUN
"""
import math
import os
import pathlib
import sys

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
import mlflow

store, run_id = sys.argv[1:]
mlflow.set_tracking_uri(pathlib.Path(store).as_uri())
client = mlflow.MlflowClient()
experiment = client.get_experiment_by_name('digits: "é"')
found = client.search_runs([experiment.experiment_id])
assert [run.info.run_id for run in found] == [run_id], found
run = found[0]
assert run.info.run_name == "wide\tnet" and run.info.status == "FINISHED", run.info
assert run.info.end_time >= run.info.start_time > 1.6e12
assert run.data.params == {"optimizer.lr": "0.1"}, run.data.params
assert run.data.tags["note"] == "two\nlines" and run.data.tags["mlflow.source.type"] == "LOCAL"
curve = client.get_metric_history(run_id, "train_loss")
assert [point.step for point in curve] == [1, 2, 3] and curve[2].value == 1 / 3, curve
assert math.isnan(client.get_metric_history(run_id, "loss/validation")[0].value)
assert [file.path for file in client.list_artifacts(run_id)] == ["config.yaml"]
client.log_metric(run_id, "train_loss", 0.25, step=4)
client.set_tag(run_id, "read", "yes")
