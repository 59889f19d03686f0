# SPDX-License-Identifier: Apache-2.0
"""The package for Python with PyTorch: tensors, automatic differentiation, the documented trainer.

usage: torch_test.py FOLDER (of the package coupleface) DOCUMENT (docs/own_trainer.md)
Ends with 77, and says why, where PyTorch is missing.
"""
import pathlib
import sys
import unittest

try:
    import torch
except ImportError as missing:
    print(f"skipped: {missing}; scripts/install_dependencies.sh installs it")
    sys.exit(77)
sys.path.insert(0, sys.argv[1])
import coupleface
from coupleface import autograd

torch.manual_seed(1)
LABELS, TABLE = torch.tensor([0, 7, -1, 3, 3]), torch.randint(-1, 8, (8, 3))


def rows(n, d=7, learns=False):
    return torch.randn(n, d, dtype=torch.float64, requires_grad=learns)


def units(x):
    return torch.nn.functional.normalize(x)


def plain_fcd(s, t):
    return (units(s) - units(t)).square().sum(1).mean()


def plain_rad(s, t, bank, labels, table, q=0.03, two_sided=False):
    counted = labels >= 0
    near = table[labels[counted]]
    gap = ((units(s) - units(t)) @ units(bank).t())[counted].gather(1, near.clamp(min=0))[near >= 0]
    return ((gap.abs() if two_sided else gap) - q).clamp(min=0).mean()


def plain_softmax(e, w, labels, m1=1.0, m2=0.5, m3=0.0, scale=64.0):
    cosines, counted = units(e) @ units(w).t(), labels >= 0
    right = torch.nn.functional.one_hot(labels.clamp(min=0), len(w)).bool()
    margin = (m1 * cosines.acos() + m2).cos() - m3
    return torch.nn.functional.cross_entropy(scale * torch.where(right, margin, cosines)[counted],
                                             labels[counted])


def cases(learns=True):
    """Name, ours, PyTorch's, inputs with gradients, the others, settings."""
    s, t, bank = rows(5, learns=learns), rows(5), rows(8)
    yield "fcd", autograd.fcd_loss, plain_fcd, (s,), (t,), {}
    for settings in {}, dict(q=0.1, two_sided=True):
        yield "rad", autograd.rad_loss, plain_rad, (s,), (t, bank, LABELS, TABLE), settings
    for settings in dict(scale=8), dict(m2=0, m3=0.35, scale=8):
        yield ("margin softmax", autograd.margin_softmax_loss, plain_softmax,
               (s, rows(8, learns=learns)), (LABELS,), settings)


def gradients(loss, learned, times=1.0):
    for x in learned:
        x.grad = None
    (times * loss).backward()
    return [x.grad for x in learned]


class Differentiation(unittest.TestCase):
    def test_gradcheck(self):
        for name, ours, _, learned, others, settings in cases():
            def loss(*inputs):
                return ours(*inputs, *others, **settings)
            # Logits up to 8: third derivatives are larger than those of losses of order 1.
            self.assertTrue(torch.autograd.gradcheck(loss, learned, eps=1e-6, atol=1e-6, rtol=1e-5),
                            name)
        teacher = rows(5)
        self.assertTrue(torch.autograd.gradcheck(lambda s: autograd.fcd_loss(s.t(), teacher),
                                                 rows(7, 5, learns=True)))

    def test_formulas_in_double(self):
        for name, ours, plain, learned, others, settings in cases():
            with self.subTest(name):
                loss = ours(*learned, *others, **settings)
                expected = plain(*learned, *others, **settings)
                self.assertEqual(loss.dtype, torch.float64)
                torch.testing.assert_close(loss, expected, rtol=0, atol=1e-12)
                for ours_times, plain_times in zip(gradients(loss, learned, -3.0),
                                                   gradients(expected, learned, -3.0)):
                    torch.testing.assert_close(ours_times, plain_times, rtol=0, atol=1e-12)

    def test_values_by_hand(self):
        s = torch.tensor([[3.0, 4], [1, 0]], requires_grad=True)
        t = torch.tensor([[0.0, 2], [1, 0]])
        loss = autograd.fcd_loss(s, t)
        (10 * loss).backward()
        torch.testing.assert_close(loss.detach(), torch.tensor(0.2))
        torch.testing.assert_close(s.grad, torch.tensor([[0.96, -0.72], [0, 0]]))

    def test_two_byte_elements_under_loss_scaling(self):
        scale = 2.0 ** 10
        for element in torch.float16, torch.bfloat16:
            for name, ours, _, learned, others, settings in cases(learns=False):
                narrow = [x.to(element).requires_grad_() for x in learned]
                wide = [x.detach().double().requires_grad_() for x in narrow]
                for beside in element, torch.float32:
                    inputs = [narrow[0], *(x.detach().to(beside).requires_grad_()
                                           for x in narrow[1:])]
                    more = [x.to(beside) if x.is_floating_point() else x for x in others]
                    wide_more = [x.double() if x.is_floating_point() else x for x in more]
                    loss = ours(*inputs, *more, **settings)
                    self.assertEqual(loss.dtype, torch.float32)
                    expected = ours(*wide, *wide_more, **settings)
                    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=1e-5)
                    # Multiplied in float, rounded once.
                    for x, gradient, right in zip(inputs, gradients(loss, inputs, scale),
                                                  gradients(expected, wide, scale)):
                        self.assertEqual(gradient.dtype, x.dtype)
                        torch.testing.assert_close(gradient.double() / scale, right / scale,
                                                   rtol=2 * torch.finfo(x.dtype).eps, atol=1e-5)

    def test_loss_scale_beyond_half(self):
        s = rows(5).half().requires_grad_()
        (2.0 ** 17 * autograd.fcd_loss(s, rows(5).half())).backward()
        self.assertTrue(s.grad.isfinite().all() and s.grad.abs().max() > 1000)

    def test_no_second_derivative(self):
        for name, ours, _, learned, others, settings in cases():
            # Beside a term that has one: it must not be taken for the whole.
            loss = ours(*learned, *others, **settings) + learned[0].square().sum()
            for gradient in torch.autograd.grad(loss, learned, create_graph=True):
                with self.assertRaisesRegex(RuntimeError, "no second derivatives"):
                    gradient.sum().backward(retain_graph=True)

    def test_without_gradients(self):
        s, t = rows(5, learns=True), rows(5)
        expected = autograd.fcd_loss(s, t).item()
        for mode in torch.no_grad, torch.inference_mode:
            with mode():
                loss = autograd.fcd_loss(s, t)
                self.assertEqual((loss.item(), loss.requires_grad), (expected, False))

    def test_twice_backward(self):
        s, t = rows(5, learns=True), rows(5)
        loss = autograd.fcd_loss(s, t)
        loss.backward(retain_graph=True)
        once = s.grad.clone()
        loss.backward()
        torch.testing.assert_close(s.grad, 2 * once, rtol=0, atol=0)

    def test_input_changed_before_backward(self):
        learned = rows(5, learns=True)
        s, t = 2 * learned, rows(5)
        loss = autograd.fcd_loss(s, t)
        with torch.no_grad():
            s.zero_()
        loss.backward()
        torch.testing.assert_close(
            learned.grad, 2 * coupleface.fcd_loss(2 * learned.detach(), t)[1], rtol=0, atol=0)

    def test_no_rows_and_nan(self):
        none = torch.empty(0, 7, requires_grad=True)
        loss = autograd.fcd_loss(none, none.detach())
        loss.backward()
        self.assertEqual((loss.item(), tuple(none.grad.shape)), (0, (0, 7)))
        s = torch.full((2, 7), torch.nan, requires_grad=True)
        self.assertTrue(autograd.fcd_loss(s, torch.ones(2, 7)).isnan())


class Tensors(unittest.TestCase):
    def test_mining(self):
        for element in torch.float64, torch.float32, torch.bfloat16:
            x = torch.tensor([[3.0, 0], [0, 5], [7, 7], [2, 2]], dtype=element)
            prototypes = coupleface.class_prototypes(x, torch.tensor([0, 1, 3, 3]), 4)
            wide = torch.float64 if element == torch.float64 else torch.float32
            half = 0.5 ** 0.5
            torch.testing.assert_close(
                prototypes, torch.tensor([[1, 0], [0, 1], [0, 0], [half, half]], dtype=wide))
            values, table = coupleface.mine_nearest(prototypes, 2)
            self.assertEqual(table.tolist(), [[3, 1], [3, 0], [-1, -1], [0, 1]])
            self.assertEqual((values.dtype, table.dtype), (wide, torch.int64))

    def test_layouts(self):
        s, t = rows(6), rows(6)
        expected = autograd.fcd_loss(s, t)
        wider = torch.zeros(12, 9, dtype=torch.float64)
        wider[::2, 1:8] = s
        self.assertEqual(coupleface.fcd_loss(wider[::2, 1:8], t)[0], expected.item())  # in place
        transposed = s.t().contiguous().t()
        self.assertEqual(autograd.fcd_loss(transposed, t), expected)  # copied
        with self.assertRaisesRegex(ValueError, "fcd_loss: student: .*stride"):
            coupleface.fcd_loss(transposed, t)
        bank, labels = rows(7, 8), LABELS.repeat(2)[:6]
        self.assertEqual(autograd.rad_loss(s, transposed, bank.t(), labels, TABLE),
                         autograd.rad_loss(s, s, bank.t().contiguous(), labels, TABLE))
        self.assertEqual(autograd.margin_softmax_loss(s, bank.t(), labels),
                         autograd.margin_softmax_loss(s, bank.t().contiguous(), labels))
        row = t[:1].expand(6, 7)
        self.assertEqual(autograd.fcd_loss(s, row), autograd.fcd_loss(s, row.contiguous()))
        with self.assertRaisesRegex(ValueError, "fcd_loss: teacher: .*row stride 0"):
            coupleface.fcd_loss(s, row)

    def test_negated_views(self):
        negated = torch.complex(rows(5), rows(5)).conj().imag
        self.assertTrue(negated.is_neg())
        t = rows(5)
        with self.assertRaisesRegex(ValueError, "fcd_loss: student is a negated view"):
            coupleface.fcd_loss(negated, t)
        self.assertEqual(autograd.fcd_loss(negated, t), autograd.fcd_loss(negated.resolve_neg(), t))

    def test_what_cannot_be_read(self):
        s, t = rows(5), rows(5)
        with self.assertRaisesRegex(ValueError, r"fcd_loss: student cannot.*detach\(\)"):
            coupleface.fcd_loss(s.clone().requires_grad_(), t)
        with self.assertRaisesRegex(ValueError, "fcd_loss: student.*meta"):
            autograd.fcd_loss(s.to("meta"), t)
        with self.assertRaisesRegex(ValueError, "fcd_loss: teacher.*strided"):
            coupleface.fcd_loss(s, t.to_sparse())
        with self.assertRaisesRegex(TypeError, "rad_loss: labels has elements of type int32"):
            autograd.rad_loss(s, t, rows(8), LABELS.int(), TABLE)
        with self.assertRaisesRegex(ValueError, "fcd_loss: teacher is 4 x 7, but student is 5 x 7"):
            autograd.fcd_loss(s, t[:4])
        with self.assertRaisesRegex(TypeError, "fcd_loss: teacher has .* float32; expected float64"):
            autograd.fcd_loss(s, t.float())

    def test_beside_numpy(self):
        try:
            import numpy
        except ImportError as missing:
            self.skipTest(str(missing))
        s, t = rows(5), rows(5)
        self.assertEqual(autograd.fcd_loss(s, numpy.asarray(t)), autograd.fcd_loss(s, t))


class Document(unittest.TestCase):
    def test_trainer_as_printed(self):
        text = pathlib.Path(sys.argv[2]).read_text()
        section = text.split("\n## PyTorch in Python\n")[1].split("\n## ")[0]
        program = section.split("```python\n")[1].split("```")[0]
        exec(compile(program, sys.argv[2], "exec"), {})


if __name__ == "__main__":
    with open("/proc/self/maps") as maps:
        runtimes = sorted({line.split()[-1] for line in maps if "omp" in line and ".so" in line})
    print(f"Python {sys.version.split()[0]}, PyTorch {torch.__version__}, OpenMP: {runtimes}")
    unittest.main(argv=sys.argv[:1])
