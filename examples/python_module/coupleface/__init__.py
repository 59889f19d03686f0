# SPDX-License-Identifier: Apache-2.0
"""coupleface for NumPy arrays and PyTorch tensors in host memory, which are read in place.

Matrices are float32, float64, float16 or bfloat16. Rows may be strided, but must be contiguous
inside. The second matrix of a loss, and a bank, have the first one's type, or float32 beside
float16 and bfloat16. Labels and tables are int64; -1 is ignored. Results are arrays or tensors like
the first argument, float64 if it is float64 and float32 otherwise; losses are floats. Arguments
that do not fit raise TypeError or ValueError. The GIL is released during the computation.
"""
from . import extension


def _shape(x):
    shape = tuple(getattr(x, "shape", ()))
    return shape if len(shape) == 2 else (0, 0)  # of anything else the extension says what is wrong


def _empty(like, shape, element=None):
    is_double = str(getattr(like, "dtype", "")).endswith("float64")
    element = element or ("float64" if is_double else "float32")
    if hasattr(like, "new_empty"):
        import torch
        return like.new_empty(shape, dtype=getattr(torch, element))
    import numpy
    return numpy.empty(shape, element)


def class_prototypes(features, labels, classes):
    """[classes, d]: the normalised mean of each class's unit embeddings; zeros without samples."""
    prototypes = _empty(features, (classes, _shape(features)[1]))
    extension.class_prototypes(features, labels, prototypes)
    return prototypes


def mine_nearest(queries, k, candidates=None):
    """For every query the k candidates of largest cosine: values and rows, [n, k], descending.

    Without candidates, these are the other queries, except rows of zeros (classes without samples).
    Slots without a candidate hold -infinity and -1."""
    values = _empty(queries, (_shape(queries)[0], k))
    indices = _empty(queries, (_shape(queries)[0], k), "int64")
    extension.mine_nearest(queries, candidates, values, indices)
    return values, indices


def fcd_loss(student, teacher):
    """The loss and its gradient with respect to the student, [n, d]."""
    gradient = _empty(student, _shape(student))
    return extension.fcd_loss(student, teacher, gradient), gradient


def rad_loss(student, teacher, bank, labels, table, q=0.03, two_sided=False):
    """The loss and its gradient with respect to the student. table[c] are the rows of the bank to
    which samples of class c are related: mine_nearest's. For rows of each sample's own:
    labels = arange(n). two_sided: the penalty max(0, |x| - q) in place of max(0, x - q)."""
    gradient = _empty(student, _shape(student))
    loss = extension.rad_loss(student, teacher, bank, labels, table, q, two_sided, gradient)
    return loss, gradient


def relation_loss(student, teacher, q=0.0, two_sided=True):
    """The loss over all pairs of the batch, and its gradient with respect to the student: the mean
    of |s - t| over the cosines s and t of pairs of different rows. q and two_sided: as rad_loss."""
    gradient = _empty(student, _shape(student))
    return extension.relation_loss(student, teacher, q, two_sided, gradient), gradient


def rkd_distance_loss(student, teacher, beta=1.0):
    """The same of distances over their mean, with smooth L1."""
    gradient = _empty(student, _shape(student))
    return extension.rkd_distance_loss(student, teacher, beta, gradient), gradient


def rkd_angle_loss(student, teacher, beta=1.0):
    """The same of the angles of all triples of rows."""
    gradient = _empty(student, _shape(student))
    return extension.rkd_angle_loss(student, teacher, beta, gradient), gradient


def similarity_preserving_loss(student, teacher):
    gradient = _empty(student, _shape(student))
    return extension.similarity_preserving_loss(student, teacher, gradient), gradient


def correlation_congruence_loss(student, teacher, order=2, gamma=0.4):
    gradient = _empty(student, _shape(student))
    return (extension.correlation_congruence_loss(student, teacher, order, gamma, gradient),
            gradient)


def pkt_loss(student, teacher, epsilon=1e-7):
    gradient = _empty(student, _shape(student))
    return extension.pkt_loss(student, teacher, epsilon, gradient), gradient


def margin_softmax_loss(embeddings, weights, labels, m1=1.0, m2=0.5, m3=0.0, scale=64.0):
    """The loss and its gradients with respect to the embeddings, [n, d], and the classes' weights.

    The target class's logit is scale (cos(m1 theta + m2) - m3): ArcFace by default."""
    gradient = _empty(embeddings, _shape(embeddings))
    weight_gradient = _empty(embeddings, _shape(weights))
    loss = extension.margin_softmax_loss(embeddings, weights, labels, m1, m2, m3, scale, gradient,
                                         weight_gradient)
    return loss, gradient, weight_gradient
