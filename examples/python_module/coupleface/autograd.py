# SPDX-License-Identifier: Apache-2.0
"""The losses for PyTorch's automatic differentiation, on CPU tensors.

A loss computes its gradients together with its value; backward() multiplies them by the incoming
gradient and then rounds them to the tensors' types. Second derivatives are an error. Matrices that
cannot be read in place, such as transposed ones, are copied. .cpu() of a tensor on a GPU passes the
gradient back to it."""
import torch

import coupleface


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, compute, *inputs):
        loss, *gradients = compute(*inputs)
        ctx.save_for_backward(*gradients)
        ctx.inputs = inputs  # not saved with the gradients: they may be changed in place
        return gradients[0].new_tensor(loss)

    @staticmethod
    def backward(ctx, incoming):
        return None, *(_Gradient.apply(incoming, gradient, x)
                       for gradient, x in zip(ctx.saved_tensors, ctx.inputs))


class _Gradient(torch.autograd.Function):
    # once_differentiable would treat the result as a constant if the incoming gradient is one.
    @staticmethod
    def forward(ctx, incoming, gradient, x):
        return (incoming * gradient).to(x.dtype)

    @staticmethod
    def backward(ctx, incoming):
        raise RuntimeError("coupleface: the losses have no second derivatives")


def _rows(x):
    if not isinstance(x, torch.Tensor):
        return x
    x = x.detach()
    in_place = x.dim() != 2 or (x.stride(1) == 1 and x.stride(0) >= x.size(1))
    return x if in_place else x.contiguous()


def _of_student(loss):
    def differentiable(student, teacher, **settings):
        """A scalar tensor, of float64 for float64 and of float32 otherwise."""
        return _Loss.apply(lambda s: loss(_rows(s), _rows(teacher), **settings), student)
    return differentiable


fcd_loss = _of_student(coupleface.fcd_loss)
relation_loss = _of_student(coupleface.relation_loss)
rkd_distance_loss = _of_student(coupleface.rkd_distance_loss)
rkd_angle_loss = _of_student(coupleface.rkd_angle_loss)
similarity_preserving_loss = _of_student(coupleface.similarity_preserving_loss)
correlation_congruence_loss = _of_student(coupleface.correlation_congruence_loss)
pkt_loss = _of_student(coupleface.pkt_loss)


def rad_loss(student, teacher, bank, labels, table, **settings):
    return _Loss.apply(lambda s: coupleface.rad_loss(_rows(s), _rows(teacher), _rows(bank), labels,
                                                     table, **settings), student)


def margin_softmax_loss(embeddings, weights, labels, **settings):
    """With gradients for embeddings and weights."""
    return _Loss.apply(lambda e, w: coupleface.margin_softmax_loss(_rows(e), _rows(w), labels,
                                                                   **settings), embeddings, weights)
