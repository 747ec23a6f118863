"""How each widget is made with right functions, and what the contract of all widgets should know about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dlcore import widgets
from dlcore.live import Panel
from dlcore.widgets.project_strategy.project_simulator import DAYS
from tests import test_widgets_autograd as autograd
from tests import test_widgets_batch_normalization as batch_normalization
from tests import test_widgets_convolution as convolution
from tests import test_widgets_deep_network as deep_network
from tests import test_widgets_gradient_checking as gradient_checking
from tests import test_widgets_lenet as lenet
from tests import test_widgets_logistic_regression as logistic_regression
from tests import test_widgets_optimizers as optimizers
from tests import test_widgets_project_strategy as project_strategy
from tests import test_widgets_regularization as regularization
from tests import test_widgets_residual_networks as residual_networks
from tests import test_widgets_shallow_network as shallow_network
from tests import test_widgets_softmax as softmax
from tests import test_widgets_transfer_learning as transfer_learning

__all__ = ["CASES", "DRAWN_BY_THE_PAGE", "Case", "label_of", "nothing"]

Do = Callable[[Panel], None]
Reasons = Mapping[str, str]


def nothing(panel: Panel) -> None:
    """What is done where nothing need be done."""


@dataclass(frozen=True)
class Case:
    """A widget with right functions.

    Attributes:
        widget: its name in `dlcore.widgets`.
        week: the marker of its lesson.
        functions: what the student writes, by the widget's parameter.
        data: the other arguments.
        variant: what tells it from another case of the same widget.
        set_up: done before anything is tried, so that every control matters.
        reach: what to do so that a function, by its parameter, is called; nothing if it is called at once.
        also: further values to try, by the control's label.
        instead: the only values to try, where all of them would take long.
        still: controls that change no picture by themselves, each with the reason.
        alike: controls of which two values may look the same, each with the reason.
        silent: controls whose move the sentence may pass over, each with the reason.
        leads: controls that other controls follow, each with the reason.
        forgets: controls that undo the set-up, each with the reason.
        remembers: why a picture seen a second time is not the one seen first, if it is not.
        buttons: the labels of its buttons, in the order in which they are to be pressed.
        before: what makes a button do something, by its label.
        main: buttons that are its main control, in an order in which each makes a new picture, round after round;
            none if that is its first control.
        behind: functions that only the student's own functions call, each with what follows from it.
        exposes: functions that get arrays of which the widget keeps no copy, each with which.

    Controls and buttons go by their labels, a control whose label is not its own by its number.
    """

    widget: str
    week: str
    functions: Mapping[str, Callable[..., Any]]
    data: Mapping[str, Any] = field(default_factory=dict)
    variant: str = ""
    set_up: Do = nothing
    reach: Mapping[str, Do] = field(default_factory=dict)
    also: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    instead: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    still: Reasons = field(default_factory=dict)
    alike: Reasons = field(default_factory=dict)
    silent: Reasons = field(default_factory=dict)
    leads: Reasons = field(default_factory=dict)
    forgets: Reasons = field(default_factory=dict)
    remembers: str = ""
    buttons: tuple[str, ...] = ()
    before: Mapping[str, Do] = field(default_factory=dict)
    main: tuple[str, ...] = ()
    behind: Reasons = field(default_factory=dict)
    exposes: Reasons = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.widget}, {self.variant}" if self.variant else self.widget

    def make(self, **changed: Callable[..., Any]) -> Panel:
        """The panel, with some of the student's functions changed."""
        return getattr(widgets, self.widget)(**{**self.functions, **changed}, **self.data)

    def made_ready(self, **changed: Callable[..., Any]) -> Panel:
        """The panel after its set-up."""
        panel = self.make(**changed)
        self.set_up(panel)
        return panel


def label_of(panel: Panel, control: Any) -> str:
    """A control's label; where it has none, or not for itself, with its number."""
    label: str = control.description
    if label and [other.description for other in panel.controls].count(label) == 1:
        return label
    return f"{label or 'control'} {panel.controls.index(control)}"


def put(label: str, value: Any) -> Do:
    """Give the control with this label a value."""

    def do(panel: Panel) -> None:
        (control,) = [control for control in panel.controls if control.description == label]
        control.value = value

    return do


def click(*labels: str) -> Do:
    """Press buttons."""

    def do(panel: Panel) -> None:
        for label in labels:
            panel.buttons[label].click()

    return do


def in_turn(*acts: Do) -> Do:
    """One after the other."""

    def do(panel: Panel) -> None:
        for act in acts:
            act(panel)

    return do


LAYERS = {name: convolution.SPACE[name] for name in ("conv_forward", "conv_backward", "pool_forward", "pool_backward")}
NORMALIZATION = {
    "batchnorm_forward": batch_normalization.forward,
    "batchnorm_backward": batch_normalization.backward,
}
NETWORK = {
    "initialize": shallow_network.initialize,
    "forward": shallow_network.forward,
    "fit": shallow_network.fit,
}
MOONS = {
    "X": regularization.X,
    "Y": regularization.Y,
    "X_dev": regularization.X_DEV,
    "Y_dev": regularization.Y_DEV,
}
LAST_PLACE = "where there are fewer places, the last one is shown"

WEEK1 = [
    Case(
        "sigmoid_plane",
        "week1",
        {"sigmoid": logistic_regression.sigmoid},
        also={"angle of w, degrees": (101.5,), "length ‖w‖": (3.5,), "bias b": (1.5,)},
        alike={"angle of w, degrees": "both ends are the same direction"},
        silent={"angle of w, degrees": "the line may pass no example on its way"},
    ),
    Case(
        "cost_valley",
        "week1",
        {"propagate": logistic_regression.propagate},
        set_up=click("Step", "Step", "Step"),
        buttons=("Step", "10 steps", "Reset"),
        also={"learning rate": (2.0,), "start at w": (-0.5,), "start at b": (3.5,)},
    ),
]

WEEK2 = [
    Case(
        "activation_explorer",
        "week2",
        shallow_network.ACTIVATIONS,
        set_up=put("activation", "leaky ReLU"),  # the one that uses all sliders
        reach={
            "sigmoid": put("activation", "sigmoid"),
            "tanh_derivative": put("activation", "tanh"),
            "relu": put("activation", "ReLU"),
            "relu_derivative": put("activation", "ReLU"),
            "leaky_relu": put("activation", "leaky ReLU"),
            "leaky_relu_derivative": put("activation", "leaky ReLU"),
            "elu": put("activation", "ELU"),
            "maxout": put("activation", "maxout"),
        },
    ),
    Case(
        "hidden_units",
        "week2",
        NETWORK,
        set_up=click("100 steps"),
        reach={"fit": click("10 steps")},
        buttons=("10 steps", "100 steps", "1000 steps", "New start"),
        forgets=dict.fromkeys(("data", "hidden units"), "another network begins untrained"),
    ),
    Case("symmetry", "week2", NETWORK, set_up=put("step", 250), buttons=("New start",)),
    Case(
        "symmetry",
        "week2",
        NETWORK,
        variant="all weights equal",
        set_up=in_turn(put("step", 250), put("all weights equal to it", True)),
        buttons=("New start",),
        before={"New start": put("all weights equal to it", False)},  # else nothing is drawn at random
    ),
]

BACKPROP = {"model_forward": deep_network.model_forward, "model_backward": deep_network.model_backward}
WEEK3 = [
    Case(
        "backprop_graph",
        "week3",
        BACKPROP,
        silent=dict.fromkeys(
            ("input x1", "input x2", "weight from a1 to a1, layer 2", "the label is 1 (else 0)"),
            "nothing is computed yet, and the sentence says so",
        ),
        exposes={"model_forward": "the input", "model_backward": "the caches, which are drawn"},
    ),
    Case(
        "backprop_graph",
        "week3",
        BACKPROP,
        variant="all steps shown",
        set_up=put("steps shown", 6),
        silent=dict.fromkeys(
            ("weight from a1 to a1, layer 2", "the label is 1 (else 0)"), "it may switch off no other unit"
        ),
        exposes={"model_forward": "the input", "model_backward": "the caches, which are drawn"},
    ),
    Case(
        "signal_depth",
        "week3",
        {
            "activation_forward": deep_network.activation_forward,
            "activation_backward": deep_network.activation_backward,
        },
        exposes={"activation_forward": "the first signal", "activation_backward": "the last gradient, and the caches"},
    ),
]

WEEK4 = [
    Case(
        "gradient_error",
        "week4",
        {"one_sided_difference": gradient_checking.one_sided, "numerical_gradient": gradient_checking.centred},
        also={"step ε": (1e-3,)},
    ),
    Case("plant_a_bug", "week4", {"gradient_check": gradient_checking.check}, also={"step ε": (1e-3,)}),
    Case(
        "regularized_boundary",
        "week4",
        {"fit": regularization.Fits()},
        MOONS,
        silent={"show dev examples": "the sentence counts them, shown or not"},
        remembers="the chart keeps every setting that was tried",
    ),
    Case(
        "regularized_boundary",
        "week4",
        {"fit": regularization.Fits()},
        {**MOONS, "with_dropout": False},
        variant="without dropout",
        silent={"show dev examples": "the sentence counts them, shown or not"},
        remembers="the chart keeps every setting that was tried",
    ),
    Case("shrinkage", "week4", {"l2_cost": regularization.squares, "l1_cost": regularization.sizes}),
]

WEEK5 = [
    Case("moving_average", "week5", {"ewa": optimizers.average}),
    Case(
        "batch_and_decay",
        "week5",
        {
            "random_mini_batches": optimizers.pieces,
            "sgd_step": optimizers.walk,
            "decayed_rate": optimizers.falling,
        },
        exposes={"sgd_step": "the parameters, which the path keeps"},
    ),
]

WEEK6 = [
    Case(
        "normalized_batch",
        "week6",
        {"batchnorm_forward": batch_normalization.forward},
        set_up=click("Next batch", "Next batch"),
        buttons=("Next batch", "20 batches", "Start again"),
        still={"momentum": "it shows with the next batch"},
    ),
    Case(
        "normalization_race",
        "week6",
        NORMALIZATION,
        buttons=("Other weights",),
        instead={  # each setting is trained
            "learning rate α": (0.03,),
            "initial weights (1 = He)": (0.3,),
            "hidden layers": (1,),
        },
    ),
    Case(
        "softmax_bars",
        "week6",
        {"softmax": softmax.shares, "cross_entropy": softmax.nats, "softmax_gradient": softmax.slope},
        exposes={"cross_entropy": "the labels, which softmax_gradient gets after it"},
        buttons=("Add 2 to all scores", "Ten steps of descent", "Start again"),
        before={"Start again": put("score of class 0", 1.5)},
    ),
    Case(
        "grid_and_random",
        "week6",
        {"random_search": softmax.search, "sample_log_uniform": softmax.log_uniform},
        buttons=("New draw", "New map"),
        behind={"sample_log_uniform": "the student's search calls it and trips over what it returns"},
    ),
]

WEEK7 = [
    Case(
        "convolution_step",
        "week7",
        {"conv_forward": convolution.conv_forward},
        silent=dict.fromkeys(("control 6", "control 9", "control 12"), "the pixel under this weight is 0"),
        buttons=("next place", "upright edge", "level edge", "blur", "sharpen", "outline", "shift"),
        before={"upright edge": click("blur")},  # it is there at first
    ),
    Case(
        "filter_gallery",
        "week7",
        {"conv_forward": convolution.conv_forward},
        silent={
            "specimen": "the shares of two specimens may be the same in whole per cents",
            "kernels turned by 180°": "positive and negative answers are about as many",
        },
    ),
    Case(
        "gradient_routing",
        "week7",
        LAYERS,
        reach={name: put("layer", "convolution") for name in ("conv_forward", "conv_backward")},
        silent=dict.fromkeys(
            ("window, pixels", "stride, pixels", "which output"), "one pixel gets all that comes from behind"
        ),
    ),
    Case(
        "windows_as_rows",
        "week7",
        {"im2col": lenet.im2col, "col2im": lenet.col2im},
        leads=dict.fromkeys(("window, pixels", "stride, pixels"), LAST_PLACE),
        silent={"col2im gets": "the sentence says how often a pixel comes back, which is the same"},
        exposes={"im2col": "the image, by which all is judged"},
    ),
    Case(
        "feature_maps",
        "week7",
        {"lenet_forward": lenet.lenet_forward},
        {"parameters": lenet.PARAMETERS},
        exposes={"lenet_forward": "the digit and the parameters, by which its maps are judged"},
    ),
]

WEEK8 = [
    Case("residual_depth", "week8", residual_networks.FUNCTIONS),
    Case(
        "cut_blocks",
        "week8",
        residual_networks.CUT,
        residual_networks.TRAINED,
        alike={"how many blocks are cut": "behind the first one there are only so many"},
    ),
    Case(
        "budget_builder",
        "week8",
        residual_networks.BUDGET,
        buttons=(
            *("convolution (C)", "pooling (P)", "separable (S)", "bottleneck (B)", "residual (R)"),
            *("undo", "start again"),
        ),
        main=("convolution (C)", "undo"),
    ),
    Case("layer_to_cut", "week8", transfer_learning.CUT, transfer_learning.MADE_UP),
    Case(
        "neighbours_boundary",
        "week8",
        transfer_learning.PLANE,
        reach={"pairwise_distances": put("metric", "straight line")},
    ),
]

WEEK9 = [
    Case("graph_steps", "week9", autograd.STEPS, set_up=put("visits so far", 3)),
    Case("two_modes", "week9", autograd.MODES),
]

WEEK10 = [
    Case("dev_set_size", "week10", project_strategy.SIZES),
    Case(
        "project_simulator",
        "week10",
        project_strategy.GAPS,
        set_up=click("bigger (1)", "finish"),
        forgets={"project": "another project begins at its beginning"},
        buttons=(*(f"{action} ({price})" for action, price in DAYS.items()), "undo", "finish", "start again"),
        before={
            **{f"{action} ({price})": click("start again") for action, price in DAYS.items()},
            "finish": click("start again"),
            "start again": click("bigger (1)"),
        },
        main=("start again", "bigger (1)"),  # it is finished by its set-up, and nothing can be undone then
    ),
]

CASES = [*WEEK1, *WEEK2, *WEEK3, *WEEK4, *WEEK5, *WEEK6, *WEEK7, *WEEK8, *WEEK9, *WEEK10]

DRAWN_BY_THE_PAGE = {"optimizer_trajectories"}  # no panel; see test_browser_trajectories.py
