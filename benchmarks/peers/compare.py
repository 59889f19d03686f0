#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures coupleface beside FAISS, PyTorch and the machine's own limits, in one process.

Every work item hands the same arrays to all contenders, compares their results, and only then times
them, one call of each after the other, several times over. Prints tables, then a line
`ratio <item> <contender> <contender's time / ours>` for every comparison, and `build <item> x86-64
<our time / that of our library compiled for plain x86-64>`; writes the raw times and, with --curves,
plots. With --kernels everybody's kernels are of one instruction set, and the items say which. Exit status: 1 if results disagree, 77 if this python has no numpy.
"""
import argparse
import ctypes
import json
import math
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

QUICK = "--quick" in sys.argv
if not QUICK:
    # Set on some machines because old OpenBLAS builds misbehave there; they choose slower kernels.
    # Every result is compared before it is timed. OpenBLAS reads them when it is loaded.
    for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(variable, None)

# The kernels of one instruction set, for ours and, where they can be told, for the contenders. All
# of them read their variable once, when they are loaded.
KERNELS = next((b for a, b in zip(sys.argv, sys.argv[1:]) if a == "--kernels"), "")
if KERNELS:
    os.environ["COUPLEFACE_KERNELS"] = KERNELS
    if KERNELS == "avx2":
        os.environ.update(OPENBLAS_CORETYPE="Haswell", NPY_DISABLE_CPU_FEATURES="AVX512F",
                          FAISS_OPT_LEVEL="avx2", ATEN_CPU_CAPABILITY="avx2",
                          ONEDNN_MAX_CPU_ISA="AVX2", MKL_ENABLE_INSTRUCTIONS="AVX2")

try:
    import numpy as np
except ImportError:
    print("compare.py: skipped: this python has no numpy")
    sys.exit(77)
try:
    import torch
    import torch.nn.functional as F
except ImportError:
    torch = None
try:
    import faiss
except ImportError:
    faiss = None

UNIT = 2.0**-24  # of float: half the distance from 1 to the next number
Q = 0.03  # RAD's hinge
MARGIN, SCALE = 0.5, 64.0  # ArcFace
TIE = 1e-5  # two similarities this close may change places in a float ranking


class Seconds(float):
    """What a call that times a part of itself returns."""


class Mismatch(Exception):
    """Two contenders computed different things: there is nothing to time."""


# ---- ours -------------------------------------------------------------------------------------


class Coupleface:
    """The library, and the machine's limits, through libcoupleface_c."""

    AUTOMATIC, FLOAT, INT16 = 0, 1, 2

    def __init__(self, path):
        self.library = ctypes.CDLL(str(path))
        pointer, size, real = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
        integer, single = ctypes.c_int, ctypes.c_float
        signatures = {
            "coupleface_last_error": (ctypes.c_char_p, []),
            "coupleface_kernels": (ctypes.c_char_p, []),
            "coupleface_set_threads": (None, [integer]),
            "coupleface_nearest": (integer, [integer, pointer, size, size, size, pointer, pointer]),
            "coupleface_rad": (integer, [pointer, pointer, size, size, pointer, size, pointer, size,
                                         real, pointer, pointer]),
            "coupleface_fcd": (integer, [pointer, pointer, size, size, pointer, pointer]),
            "coupleface_margin_softmax": (integer, [pointer, size, size, pointer, size, pointer,
                                                    real, real, integer, integer, pointer,
                                                    pointer, pointer]),
            "coupleface_pairs": (integer, [integer, pointer, pointer, size, size, pointer, pointer,
                                           pointer]),
            "coupleface_pairs_bank": (integer, [pointer, pointer, size, size, pointer, pointer,
                                                size, pointer, pointer, pointer]),
            "coupleface_map": (pointer, [ctypes.c_char_p]),
            "coupleface_unmap": (None, [pointer]),
            "coupleface_mapped_data": (pointer, [pointer]),
            "coupleface_class_means": (integer, [pointer, pointer, size, pointer]),
            "limits_multiply_add_peak": (real, [real]),
            "limits_packet_bytes": (integer, []),
            "limits_read": (single, [pointer, size]),
            "limits_triad": (None, [pointer, pointer, pointer, single, size, integer]),
            "limits_gather": (single, [pointer, size, pointer, size, size, size, integer]),
        }
        for name, (result, arguments) in signatures.items():
            function = getattr(self.library, name)
            function.restype, function.argtypes = result, arguments

    def call(self, name, *arguments):
        """Arrays go as pointers. True if done, False if this build cannot; raises on an error."""
        status = getattr(self.library, name)(*map(as_argument, arguments))
        if status == 1:
            raise RuntimeError(f"{name}: {self.library.coupleface_last_error().decode()}")
        return status == 0

    def limit(self, name, *arguments):
        return getattr(self.library, name)(*map(as_argument, arguments))


def as_argument(value):
    if not isinstance(value, np.ndarray):
        return value
    assert value.flags.c_contiguous
    return value.ctypes.data


# ---- BLAS -------------------------------------------------------------------------------------


class Openblas:
    """cblas_sgemm of one OpenBLAS. Its functions are looked up in it alone: several are loaded."""

    def __init__(self, name, path):
        self.name, self.path = name, path
        self.library = ctypes.CDLL(path, mode=os.RTLD_LOCAL | os.RTLD_DEEPBIND)
        size, pointer, real = ctypes.c_int, ctypes.c_void_p, ctypes.c_float
        self.library.cblas_sgemm.restype = None
        self.library.cblas_sgemm.argtypes = [size] * 6 + [real, pointer, size, pointer, size, real,
                                                          pointer, size]

    def set_threads(self, threads):
        self.library.openblas_set_num_threads(ctypes.c_int(threads))

    def kernel(self):
        return openblas_kernel(self.library, "", "")

    def product(self, a, b, out):
        transposed_a, stride_a = layout(a)
        transposed_b, stride_b = layout(b)
        self.library.cblas_sgemm(101, transposed_a, transposed_b, a.shape[0], b.shape[1],
                                 a.shape[1], 1.0, a.ctypes.data, stride_a, b.ctypes.data, stride_b,
                                 0.0, out.ctypes.data, out.shape[1])


def layout(x):
    """CBLAS's name for the order of a matrix, and its leading dimension."""
    return (111, x.strides[0] // 4) if x.strides[1] == 4 else (112, x.strides[1] // 4)


def openblas_kernel(library, prefix, suffix):
    name = getattr(library, f"{prefix}openblas_get_corename{suffix}")
    name.restype = ctypes.c_char_p
    return name().decode()


class LoadedOpenblas:
    """What an OpenBLAS that a package brought along tells, and its threads."""

    def __init__(self, path):
        self.path, self.library = path, ctypes.CDLL(path)
        self.prefix, self.suffix = next(
            (p, s) for p in ("", "scipy_") for s in ("", "64_", "_64")
            if hasattr(self.library, f"{p}openblas_set_num_threads{s}"))

    def set_threads(self, threads):
        getattr(self.library, f"{self.prefix}openblas_set_num_threads{self.suffix}")(threads)

    def kernel(self):
        return openblas_kernel(self.library, self.prefix, self.suffix)


def loaded_openblas():
    """Every OpenBLAS that this process has mapped."""
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if "openblas" in line.rsplit("/", 1)[-1]}
    found = []
    for path in sorted(paths):
        try:
            found.append(LoadedOpenblas(path))
        except (OSError, StopIteration):
            pass  # LAPACK's half of it, or a name that only looks like it
    return found


class NumpyBlas:
    name = "numpy"

    def product(self, a, b, out):
        np.matmul(a, b, out=out)


class TorchBlas:
    name = "torch"

    def product(self, a, b, out):
        with torch.no_grad():
            torch.mm(torch.from_numpy(a), torch.from_numpy(b), out=torch.from_numpy(out))


# ---- the run ----------------------------------------------------------------------------------


class Run:
    """Everything that the items share."""

    def __init__(self, options):
        self.options = options
        self.ours = Coupleface(options.library)
        # Every contender of our own: the library as it was compiled, and for plain x86-64.
        self.builds = {"ours": self.ours}
        if options.plain_library:
            self.builds["ours/x86-64"] = Coupleface(options.plain_library)
        self.blas = [NumpyBlas()] + ([TorchBlas()] if torch else [])
        for threading in ("pthread", "openmp"):
            for path in pathlib.Path("/usr/lib").glob(f"*/openblas-{threading}/libopenblas.so.0"):
                self.blas.append(Openblas(f"openblas-{threading}", str(path)))
        own = {os.path.realpath(b.path) for b in self.blas if isinstance(b, Openblas)}
        self.brought_along = [b for b in loaded_openblas() if os.path.realpath(b.path) not in own]
        self.items = {}
        self.peak = {}
        self.threads = 0

    def set_threads(self, threads):
        self.threads = threads
        for library in self.builds.values():
            library.limit("coupleface_set_threads", threads)
        for blas in self.brought_along + [b for b in self.blas if isinstance(b, Openblas)]:
            blas.set_threads(threads)
        if torch:
            torch.set_num_threads(threads)
        if faiss:
            faiss.omp_set_num_threads(threads)
        self.measure_peak()

    def measure_peak(self):
        """GFLOP/s of the most that this process has seen so many threads do."""
        seconds = 0.01 if QUICK else 0.1
        rate = self.ours.limit("limits_multiply_add_peak", seconds)
        self.peak[self.threads] = max(rate, self.peak.get(self.threads, 0))
        return self.peak[self.threads]

    def peer(self, package):
        return f"{package}-{self.options.label}"

    def random(self, *shape, seed):
        return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)

    def unit_rows(self, n, d, seed):
        """Unit rows; with --data clustered, 32 to a common centre, as classes of faces lie."""
        x = self.random(n, d, seed=seed)
        if self.options.data == "clustered":
            centres = self.random(max(1, n // 32), d, seed=seed + 1)
            x += centres[np.arange(n) % len(centres)]
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    def has(self, item):
        return not self.options.only or item in self.options.only

    def say(self, text):
        print(text, flush=True)

    def measure(self, name, contenders, flop=None, gemm=None):
        """Times contenders {name: call}, "ours" first, interleaved. `flop`: {name: what it must at
        least compute}. `gemm`: the contender whose share of the peak tells whether the run was left
        alone; then up to three tries."""
        for attempt in range(3):
            item = self.measure_once(contenders, flop or {})
            if gemm is None or QUICK:
                break
            share = item["gflops"][gemm] / item["peak_gflops"]
            item["share_of_peak"], item["disturbed"] = share, share < 0.7
            if not item["disturbed"]:
                break
            self.say(f"DISTURBED {name}: {gemm} at {100 * share:.0f} % of the peak")
        if KERNELS:
            name = f"{name}/kernels:{KERNELS}"
        self.items[name] = item
        self.print_table(name, item)
        return item

    def measure_once(self, contenders, flop):
        options = self.options
        order = list(contenders)
        times = {contender: [] for contender in order}
        begin = time.perf_counter()
        for repetition in range(options.repeat):
            self.measure_peak()
            turn = repetition % len(order)  # nobody always follows the same other one
            for contender in order[turn:] + order[:turn]:
                time.sleep(0.0 if QUICK else 0.25)  # until the last one's threads stop spinning
                start = time.perf_counter()
                counted = contenders[contender]()
                elapsed = time.perf_counter() - start
                times[contender].append(float(counted) if isinstance(counted, Seconds) else elapsed)
            if repetition + 1 >= options.least and time.perf_counter() - begin > options.budget:
                break
        medians = {contender: statistics.median(t) for contender, t in times.items()}
        return {
            "threads": self.threads,
            "times": times,
            "medians": medians,
            "gflops": {c: 1e-9 * flop[c] / t for c, t in medians.items() if c in flop},
            "peak_gflops": self.peak[self.threads],
            "ratios": {c: t / medians["ours"] for c, t in medians.items() if c != "ours"},
            "disturbed": False,
        }

    def print_table(self, name, item):
        self.say(f"\n{name}   (multiply-add peak {item['peak_gflops']:.1f} GFLOP/s)")
        self.say(f"  {'':34}{'median ms':>12}{'fastest':>12}{'slowest':>12}{'/ ours':>9}"
                 + (f"{'GFLOP/s':>10}" if item["gflops"] else ""))
        for contender, times in item["times"].items():
            median = item["medians"][contender]
            rate = item["gflops"].get(contender)
            self.say(f"  {contender:34}{1e3 * median:12.3f}{1e3 * min(times):12.3f}"
                     f"{1e3 * max(times):12.3f}{median / item['medians']['ours']:9.2f}"
                     + (f"{rate:10.1f}" if rate else ""))

    def check(self, name, contender, what, difference, bound):
        """`difference` and `bound`: numbers or arrays of the same shape."""
        difference, bound = np.broadcast_arrays(np.asarray(difference, float), np.asarray(bound))
        if not np.all(difference <= bound):  # NaN is no agreement
            excess = np.where(np.isnan(difference), np.inf, difference - bound)
            worst = np.unravel_index(excess.argmax(), difference.shape)
            where = f" in row {worst[0]}" if worst else ""
            raise Mismatch(f"{name}: {what} of {contender} differs by {difference[worst]:.3g}"
                           f"{where}, allowed: {bound[worst]:.3g}")
        self.say(f"check {name} {contender}: {what} agrees, largest difference "
                 f"{difference.max():.2g}, allowed there {bound.flat[difference.argmax()]:.2g}")


# ---- nearest ----------------------------------------------------------------------------------


def without_self(values, indices):
    """Drops each row's own index from k + 1 results; where equal rows pushed it out, the last."""
    own = indices == np.arange(len(indices))[:, None]
    own[~own.any(axis=1), -1] = True
    shape = (len(indices), indices.shape[1] - 1)
    return values[~own].reshape(shape), indices[~own].reshape(shape)


def check_nearest(run, name, contender, x, ours, theirs):
    """Values agree rank by rank; where the sets differ, what one has and the other has not ties
    with the last place. The float64 similarities of some rows show that ids and values belong
    together."""
    (values, indices), (other_values, other_indices) = ours, theirs
    run.check(name, contender, "value by rank", np.abs(values - other_values).max(axis=1), TIE)
    differing = np.flatnonzero(
        (np.sort(indices, axis=1) != np.sort(other_indices, axis=1)).any(axis=1))
    for row in differing:
        for mine, those, other in ((indices, values, other_indices),
                                   (other_indices, other_values, indices)):
            alone = ~np.isin(mine[row], other[row])
            gap = np.abs(those[row][alone] - values[row, -1]).max()
            if not gap < TIE:
                raise Mismatch(f"{name}: row {row} of {contender} has other neighbours, "
                               f"{gap:.3g} from the last place")
    order = int((indices != other_indices).sum())
    sample = np.linspace(0, len(x) - 1, min(len(x), 64)).astype(int)
    exact = np.einsum("nd,nkd->nk", x[sample].astype(np.float64),
                      x[other_indices[sample]].astype(np.float64))
    run.check(name, contender, "value against float64",
              np.abs(exact - other_values[sample]).max(axis=1), TIE)
    run.say(f"check {name} {contender}: other sets in {len(differing)} of {len(x)} rows, "
            f"{order} entries in another place, all of them ties within {TIE:g}")


def reference_nearest(x, rows, k):
    similarity = x[rows].astype(np.float64) @ x.astype(np.float64).T
    similarity[np.arange(len(rows)), rows] = -np.inf
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(similarity, order, axis=1), order


def faiss_nearest(index, x, k, batch=4096):
    values = np.empty((len(x), k + 1), np.float32)
    indices = np.empty((len(x), k + 1), np.int64)
    for first in range(0, len(x), batch):
        last = first + batch
        values[first:last], indices[first:last] = index.search(x[first:last], k + 1)
    return values, indices


def torch_nearest(x, k, chunk=2048):
    values = torch.empty(len(x), k + 1)
    indices = torch.empty(len(x), k + 1, dtype=torch.int64)
    with torch.no_grad():
        for first in range(0, len(x), chunk):
            last = first + chunk
            values[first:last], indices[first:last] = (x[first:last] @ x.T).topk(k + 1, dim=1)
    return values.numpy(), indices.numpy()


def product_by_rows(blas, x, block, buffer):
    for first in range(0, len(x), block):
        rows = x[first:first + block]
        blas.product(rows, x.T, buffer[:len(rows)])


def best_row_block(x, blas, buffer):
    """(seconds, rows) a block of the fastest way to have `blas` multiply by blocks of rows."""
    rows = min(len(x), len(buffer))
    found = []
    for block in (256, 1024):
        for _ in range(2):  # the first one also wakes the threads up
            begin = time.perf_counter()
            for first in range(0, rows, block):
                part = x[first:min(first + block, rows)]
                blas.product(part, x.T, buffer[:len(part)])
            found.append((time.perf_counter() - begin, block))
    return min(found)


def fastest_product(run, name, x):
    """The fastest BLAS for x x^T by blocks of rows, its block and the buffer."""
    buffer = np.full((min(1024, len(x)), len(x)), 0, np.float32)  # touched
    flop = 2.0 * len(buffer) * x.shape[0] * x.shape[1]
    trials = sorted((best_row_block(x, blas, buffer) + (i,))
                    for i, blas in enumerate(run.blas))
    peak = run.measure_peak()
    run.say(f"sgemm {name}: " + ", ".join(
        f"{run.blas[i].name} {1e-9 * flop / seconds:.1f} GFLOP/s (rows by {block})"
        for seconds, block, i in trials) + f"; peak {peak:.1f}")
    _, block, i = trials[0]
    return run.blas[i], block, buffer


def nearest(run, n, d, k):
    name = f"nearest/n:{n}/d:{d}/k:{k}/threads:{run.threads}"
    if name in run.items:
        return run.items[name]
    x = run.unit_rows(n, d, seed=1)
    values, indices = np.empty((n, k), np.float32), np.empty((n, k), np.int32)

    def ours(screen, library=run.ours):
        return library.call("coupleface_nearest", screen, x, n, d, k, values, indices)

    ours(Coupleface.AUTOMATIC)
    result = values.copy(), indices.copy()
    some = np.linspace(0, n - 1, min(n, 64)).astype(int)
    exact, _ = reference_nearest(x, some, k)
    run.check(name, "ours", "value by rank against float64",
              np.abs(exact - values[some]).max(axis=1), TIE)
    contenders = {"ours": lambda: ours(Coupleface.AUTOMATIC)}
    forms = [("ours/float", Coupleface.FLOAT, run.ours), ("ours/int16", Coupleface.INT16, run.ours)]
    forms += [(label, Coupleface.AUTOMATIC, library) for label, library in run.builds.items()
              if label != "ours"]
    for label, screen, library in forms:
        values.fill(0)
        if not ours(screen, library):
            run.say(f"{label}: left out, not in this build or not on this processor")
            continue
        # Which kernel screens may not change a bit.
        run.check(name, label, "value", np.abs(values - result[0]).max(axis=1), 0.0)
        run.check(name, label, "index", np.abs(indices - result[1]).max(axis=1), 0)
        contenders[label] = lambda screen=screen, library=library: ours(screen, library)
    if faiss:
        index = faiss.IndexFlatIP(d)
        index.add(x)
        check_nearest(run, name, run.peer("faiss"), x, result,
                      without_self(*faiss_nearest(index, x, k)))
        contenders[run.peer("faiss")] = lambda: faiss_nearest(index, x, k)
    if torch:
        tensor = torch.from_numpy(x)
        check_nearest(run, name, run.peer("torch"), x, result,
                      without_self(*torch_nearest(tensor, k)))
        contenders[run.peer("torch")] = lambda: torch_nearest(tensor, k)
    blas, block, buffer = fastest_product(run, name, x)
    floor = run.peer("floor/sgemm")
    contenders[floor] = lambda: product_by_rows(blas, x, block, buffer)
    item = run.measure(name, contenders, dict.fromkeys(contenders, 2.0 * n * n * d), floor)
    item["sgemm"] = {"blas": blas.name, "rows": block}
    return item


# ---- RAD --------------------------------------------------------------------------------------


def gather_floor(run, bank, d, ids):
    """What reads rows ids[i, k] of the bank in this order, and how it prefetches best: how many
    rows ahead, into which cache."""
    def gather(ahead, cache):
        begin = time.perf_counter()
        run.ours.limit("limits_gather", bank, d, ids, *ids.shape, ahead, cache)
        return Seconds(time.perf_counter() - begin)

    ways = [(ahead, cache) for ahead in (0, 1, 2, 4, 8, 16) for cache in (1, 2)]
    way = min((min(gather(*way) for _ in range(3)), way) for way in ways)[1]
    return lambda: gather(*way), way


def torch_rad(student, teacher, bank, ids, normalize_bank):
    student.grad = None
    s = F.normalize(student, dim=1)
    t = F.normalize(teacher, dim=1)
    g = bank[ids]
    if normalize_bank:
        g = F.normalize(g, dim=2)
    gap = torch.einsum("nd,nkd->nk", s, g) - torch.einsum("nd,nkd->nk", t, g)
    loss = torch.relu(gap - Q).mean()
    loss.backward()
    return loss


def reference_rad(student, teacher, bank, ids):
    """Loss, gradient, and for every sample how many pairs lie so near the hinge's kink that float
    may put them on its other side; in float64."""
    n, k = ids.shape
    d = student.shape[1]
    band = 2 * (d + 6) * UNIT
    total, gradient, undecided = 0.0, np.empty((n, d)), np.empty(n)
    for i in range(n):
        s, t = student[i].astype(np.float64), teacher[i].astype(np.float64)
        s_norm = np.linalg.norm(s)
        unit = s / s_norm
        g = bank[ids[i]].astype(np.float64)
        g /= np.linalg.norm(g, axis=1, keepdims=True)
        excess = g @ unit - g @ (t / np.linalg.norm(t)) - Q
        total += excess[excess > 0].sum()
        direction = g[excess > 0].sum(axis=0)
        gradient[i] = (direction - (direction @ unit) * unit) / (n * k * s_norm)
        undecided[i] = (np.abs(excess) <= band).sum()
    return total / (n * k), gradient, undecided


def rad(run, n, d, k, classes, bank):
    name = f"rad/n:{n}/d:{d}/k:{k}/c:{classes}/threads:{run.threads}"
    if name in run.items:
        return run.items[name]
    student, teacher = run.random(n, d, seed=2), run.random(n, d, seed=3)
    generator = np.random.default_rng(4)
    ids = np.stack([generator.choice(classes, k, replace=False) for _ in range(n)])
    loss, gradient = np.zeros(1, np.float32), np.empty((n, d), np.float32)

    def ours(library=run.ours):
        library.call("coupleface_rad", student, teacher, n, d, bank, classes, ids, k, Q, loss,
                      gradient)

    expected, expected_gradient, undecided = reference_rad(student, teacher, bank, ids)
    # Two cosines of float unit vectors; K unit vectors summed in any order, then projected; a pair
    # at the kink counts or does not.
    loss_bound = 2 * (d + 6) * UNIT
    row_bound = ((undecided + 2 * k * (k + d + 8) * UNIT)
                 / (n * k * np.linalg.norm(student, axis=1)))

    def check(contender, value, slopes):
        run.check(name, contender, "loss", abs(value - expected), loss_bound)
        run.check(name, contender, "gradient",
                  np.linalg.norm(slopes - expected_gradient, axis=1), row_bound)

    contenders = {}
    for label, library in run.builds.items():
        ours(library)
        check(label, loss[0], gradient)
        contenders[label] = lambda library=library: ours(library)
    if torch:
        s = torch.from_numpy(student).requires_grad_()
        t, b, c = torch.from_numpy(teacher), torch.from_numpy(bank), torch.from_numpy(ids)
        for label, normalize in (("torch", False), ("torch_normalizing_bank", True)):
            value = torch_rad(s, t, b, c, normalize).item()
            check(run.peer(label), value, s.grad.numpy())
            contenders[run.peer(label)] = (
                lambda normalize=normalize: torch_rad(s, t, b, c, normalize))

    contenders[run.peer("floor/gather")], (ahead, cache) = gather_floor(run, bank, d, ids)
    item = run.measure(name, contenders)
    item["gathered_bytes"], item["rows_ahead"], item["cache"] = 4 * n * k * d, ahead, cache
    for contender in ("ours", run.peer("floor/gather")):
        rate = 1e-9 * item["gathered_bytes"] / item["medians"][contender]
        run.say(f"  {contender}: {rate:.1f} GB/s of gathered rows")
    return item


# ---- FCD --------------------------------------------------------------------------------------


def torch_fcd(student, teacher):
    student.grad = None
    gap = F.normalize(student, dim=1) - F.normalize(teacher, dim=1)
    loss = gap.square().sum(dim=1).mean()
    loss.backward()
    return loss


def reference_fcd(student, teacher):
    s, t = student.astype(np.float64), teacher.astype(np.float64)
    norms = np.linalg.norm(s, axis=1, keepdims=True)
    s /= norms
    t /= np.linalg.norm(t, axis=1, keepdims=True)
    along = (s * t).sum(axis=1, keepdims=True)
    return np.square(s - t).sum() / len(s), -2.0 / len(s) * (t - along * s) / norms


def fcd(run, n, d):
    name = f"fcd/n:{n}/d:{d}/threads:{run.threads}"
    student, teacher = run.random(n, d, seed=5), run.random(n, d, seed=6)
    loss, gradient = np.zeros(1, np.float32), np.empty((n, d), np.float32)
    moved = aligned_like(student)

    def ours(library=run.ours):
        library.call("coupleface_fcd", student, teacher, n, d, loss, gradient)

    expected, expected_gradient = reference_fcd(student, teacher)
    # Unit vectors off by (d + 8) u each, in a square and a projection; a sum of d terms.
    loss_bound = (8 * (d + 8) + d + math.log2(n) + 8) * UNIT
    row_bound = 2.0 / n * 4 * (d + 8) * UNIT / np.linalg.norm(student, axis=1)

    def check(contender, value, slopes):
        run.check(name, contender, "loss", abs(value - expected), loss_bound)
        run.check(name, contender, "gradient",
                  np.linalg.norm(slopes - expected_gradient, axis=1), row_bound)

    contenders = {}
    for label, library in run.builds.items():
        ours(library)
        check(label, loss[0], gradient)
        contenders[label] = lambda library=library: ours(library)
    if torch:
        s, t = torch.from_numpy(student).requires_grad_(), torch.from_numpy(teacher)
        check(run.peer("torch"), torch_fcd(s, t).item(), s.grad.numpy())
        contenders[run.peer("torch")] = lambda: torch_fcd(s, t)
    for label, streaming in (("floor/triad", 0), ("floor/triad_streaming", 1)):
        contenders[run.peer(label)] = lambda streaming=streaming: run.ours.limit(
            "limits_triad", moved, student, teacher, 0.5, n * d, streaming)
    item = run.measure(name, contenders)
    for contender, median in item["medians"].items():
        run.say(f"  {contender}: {1e-9 * 12 * n * d / median:.1f} GB/s of three matrices")
    return item


def aligned_like(x):
    """Touched memory of x's shape that begins at a multiple of 64 bytes."""
    memory = np.full(x.nbytes + 64, 1, np.uint8)
    first = -memory.ctypes.data % 64
    return memory[first:first + x.nbytes].view(x.dtype).reshape(x.shape)


# ---- margin softmax ---------------------------------------------------------------------------


def torch_margin_softmax(embeddings, weights, labels):
    embeddings.grad = weights.grad = None
    cosines = F.linear(F.normalize(embeddings), F.normalize(weights))
    rows = torch.arange(len(labels))
    angle = torch.acos(cosines[rows, labels].clamp(-1 + 1e-7, 1 - 1e-7))
    logits = cosines.index_put((rows, labels), torch.cos(angle + MARGIN)) * SCALE
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    return loss


def reference_margin_softmax(embeddings, weights, labels):
    """Loss, both gradients, and the sums of the coefficients' magnitudes by row and by class."""
    e, w = embeddings.astype(np.float64), weights.astype(np.float64)
    e_norms = np.linalg.norm(e, axis=1, keepdims=True)
    w_norms = np.linalg.norm(w, axis=1, keepdims=True)
    e /= e_norms
    w /= w_norms
    cosines = e @ w.T
    rows = np.arange(len(labels))
    own = cosines[rows, labels]
    angle = np.arccos(own)
    p = SCALE * cosines
    p[rows, labels] = SCALE * np.cos(angle + MARGIN)
    largest = p.max(axis=1, keepdims=True)
    log_sum = largest + np.log(np.exp(p - largest).sum(axis=1, keepdims=True))
    loss = (log_sum[:, 0] - p[rows, labels]).mean()
    np.exp(p - log_sum, out=p)
    p[rows, labels] = (p[rows, labels] - 1) * np.sin(angle + MARGIN) / np.sin(angle)
    p *= SCALE / len(labels)  # now d loss / d cosine
    e_gradient, w_gradient = p @ w, p.T @ e
    e_gradient -= (e_gradient * e).sum(axis=1, keepdims=True) * e
    w_gradient -= (w_gradient * w).sum(axis=1, keepdims=True) * w
    np.abs(p, out=p)
    return (loss, e_gradient / e_norms, w_gradient / w_norms, p.sum(axis=1) / e_norms[:, 0],
            p.sum(axis=0) / w_norms[:, 0])


def margin_softmax(run, n, d, classes):
    name = f"softmax/n:{n}/d:{d}/c:{classes}/threads:{run.threads}"
    embeddings, weights = run.random(n, d, seed=7), run.random(classes, d, seed=8)
    labels = np.random.default_rng(9).integers(0, classes, n)
    loss = np.zeros(1, np.float32)
    gradient, weight_gradient = np.empty_like(embeddings), np.empty_like(weights)

    def ours(keep=0, bfloat16=0, library=run.ours):
        library.call("coupleface_margin_softmax", embeddings, n, d, weights, classes, labels,
                      MARGIN, SCALE, keep, bfloat16, loss, gradient, weight_gradient)

    expected, e_expected, w_expected, e_sums, w_sums = reference_margin_softmax(embeddings, weights,
                                                                               labels)
    # A logit is off by scale (d + 6) u, a probability by twice that, relatively; then sums over
    # classes (by rows of a product, in blocks) or samples, and a projection.
    logit = SCALE * (d + 6) * UNIT
    relative = 2 * (2 * logit + (d + n + math.sqrt(classes) + 16) * UNIT)

    def check(contender, value, e_slopes, w_slopes, coarse=0.0):
        terms = relative + (math.expm1(2 * coarse + 2 ** -6) if coarse else 0)
        run.check(name, contender, "loss", abs(value - expected),
                  2 * logit + 64 * SCALE * UNIT + coarse)
        run.check(name, contender, "gradient", np.linalg.norm(e_slopes - e_expected, axis=1),
                  terms * e_sums)
        run.check(name, contender, "weights' gradient",
                  np.linalg.norm(w_slopes - w_expected, axis=1), terms * w_sums)

    contenders = {"ours": ours, "ours/keep_logits": lambda: ours(1),
                  "ours/bfloat16": lambda: ours(0, 1),
                  "ours/bfloat16/keep_logits": lambda: ours(1, 1)}
    contenders.update((label, lambda library=library: ours(library=library))
                      for label, library in run.builds.items() if label != "ours")
    for contender, call in contenders.items():
        call()
        # bfloat16_products: the documented error of a logit
        check(contender, loss[0], gradient, weight_gradient,
              SCALE * (2 ** -7 + 2 ** -16) if "bfloat16" in contender else 0.0)
    if torch:
        e = torch.from_numpy(embeddings).requires_grad_()
        w = torch.from_numpy(weights).requires_grad_()
        c = torch.from_numpy(labels)
        value = torch_margin_softmax(e, w, c).item()
        check(run.peer("torch"), value, e.grad.numpy(), w.grad.numpy())
        contenders[run.peer("torch")] = lambda: torch_margin_softmax(e, w, c)
    del e_expected, w_expected

    z = np.full((n, classes), 0, np.float32)  # touched
    products = {"logits": (embeddings, weights.T, z), "gradient": (z, weights, gradient),
                "weight_gradient": (z.T, embeddings, weight_gradient)}
    flop = 2.0 * n * d * classes

    def seconds(blas, part):
        begin = time.perf_counter()
        blas.product(*products[part])
        return time.perf_counter() - begin

    best = {}
    for part in products:
        trials = sorted((min(seconds(blas, part) for _ in range(2)), i)
                        for i, blas in enumerate(run.blas))
        best[part] = run.blas[trials[0][1]]
        run.say(f"sgemm {name} {part}: " + ", ".join(
            f"{run.blas[i].name} {1e-9 * flop / t:.1f} GFLOP/s" for t, i in trials))
    parts = {}

    def three():
        parts.update((part, seconds(best[part], part)) for part in products)
        return Seconds(sum(parts.values()))

    # The fourth is the logits' once more; its time is that of the three's own logits just now.
    four = run.peer("floor/four_sgemm")
    least = dict.fromkeys([*contenders, four], 4 * flop)
    least[run.peer("floor/three_sgemm")] = 3 * flop
    contenders[run.peer("floor/three_sgemm")] = three
    contenders[four] = lambda: Seconds(three() + parts["logits"])
    item = run.measure(name, contenders, least, four)
    item["sgemm"] = {part: blas.name for part, blas in best.items()}
    return item


# ---- losses over pairs ------------------------------------------------------------------------


PAIR_LOSSES = ("rkd", "sp", "pkt", "cc", "rkd_angle")  # as the C interface numbers them
# Products of n x n x d: of each side with itself, which is half of one, in every walk over the
# pairs; and one for the gradient.
PAIR_PRODUCTS = {"rkd": 4, "sp": 3, "pkt": 3, "cc": 2}
EPSILON = 1e-7  # PKT's
GAMMA = 0.4  # of CC's kernel, a Taylor series of order 2


def torch_pair_rows(which, x, off):
    """What the loss compares; `off` is 0 on the diagonal and 1 elsewhere."""
    pairs = len(x) * (len(x) - 1)
    if which == "rkd":
        squares = x.square().sum(dim=1)
        distances = (squares[:, None] + squares - 2 * x @ x.T).clamp(min=1e-12).sqrt() * off
        return distances / (distances.sum() / pairs)
    if which == "sp":
        return F.normalize(x @ x.T, dim=1)
    unit = F.normalize(x, dim=1)
    cosines = unit @ unit.T
    if which == "pkt":
        similarity = ((1 + cosines) / 2 + EPSILON) * off
        return similarity / similarity.sum(dim=1, keepdim=True)
    a = 2 * GAMMA
    return math.exp(-a) * (1 + a * cosines + a * a / 2 * cosines.square()) * off


def torch_pair_loss(which, student, teacher, off):
    n = len(student)
    with torch.no_grad():
        t = torch_pair_rows(which, teacher, off)
    s = torch_pair_rows(which, student, off)
    if which == "rkd":
        return F.smooth_l1_loss(s, t, reduction="sum") / (n * (n - 1))
    if which == "pkt":  # the small number changes the diagonal only: log(0 / 0) becomes 0
        return (t * ((t + 1e-30) / (s + 1e-30)).log()).sum() / (n * (n - 1))
    return (s - t).square().sum() / (n * n if which == "sp" else n * (n - 1))


def torch_rkd_by_mask(which, student, teacher, off):
    """As RKD is commonly written: the mean of the distances above 0, picked by a mask."""
    def relative(x):
        squares = x.pow(2).sum(dim=1)
        distances = (squares[:, None] + squares[None, :] - 2 * x @ x.t()).clamp(min=1e-12).sqrt()
        distances = distances * off
        return distances / distances[distances > 0].mean()

    with torch.no_grad():
        t = relative(teacher)
    return F.smooth_l1_loss(relative(student), t) * len(student) / (len(student) - 1)


def own_distances(x):
    squares = np.square(x).sum(axis=1)
    d = np.sqrt(np.maximum(squares[:, None] + squares - 2 * x @ x.T, 0))
    np.fill_diagonal(d, 0)
    return d


def reference_rkd(s, t):
    n = len(s)
    pairs = n * (n - 1)
    d = own_distances(s)
    mean = d.sum() / pairs
    x, y = d / mean, own_distances(t)
    y /= y.sum() / pairs
    gap, both = x - y, x + y
    loss = np.where(np.abs(gap) < 1, gap**2 / 2, np.abs(gap) - 0.5).sum() / pairs
    loss_size = (np.abs(gap) * both).sum() / pairs
    slope = np.clip(gap, -1, 1)
    np.fill_diagonal(d, np.inf)
    weight = 2 * (slope - (slope * x).sum() / pairs) / (mean * pairs) / d
    size = 2 * (both + (both * x).sum() / pairs) / (mean * pairs) / d
    norms = np.linalg.norm(s, axis=1)
    return (loss, weight.sum(axis=1)[:, None] * s - weight @ s, loss_size,
            size.sum(axis=1) * norms + size @ norms)


def reference_sp(s, t):
    n = len(s)

    def of(x):
        products, norms = x @ x.T, np.linalg.norm(x, axis=1)
        lengths = np.linalg.norm(products, axis=1, keepdims=True)
        return products / lengths, np.outer(norms, norms) / lengths, lengths

    a, a_size, lengths = of(s)
    b, b_size, _ = of(t)
    gap, both = a - b, a_size + b_size
    loss, loss_size = np.square(gap).sum() / n**2, (2 * np.abs(gap) * both).sum() / n**2
    weight = 2 / lengths * (gap - (gap * a).sum(axis=1, keepdims=True) * a) / n**2
    size = 2 / lengths * (both + (both * np.abs(a)).sum(axis=1, keepdims=True) * a_size) / n**2
    return loss, (weight + weight.T) @ s, loss_size, (size + size.T) @ np.linalg.norm(s, axis=1)


def reference_of_cosines(which, s, t):
    n = len(s)
    pairs = n * (n - 1)
    norms = np.linalg.norm(s, axis=1, keepdims=True)
    u, v = s / norms, t / np.linalg.norm(t, axis=1, keepdims=True)
    off, c, of_t = 1 - np.eye(n), u @ u.T, v @ v.T
    if which == "pkt":
        k, of_t = ((1 + c) / 2 + EPSILON) * off, ((1 + of_t) / 2 + EPSILON) * off
        sums = k.sum(axis=1, keepdims=True)
        q = of_t / of_t.sum(axis=1, keepdims=True)
        np.fill_diagonal(k, 1)
        logarithms = np.log((q + np.eye(n)) * sums / k) * off
        loss = (q * logarithms).sum() / pairs
        loss_size = (q * (np.abs(logarithms) + 2)).sum() / pairs
        weight, size = (0.5 * off * slope / pairs for slope in (1 / sums - q / k, 1 / sums + q / k))
    else:
        a = 2 * GAMMA
        k, of_t = (math.exp(-a) * (1 + a * x + a * a / 2 * x * x) for x in (c, of_t))
        gap = (k - of_t) * off
        loss, loss_size = np.square(gap).sum() / pairs, (2 * np.abs(gap) * (k + of_t)).sum() / pairs
        slope = 2 * math.exp(-a) * (a + a * a * c) * off / pairs
        weight, size = gap * slope, (k + of_t) * np.abs(slope)
    gradient = (weight + weight.T) @ u
    gradient -= (gradient * u).sum(axis=1, keepdims=True) * u
    return loss, gradient / norms, loss_size, 2 * (size + size.T).sum(axis=1) / norms[:, 0]


def torch_angles(x):
    """Cosines of the angles at row j between rows i and k, [j, i, k]: as commonly written."""
    unit = F.normalize(x[None] - x[:, None], dim=2)
    return torch.bmm(unit, unit.transpose(1, 2))


def torch_rkd_angle(which, student, teacher, off):
    n = len(student)
    with torch.no_grad():
        t = torch_angles(teacher)
    # Entries that are no triple are 0 on both sides, or 1.
    return F.smooth_l1_loss(torch_angles(student), t, reduction="sum") / (n * (n - 1) * (n - 2))


def reference_rkd_angle(student, teacher):
    """Loss and gradient in float64; and the sums of magnitudes that cancel in them."""
    s, t = student.astype(np.float64), teacher.astype(np.float64)
    n = len(s)
    triples = n * (n - 1) * (n - 2)
    loss, loss_size = 0.0, 0.0
    gradient, row_size = np.zeros_like(s), np.zeros(n)
    for j in range(n):
        def at_j(x):
            legs = x - x[j]
            lengths = np.linalg.norm(legs, axis=1, keepdims=True)
            lengths[j] = 1
            return legs / lengths, lengths

        unit, lengths = at_j(s)
        a, of_t = unit @ unit.T, at_j(t)[0]
        b = of_t @ of_t.T
        triple = 1 - np.eye(n)
        triple[j] = triple[:, j] = 0
        gap, both = (a - b) * triple, (np.abs(a) + np.abs(b)) * triple
        size = np.abs(gap)
        loss += np.where(size < 1, gap**2 / 2, size - 0.5).sum() / triples
        loss_size += (size * both).sum() / triples
        pull = 2 / triples * np.clip(gap, -1, 1) @ unit
        pull = (pull - (pull * unit).sum(axis=1, keepdims=True) * unit) / lengths
        gradient += pull
        gradient[j] -= pull.sum(axis=0)
        of_pull = 4 / triples * both.sum(axis=1) / lengths[:, 0]
        row_size += of_pull
        row_size[j] += of_pull.sum()
    return loss, gradient, loss_size, row_size


def reference_pairs(which, student, teacher):
    """Loss and gradient in float64; and the sums of magnitudes that cancel in them."""
    s, t = student.astype(np.float64), teacher.astype(np.float64)
    return {"rkd": reference_rkd, "sp": reference_sp, "rkd_angle": reference_rkd_angle}.get(
        which, lambda s, t: reference_of_cosines(which, s, t))(s, t)


def pair_error(n, d):
    """What a sum over n pairs may be off by, beside the sum of its terms' magnitudes. The errors of
    products of d terms and of partial sums have random signs: eight standard deviations. Four
    roundings may be the same in all pairs, as those of a norm or a mean."""
    return (8 * (math.sqrt(d) + math.sqrt(n) + 8) / math.sqrt(n) + 4) * UNIT


def peak_memory(call):
    """Bytes by which the process grows at most during a call; None if the kernel does not tell."""
    def status(key):
        with open("/proc/self/status") as lines:
            return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(key))
    call()
    try:
        with open("/proc/self/clear_refs", "w") as reset:
            reset.write("5")
    except OSError:
        return None
    before = status("VmRSS")
    call()
    return max(0, status("VmHWM") - before)


def report_memory(run, item, contenders, scratch):
    item["scratch_bytes"] = int(scratch[0])
    item["peak_bytes"] = {c: peak_memory(f) for c, f in contenders.items() if "floor" not in c}
    run.say(f"  scratch of ours {scratch[0] / 2**20:.1f} MiB; growth of the process: " + ", ".join(
        f"{c} unknown" if peak is None else f"{c} {peak / 2**20:.1f} MiB"
        for c, peak in item["peak_bytes"].items()))


def pairs(run, which, n, d):
    name = f"pairs/{which}/n:{n}/d:{d}/threads:{run.threads}"
    student, teacher = run.random(n, d, seed=13), run.random(n, d, seed=14)
    loss, gradient = np.zeros(1, np.float32), np.empty((n, d), np.float32)
    scratch = np.zeros(1, np.int64)

    def ours(library=run.ours):
        library.call("coupleface_pairs", PAIR_LOSSES.index(which), student, teacher, n, d, loss,
                     gradient, scratch)

    expected, slopes, loss_size, row_size = reference_pairs(which, student, teacher)
    relative = pair_error(n, d)

    def check(contender, value, found):
        run.check(name, contender, "loss", abs(value - expected), relative * loss_size)
        run.check(name, contender, "gradient", np.linalg.norm(found - slopes, axis=1),
                  relative * row_size)

    contenders = {}
    for label, library in run.builds.items():
        ours(library)
        check(label, loss[0], gradient)
        contenders[label] = lambda library=library: ours(library)
    if torch:
        s, t = torch.from_numpy(student).requires_grad_(), torch.from_numpy(teacher)
        off = 1 - torch.eye(n)

        def step(function):
            s.grad = None
            value = function(which, s, t, off)
            value.backward()
            return value.item()

        functions = {"torch": torch_rkd_angle if which == "rkd_angle" else torch_pair_loss}
        if which == "rkd":
            functions["torch_by_mask"] = torch_rkd_by_mask
        if hasattr(torch, "compile") and which in PAIR_PRODUCTS and not QUICK:  # half a minute each
            functions["torch_compile"] = torch.compile(torch_pair_loss, dynamic=False)
        for label, function in functions.items():
            try:
                value = step(function)
            except Exception as error:  # a compiler that is missing
                if label == "torch":
                    raise
                run.say(f"{label}: left out: {str(error).splitlines()[0][:100]}")
                continue
            check(run.peer(label), value, s.grad.numpy())
            contenders[run.peer(label)] = lambda function=function: step(function)
    del slopes
    if which not in PAIR_PRODUCTS:
        item = run.measure(name, contenders)
        report_memory(run, item, contenders, scratch)
        return item
    count = PAIR_PRODUCTS[which]
    blas, block, buffer = fastest_product(run, name, student)
    floor = run.peer(f"floor/{count}_sgemm")

    def products():
        for _ in range(count):
            product_by_rows(blas, student, block, buffer)

    contenders[floor] = products
    item = run.measure(name, contenders, dict.fromkeys(contenders, 2.0 * count * n * n * d), floor)
    item["sgemm"] = {"blas": blas.name, "rows": block}
    report_memory(run, item, contenders, scratch)
    return item


def torch_pairs_bank(student, teacher, student_bank, teacher_bank, chunk=8192):
    """By chunks of the bank, so that nothing of n x m is kept."""
    student.grad = None
    unit = F.normalize(student, dim=1)
    leaf = unit.detach().requires_grad_()
    count, total = len(student) * len(student_bank), 0.0
    with torch.no_grad():
        t = F.normalize(teacher, dim=1)
    for first in range(0, len(student_bank), chunk):
        with torch.no_grad():
            h = F.normalize(student_bank[first:first + chunk], dim=1)
            relations = t @ F.normalize(teacher_bank[first:first + chunk], dim=1).T
        loss = (leaf @ h.T - relations).square().sum() / count
        loss.backward()
        total += loss.item()
    unit.backward(leaf.grad)
    return total


def reference_pairs_bank(student, teacher, student_bank, teacher_bank, chunk=8192):
    def unit(x):
        x = x.astype(np.float64)
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    u, v = unit(student), unit(teacher)
    count = len(u) * len(student_bank)
    loss = loss_size = 0.0
    gradient, size = np.zeros(u.shape), np.zeros(len(u))
    for first in range(0, len(student_bank), chunk):
        h, g = unit(student_bank[first:first + chunk]), unit(teacher_bank[first:first + chunk])
        gap = u @ h.T - v @ g.T
        loss += np.square(gap).sum() / count
        loss_size += 2 * np.abs(gap).sum() * 2 / count
        gradient += 2 * gap @ h / count
        size += 2 * 2 * len(h) / count
    gradient -= (gradient * u).sum(axis=1, keepdims=True) * u
    norms = np.linalg.norm(student.astype(np.float64), axis=1)
    return loss, gradient / norms[:, None], loss_size, 2 * size / norms


def pairs_bank(run, n, d, m):
    name = f"pairs_bank/n:{n}/d:{d}/m:{m}/threads:{run.threads}"
    student, teacher = run.random(n, d, seed=15), run.random(n, d, seed=16)
    student_bank, teacher_bank = run.unit_rows(m, d, seed=17), run.unit_rows(m, d, seed=18)
    loss, gradient = np.zeros(1, np.float32), np.empty((n, d), np.float32)
    scratch = np.zeros(1, np.int64)

    def ours(library=run.ours):
        library.call("coupleface_pairs_bank", student, teacher, n, d, student_bank, teacher_bank, m,
                     loss, gradient, scratch)

    expected, slopes, loss_size, row_size = reference_pairs_bank(student, teacher, student_bank,
                                                                 teacher_bank)
    relative = pair_error(m, d)

    def check(contender, value, found):
        run.check(name, contender, "loss", abs(value - expected), relative * loss_size)
        run.check(name, contender, "gradient", np.linalg.norm(found - slopes, axis=1),
                  relative * row_size)

    contenders = {}
    for label, library in run.builds.items():
        ours(library)
        check(label, loss[0], gradient)
        contenders[label] = lambda library=library: ours(library)
    if torch:
        s = torch.from_numpy(student).requires_grad_()
        others = [torch.from_numpy(x) for x in (teacher, student_bank, teacher_bank)]
        value = torch_pairs_bank(s, *others)
        check(run.peer("torch"), value, s.grad.numpy())
        contenders[run.peer("torch")] = lambda: torch_pairs_bank(s, *others)
    # Both sides' relations and the gradient.
    buffer = np.full((min(8192, m), n), 0, np.float32)  # touched

    def seconds(blas):
        begin = time.perf_counter()
        for first in range(0, m, len(buffer)):
            rows = student_bank[first:first + len(buffer)]
            blas.product(rows, student.T, buffer[:len(rows)])
        return time.perf_counter() - begin

    trials = sorted((min(seconds(blas) for _ in range(2)), i) for i, blas in enumerate(run.blas))
    blas = run.blas[trials[0][1]]
    floor = run.peer("floor/3_sgemm")

    contenders[floor] = lambda: [seconds(blas) for _ in range(3)]
    item = run.measure(name, contenders, dict.fromkeys(contenders, 6.0 * n * m * d), floor)
    item["sgemm"] = {"blas": blas.name}
    report_memory(run, item, contenders, scratch)
    return item


# ---- class means ------------------------------------------------------------------------------


def write_features(run, path, n, d):
    """Normally distributed [n, d] as .npy, unless it is there."""
    if path.exists() and np.load(path, mmap_mode="r").shape == (n, d):
        return
    run.say(f"writing {path}, {4e-9 * n * d:.1f} GB")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    features = np.lib.format.open_memmap(unfinished, mode="w+", dtype=np.float32, shape=(n, d))
    generator = np.random.default_rng(10)
    for first in range(0, n, 1 << 16):
        last = min(n, first + (1 << 16))
        features[first:last] = generator.standard_normal((last - first, d), dtype=np.float32)
    features.flush()
    del features
    unfinished.rename(path)


def torch_class_sums(features, labels, classes, chunk=16384):
    sums = torch.zeros(classes, features.shape[1])
    with torch.no_grad():
        for first in range(0, len(features), chunk):
            last = first + chunk
            sums.index_add_(0, labels[first:last], F.normalize(features[first:last], dim=1))
    return sums


def numpy_class_sums(features, labels, classes, chunk=16384):
    sums = np.zeros((classes, features.shape[1]), np.float32)
    for first in range(0, len(features), chunk):
        x = features[first:first + chunk]
        unit = x / np.linalg.norm(x, axis=1, keepdims=True)
        np.add.at(sums, labels[first:first + chunk], unit)
    return sums


# A smaller file has fewer classes, as many images each: or writing the means would count as much as
# reading the file.
MS1MV2_IMAGES = 5_822_653


def means_rows(run, d):
    """Rows of a file that fits the options, the memory left for a page cache, and the disk."""
    folder = run.options.out
    folder.mkdir(parents=True, exist_ok=True)
    with open("/proc/meminfo") as info:
        available = next(1024 * int(line.split()[1]) for line in info if "MemAvailable" in line)
    limit = min(run.options.means_gib * 2**30, available // 3, shutil.disk_usage(folder).free // 2)
    return int(limit) // (4 * d)


def class_means(run, n, d, classes, path, order):
    """`order`: "random", or "sorted" by class, as sets of faces usually lie on disk."""
    name = f"means/{order}/n:{n}/d:{d}/c:{classes}/threads:{run.threads}"
    labels = np.random.default_rng(11).integers(0, classes, n)
    if order == "sorted":
        labels.sort()
    prototypes = np.empty((classes, d), np.float32)
    # One map for ours, the floor and the peers, touched before: the same page tables for all.
    mapped = run.ours.limit("coupleface_map", str(path).encode())
    if not mapped:
        raise RuntimeError(run.ours.limit("coupleface_last_error").decode())
    data = run.ours.limit("coupleface_mapped_data", mapped)
    features = np.ctypeslib.as_array(ctypes.cast(data, ctypes.POINTER(ctypes.c_float)), (n, d))
    try:
        run.ours.limit("limits_read", data, n * d)

        def ours(library=run.ours):
            library.call("coupleface_class_means", mapped, labels, classes, prototypes)

        ours()
        counts = np.bincount(labels, minlength=classes)
        for c in np.linspace(0, classes - 1, min(classes, 64)).astype(int):
            members = features[labels == c].astype(np.float64)
            total = (members / np.linalg.norm(members, axis=1, keepdims=True)).sum(axis=0)
            norm = np.linalg.norm(total)
            # Results rounded to float; four times what rounding each element would add to that.
            if norm > 0 and not (np.abs(prototypes[c] - total / norm).max()
                                 <= 4 * UNIT * (1 + counts[c] / norm)):
                raise Mismatch(f"{name}: class {c} of ours is not the mean of its members")
        run.say(f"check {name} ours: agrees with float64 in 64 classes")
        result = prototypes.copy()
        contenders = {"ours": ours}
        for label, library in run.builds.items():
            ours(library)
            run.check(name, label, "mean", np.abs(prototypes - result).max(axis=1), 0.0)
            contenders[label] = lambda library=library: ours(library)

        def add_peer(package, sums_of):
            sums = np.asarray(sums_of())
            norms = np.linalg.norm(sums, axis=1)
            unit = sums / np.maximum(norms, 1e-30)[:, None]
            # m unit vectors off by (d + 8) u each and added in turn; then the division.
            bound = (counts * (counts + d + 8) / np.maximum(norms, 1e-30) + d + 8) * UNIT
            run.check(name, run.peer(package), "mean", np.linalg.norm(unit - result, axis=1), bound)
            contenders[run.peer(package)] = sums_of

        if not torch or QUICK:  # many times slower
            add_peer("numpy", lambda: numpy_class_sums(features, labels, classes))
        if torch:
            f, l = torch.from_numpy(features), torch.from_numpy(labels)
            add_peer("torch", lambda: torch_class_sums(f, l, classes))
        contenders[run.peer("floor/read")] = (
            lambda: run.ours.limit("limits_read", data, n * d))
        if order == "random":
            members = np.argsort(labels, kind="stable").reshape(n, 1)
            contenders[run.peer("floor/gather")], _ = gather_floor(run, data, d, members)
        item = run.measure(name, contenders)
        item["file_bytes"] = 4 * n * d
        for contender in ("ours", run.peer("floor/read")):
            rate = 1e-9 * item["file_bytes"] / item["medians"][contender]
            run.say(f"  {contender}: {rate:.1f} GB/s of the file, all of it in the page cache")
        return item
    finally:
        run.ours.limit("coupleface_unmap", mapped)


# ---- the machine ------------------------------------------------------------------------------


def describe_machine():
    text = subprocess.run(["lscpu"], capture_output=True, text=True, check=False).stdout
    fields = dict(re.findall(r"^([^:\n]+):\s*(.*)$", text, re.MULTILINE))
    wanted = {"fma", "avx2", "f16c", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "avx512_fp16",
              "amx_bf16", "amx_tile"}
    with open("/proc/meminfo") as info:
        memory = int(info.readline().split()[1]) / 2**20
    return {
        "processor": fields.get("Model name", platform.processor()),
        "family_model": f"{fields.get('CPU family')}/{fields.get('Model')}",
        "cores": os.cpu_count(),
        "threads_per_core": fields.get("Thread(s) per core"),
        "caches": {k: v for k, v in fields.items() if re.match(r"L\d", k)},
        "flags": sorted(wanted & set(fields.get("Flags", "").split())),
        "memory_gib": round(memory, 1),
        "kernel": platform.release(),
    }


def describe_versions(run):
    here = pathlib.Path(__file__).resolve().parent
    commit = subprocess.run(["git", "-C", str(here), "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False).stdout.strip()
    return {
        "coupleface": commit or "unknown",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__ if torch else None,
        "faiss": faiss.__version__ if faiss else None,
        "openblas_kernels": {b.path: b.kernel() for b in run.brought_along + [
            b for b in run.blas if isinstance(b, Openblas)]},
        "vector_bytes": run.ours.limit("limits_packet_bytes"),
        "kernels": run.ours.limit("coupleface_kernels").decode(),
    }


def measure_memory(run):
    """GB/s of reading and of a triad, on arrays that no cache holds."""
    n = 1 << (16 if QUICK else 26)
    a, b = np.ones(n, np.float32), np.ones(n, np.float32)
    out = aligned_like(a)

    def fastest(*call):
        found = []
        for _ in range(5):
            begin = time.perf_counter()
            run.ours.limit(*call)
            found.append(time.perf_counter() - begin)
        return min(found)

    return {
        "read": 4e-9 * n / fastest("limits_read", a, n),
        "triad": 12e-9 * n / fastest("limits_triad", out, a, b, 3.0, n, 0),
        "triad_streaming": 12e-9 * n / fastest("limits_triad", out, a, b, 3.0, n, 1),
    }


# ---- curves -----------------------------------------------------------------------------------


def slope(points):
    """Of log time over log size, by least squares."""
    x, y = np.log([p[0] for p in points]), np.log([p[1] for p in points])
    return float(np.polyfit(x, y, 1)[0]) if len(points) > 1 else math.nan


# Colours of Okabe and Ito, which most colour-blind people can tell apart. One contender has one
# colour in every plot. Contenders that are not listed are not drawn.
DRAWN = {
    "ours": ("coupleface", "#D55E00", 1),
    "ours/float": ("coupleface, screen in float", "#E69F00", 1),
    "ours/int16": ("coupleface, screen in 16 bits", "#CC79A7", 1),
    "faiss": ("FAISS", "#0072B2", 1),
    "torch": ("PyTorch", "#009E73", 1),
    "torch_normalizing_bank": ("PyTorch, normalizing its bank", "#56B4E9", 1),
    "floor/sgemm": ("sgemm alone", "#7F7F7F", 2),
    "floor/gather": ("reading the rows alone", "#7F7F7F", 2),
}


def draw(run, file, title, axis, items):
    """items: {size: item}. Writes data and a gnuplot script, and draws where gnuplot is found."""
    folder = run.options.out / "plots"
    folder.mkdir(parents=True, exist_ok=True)
    series = {}
    for size, item in sorted(items.items()):
        for contender, median in item["medians"].items():
            series.setdefault(contender, []).append((size, median))
    blocks, curves = [], []
    for contender, points in series.items():
        known = [name for name in DRAWN if contender in (name, run.peer(name))]
        if not known:
            continue
        blocks.append("\n".join(f"{size} {seconds:.9g}" for size, seconds in points))
        name, colour, dash = DRAWN[known[0]]
        curves.append(f'"{file}.dat" index {len(curves)} with linespoints linewidth 2 pointtype 7 '
                      f'dashtype {dash} linecolor rgb "{colour}" '
                      f'title "{name}, slope {slope(points):.2f}"')
    sizes = ", ".join(str(size) for size in sorted(items))
    (folder / f"{file}.dat").write_text("\n\n\n".join(blocks) + "\n")
    (folder / f"{file}.gp").write_text(
        f'set terminal svg size 800,560 font "sans,14" background "white"\n'
        f'set output "{file}.svg"\nset title "{title}"\nset logscale xy\n'
        f'set xlabel "{axis}"\nset ylabel "seconds"\nset xtics ({sizes})\n'
        f'set xrange [{min(items) / 1.1}:{max(items) * 1.1}]\n'
        f'set format y "10^{{%L}}"\nset grid\nset key outside bottom center maxcols 2\n'
        "plot " + ", \\\n     ".join(curves) + "\n")
    try:
        subprocess.run(["gnuplot", f"{file}.gp"], cwd=folder, check=True)
        run.say(f"plot {folder / file}.svg")
    except (OSError, subprocess.CalledProcessError):
        run.say(f"no plot: gnuplot was not found or failed; to draw it: gnuplot {file}.gp")


def curves(run, sizes):
    threads = f"{run.threads} thread" + ("s" if run.threads > 1 else "")
    for file, title, axis, wanted, measure in sizes:
        if run.has(file.split("_")[0]):
            items = {size: measure(size) for size in wanted}
            draw(run, file, f"{title}, {threads}", axis, items)


# ---- main -------------------------------------------------------------------------------------


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--library", required=True, type=pathlib.Path,
                        help="libcoupleface_c.so, which CMake builds with the benchmarks")
    parser.add_argument("--plain-library", type=pathlib.Path,
                        help="the same compiled for plain x86-64, measured beside it")
    parser.add_argument("--kernels", choices=("portable", "avx2", "avx512", "avx512_vnni",
                                              "avx512_bf16"),
                        help="force one set of our kernels; with avx2 the contenders' too")
    parser.add_argument("--label", default="local",
                        help="put behind the peers' names: where they came from")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("peers"),
                        help="folder of the results")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[],
                        help="of nearest,rad,fcd,softmax,pairs,rkd_angle,pairs_bank,means")
    parser.add_argument("--threads", type=lambda text: [int(t) for t in text.split(",")],
                        default=[1, 2])
    parser.add_argument("--repeat", type=int, default=5, help="repetitions, of which the median")
    parser.add_argument("--budget", type=float, default=90.0,
                        help="seconds after which an item stops, once it has --least repetitions")
    parser.add_argument("--least", type=int, default=3, help="repetitions even of a slow item")
    parser.add_argument("--classes", type=lambda text: [int(c) for c in text.split(",")],
                        help="numbers of classes of nearest, instead of 20000,50000")
    parser.add_argument("--means-gib", type=float, default=4.0,
                        help="the file of features; less where memory or disk are short")
    parser.add_argument("--data", choices=("normal", "clustered"), default="normal",
                        help="how the rows of nearest are distributed")
    parser.add_argument("--curves", action="store_true", help="also time over C, K, d and n")
    parser.add_argument("--quick", action="store_true",
                        help="tiny sizes: everything runs and is compared, no time means anything")
    options = parser.parse_args()
    unknown = set(options.only) - {"nearest", "rad", "fcd", "softmax", "pairs", "rkd_angle",
                                   "pairs_bank", "means"}
    if unknown:
        parser.error(f"--only: unknown {', '.join(sorted(unknown))}")
    return options


def measure_everything(run):
    options = run.options
    if QUICK:
        options.repeat, options.means_gib = min(options.repeat, 2), 2e-3
    width, k, classes = (64, 10, 300) if QUICK else (512, 100, 85742)
    path = options.out / f"features_{width}.npy"
    bank = run.unit_rows(classes, width, seed=12) if run.has("rad") else None
    if run.has("means"):
        rows = means_rows(run, width)
        write_features(run, path, rows, width)
    for threads in options.threads:
        run.set_threads(threads)
        if run.has("nearest"):
            for n in options.classes or ([700] if QUICK else [20000, 50000]):
                nearest(run, n, width, k)
        if run.has("rad"):
            for n in [16] if QUICK else [32, 128, 256, 512, 1024]:
                rad(run, n, width, k, classes, bank)
        if run.has("fcd"):
            fcd(run, 256 if QUICK else 65536, width)
        if run.has("softmax"):
            margin_softmax(run, 16 if QUICK else 512, width, classes)
        if run.has("pairs"):
            for which in PAIR_PRODUCTS:
                pairs(run, which, 96 if QUICK else 4096, width)
        if run.has("rkd_angle"):
            pairs(run, "rkd_angle", 24 if QUICK else 512, width)
        if run.has("pairs_bank"):
            pairs_bank(run, 24 if QUICK else 1024, width, classes)
        if run.has("means"):
            for order in ("sorted", "random"):
                class_means(run, rows, width, max(1, rows * classes // MS1MV2_IMAGES), path, order)
    if options.curves or QUICK:
        middle = 500 if QUICK else 10000
        curves(run, [
            ("nearest_over_c", f"{k} nearest of C rows of {width}", "C rows",
             [200, 700] if QUICK else [5000, 10000, 20000, 50000],
             lambda n: nearest(run, n, width, k)),
            ("nearest_over_k", f"K nearest of {middle} rows of {width}", "K",
             [1, 10] if QUICK else [1, 10, 100, 1000],
             lambda k: nearest(run, middle, width, k)),
            ("nearest_over_d", f"{k} nearest of {middle} rows of d", "d columns",
             [16, 64] if QUICK else [64, 128, 256, 512, 1024],
             lambda d: nearest(run, middle, d, k)),
            ("rad_over_n", f"RAD and its gradient, {k} relations of n rows of {width}", "n rows",
             [16, 32] if QUICK else [64, 128, 256, 512, 1024, 2048],
             lambda n: rad(run, n, width, k, classes, bank)),
        ])


def print_ratios(run):
    print("\n# peer's time / ours")
    for name, item in run.items.items():
        if item["disturbed"]:
            print(f"disturbed {name} sgemm at {100 * item['share_of_peak']:.0f} % of the peak")
            continue
        for contender, ratio in item["ratios"].items():
            if contender == "ours/x86-64":
                print(f"build {name} x86-64 {1 / ratio:.3g}")
            elif not contender.startswith("ours/"):
                print(f"ratio {name} {contender} {ratio:.3g}")
        if "ours/float" in item["medians"]:
            for contender, median in item["medians"].items():
                if not contender.startswith("ours"):
                    print(f"ratio {name.replace('nearest', 'nearest_float', 1)} {contender} "
                          f"{median / item['medians']['ours/float']:.3g}")


def main():
    options = parse_arguments()
    run = Run(options)
    machine, versions, memory = describe_machine(), describe_versions(run), {}
    print(json.dumps({"machine": machine, "versions": versions}, indent=1))
    for package, found in (("torch", torch), ("faiss", faiss)):
        if not found:
            print(f"compare.py: this python has no {package}: left out")
    for threads in options.threads:
        run.set_threads(threads)
        memory[threads] = measure_memory(run)
        run.say(f"limits, {threads} thread(s): multiply-add peak {run.measure_peak():.1f} GFLOP/s, "
                + ", ".join(f"{what} {rate:.1f} GB/s" for what, rate in memory[threads].items()))
    try:
        measure_everything(run)
    except Mismatch as mismatch:
        print(f"compare.py: MISMATCH, nothing further is timed: {mismatch}", file=sys.stderr)
        return 1
    print_ratios(run)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"compare_{options.label}{KERNELS and '_' + KERNELS}.json"
    file.write_text(json.dumps({
        "command": sys.argv, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine, "versions": versions, "peak_gflops": run.peak, "memory_gb_s": memory,
        "data": options.data, "items": run.items}, indent=1))
    print(f"compare.py: raw times are in {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
