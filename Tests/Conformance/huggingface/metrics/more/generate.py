"""Writes cases.json: figures of scikit-learn, SciPy, seqeval, rouge_score and sacreBLEU.

pip install scikit-learn scipy seqeval rouge-score sacrebleu, then: python generate.py
"""
import json
import math
import random
import warnings

import sacrebleu
from rouge_score import rouge_scorer
from scipy import stats
from seqeval import metrics as seqeval
from sklearn import metrics

warnings.filterwarnings("ignore")
random.seed(7)
cases = []

for classes, count in [(2, 40), (3, 25), (5, 60), (4, 9)]:
    labels = [random.randrange(classes) for _ in range(count)]
    predictions = [l if random.random() < 0.6 else random.randrange(classes) for l in labels]
    case = {"task": "classification", "labels": labels, "predictions": predictions,
            "accuracy": metrics.accuracy_score(labels, predictions),
            "matthews": metrics.matthews_corrcoef(labels, predictions),
            "confusion": metrics.confusion_matrix(labels, predictions).tolist()}
    for average in ["macro", "micro", "weighted"] + (["binary"] if classes == 2 else []):
        p, r, f, _ = metrics.precision_recall_fscore_support(
            labels, predictions, average=average, zero_division=0)
        case |= {f"precision_{average}": p, f"recall_{average}": r, f"f1_{average}": f}
    if classes == 2:
        # Scores with many ties.
        case["scores"] = [round(random.random() * 0.5 + 0.2 * l, 1) for l in labels]
        case["roc_auc"] = metrics.roc_auc_score(labels, case["scores"])
        case["average_precision"] = metrics.average_precision_score(labels, case["scores"])
    cases.append(case)

for count in [2, 7, 50]:
    labels = [round(random.uniform(0, 5), 1) for _ in range(count)]
    predictions = [round(l + random.gauss(0, 1), 1) for l in labels]
    cases.append({"task": "regression", "labels": labels, "predictions": predictions,
                  "pearson": stats.pearsonr(labels, predictions)[0],
                  "spearman": stats.spearmanr(labels, predictions)[0],
                  "mse": metrics.mean_squared_error(labels, predictions),
                  "mae": metrics.mean_absolute_error(labels, predictions),
                  "r2": metrics.r2_score(labels, predictions)})

for width in [3, 6]:
    labels = [[random.random() < 0.4 for _ in range(width)] for _ in range(20)]
    predictions = [[l != (random.random() < 0.2) for l in row] for row in labels]
    case = {"task": "multi_label", "labels": [[int(x) for x in r] for r in labels],
            "predictions": [[int(x) for x in r] for r in predictions],
            "accuracy": metrics.accuracy_score(labels, predictions)}
    for average in ["macro", "micro", "weighted"]:
        p, r, f, _ = metrics.precision_recall_fscore_support(
            labels, predictions, average=average, zero_division=0)
        case |= {f"precision_{average}": p, f"recall_{average}": r, f"f1_{average}": f}
    cases.append(case)

tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "E-LOC", "S-PER", "B", "I", "I-A-B"]
for count in [1, 6, 30]:
    labels = [[random.choice(tags) for _ in range(random.randrange(1, 12))] for _ in range(count)]
    predictions = [[t if random.random() < 0.7 else random.choice(tags) for t in row]
                   for row in labels]
    case = {"task": "entities", "labels": labels, "predictions": predictions,
            "accuracy": seqeval.accuracy_score(labels, predictions)}
    for average in ["macro", "micro", "weighted"]:
        case |= {f"precision_{average}": seqeval.precision_score(labels, predictions, average=average, zero_division=0),
                 f"recall_{average}": seqeval.recall_score(labels, predictions, average=average, zero_division=0),
                 f"f1_{average}": seqeval.f1_score(labels, predictions, average=average, zero_division=0)}
    cases.append(case)

words = ["the", "cat", "sat", "on", "a", "mat", "Dog's", "1,000", "3.5", "e.g.", "naïve", "x-ray",
         "2-3", "(yes)", "well,", "end.", "\"quoted\"", "R&D", "a/b", "&amp;", "5%", "co-op"]
def text(count):
    return " ".join(random.choice(words) for _ in range(count))
def near(original):
    parts = original.split(" ")
    return " ".join(w if random.random() < 0.7 else random.choice(words) for w in parts)

scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"])
for count in [1, 5, 12]:
    references = ["\n".join(text(random.randrange(1, 9)) for _ in range(random.randrange(1, 4)))
                  for _ in range(count)]
    predictions = ["\n".join(near(line) for line in r.split("\n")) for r in references]
    scores = [scorer.score(r, p) for r, p in zip(references, predictions)]
    cases.append({"task": "rouge", "references": references, "predictions": predictions}
                 | {name: sum(s[name].fmeasure for s in scores) / count
                    for name in ["rouge1", "rouge2", "rougeL", "rougeLsum"]})

for count, sources in [(1, 1), (6, 1), (6, 3), (3, 2)]:
    references = [[text(random.randrange(4, 15)) for _ in range(sources)] for _ in range(count)]
    predictions = [near(random.choice(r)) for r in references]
    streams = [[r[i] for r in references] for i in range(sources)]
    plain = sacrebleu.corpus_bleu(predictions, streams, smooth_method="none")
    smooth = sacrebleu.corpus_bleu(predictions, streams, smooth_method="exp")
    cases.append({"task": "bleu", "references": references, "predictions": predictions,
                  "bleu": plain.score / 100, "bleu_exponential": smooth.score / 100,
                  "brevity_penalty": plain.bp, "precision_1": plain.precisions[0] / 100})

losses, tokens = [3.5, 0.25, 12.0], [2, 1, 7]
cases.append({"task": "perplexity", "losses": losses, "tokens": tokens,
              "perplexity": math.exp(sum(losses) / sum(tokens))})

cases.append({"task": "squad", "gold": "Thé Théâtre", "prediction": "the théâtre",
              "exact": 0, "f1": 2 / 3})
with open("cases.json", "w") as file:
    json.dump(cases, file)
    file.write("\n")
