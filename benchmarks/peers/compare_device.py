#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures coupleface on a CUDA device beside PyTorch, eager and compiled, and the device's limits.

As compare.py does on the host: every work item hands the same arrays to all contenders, compares
their results, and only then times them, one call of each after the other, several times over; with
CUDA events, and the cache flushed before each call. Prints tables, then a line
`ratio <item> <contender> <contender's time / ours>` for every comparison and `share <item> ...` for
what the targets of the library are stated in. A contender that cannot run is named and left out.
Exit status: 1 if results disagree, 77 if this python has no PyTorch or there is no device.
"""
import argparse
import ctypes
import json
import pathlib
import statistics
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    print("compare_device.py: skipped: this python has no PyTorch")
    sys.exit(77)

UNIT = 2.0**-24  # of float: half the distance from 1 to the next number
Q = 0.03  # RAD's hinge
MARGIN, SCALE = 0.5, 64.0  # ArcFace
TIE = 1e-5  # two similarities this close may change places in a float ranking
DEVICE = "cuda"


class Mismatch(Exception):
    """Two contenders computed different things: there is nothing to time."""


class Coupleface:
    """The library, and the device's limits, through libcoupleface_device_c."""

    def __init__(self, path):
        self.library = ctypes.CDLL(str(path))
        pointer, size, real = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
        arguments = {
            "coupleface_device_keep_memory": [],
            "coupleface_device_nearest": [pointer] * 2 + [size] * 3 + [pointer] * 2,
            "coupleface_device_rad": [pointer] * 3 + [size] * 2 + [pointer, size, pointer, size,
                                                                   real, pointer, pointer],
            "coupleface_device_fcd": [pointer] * 3 + [size] * 2 + [pointer] * 2,
            "coupleface_device_margin_softmax": [pointer] * 2 + [size] * 2 + [
                pointer, size, pointer, real, real, pointer, pointer, pointer],
            "limits_device_flush": [pointer, pointer, size],
            "limits_device_copy": [pointer] * 3 + [size],
            "limits_device_gather": [pointer] * 2 + [size, pointer, size, size, pointer],
            "limits_device_product_bfloat16": [pointer] * 4 + [size] * 3,
        }
        for name, types in arguments.items():
            function = getattr(self.library, name)
            function.restype, function.argtypes = ctypes.c_int, types
        self.library.coupleface_device_last_error.restype = ctypes.c_char_p

    def call(self, name, *arguments):
        """On PyTorch's current stream; tensors go as pointers. Raises on an error."""
        if name != "coupleface_device_keep_memory":
            arguments = (torch.cuda.current_stream().cuda_stream, *map(as_argument, arguments))
        if getattr(self.library, name)(*arguments) != 0:
            raise RuntimeError(f"{name}: {self.library.coupleface_device_last_error().decode()}")


def as_argument(value):
    if not isinstance(value, torch.Tensor):
        return value
    assert value.is_contiguous()
    return value.data_ptr()


class Run:
    """Everything that the items share."""

    def __init__(self, options):
        self.options = options
        self.ours = Coupleface(options.library)
        self.ours.call("coupleface_device_keep_memory")
        self.dirt = torch.empty(512 << 20, dtype=torch.uint8, device=DEVICE)
        self.items = {}
        self.failed = []

    def say(self, text):
        print(text, flush=True)

    def has(self, item):
        return not self.options.only or item in self.options.only

    def random(self, *shape, seed):
        generator = torch.Generator(device=DEVICE).manual_seed(seed)
        return torch.randn(shape, generator=generator, device=DEVICE)

    def ids(self, limit, *shape, seed):
        generator = torch.Generator(device=DEVICE).manual_seed(seed)
        return torch.randint(limit, shape, generator=generator, device=DEVICE)

    def seconds(self, call):
        """The flush is enqueued before the events, so that it hides what launching costs."""
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        self.ours.call("limits_device_flush", self.dirt, self.dirt.numel())
        begin.record()
        call()
        end.record()
        end.synchronize()
        return 1e-3 * begin.elapsed_time(end)

    def measure(self, name, contenders):
        """Times contenders {name: call}, "ours" first, interleaved."""
        order = list(contenders)
        for contender in order:  # code is loaded, compiled and tuned at the first calls
            for _ in range(3):
                contenders[contender]()
        torch.cuda.synchronize()
        times = {contender: [] for contender in order}
        begin = time.perf_counter()
        for repetition in range(self.options.repeat):
            turn = repetition % len(order)  # nobody always follows the same other one
            for contender in order[turn:] + order[:turn]:
                times[contender].append(self.seconds(contenders[contender]))
            if repetition >= 4 and time.perf_counter() - begin > self.options.budget:
                break
        medians = {contender: statistics.median(t) for contender, t in times.items()}
        item = {"times": times, "medians": medians,
                "ratios": {c: t / medians["ours"] for c, t in medians.items() if c != "ours"},
                "shares": {}}
        self.items[name] = item
        self.say(f"\n{name}\n  {'':34}{'median ms':>12}{'fastest':>12}{'slowest':>12}{'/ ours':>9}")
        for contender, t in times.items():
            self.say(f"  {contender:34}{1e3 * medians[contender]:12.4f}{1e3 * min(t):12.4f}"
                     f"{1e3 * max(t):12.4f}{medians[contender] / medians['ours']:9.2f}")
        return item

    def share(self, item, name, what, value):
        item["shares"][what] = value
        self.say(f"  {what}: {value:.3g}")

    def check(self, name, contender, what, difference, bound):
        """`difference` and `bound`: tensors of the same shape, or numbers."""
        difference = torch.as_tensor(difference, dtype=torch.float64, device=DEVICE).reshape(-1)
        bound = torch.as_tensor(bound, dtype=torch.float64, device=DEVICE).expand_as(difference)
        if not bool((difference <= bound).all()):  # NaN is no agreement
            worst = int(torch.nan_to_num(difference - bound, nan=float("inf")).argmax())
            raise Mismatch(f"{name}: {what} of {contender} differs by {difference[worst]:.3g} in "
                           f"row {worst}, allowed: {bound[worst]:.3g}")
        self.say(f"check {name} {contender}: {what} agrees, largest difference "
                 f"{difference.max():.2g}")

    def add_peer(self, name, contenders, contender, call, check):
        """Lets a peer in whose result agrees; one that cannot run is named and left out."""
        try:
            result = call()
        except Mismatch:
            raise
        except Exception as error:  # a compiler that is missing, memory that is short
            self.failed.append(f"{name} {contender}")
            self.say(f"left out: {name} {contender}: {type(error).__name__}: "
                     f"{str(error).strip().splitlines()[:1]}")
            torch.cuda.empty_cache()
            return
        check(contender, *result)
        contenders[contender] = call


def compiled(function):
    return torch.compile(function, fullgraph=True, dynamic=False)


# ---- the device's limits ------------------------------------------------------------------------


def limits(run):
    """Bytes a second of copying, counting what is read and written, and FLOP/s of cuBLAS in
    bfloat16. On random numbers: a product of zeros draws less power and runs faster."""
    bytes_ = (1 << 26) if run.options.quick else (1 << 30)
    a, b = (torch.empty(bytes_, dtype=torch.uint8, device=DEVICE) for _ in range(2))
    n = 2048 if run.options.quick else 8192
    x, y = (run.random(n, n, seed=s).bfloat16() for s in (1, 2))
    z = torch.empty_like(x)

    def best(call):
        for _ in range(3):
            call()
        return statistics.median(run.seconds(call) for _ in range(15))

    copy = 2 * bytes_ / best(lambda: run.ours.call("limits_device_copy", a, b, bytes_))
    rate = 2.0 * n**3 / best(
        lambda: run.ours.call("limits_device_product_bfloat16", x, y, z, n, n, n))
    run.say(f"floor copy {1e-9 * copy:.1f} GB/s\nfloor bfloat16_product {1e-12 * rate:.1f} TFLOP/s")
    return {"copy": copy, "bfloat16": rate}


# ---- nearest ------------------------------------------------------------------------------------


def torch_nearest(x, k, chunk=4096):
    values, indices = [], []
    for first in range(0, len(x), chunk):
        product = x[first:first + chunk] @ x.T
        rows = torch.arange(len(product), device=DEVICE)
        product[rows, rows + first] = float("-inf")
        v, i = product.topk(k, dim=1)
        values.append(v)
        indices.append(i)
    return torch.cat(values), torch.cat(indices)


def nearest(run, n, d, k, limit):
    name = f"nearest/n:{n}/d:{d}/k:{k}"
    x = F.normalize(run.random(n, d, seed=1))
    values = torch.empty(n, k, device=DEVICE)
    indices = torch.empty(n, k, dtype=torch.int32, device=DEVICE)

    def ours():
        run.ours.call("coupleface_device_nearest", x, n, d, k, values, indices)

    def check(contender, v, i):
        """Values agree rank by rank, and belong to their ids; ids differ among ties alone."""
        run.check(name, contender, "value by rank", (v - values).abs().amax(1), TIE)
        some = torch.linspace(0, n - 1, min(n, 256), device=DEVICE).long()
        exact = torch.einsum("nd,nkd->nk", x[some].double(), x[i[some].long()].double())
        run.check(name, contender, "value against float64",
                  (exact - v[some].double()).abs().amax(1), TIE)
        if bool((i[some] == some[:, None]).any()):
            raise Mismatch(f"{name}: {contender} has a row among its own neighbours")

    ours()
    some = torch.linspace(0, n - 1, min(n, 256), device=DEVICE).long()
    similarity = x[some].double() @ x.double().T
    similarity[torch.arange(len(some), device=DEVICE), some] = float("-inf")
    run.check(name, "ours", "value by rank against float64",
              (similarity.topk(k, dim=1).values - values[some].double()).abs().amax(1), TIE)
    del similarity
    check("ours", values, indices)
    contenders = {"ours": ours}
    with torch.no_grad():
        run.add_peer(name, contenders, "torch", lambda: torch_nearest(x, k), check)
        item = run.measure(name, contenders)
    item["flop"] = float(n) * n * d
    floor = item["flop"] / limit["bfloat16"]  # half of the product
    run.share(item, name, "half_product_floor_of_ours", floor / item["medians"]["ours"])


# ---- losses -------------------------------------------------------------------------------------


def backward(function):
    """Value and gradients of function(*inputs), anew at each call."""

    def call(*inputs):
        for x in inputs:
            x.grad = None
        loss = function(*inputs)
        loss.backward()
        return loss

    return call


def rad(run, n, d, k, classes, limit):
    name = f"rad/n:{n}/d:{d}/k:{k}/c:{classes}"
    student, teacher = run.random(n, d, seed=2), run.random(n, d, seed=3)
    bank = F.normalize(run.random(classes, d, seed=4))
    ids = run.ids(classes, n, k, seed=5)
    narrow = ids.int()
    loss, gradient = torch.zeros(1, device=DEVICE), torch.empty(n, d, device=DEVICE)

    def ours():
        run.ours.call("coupleface_device_rad", student, teacher, n, d, bank, classes, narrow, k, Q,
                      loss, gradient)

    def formula(s):
        g = bank[ids]
        relation = torch.einsum("nd,nkd->nk", F.normalize(s), g)
        wanted = torch.einsum("nd,nkd->nk", F.normalize(teacher), g)
        return torch.relu(relation - wanted - Q).mean()

    expected, slopes, undecided = 0.0, torch.empty(n, d, dtype=torch.float64, device=DEVICE), []
    for first in range(0, n, 64):  # by parts: the gathered rows in double are large
        part = slice(first, first + 64)
        s, g = student[part].double(), bank[ids[part]].double()
        g = g / g.norm(dim=2, keepdim=True)
        unit = s / s.norm(dim=1, keepdim=True)
        t = F.normalize(teacher[part].double())
        excess = torch.einsum("nd,nkd->nk", unit - t, g) - Q
        expected += float(excess.clamp(min=0).sum()) / (n * k)
        direction = torch.einsum("nk,nkd->nd", (excess > 0).double(), g)
        direction -= (direction * unit).sum(1, keepdim=True) * unit
        slopes[part] = direction / (n * k * s.norm(dim=1, keepdim=True))
        # A pair at the kink counts or does not.
        undecided.append((excess.abs() <= 2 * (d + 6) * UNIT).sum(1))
    row_bound = ((torch.cat(undecided) + 2 * k * (k + d + 8) * UNIT)
                 / (n * k * student.double().norm(dim=1)))

    def check(contender, value, found):
        run.check(name, contender, "loss", abs(value.item() - expected), 2 * (d + 6) * UNIT)
        run.check(name, contender, "gradient", (found.double() - slopes).norm(dim=1), row_bound)

    ours()
    check("ours", loss, gradient)
    contenders = {"ours": ours}
    s = student.clone().requires_grad_()
    for contender, function in (("torch", formula), ("torch_compile", compiled(formula))):
        call = backward(function)
        run.add_peer(name, contenders, contender, lambda call=call: (call(s), s.grad), check)
    sums = torch.empty(n, device=DEVICE)
    contenders["floor/gather"] = lambda: run.ours.call("limits_device_gather", bank, d, narrow, n,
                                                       k, sums)
    item = run.measure(name, contenders)
    item["gathered_bytes"] = 4 * n * k * d
    rate = item["gathered_bytes"] / item["medians"]["ours"]
    run.share(item, name, "gathered_rate_of_copy_rate", rate / limit["copy"])


def fcd(run, n, d, limit):
    name = f"fcd/n:{n}/d:{d}"
    student, teacher = run.random(n, d, seed=6), run.random(n, d, seed=7)
    loss, gradient = torch.zeros(1, device=DEVICE), torch.empty(n, d, device=DEVICE)

    def ours():
        run.ours.call("coupleface_device_fcd", student, teacher, n, d, loss, gradient)

    def formula(s):
        return (F.normalize(s) - F.normalize(teacher)).square().sum(1).mean()

    s = student.double()
    norms = s.norm(dim=1, keepdim=True)
    s, t = s / norms, F.normalize(teacher.double())
    expected = float((s - t).square().sum() / n)
    slopes = -2.0 / n * (t - (s * t).sum(1, keepdim=True) * s) / norms
    row_bound = 2.0 / n * 4 * (d + 8) * UNIT / norms[:, 0]

    def check(contender, value, found):
        # Unit vectors off by (d + 8) u each, in a square and a projection; a sum of n d terms.
        run.check(name, contender, "loss", abs(value.item() - expected),
                  (8 * (d + 8) + d + n.bit_length() + 8) * UNIT)
        run.check(name, contender, "gradient", (found.double() - slopes).norm(dim=1), row_bound)

    ours()
    check("ours", loss, gradient)
    contenders = {"ours": ours}
    s = student.clone().requires_grad_()
    for contender, function in (("torch", formula), ("torch_compile", compiled(formula))):
        call = backward(function)
        run.add_peer(name, contenders, contender, lambda call=call: (call(s), s.grad), check)
    item = run.measure(name, contenders)
    rate = 12 * n * d / item["medians"]["ours"]
    run.share(item, name, "rate_of_copy_rate", rate / limit["copy"])


def margin_softmax(run, n, d, classes, _):
    name = f"softmax/n:{n}/d:{d}/c:{classes}"
    embeddings, weights = run.random(n, d, seed=8), run.random(classes, d, seed=9)
    labels = run.ids(classes, n, seed=10)
    narrow, loss = labels.int(), torch.zeros(1, device=DEVICE)
    gradient, weight_gradient = torch.empty_like(embeddings), torch.empty_like(weights)
    rows = torch.arange(n, device=DEVICE)

    def ours():
        run.ours.call("coupleface_device_margin_softmax", embeddings, n, d, weights, classes,
                      narrow, MARGIN, SCALE, loss, gradient, weight_gradient)

    def formula(e, w):
        cosines = F.linear(F.normalize(e), F.normalize(w))
        angle = torch.acos(cosines[rows, labels].clamp(-1 + 1e-7, 1 - 1e-7))
        logits = cosines.index_put((rows, labels), torch.cos(angle + MARGIN)) * SCALE
        return F.cross_entropy(logits, labels)

    e, w = embeddings.double().requires_grad_(), weights.double().requires_grad_()
    value = formula(e, w)
    value.backward()
    expected, e_slopes, w_slopes = value.item(), e.grad, w.grad
    with torch.no_grad():  # sums of the coefficients' magnitudes, by row and by class
        p = torch.softmax(SCALE * F.linear(F.normalize(e), F.normalize(w)), 1)
        p[rows, labels] = 1  # at most
        p *= 2 * SCALE / n  # the margin's slope at an angle near a right one is below 2
        e_sums, w_sums = p.sum(1) / e.norm(dim=1), p.sum(0) / w.norm(dim=1)
    del e, w, p, value
    # A logit is off by scale (d + 6) u, a probability by twice that, relatively; then sums over
    # classes or samples, and a projection.
    logit = SCALE * (d + 6) * UNIT
    relative = 2 * (2 * logit + (d + n + classes**0.5 + 16) * UNIT)

    def check(contender, value, e_found, w_found):
        run.check(name, contender, "loss", abs(value.item() - expected),
                  2 * logit + 64 * SCALE * UNIT)
        run.check(name, contender, "gradient", (e_found.double() - e_slopes).norm(dim=1),
                  relative * e_sums)
        run.check(name, contender, "weights' gradient",
                  (w_found.double() - w_slopes).norm(dim=1), relative * w_sums)

    ours()
    check("ours", loss, gradient, weight_gradient)
    contenders = {"ours": ours}
    e, w = embeddings.clone().requires_grad_(), weights.clone().requires_grad_()
    for contender, function in (("torch", formula), ("torch_compile", compiled(formula))):
        call = backward(function)
        run.add_peer(name, contenders, contender,
                     lambda call=call: (call(e, w), e.grad, w.grad), check)
    run.measure(name, contenders)


# ---- a training step ----------------------------------------------------------------------------


class Block(torch.nn.Module):
    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.inner = torch.nn.Sequential(
            torch.nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False),
            torch.nn.BatchNorm2d(channels), torch.nn.PReLU(channels),
            torch.nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            torch.nn.BatchNorm2d(channels))
        self.around = (torch.nn.Identity() if channels_in == channels and stride == 1 else
                       torch.nn.Sequential(
                           torch.nn.Conv2d(channels_in, channels, 1, stride, bias=False),
                           torch.nn.BatchNorm2d(channels)))

    def forward(self, x):
        return self.inner(x) + self.around(x)


def resnet_like(width, side, blocks=(2, 2, 2, 2)):
    """A ResNet18 as face recognition has it: 112 x 112 pixels, embeddings by one matrix."""
    channels = 64
    layers = [torch.nn.Conv2d(3, channels, 3, 1, 1, bias=False), torch.nn.BatchNorm2d(channels),
              torch.nn.PReLU(channels)]
    for stage, count in enumerate(blocks):
        out = 64 << stage
        for number in range(count):
            layers.append(Block(channels, out, 2 if number == 0 else 1))
            channels = out
            side = (side + 1) // 2 if number == 0 else side
    layers += [torch.nn.Flatten(), torch.nn.Linear(channels * side * side, width)]
    return torch.nn.Sequential(*layers)


def training_step(run, n, d, k, classes, _):
    """The losses' share of a step of distillation, FCD + RAD: with PyTorch's automatic mixed
    precision, the student as it is and compiled."""
    name = f"step/n:{n}/d:{d}/k:{k}/c:{classes}"
    side = 32 if run.options.quick else 112
    torch.manual_seed(1)
    student = resnet_like(d, side).to(DEVICE, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(student.parameters(), lr=0.1, momentum=0.9)
    images = run.random(n, 3, side, side, seed=11).to(memory_format=torch.channels_last)
    teacher, bank = run.random(n, d, seed=12), F.normalize(run.random(classes, d, seed=13))
    ids = run.ids(classes, n, k, seed=14).int()
    loss = torch.zeros(2, device=DEVICE)
    gradients = [torch.empty(n, d, device=DEVICE) for _ in range(2)]
    shown = F.normalize(run.random(n, d, seed=15))

    def losses(embeddings):
        run.ours.call("coupleface_device_fcd", embeddings, teacher, n, d, loss[:1], gradients[0])
        run.ours.call("coupleface_device_rad", embeddings, teacher, n, d, bank, classes, ids, k, Q,
                      loss[1:], gradients[1])
        return torch.add(gradients[0], gradients[1], alpha=10)

    def step_with(network):
        def step():
            optimizer.zero_grad()
            with torch.autocast(DEVICE, dtype=torch.bfloat16):
                embeddings = network(images).float()
            embeddings.backward(losses(embeddings.detach()))
            optimizer.step()
            return (loss,)
        return step

    def check(contender, value):
        if not bool(torch.isfinite(value).all()):
            raise Mismatch(f"{name}: the losses of {contender} are not finite")

    contenders = {"ours": lambda: losses(shown)}
    contenders["ours"]()
    run.add_peer(name, contenders, "whole_step", step_with(student), check)
    run.add_peer(name, contenders, "whole_step_compiled", step_with(torch.compile(student)), check)
    item = run.measure(name, contenders)
    for contender, median in item["medians"].items():
        if contender != "ours":
            run.share(item, name, f"losses_of_{contender}", item["medians"]["ours"] / median)


# ---- main ---------------------------------------------------------------------------------------

ITEMS = ("nearest", "rad", "fcd", "softmax", "step")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--library", required=True, type=pathlib.Path,
                        help="libcoupleface_device_c.so, which CMake builds with the benchmarks")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("peers"),
                        help="folder of the results")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[],
                        help="of " + ",".join(ITEMS))
    parser.add_argument("--repeat", type=int, default=30, help="repetitions, of which the median")
    parser.add_argument("--budget", type=float, default=30.0,
                        help="seconds after which an item stops, once it has five repetitions")
    parser.add_argument("--quick", action="store_true",
                        help="tiny sizes: everything runs and is compared, no time means anything")
    options = parser.parse_args()
    unknown = set(options.only) - set(ITEMS)
    if unknown:
        parser.error(f"--only: unknown {', '.join(sorted(unknown))}")
    return options


def measure_everything(run, limit):
    quick = run.options.quick
    d, k, classes = (64, 10, 700) if quick else (512, 100, 85742)
    if run.has("nearest"):
        nearest(run, classes, d, k, limit)
    if run.has("rad"):
        for n in (32,) if quick else (256, 1024):
            rad(run, n, d, k, classes, limit)
    if run.has("fcd"):
        fcd(run, 256 if quick else 65536, d, limit)
    if run.has("softmax"):
        margin_softmax(run, 32 if quick else 1024, d, classes, limit)
    if run.has("step"):
        training_step(run, 16 if quick else 1024, d, k, classes, limit)


def main():
    options = parse_arguments()
    if not torch.cuda.is_available():
        print("compare_device.py: skipped: no CUDA device")
        return 77
    # Float products are float products; TF32 would be another contender.
    torch.backends.cuda.matmul.allow_tf32 = False
    run = Run(options)
    machine = {"device": torch.cuda.get_device_name(), "torch": torch.__version__,
               "cuda": torch.version.cuda}
    print(json.dumps(machine, indent=1))
    limit = limits(run)
    try:
        measure_everything(run, limit)
    except Mismatch as mismatch:
        print(f"compare_device.py: MISMATCH, nothing further is timed: {mismatch}",
              file=sys.stderr)
        return 1
    print("\n# contender's time / ours")
    for name, item in run.items.items():
        for contender, ratio in item["ratios"].items():
            print(f"ratio {name} {contender} {ratio:.3g}")
        for what, value in item["shares"].items():
            print(f"share {name} {what} {value:.3g}")
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "compare_device.json"
    file.write_text(json.dumps({
        "command": sys.argv, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine, "limits": limit, "left_out": run.failed, "items": run.items}, indent=1))
    print(f"compare_device.py: raw times are in {file}")
    for contender in run.failed:
        print(f"compare_device.py: could not run and was left out: {contender}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
