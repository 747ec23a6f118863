"""Week 8: signals and gradients in deep stacks, networks with blocks cut out, and networks built on a budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dlcore.live import Panel
from dlcore.widgets.residual_networks.budget_builder import BudgetBuilder
from dlcore.widgets.residual_networks.cut_blocks import CutBlocks
from dlcore.widgets.residual_networks.residual_depth import ResidualDepth

__all__ = ["budget_builder", "cut_blocks", "residual_depth"]


def residual_depth(
    residual_forward: Callable[..., Any],
    residual_backward: Callable[..., Any],
    gradient_reach: Callable[..., Any],
    plain_forward: Callable[..., Any],
    plain_backward: Callable[..., Any],
) -> Panel:
    """Return a panel that sends a signal forwards through two deep stacks of blocks, and a gradient back.

    Left, the size of the signal behind each block, right, that of the gradient
    in front of each block, both relative to where they begin. The plain stack
    begins with He's variance; in the residual one, a control scales every
    block's second matrix.

    Args:
        residual_forward: your function (X, p) → (out, cache).
        residual_backward: your function (dout, cache) → (dX, grads).
        gradient_reach: your function (dout, caches, step_back) → norms.
        plain_forward, plain_backward: the same for a block without a shortcut.
    """
    return ResidualDepth(residual_forward, residual_backward, gradient_reach, plain_forward, plain_backward).panel


def cut_blocks(
    residual_forward: Callable[..., Any],
    residual_parameters: Mapping[str, Any],
    plain_forward: Callable[..., Any],
    plain_parameters: Mapping[str, Any],
) -> Panel:
    """Return a panel that leaves blocks out of two trained networks, and shows the error on held-out digits.

    Args:
        residual_forward: your function (X, p) → (out, cache).
        residual_parameters: of a trained network for digits of 14 × 14 pixels: "W_in", "b_in",
            "W1_0", "b1_0", "W2_0", "b2_0" and so on for each block, "W_out", "b_out".
        plain_forward: the same for a block without a shortcut.
        plain_parameters: of a trained network of such blocks, as many of them.
    """
    return CutBlocks(residual_forward, residual_parameters, plain_forward, plain_parameters).panel


def budget_builder(count_layers: Callable[..., Any], receptive_field: Callable[..., Any]) -> Panel:
    """Return a panel that stacks blocks to a network for digits, and counts it after each block.

    Each button puts a block on the stack: a convolution of 3 × 3, a pooling of
    2 × 2, a separable convolution, a bottleneck, a residual block. All of them
    keep the side but the pooling, which halves it, and from which on there are
    twice as many filters.

    Args:
        count_layers: your function (side, channels, layers) → (rows, total).
        receptive_field: a function (layers) → side in pixels, each layer a pair (window, stride).
    """
    return BudgetBuilder(count_layers, receptive_field).panel
