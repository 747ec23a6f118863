"""Week 7: a kernel on its way over an image, gradients on their way back, and what filters see in a digit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlcore.live import Panel
from dlcore.widgets.convolution.convolution_step import ConvolutionStep
from dlcore.widgets.convolution.filter_gallery import FilterGallery
from dlcore.widgets.convolution.gradient_routing import GradientRouting

__all__ = ["convolution_step", "filter_gallery", "gradient_routing"]


def convolution_step(conv_forward: Callable[..., Any]) -> Panel:
    """Return a panel that moves a 3 × 3 kernel, which can be edited, over an image of 6 × 6 pixels.

    Left, the image with its frame of zeros and the window; in the middle, the
    products of window and kernel; right, the map that your function makes.
    Entries of the map that are not the sum of their products are crossed out.

    Args:
        conv_forward: your function (A_prev, W, b, stride, pad) → (Z, cache).
            It is called once on every change, with one image, one filter and bias 0.
    """
    return ConvolutionStep(conv_forward).panel


def filter_gallery(conv_forward: Callable[..., Any]) -> Panel:
    """Return a panel that shows what eight filters see in a handwritten digit.

    Each filter is drawn small beside its map. All maps have the same scale:
    blue is negative, orange positive.

    Args:
        conv_forward: your function (A_prev, W, b, stride, pad) → (Z, cache).
            It is called once on every change, with one digit and eight filters.
    """
    return FilterGallery(conv_forward).panel


def gradient_routing(
    conv_forward: Callable[..., Any],
    conv_backward: Callable[..., Any],
    pool_forward: Callable[..., Any],
    pool_backward: Callable[..., Any],
) -> Panel:
    """Return a panel that sends a gradient back through a convolution, max pooling or average pooling.

    Left, the input; in the middle, the gradient that your backward pass hands
    to it; right, the gradient that comes from behind. The sentence compares
    your gradient with what nudges of the input do to the output.

    Args:
        conv_forward: your function (A_prev, W, b, stride, pad) → (Z, cache).
        conv_backward: your function (dZ, cache) → (dA_prev, dW, db).
        pool_forward: your function (A_prev, f, stride, mode) → (A, cache).
        pool_backward: your function (dA, cache, mode) → dA_prev.
    """
    return GradientRouting(conv_forward, conv_backward, pool_forward, pool_backward).panel
