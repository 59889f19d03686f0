# SPDX-License-Identifier: Apache-2.0
"""The package for Python with NumPy alone.

usage: module_test.py FOLDER (of the package coupleface) ...
Ends with 77, and says why, where NumPy is missing.
"""
import math
import sys
import threading
import time
import unittest

try:
    import numpy
except ImportError as missing:
    print(f"skipped: {missing}; scripts/install_evaluation_peers.sh installs it")
    sys.exit(77)
sys.path.insert(0, sys.argv[1])
import coupleface
from coupleface import extension

# Exported with DLPack 1.x, which can say that an array is read-only; before that NumPy refuses.
EXPORTS_READ_ONLY = tuple(map(int, numpy.__version__.split(".")[:2])) >= (2, 1)
RANDOM = numpy.random.default_rng(1)


def units(x):
    return x / numpy.linalg.norm(x, axis=1, keepdims=True)


def relations(x, bank, labels, table):
    return numpy.array([units(x)[i] @ units(bank)[j]
                        for i, c in enumerate(labels) if c >= 0 for j in table[c] if j >= 0])


def plain_fcd(s, t):
    return ((units(s) - units(t)) ** 2).sum(1).mean()


def plain_rad(s, t, bank, labels, table, q=0.03, two_sided=False):
    x = relations(s, bank, labels, table) - relations(t, bank, labels, table)
    return numpy.maximum(0, (abs(x) if two_sided else x) - q).mean()


def plain_softmax(e, w, labels, m1=1.0, m2=0.5, m3=0.0, scale=64.0):
    logits, counted = scale * units(e) @ units(w).T, numpy.flatnonzero(labels >= 0)
    right = counted, labels[counted]
    logits[right] = scale * (numpy.cos(m1 * numpy.arccos(logits[right] / scale) + m2) - m3)
    return (numpy.log(numpy.exp(logits).sum(1))[counted] - logits[right]).mean()


def central_differences(loss, x, step=1e-6):
    gradient = numpy.empty_like(x)
    for at in numpy.ndindex(*x.shape):
        values = []
        for side in (step, -step):
            moved = x.copy()
            moved[at] += side
            values.append(loss(moved))
        gradient[at] = (values[0] - values[1]) / (2 * step)
    return gradient


class Exporter:
    """An array as other packages might export it."""

    def __init__(self, device, export):
        self.device, self.export = device, export

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, **settings):
        return self.export(**settings)


class Values(unittest.TestCase):
    def test_fcd_by_hand(self):
        # Directions (0.6, 0.8) and (0, 1), squared distance 0.4; the second row agrees.
        loss, gradient = coupleface.fcd_loss(numpy.array([[3.0, 4], [1, 0]]),
                                             numpy.array([[0.0, 2], [1, 0]]))
        self.assertAlmostEqual(loss, 0.2, delta=1e-15)
        numpy.testing.assert_allclose(gradient, [[0.096, -0.072], [0, 0]], atol=1e-15)

    def test_rad_by_hand(self):
        # Relations 0.6 and 0.8, the teacher's 0 and 1: gaps 0.6 and -0.2.
        arguments = (numpy.array([[3.0, 4]]), numpy.array([[0.0, 2]]), numpy.eye(2),
                     numpy.array([1]), numpy.array([[-1, -1], [0, 1]]))
        loss, gradient = coupleface.rad_loss(*arguments)
        self.assertAlmostEqual(loss, (0.6 - 0.03) / 2, delta=1e-15)
        numpy.testing.assert_allclose(gradient, [[0.064, -0.048]], atol=1e-15)
        loss, gradient = coupleface.rad_loss(*arguments, q=0.1, two_sided=True)
        self.assertAlmostEqual(loss, (0.5 + 0.1) / 2, delta=1e-15)
        # d/ds of (0.6 - 0.8) / 2 as far as it turns s: (1, -1) / 2 without its part along s, by 5.
        numpy.testing.assert_allclose(gradient, [[0.112, -0.084]], atol=1e-15)

    def test_margin_softmax_by_hand(self):
        arguments = numpy.array([[2.0, 0]]), numpy.array([[1.0, 0], [0, 4]]), numpy.array([0])
        loss, gradient, weight_gradient = coupleface.margin_softmax_loss(*arguments, m2=0, scale=1)
        wrong = 1 / (1 + math.e)  # softmax of the logits 1 and 0
        self.assertAlmostEqual(loss, math.log(1 + math.exp(-1)), delta=1e-15)
        numpy.testing.assert_allclose(gradient, [[0, wrong / 2]], atol=1e-15)
        numpy.testing.assert_allclose(weight_gradient, [[0, 0], [wrong / 4, 0]], atol=1e-15)
        for settings, logit in (dict(m2=0, m3=0.35), 0.65), (dict(m2=math.pi / 3), 0.5):
            loss = coupleface.margin_softmax_loss(*arguments, scale=1, **settings)[0]
            self.assertAlmostEqual(loss, math.log(1 + math.exp(-logit)), delta=1e-15)

    def test_mining_by_hand(self):
        x = numpy.array([[3.0, 0], [0, 5], [7, 7]])
        prototypes = coupleface.class_prototypes(x, numpy.array([0, 0, -1]), 2)
        numpy.testing.assert_allclose(prototypes, [[0.5 ** 0.5] * 2, [0, 0]], atol=1e-15)
        values, rows = coupleface.mine_nearest(numpy.array([[1.0, 0], [0, 0], [1, 1], [-1, 1]]), 2)
        half = 0.5 ** 0.5
        self.assertEqual(rows.tolist(), [[2, 3], [-1, -1], [0, 3], [2, 0]])
        numpy.testing.assert_allclose(
            values, [[half, -half], [-math.inf, -math.inf], [half, 0], [0, -half]], atol=1e-15)
        values, rows = coupleface.mine_nearest(x, 1, candidates=x)  # themselves too
        self.assertEqual(rows.tolist(), [[0], [1], [2]])

    def test_formulas_and_central_differences(self):
        s, t = RANDOM.normal(size=(6, 5)), RANDOM.normal(size=(6, 5))
        bank, labels = RANDOM.normal(size=(8, 5)), numpy.array([0, 7, -1, 3, 3, 2])
        table = RANDOM.integers(-1, 8, size=(8, 3))
        cases = [(coupleface.fcd_loss, plain_fcd, (s, t), {})]
        for settings in ({}, dict(q=0.1, two_sided=True)):
            cases.append((coupleface.rad_loss, plain_rad, (s, t, bank, labels, table), settings))
        for settings in dict(), dict(m2=0, m3=0.35), dict(m1=0.9, m2=0.2, m3=0.1):
            cases.append((coupleface.margin_softmax_loss, plain_softmax, (s, bank, labels),
                          dict(settings, scale=8)))
        for ours, plain, arguments, settings in cases:
            loss, *gradients = ours(*arguments, **settings)
            self.assertAlmostEqual(loss, plain(*arguments, **settings), delta=1e-12)
            for place, gradient in enumerate(gradients):
                def moved(x):
                    return plain(*arguments[:place], x, *arguments[place + 1:], **settings)
                expected = central_differences(moved, arguments[place])
                numpy.testing.assert_allclose(gradient, expected, atol=1e-8)

    def test_mining_as_numpy_does(self):
        x = RANDOM.normal(size=(70, 9))
        cosines = units(x) @ units(x).T
        numpy.fill_diagonal(cosines, -numpy.inf)
        expected = numpy.argsort(-cosines, axis=1)[:, :7]
        for element in "float64", "float32", "float16":
            values, rows = coupleface.mine_nearest(x.astype(element), 7)
            self.assertEqual(str(values.dtype), "float64" if element == "float64" else "float32")
            if element != "float16":  # whose roundings reorder some
                numpy.testing.assert_array_equal(rows, expected)
            numpy.testing.assert_allclose(
                values, numpy.take_along_axis(cosines, rows, 1),
                atol=20 * float(numpy.finfo(element).eps))

    def test_element_types(self):
        s, t = RANDOM.normal(size=(6, 5)), RANDOM.normal(size=(6, 5))
        labels, table = numpy.arange(6) % 3, numpy.array([[3, 4], [0, 5], [1, -1]])
        for first, second in (("float32",) * 2, ("float16",) * 2, ("float16", "float32")):
            a, b = s.astype(first), t.astype(second)
            wide = a.astype(float), b.astype(float)
            for ours, more in ((coupleface.fcd_loss, ()), (coupleface.rad_loss, (b, labels, table)),
                               (coupleface.margin_softmax_loss, (labels,))):
                loss, *gradients = ours(a, b, *more)
                more = [x.astype(float) if x is b else x for x in more]
                expected, *expected_gradients = ours(*wide, *more)
                self.assertAlmostEqual(loss, expected, delta=1e-5 * (1 + expected))
                for gradient, right in zip(gradients, expected_gradients):
                    self.assertEqual(gradient.dtype, numpy.float32)
                    numpy.testing.assert_allclose(gradient, right, atol=1e-4)


class Layouts(unittest.TestCase):
    def test_rows_apart_have_the_same_bits(self):
        s, t = RANDOM.normal(size=(9, 12)), RANDOM.normal(size=(9, 12))
        for cut in (numpy.s_[:, :7], numpy.s_[::2], numpy.s_[1:, 3:], numpy.s_[:1, :1]):
            a = coupleface.fcd_loss(s[cut], t[cut])
            b = coupleface.fcd_loss(s[cut].copy(), t[cut].copy())
            self.assertEqual(a[0], b[0])
            numpy.testing.assert_array_equal(a[1], b[1])

    def test_other_layouts_are_refused(self):
        x = RANDOM.normal(size=(5, 5))
        for bad in x.T, x[::-1], x[:, ::-1], numpy.zeros((5, 10))[:, ::2]:
            with self.assertRaisesRegex(ValueError, "::fcd_loss: student: .*stride.*copy"):
                coupleface.fcd_loss(bad, x)
        with self.assertRaisesRegex(ValueError, "teacher"):
            coupleface.fcd_loss(x, numpy.broadcast_to(x[0], (5, 5)))

    def test_read_only(self):
        x = RANDOM.normal(size=(3, 4))
        fixed = x.copy()
        fixed.flags.writeable = False
        if EXPORTS_READ_ONLY:
            self.assertAlmostEqual(coupleface.fcd_loss(fixed, -x)[0], 4, delta=1e-14)
        else:
            with self.assertRaisesRegex(ValueError, "student cannot be exported.*readonly"):
                coupleface.fcd_loss(fixed, x)
        with self.assertRaisesRegex(ValueError, "student_gradient"):
            extension.fcd_loss(x, -x, fixed)
        numpy.testing.assert_array_equal(fixed, x)

    def test_both_protocols(self):
        x = numpy.array([[3.0, 4]])
        old = Exporter((1, 0), lambda stream=None: x.__dlpack__())  # knows no max_version
        pinned = Exporter((3, 0), lambda **settings: x.__dlpack__(**settings))
        for exporter in old, pinned:
            gradient = numpy.full((1, 2), numpy.nan)
            self.assertAlmostEqual(extension.fcd_loss(exporter, -x, gradient), 4, delta=1e-15)
            numpy.testing.assert_allclose(gradient, [[0, 0]], atol=1e-15)

    def test_references(self):
        x = RANDOM.normal(size=(3, 4))
        count = sys.getrefcount(x)
        for _ in range(10):
            coupleface.fcd_loss(x, x)
            with self.assertRaises(ValueError):
                coupleface.fcd_loss(x, x[:, :3])
            with self.assertRaises(TypeError):
                coupleface.fcd_loss(x, None)
        self.assertEqual(sys.getrefcount(x), count)


class Degenerate(unittest.TestCase):
    def test_no_rows(self):
        none, one = numpy.empty((0, 3)), numpy.ones((1, 3))
        labels, table = numpy.empty(0, "int64"), numpy.array([[0]])
        for loss, *gradients in (coupleface.fcd_loss(none, none),
                                 coupleface.rad_loss(none, none, one, labels, table),
                                 coupleface.margin_softmax_loss(none, one, labels)):
            self.assertEqual(loss, 0)
            self.assertEqual(gradients[0].shape, (0, 3))
            for weight_gradient in gradients[1:]:
                self.assertEqual(weight_gradient.tolist(), [[0, 0, 0]])
        self.assertEqual(coupleface.mine_nearest(none, 2)[1].shape, (0, 2))
        self.assertEqual(coupleface.mine_nearest(one, 2)[1].tolist(), [[-1, -1]])
        self.assertEqual(coupleface.mine_nearest(one, 0)[1].shape, (1, 0))
        self.assertEqual(coupleface.class_prototypes(none, labels, 1).tolist(), [[0, 0, 0]])

    def test_zero_rows(self):
        zero, one, labels = numpy.zeros((1, 2)), numpy.array([[0.0, 2]]), numpy.array([0])
        loss, gradient = coupleface.fcd_loss(zero, one)
        self.assertEqual((loss, gradient.tolist()), (1, [[0, 0]]))
        loss, gradient = coupleface.rad_loss(zero, -one, one, labels, numpy.array([[0]]))
        self.assertEqual((loss, gradient.tolist()), (1 - 0.03, [[0, 0]]))
        loss, gradient, _ = coupleface.margin_softmax_loss(zero, one, labels)
        self.assertEqual((loss, gradient.tolist()), (0, [[0, 0]]))  # of one class

    def test_nan(self):
        bad, good = numpy.array([[numpy.nan, 1], [1, 1]]), numpy.array([[1.0, 1], [2, 1]])
        labels, table = numpy.array([0, 1]), numpy.array([[1], [0]])
        for losses in (coupleface.fcd_loss(bad, good), coupleface.fcd_loss(good, bad),
                       coupleface.rad_loss(bad, good, good, labels, table),
                       coupleface.margin_softmax_loss(bad, good, labels)):
            self.assertTrue(math.isnan(losses[0]))
        values, rows = coupleface.mine_nearest(numpy.array([[1.0, 0], [numpy.nan, 0], [-1, 0]]), 2)
        self.assertEqual(rows[0].tolist(), [2, 1])
        self.assertTrue(values[0, 0] == -1 and math.isnan(values[0, 1]))


class Errors(unittest.TestCase):
    def expect(self, kind, message, function, *arguments, **settings):
        with self.assertRaises(kind) as raised:
            function(*arguments, **settings)
        self.assertEqual(str(raised.exception), message)

    def test_types(self):
        x = numpy.ones((2, 3))
        needed = "expected an array or a tensor with __dlpack__"
        for bad in [[1.0]], None:
            self.expect(TypeError, f"coupleface::fcd_loss: student is of type "
                        f"{type(bad).__name__}; {needed}", coupleface.fcd_loss, bad, x)
        self.expect(TypeError, "coupleface::fcd_loss: student has elements of type int64; "
                    "expected float32, float64, float16 or bfloat16",
                    coupleface.fcd_loss, x.astype("int64"), x)
        self.expect(TypeError, "coupleface::fcd_loss: teacher has elements of type float32; "
                    "expected float64", coupleface.fcd_loss, x, x.astype("float32"))
        self.expect(TypeError, "coupleface::fcd_loss: teacher has elements of type float64; "
                    "expected float16 or float32", coupleface.fcd_loss, x.astype("float16"), x)
        self.expect(TypeError, "coupleface::class_prototypes: labels has elements of type int32; "
                    "expected int64", coupleface.class_prototypes, x, numpy.zeros(2, "int32"), 1)
        with self.assertRaisesRegex(ValueError, "features cannot be exported by DLPack"):
            coupleface.class_prototypes(x.astype(">f8"), numpy.zeros(2, "int64"), 1)

    def test_shapes(self):
        x, labels, table = numpy.ones((2, 3)), numpy.zeros(2, "int64"), numpy.zeros((1, 1), "int64")
        self.expect(ValueError, "coupleface::fcd_loss: teacher is 2 x 2, but student is 2 x 3",
                    coupleface.fcd_loss, x, x[:, :2])
        self.expect(ValueError, "coupleface::fcd_loss: student: coupleface::matrix_view_of: number "
                    "of dimensions is 1, but a matrix's is 2", coupleface.fcd_loss, x[0], x)
        for function, arguments in ((coupleface.mine_nearest, (x[0], 1)),
                                    (coupleface.class_prototypes, (x[0], labels, 1)),
                                    (coupleface.margin_softmax_loss, (x, x[0], labels))):
            with self.assertRaisesRegex(ValueError, "dimensions is 1, but a matrix's is 2"):
                function(*arguments)
        self.expect(ValueError, "coupleface::rad_loss: width of the student's bank is 2, but width "
                    "of student is 3", coupleface.rad_loss, x, x, x[:, :2], labels, table)
        self.expect(ValueError, "coupleface::rad_loss: samples of neighbours is 1, but rows of "
                    "student is 2", coupleface.rad_loss, x, x, x, labels[:1], table)
        self.expect(ValueError, "coupleface::mine_nearest: width of candidates is 2, but width of "
                    "queries is 3", coupleface.mine_nearest, x, 1, x[:, :2])
        for function, arguments in ((coupleface.rad_loss, (x, x, x, labels + 1, table)),
                                    (coupleface.rad_loss, (x, x, x, labels, table + 2)),
                                    (coupleface.margin_softmax_loss, (x, x, labels + 2)),
                                    (coupleface.class_prototypes, (x, labels + 2, 2))):
            with self.assertRaisesRegex(ValueError, f"{function.__name__}: .*outside"):
                function(*arguments)

    def test_settings(self):
        x, labels, table = numpy.ones((2, 3)), numpy.zeros(2, "int64"), numpy.zeros((1, 1), "int64")
        for q in -1, math.nan:
            with self.assertRaisesRegex(ValueError, "rad_loss"):
                coupleface.rad_loss(x, x, x, labels, table, q=q)
        with self.assertRaisesRegex(ValueError, "margin_softmax_loss"):
            coupleface.margin_softmax_loss(x, x, labels, scale=0)

    def test_devices_and_capsules(self):
        def never(**settings):
            raise AssertionError("__dlpack__ of a device is called")
        x = numpy.ones((1, 2))
        self.expect(ValueError, "coupleface::fcd_loss: teacher is on the device of type 2, id 1; "
                    "expected host memory (type 1); for tensors use .cpu()",
                    extension.fcd_loss, x, Exporter((2, 1), never), x.copy())
        with self.assertRaisesRegex(AssertionError, "is called"):  # errors of others stay theirs
            extension.fcd_loss(x, Exporter((1, 0), never), x.copy())
        capsule = x.__dlpack__()
        twice = Exporter((1, 0), lambda **settings: capsule)
        gradient = numpy.full((1, 2), 7.0)
        self.expect(TypeError, "coupleface::fcd_loss: teacher: __dlpack__ returned no unused "
                    "capsule of DLPack", extension.fcd_loss, twice, twice, gradient)
        self.assertEqual(gradient.tolist(), [[7, 7]])


class Threads(unittest.TestCase):
    def test_the_gil_is_released(self):
        # While threads are not made to take turns, another one runs only if a call lets it.
        x = RANDOM.normal(size=(3000, 64)).astype("float32")
        turns, stop = [0], threading.Event()

        def other():
            while not stop.is_set():
                turns[0] += 1
                time.sleep(0)

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1000)
        thread = threading.Thread(target=other)
        thread.start()
        try:
            for _ in range(50):
                before = turns[0]
                coupleface.mine_nearest(x, 5)
                if turns[0] > before:
                    break
            else:
                self.fail("no other thread ran during 50 calls")
        finally:
            stop.set()
            sys.setswitchinterval(interval)
            thread.join()

    def test_calls_side_by_side(self):
        x = RANDOM.normal(size=(300, 32))
        expected = coupleface.mine_nearest(x, 5)
        results = [None] * 4

        def mine(place):
            results[place] = coupleface.mine_nearest(x, 5)

        threads = [threading.Thread(target=mine, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for values, rows in results:
            numpy.testing.assert_array_equal(values, expected[0])
            numpy.testing.assert_array_equal(rows, expected[1])


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}, NumPy {numpy.__version__}")
    unittest.main(argv=sys.argv[:1])
