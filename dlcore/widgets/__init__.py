"""Interactive figures, each driven by the student's own functions."""

from dlcore.widgets.autograd import graph_steps, two_modes
from dlcore.widgets.batch_normalization import normalization_race, normalized_batch
from dlcore.widgets.convolution import convolution_step, filter_gallery, gradient_routing
from dlcore.widgets.deep_network import backprop_graph, signal_depth
from dlcore.widgets.gradient_checking import gradient_error, plant_a_bug
from dlcore.widgets.lenet import feature_maps, windows_as_rows
from dlcore.widgets.logistic_regression import cost_valley, sigmoid_plane
from dlcore.widgets.optimizers import batch_and_decay, moving_average
from dlcore.widgets.optimizers.trajectories import optimizer_trajectories
from dlcore.widgets.project_strategy import dev_set_size, project_simulator
from dlcore.widgets.regularization import regularized_boundary, shrinkage
from dlcore.widgets.residual_networks import budget_builder, cut_blocks, residual_depth
from dlcore.widgets.shallow_network import activation_explorer, hidden_units, symmetry
from dlcore.widgets.softmax import grid_and_random, softmax_bars
from dlcore.widgets.transfer_learning import layer_to_cut, neighbours_boundary

__all__ = [
    "activation_explorer",
    "backprop_graph",
    "batch_and_decay",
    "budget_builder",
    "convolution_step",
    "cost_valley",
    "cut_blocks",
    "dev_set_size",
    "feature_maps",
    "filter_gallery",
    "gradient_error",
    "gradient_routing",
    "graph_steps",
    "grid_and_random",
    "hidden_units",
    "layer_to_cut",
    "moving_average",
    "neighbours_boundary",
    "normalization_race",
    "normalized_batch",
    "optimizer_trajectories",
    "plant_a_bug",
    "project_simulator",
    "regularized_boundary",
    "residual_depth",
    "shrinkage",
    "sigmoid_plane",
    "signal_depth",
    "softmax_bars",
    "symmetry",
    "two_modes",
    "windows_as_rows",
]
