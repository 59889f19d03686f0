# SPDX-License-Identifier: Apache-2.0
"""examples/evaluate against scikit-learn and pytorch-metric-learning on the same arrays.

usage: against_peers.py EVALUATE FOLDER (of temporary files)
Ends with 77, and says why, where NumPy or scikit-learn is missing; without
pytorch-metric-learning retrieval is compared with NumPy alone, and that is said.
"""
import json
import pathlib
import subprocess
import sys

try:
    import numpy
    import sklearn
    from sklearn import metrics
except ImportError as missing:
    print(f"skipped: {missing}; scripts/install_evaluation_peers.sh installs it")
    sys.exit(77)
try:
    import torch
    from pytorch_metric_learning.distances import CosineSimilarity
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
    from pytorch_metric_learning.utils.inference import CustomKNN
except ImportError as missing:
    torch = None
    print(f"pytorch-metric-learning is left out: {missing}")

FARS = [1e-4, 1e-3, 1e-2, 0.1, 0.5, 1.0]
EPSILON = numpy.finfo(float).eps


def evaluate(program, folder, rows, labels, pairs):
    """The example's results for rows with labels and a list of pairs."""
    numpy.save(folder / "rows.npy", rows)
    numpy.save(folder / "labels.npy", labels)
    same = labels[pairs[:, 0]] == labels[pairs[:, 1]]
    numpy.savetxt(folder / "pairs.csv", numpy.column_stack([pairs, same]), fmt="%d", delimiter=",",
                  header="a,b,same", comments="")
    subprocess.run([program, "--embeddings", folder / "rows.npy", "--labels", folder / "labels.npy",
                    "--pairs", folder / "pairs.csv", "--out", folder / "results", "--replace",
                    "--resamples", "0",
                    "--ranks", "5", "--far", ",".join(map(str, FARS))],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (same, numpy.load(folder / "results/pair_scores.npy"),
            numpy.loadtxt(folder / "results/roc_pairs.csv", delimiter=",", skiprows=1, ndmin=2),
            json.loads((folder / "results/results.json").read_text()))


def check_verification(same, scores, curve, results):
    """roc_curve with every point has the example's points, to the bit; so has all_pairs, since the
    list holds all pairs."""
    far, tar, thresholds = metrics.roc_curve(same, scores, drop_intermediate=False)
    numpy.testing.assert_array_equal(curve[:, 0].astype(scores.dtype), thresholds)
    numpy.testing.assert_array_equal(curve[:, 1], far)
    numpy.testing.assert_array_equal(curve[:, 2], tar)
    # By default roc_curve drops points on straight lines: what is left is among ours.
    some = numpy.column_stack(metrics.roc_curve(same, scores)[:2])
    ours = {(x, y) for x, y in curve[:, 1:]}
    assert all((x, y) in ours for x, y in some)
    for part in ("pairs", "all_pairs"):
        for target, point in zip(FARS, results[part]["points"]):
            last = numpy.searchsorted(far, target, side="right") - 1
            assert point["far"] == far[last] and point["tar"] == tar[last], (part, target, point)
            assert point["threshold"] is None or numpy.float32(point["threshold"]) == thresholds[last]
        rate = results[part]["equal_error_rate"]
        # On the segments between the points FAR - FRR has its zero there.
        assert abs(rate - (1 - numpy.interp(rate, far, tar))) < 1e-9 or rate in far
    area = numpy.sum(numpy.diff(curve[:, 1]) * (curve[1:, 2] + curve[:-1, 2]) / 2)
    tolerance = 4 * len(curve) * EPSILON  # sums of so many terms, at most 1 in all
    assert abs(area - metrics.roc_auc_score(same, scores)) < tolerance
    accepted_same = curve[1:, 2] * same.sum()
    precision = accepted_same / (accepted_same + curve[1:, 1] * (~same).sum())
    average = numpy.sum(numpy.diff(curve[:, 2]) * precision)
    assert abs(average - metrics.average_precision_score(same, scores)) < tolerance


def check_nearest(rows, labels, results):
    """Ranks and retrieval from all scores by NumPy: float32 scores, ties by the smaller row."""
    x = rows.astype(float)
    x /= numpy.linalg.norm(x, axis=1, keepdims=True)
    scores = (x @ x.T).astype(numpy.float32)
    numpy.fill_diagonal(scores, -numpy.inf)
    order = numpy.argsort(-scores, axis=1, kind="stable")[:, :-1]
    hits = labels[order] == labels[:, None]
    relevant = hits.sum(axis=1)
    mated = relevant > 0
    first = numpy.argmax(hits, axis=1)
    ours = results["identification"]
    assert ours["mated"] == mated.sum() and ours["unmated"] == (~mated).sum()
    for rank in range(5):
        assert ours["rank_rates"][rank] == (first[mated] <= rank).sum() / mated.sum()
    top = numpy.take_along_axis(scores, order[:, :1], axis=1)[:, 0]
    right = mated & (first == 0)
    for target, point in zip(FARS, ours["points"]):
        threshold = numpy.inf if point["threshold"] is None else numpy.float32(point["threshold"])
        far = (top[~mated] >= threshold).mean()
        assert point["far"] == far <= target
        assert point["dir"] == (top[right] >= threshold).sum() / mated.sum()
        above = numpy.unique(top[~mated][top[~mated] < threshold])
        assert len(above) == 0 or (top[~mated] >= above[-1]).mean() > target
    ranks = numpy.arange(1, hits.shape[1] + 1)
    inside = ranks <= relevant[:, None]
    precisions = numpy.cumsum(hits, axis=1) / ranks
    expected = {
        "precision_at_1": hits[mated, 0].mean(),
        "r_precision": ((hits & inside).sum(axis=1)[mated] / relevant[mated]).mean(),
        "mean_average_precision_at_r":
            ((precisions * hits * inside).sum(axis=1)[mated] / relevant[mated]).mean(),
    }
    check_rates(results, expected, len(rows))


def check_rates(results, expected, queries):
    for name, value in expected.items():
        # Means of so many numbers, and of sums of at most so many, up to 1.
        assert abs(results["retrieval"][name] - value) < 4 * queries * EPSILON, name


def check_metric_learning(rows, labels, results):
    calculator = AccuracyCalculator(
        include=("precision_at_1", "r_precision", "mean_average_precision_at_r"),
        k="max_bin_count", device=torch.device("cpu"), knn_func=CustomKNN(CosineSimilarity()))
    check_rates(results, calculator.get_accuracy(torch.from_numpy(rows.astype(float)),
                                                 torch.from_numpy(labels)), len(rows))


def arrays(kind, seed):
    """Rows and labels. Some people have one row: nothing to find, no mate."""
    random = numpy.random.default_rng(seed)
    labels = numpy.concatenate([numpy.arange(90) % 30, numpy.arange(30, 40)])
    centres = random.normal(size=(40, 12))
    rows = centres[labels] + 0.9 * random.normal(size=(len(labels), 12))
    if kind == "coarse":  # scores tie everywhere, between people too
        rows = numpy.sign(rows) * (numpy.abs(rows) > 0.4)
        rows[~rows.any(axis=1), 0] = 1
    if kind == "twice":  # each row ties with another of its own label, to the last bit
        times = numpy.where(labels < 30, 2, 1)
        rows, labels = numpy.repeat(rows, times, axis=0), numpy.repeat(labels, times)
    return rows.astype(numpy.float32), labels.astype(numpy.int64)


def main():
    program, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for kind in ("plain", "twice", "coarse"):
        for seed in range(3):
            rows, labels = arrays(kind, seed)
            pairs = numpy.column_stack(numpy.triu_indices(len(rows), 1))
            same, scores, curve, results = evaluate(program, folder, rows, labels, pairs)
            check_verification(same, scores, curve, results)
            if kind == "coarse":
                continue  # which of two tied people comes first no two definitions agree on
            check_nearest(rows, labels, results)
            if torch is not None:
                check_metric_learning(rows, labels, results)
    print(f"as scikit-learn {sklearn.__version__} says"
          + ("" if torch is None else ", and pytorch-metric-learning for retrieval"))


main()
