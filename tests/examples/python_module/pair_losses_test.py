# SPDX-License-Identifier: Apache-2.0
"""The losses over pairs beside automatic differentiation of their definitions in float64, and
beside the functions of other packages, on ordinary and on degenerate batches.

usage: pair_losses_test.py FOLDER (of the package coupleface) PEERS
PEERS is the folder of scripts/install_evaluation_peers.sh with those packages; where it is missing,
the tests that need them say that they are skipped. Ends with 77, and says why, without PyTorch.
"""
import functools
import importlib.metadata
import importlib.util
import math
import pathlib
import sys
import types
import unittest

try:
    import torch
    import torch.nn.functional as F
except ImportError as missing:
    print(f"skipped: {missing}; scripts/install_dependencies.sh installs it")
    sys.exit(77)
sys.path.insert(0, sys.argv[1])
from coupleface import autograd as ours

PEERS = pathlib.Path(sys.argv[2])
VERSIONS = {package.metadata["Name"]: package.version
            for package in importlib.metadata.distributions(path=[str(PEERS)])}


# ---- definitions


def others(square):
    return square[~torch.eye(len(square), dtype=torch.bool)]


def cosines(x):
    return F.normalize(x) @ F.normalize(x).t()


def ratios(x):
    distances = others((x[:, None] - x[None]).norm(dim=2))
    return distances / distances.mean()


def relation(s, t, q=0.0, two_sided=True):
    gap = others(cosines(s) - cosines(t))
    return ((gap.abs() if two_sided else gap) - q).clamp(min=0).mean()


def rkd(s, t, beta=1.0):
    return F.smooth_l1_loss(ratios(s), ratios(t), beta=beta)


def angles(x):
    """At row j, between rows i and k: [j, i, k]."""
    toward = F.normalize(x[None] - x[:, None], dim=2)
    return toward @ toward.transpose(1, 2)


def rkd_angle(s, t, beta=1.0):
    n = len(s)
    triples = n * (n - 1) * (n - 2)
    return F.smooth_l1_loss(angles(s), angles(t), beta=beta, reduction="sum") / max(triples, 1)


def similarity_preserving(s, t, p=2):
    return F.mse_loss(F.normalize(s @ s.t(), p=p), F.normalize(t @ t.t(), p=p))


def taylor(cosine, order, gamma):
    return math.exp(-2 * gamma) * sum((2 * gamma * cosine) ** p / math.factorial(p)
                                      for p in range(order + 1))


def correlation_congruence(s, t, order=2, gamma=0.4):
    return others(taylor(cosines(s), order, gamma) - taylor(cosines(t), order, gamma)
                  ).square().mean()


def probabilities(x, epsilon):
    similarity = ((1 + cosines(x)) / 2 + epsilon) * (1 - torch.eye(len(x), dtype=x.dtype))
    return similarity / similarity.sum(dim=1, keepdim=True)


def pkt(s, t, epsilon=1e-7):
    p, q = (others(probabilities(x, epsilon)) for x in (s, t))
    return (q * (q / p).log()).mean()


def pkt_of_the_authors(s, t, epsilon=1e-7):
    """The diagonal is kept, epsilon is added to norms and probabilities."""
    def of(x):
        unit = x / (x.norm(dim=1, keepdim=True) + epsilon)
        similarity = (unit @ unit.t() + 1) / 2
        return similarity / similarity.sum(dim=1, keepdim=True)
    p, q = of(s), of(t)
    return (q * ((q + epsilon) / (p + epsilon)).log()).mean()


LOSSES = [
    ("relation", ours.relation_loss, relation, [{}, dict(q=0.1), dict(q=0.1, two_sided=False)]),
    ("RKD-D", ours.rkd_distance_loss, rkd, [{}, dict(beta=0.1)]),
    ("RKD-A", ours.rkd_angle_loss, rkd_angle, [{}, dict(beta=0.1)]),
    ("SP", ours.similarity_preserving_loss, similarity_preserving, [{}]),
    ("CC", ours.correlation_congruence_loss, correlation_congruence,
     [{}, dict(order=1), dict(order=8, gamma=1.5)]),
    ("PKT", ours.pkt_loss, pkt, [{}, dict(epsilon=0.01)]),
]


def rows(n, d):
    return torch.randn(n, d, dtype=torch.float64)


def outcome(loss, s, t):
    """Value and gradient."""
    s = s.detach().clone().requires_grad_()
    value = loss(s, t)
    value.backward()
    return value.detach(), s.grad


def every_loss():
    for name, loss, definition, every in LOSSES:
        for settings in every:
            yield (f"{name} {settings or ''}", functools.partial(loss, **settings),
                   functools.partial(definition, **settings))


class Definitions(unittest.TestCase):
    def test_in_double(self):
        torch.manual_seed(1)
        for n, d_s, d_t in (2, 3, 3), (9, 7, 5), (70, 33, 64):
            s, t = rows(n, d_s), rows(n, d_t)
            for name, loss, definition in every_loss():
                with self.subTest(name, n=n):
                    value, gradient = outcome(loss, s, t)
                    expected, slopes = outcome(definition, s, t)
                    torch.testing.assert_close(value, expected, rtol=1e-12, atol=1e-15)
                    # Cosines and ratios are of order 1, and so are slopes.
                    torch.testing.assert_close(gradient, slopes, rtol=0, atol=1e-14)

    def test_in_float(self):
        torch.manual_seed(2)
        n, d = 40, 64
        s, t = rows(n, d).float(), rows(n, d).float()
        # Sums of d products, and of n rows with weights of one sign or the other.
        relative = 4 * (d + n) * 2.0 ** -24
        for name, loss, definition in every_loss():
            with self.subTest(name):
                value, gradient = outcome(loss, s, t)
                expected, slopes = outcome(definition, s.double(), t.double())
                self.assertEqual((value.dtype, gradient.dtype), (torch.float32, torch.float32))
                self.assertLessEqual(abs(value.item() - expected.item()),
                                     relative * expected.item())
                self.assertLessEqual((gradient - slopes).norm(dim=1).max().item(),
                                     relative * slopes.norm(dim=1).max().item())

    def test_gradcheck(self):
        torch.manual_seed(3)
        s, t = rows(6, 5).requires_grad_(), rows(6, 4)
        for name, loss, _ in every_loss():
            self.assertTrue(torch.autograd.gradcheck(lambda x: loss(x, t), s, eps=1e-6, atol=1e-7),
                            name)


# ---- other packages. Their files are loaded alone where the package imports what is not needed.


def peer_file(path, **packages):
    for name, contents in packages.items():
        sys.modules[name] = contents
    spec = importlib.util.spec_from_file_location(path.replace("/", "_"), PEERS / f"{path}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_peers():
    """Name: function of (student, teacher)."""
    sys.path.append(str(PEERS))
    from torchdistill.losses import mid_level

    def torchdistill(loss):
        # PKTLoss writes to what it is given.
        return lambda s, t: loss({"net": {"output": s * 1}}, {"net": {"output": t * 1}})

    kd_lib = peer_file("KD_Lib/KD/vision/RKD/loss_metric")
    fasterai = peer_file("fasterai/distill/losses")
    registry = types.ModuleType("mmrazor.registry")
    registry.MODELS = types.SimpleNamespace(register_module=lambda: lambda of: of)
    mmrazor = peer_file("mmrazor/models/losses/relational_kd",
                        **{"mmrazor": types.ModuleType("mmrazor"), "mmrazor.registry": registry})
    kernel = {"type": "gaussian", "gamma": 0.4, "max_p": 2}
    return {
        "torchdistill RKDLoss": torchdistill(mid_level.RKDLoss("net", "net", 1.0, 0.0, "mean")),
        "KD-Lib RKDDistanceLoss": lambda s, t: kd_lib.RKDDistanceLoss()(t, s),
        "mmrazor DistanceWiseRKD": mmrazor.DistanceWiseRKD(),
        "torchdistill RKDLoss, angles": torchdistill(mid_level.RKDLoss("net", "net", 0.0, 1.0,
                                                                       "mean")),
        "KD-Lib RKDAngleLoss": lambda s, t: kd_lib.RKDAngleLoss()(t, s),
        "mmrazor AngleWiseRKD": mmrazor.AngleWiseRKD(),
        "fasterai Similarity": lambda s, t: fasterai.Similarity({0: s}, {0: t}, None),
        "torchdistill SPKDLoss": torchdistill(mid_level.SPKDLoss("net", "net", "batchmean")),
        "torchdistill CCKDLoss": torchdistill(
            mid_level.CCKDLoss("net", "net", kernel, "batchmean")),
        "torchdistill PKTLoss": torchdistill(
            mid_level.PKTLoss("net", "output", "net", "output")),
    }


def share(n):
    """The peers' means are over n^2 entries, whose diagonal is 0."""
    return (n - 1) / n


def triples(n):
    """And those of angles over n^3."""
    return (n - 1) * (n - 2) / n**2


# By ours, or by a definition, where ours is another loss.
EXPECTED = {
    "torchdistill RKDLoss": lambda s, t: share(len(s)) * ours.rkd_distance_loss(s, t),
    "KD-Lib RKDDistanceLoss": lambda s, t: share(len(s)) * ours.rkd_distance_loss(s, t),
    "mmrazor DistanceWiseRKD": lambda s, t: 25 * share(len(s)) * ours.rkd_distance_loss(
        F.normalize(s), F.normalize(t)),
    "torchdistill RKDLoss, angles": lambda s, t: triples(len(s)) * ours.rkd_angle_loss(s, t),
    "KD-Lib RKDAngleLoss": lambda s, t: triples(len(s)) * ours.rkd_angle_loss(s, t),
    "mmrazor AngleWiseRKD": lambda s, t: 50 * triples(len(s)) * ours.rkd_angle_loss(
        F.normalize(s), F.normalize(t)),
    "fasterai Similarity": ours.similarity_preserving_loss,
    "torchdistill SPKDLoss": lambda s, t: similarity_preserving(s, t, p=1),
    "torchdistill CCKDLoss": lambda s, t: (
        share(len(s)) * ours.correlation_congruence_loss(s, t)).sqrt() / len(s),
    "torchdistill PKTLoss": pkt_of_the_authors,
}
OTHER = {"torchdistill SPKDLoss": (ours.similarity_preserving_loss, 0.5),
         "torchdistill PKTLoss": (ours.pkt_loss, 0.9)}


def batches():
    """Name: student and teacher, of rows of length 1."""
    torch.manual_seed(5)
    s, t = F.normalize(rows(16, 128)), F.normalize(rows(16, 128))
    twice, zero, equal = s.clone(), s.clone(), s[:1].repeat(16, 1)
    twice[1] = twice[0]
    zero[3] = 0
    return {"ordinary": (s, t), "two equal rows": (twice, t), "a zero row": (zero, t),
            "a zero row of the teacher": (s, zero), "equal rows": (equal, t),
            "equal rows of the teacher": (s, equal), "one row": (s[:1], t[:1]),
            "no row": (s[:0], t[:0])}


def word(x):
    if x.isnan().any():
        return "NaN"
    size = x.abs().max().item() if x.numel() else 0.0
    return "huge" if size > 1e6 else "0" if size < 1e-15 else "ordinary"


def words_of(loss, s, t):
    try:
        return "{}, {}".format(*map(word, outcome(loss, s, t)))
    except (RuntimeError, ValueError):
        return "error"


# Value and gradient, where they are not ordinary numbers.
RKD_OF_PEERS = {"equal rows": "ordinary, 0", "one row": "NaN, 0", "no row": "NaN, 0"}
ANGLES_OF_PEERS = {"two equal rows": "ordinary, huge", "equal rows": "ordinary, 0",
                   "one row": "0, 0", "no row": "NaN, 0"}
DEGENERATE = {
    "torchdistill RKDLoss": RKD_OF_PEERS,
    "KD-Lib RKDDistanceLoss": RKD_OF_PEERS,
    "mmrazor DistanceWiseRKD": {**RKD_OF_PEERS, "a zero row": "ordinary, huge", "no row": "error"},
    "torchdistill RKDLoss, angles": ANGLES_OF_PEERS,
    "KD-Lib RKDAngleLoss": ANGLES_OF_PEERS,
    "mmrazor AngleWiseRKD": {**ANGLES_OF_PEERS, "a zero row": "ordinary, huge", "no row": "error"},
    "fasterai Similarity": {"a zero row": "ordinary, huge", "one row": "0, 0", "no row": "error"},
    "torchdistill SPKDLoss": {"a zero row": "ordinary, huge", "one row": "0, 0",
                              "no row": "NaN, 0"},
    "torchdistill CCKDLoss": {"one row": "0, ordinary", "no row": "error"},
    "torchdistill PKTLoss": {"a zero row": "ordinary, NaN", "one row": "0, 0", "no row": "NaN, 0"},
}
OURS_DEGENERATE = {"one row": "0, 0", "no row": "0, 0"}


@unittest.skipUnless(VERSIONS, "no packages")
class Peers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.peers = load_peers()

    def test_ordinary_batches(self):
        torch.manual_seed(4)
        for name, peer in self.peers.items():
            for n, d in (9, 7), (70, 33):
                with self.subTest(name, n=n):
                    s, t = rows(n, d), rows(n, d)
                    if "CCKD" in name:  # its kernel takes products as cosines
                        s, t = F.normalize(s), F.normalize(t)
                    value, gradient = outcome(peer, s, t)
                    expected, slopes = outcome(EXPECTED[name], s, t)
                    if "CCKD" in name:  # ours is the gradient through the division by the norm
                        slopes, gradient = (x - (x * s).sum(1, keepdim=True) * s
                                            for x in (slopes, gradient))
                    # KD-Lib adds 1e-7 to the mean distance. Distances by way of products lose a
                    # few digits; the norm of PyTorch's zero row has an eps.
                    relative = 1e-6 if "KD-Lib" in name else 1e-11
                    torch.testing.assert_close(value, expected, rtol=relative, atol=0)
                    torch.testing.assert_close(gradient, slopes, rtol=0,
                                               atol=relative * slopes.abs().max().item())

    def test_another_loss_than_ours(self):
        s, t = batches()["ordinary"]
        for name, (loss, most) in OTHER.items():
            value, expected = self.peers[name](s, t).item(), loss(s, t).item()
            print(f"{name}: {value:.4g}, ours {expected:.4g}, ratio {value / expected:.3f}")
            self.assertLess(value, most * expected)

    def test_degenerate_batches(self):
        for name, peer in self.peers.items():
            for batch, (s, t) in batches().items():
                with self.subTest(name, batch=batch):
                    self.assertEqual(words_of(peer, s, t),
                                     DEGENERATE[name].get(batch, "ordinary, ordinary"))

    def test_a_collapsed_student(self):
        """Distances of equal rows are sqrt(eps) each, so their ratios are 1: a loss lower than that
        of a student that learns. Ours takes them as 0."""
        both = batches()
        for name in "torchdistill RKDLoss", "KD-Lib RKDDistanceLoss", "mmrazor DistanceWiseRKD":
            collapsed, ordinary = (self.peers[name](*both[b]).item()
                                   for b in ("equal rows", "ordinary"))
            print(f"{name}: collapsed {collapsed:.4g}, ordinary {ordinary:.4g}")
            self.assertLess(collapsed, 0.7 * ordinary)
        collapsed, ordinary = (ours.rkd_distance_loss(*both[b]).item()
                               for b in ("equal rows", "ordinary"))
        self.assertGreater(collapsed, 100 * ordinary)


    def test_close_rows_in_float(self):
        """Distances out of products lose digits, and so does a gradient that is divided by them."""
        torch.manual_seed(6)
        n, d = 128, 512
        spread, teacher = (rows(n, d) / d ** 0.5 for _ in range(2))
        close, far = spread.clone(), spread + 100 * F.normalize(rows(1, d))
        close[1] = close[0] + 1e-3 / d ** 0.5 * rows(1, d)[0]
        for name, s in ("one close pair", close), ("a common mean", far):
            s, t = s.float(), teacher.float()
            exact = outcome(ours.rkd_distance_loss, s.double(), t.double())[1]
            worst = [((factor * outcome(loss, s, t)[1] - exact).norm(dim=1) / exact.norm(dim=1)
                      ).max().item()
                     for loss, factor in ((ours.rkd_distance_loss, 1),
                                          (self.peers["torchdistill RKDLoss"], 1 / share(n)))]
            print(f"{name}: error of a row's gradient {worst[0]:.2g}, torchdistill {worst[1]:.2g}")
            self.assertLess(worst[0], 1e-5)
            self.assertGreater(worst[1], 0.02)


class Ours(unittest.TestCase):
    def test_degenerate_batches(self):
        for name, loss, _, _ in LOSSES:
            for batch, (s, t) in batches().items():
                with self.subTest(name, batch=batch):
                    value, gradient = outcome(loss, s, t)
                    self.assertEqual(word(value), OURS_DEGENERATE.get(batch, "ordinary, x")
                                     .split(",")[0])
                    self.assertNotIn(word(gradient), ("NaN", "huge"))
                    if batch in OURS_DEGENERATE:
                        self.assertEqual(word(gradient), "0")

    def test_nan(self):
        s, t = batches()["ordinary"]
        for broken in (0, 1):
            for name, loss, _, _ in LOSSES:
                pair = [s.clone(), t.clone()]
                pair[broken][3, 5] = math.nan
                with self.subTest(name, broken=broken):
                    self.assertTrue(loss(*pair).isnan())


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}, PyTorch {torch.__version__}, other packages:",
          VERSIONS or f"skipped, none in {PEERS}: scripts/install_evaluation_peers.sh")
    unittest.main(argv=sys.argv[:1])
