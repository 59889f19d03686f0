#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the table of margin_softmax_digits_test.cpp: losses and gradients to 50 digits.

Gradients are differences of the value in 150 digits, so no formula for them is needed. Wants mpmath.
"""
from mpmath import mp, mpf

mp.dps = 150
WEIGHTS = [[5, 1, 0], [-4, 2, 1], [-3, -3, 2], [-3, 1, -2]]
# Embedding, its class, and m1, m2, m3, scale as the doubles that the test has.
CASES = [
    ([3, 1, -1], 0, (1.0, 0.0, 0.35, 64.0)),
    ([7, -2, 4], 0, (1.0, 0.0, 0.35, 64.0)),
    ([9, -2, 8], 0, (1.0, 0.0, 0.35, 64.0)),
    ([-7, 2, 3], 1, (1.0, 0.0, 0.35, 64.0)),
    ([-2, 3, 3], 0, (1.0, 0.0, 0.35, 2000.0)),
    ([7, -1, -3], 0, (1.0, 0.5, 0.0, 64.0)),
    ([9, -2, 8], 0, (1.0, 0.5, 0.0, 64.0)),
    ([1, 3, 2], 0, (1.0, 0.5, 0.0, 64.0)),
    ([7, 0, 2], 0, (1.1, 0.3, 0.2, 64.0)),
    ([9, -2, 8], 0, (1.1, 0.3, 0.2, 64.0)),
    ([-7, 2, 3], 1, (1.1, 0.3, 0.2, 64.0)),
    ([9, 1, 1], 1, (1.1, 0.3, 0.2, 64.0)),
]


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / mp.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def loss(e, weights, own, margin):
    m1, m2, m3, scale = map(mpf, margin)
    cosines = [cosine(e, w) for w in weights]
    right = scale * (mp.cos(m1 * mp.acos(cosines[own]) + m2) - m3)
    others = [scale * c for k, c in enumerate(cosines) if k != own]
    return mp.log1p(sum(mp.exp(z - right) for z in others))


def slope(f, x, j):
    """df / dx[j] by a central difference, whose error is of the order of its step squared."""
    step = mpf(10) ** -40
    up, down = list(x), list(x)
    up[j] += step
    down[j] -= step
    return (f(up) - f(down)) / (2 * step)


def literals(numbers):
    return ", ".join(mp.nstr(x, 20, min_fixed=0, max_fixed=0) for x in numbers)


for e, own, margin in CASES:
    e = [mpf(x) for x in e]
    weights = [[mpf(x) for x in w] for w in WEIGHTS]

    def of_class(k):
        return lambda w: loss(e, weights[:k] + [w] + weights[k + 1 :], own, margin)

    by_embedding = [slope(lambda x: loss(x, weights, own, margin), e, j) for j in range(3)]
    by_weights = [slope(of_class(k), weights[k], j) for k in range(4) for j in range(3)]
    print(f"{{{{{', '.join(map(str, margin))}}}, {{{', '.join(str(int(x)) for x in e)}}}, {own},")
    print(f" {literals([loss(e, weights, own, margin)])},")
    print(f" {{{literals(by_embedding)}}},\n {{{literals(by_weights)}}}}},")
