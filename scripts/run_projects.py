"""Train the networks behind the lesson on strategy, and write down what they came to.

    python scripts/run_projects.py

It writes `dlcore/datasets/project_runs.npz`, which students have: the projects of the
simulator with every set of actions, the projects to practise `plan` on, and the grid of
error against data and width. What becomes of the hidden projects is written to
`course/week10/project_strategy.costs.json`, which is not handed out. It takes about
half an hour on one core.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is there

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
LESSON = ROOT / "course" / "week10"
RUNS = ROOT / "dlcore" / "datasets" / "project_runs.npz"
COSTS = LESSON / "project_strategy.costs.json"
sys.path.insert(0, str(LESSON))

import support_project as support  # noqa: E402

ACTIONS = ("collect", "more", "bigger", "regularize", "relabel", "match", "blur")
ERRORS = ("train", "train_dev", "dev", "test")
HUMAN = 1.0  # per cent; a guess: nobody measured it, and a network of 256 units with all data reaches 1.4 %
WEB, COLLECTED, MOST_WEB = 3500, 25, 3500
DECAY, TIMES_WIDER, TIMES_MORE = 0.3, 4, 4
SEEDS_OF_GAMES, SEEDS_OF_PLANS = 2, 5
HIDDEN, PRACTICE = 24, 12  # projects to judge `plan` by, and to practise it on


@dataclass(frozen=True)
class Project:
    """Where a project stands: what its training set and its network are, and what its users send."""

    other: bool  # whether the users' digits are from the other source
    blurred: bool  # whether the users' pictures are out of focus
    fitted: bool = False  # whether training digits are stretched to fill the frame
    web: int = 400
    users: int = 0
    width: int = 16
    noise: float = 0.0  # share of wrong labels in the training set
    decay: float = 0.0
    blurred_copies: bool = False

    def after(self, actions):
        """Return the project once these actions are done."""
        changes = {
            "collect": {"users": self.users + COLLECTED},
            "more": {"web": min(TIMES_MORE * self.web, MOST_WEB)},
            "bigger": {"width": TIMES_WIDER * self.width},
            "regularize": {"decay": DECAY},
            "relabel": {"noise": 0.0},
            "match": {"fitted": True},
            "blur": {"blurred_copies": True},
        }
        return replace(self, **{name: value for action in actions for name, value in changes[action].items()})


class Data:
    """All images: the web's, plain and fitted, and the users' of both kinds."""

    def __init__(self):
        self.web = {fitted: support.web_digits(fitted) for fitted in (False, True)}
        own, labels = self.web[False]
        other, other_labels = support.user_digits()
        self.users = {False: (own[WEB:], labels[WEB:]), True: (other, other_labels)}

    def of_users(self, project):
        """Return the users' images and labels: 400 for dev, 500 for test, 600 to collect from."""
        images, labels = self.users[project.other]
        images = support.blur(images) if project.blurred else images
        return (images[:400], labels[:400]), (images[400:900], labels[400:900]), (images[900:], labels[900:])


def training_set(project, everything, rng):
    """Return images and labels to train on, and a train-dev set with images of the same kind."""
    images, labels = everything.web[project.fitted]
    order = rng.permutation(WEB)
    labels = support.add_label_noise(labels, project.noise, rng)
    chosen, held_out = order[: project.web], order[-500:] if project.web <= 3000 else np.arange(4500, 5000)
    collected, collected_labels = (part[: project.users] for part in everything.of_users(project)[2])
    seen = np.concatenate([images[chosen], collected])
    answers = np.concatenate([labels[chosen], collected_labels])
    if project.blurred_copies:
        seen, answers = np.concatenate([seen, support.blur(seen)]), np.tile(answers, 2)
    return (seen, answers), (images[held_out], labels[held_out])


def run(project, everything, seed):
    """Return the four errors, in per cent, of one training."""
    rng = np.random.default_rng(seed)
    seen, train_dev = training_set(project, everything, rng)
    start = support.start(64, project.width, rng)
    parameters = support.train(*seen, start, rng, decay=project.decay)
    dev, test, _ = everything.of_users(project)
    return [support.error(*part, parameters) for part in (seen, train_dev, dev, test)]


@functools.cache
def runs(project, everything, seeds):
    """Return the errors of several trainings; what an action leaves as it was is not trained again."""
    return [run(project, everything, seed) for seed in range(seeds)]


def observed(project, errors, everything):
    """Return the state of a project as `plan` gets it."""
    (_, labels), _ = training_set(project, everything, np.random.default_rng(0))
    right = training_set(replace(project, noise=0.0), everything, np.random.default_rng(0))[0][1]
    (users, _), _, _ = everything.of_users(project)
    kind = everything.web[project.fitted][0][:WEB]
    state = {"human": HUMAN, **{name: round(float(value), 1) for name, value in zip(ERRORS[:3], errors, strict=False)}}
    state |= {"web": project.web, "users": project.users, "width": project.width}
    state |= {"wrong_labels": round(100 * float(np.mean(labels[:100] != right[:100])))}
    state |= {"fill": round(support.fill(kind), 2), "fill_users": round(support.fill(users), 2)}
    return state | {
        "sharpness": round(support.sharpness(kind), 2),
        "sharpness_users": round(support.sharpness(users), 2),
    }


def drawn_project(rng):
    """Return a random project."""
    other = bool(rng.random() < 0.65)
    return Project(
        other=other,
        blurred=bool(rng.random() < 0.35),
        fitted=other and bool(rng.random() < 0.35),
        web=int(rng.choice([100, 300, 800, 2500])),
        users=int(rng.choice([0, 0, 30, 200])) if other else 0,
        width=int(rng.choice([4, 16, 64, 64])),
        noise=float(rng.choice([0.0, 0.0, 0.15, 0.35])),
    )


def different_projects(rng, count):
    """Return so many random projects, no two alike."""
    found = {}
    while len(found) < count:
        found[drawn_project(rng)] = True
    return list(found)


def planned(projects, everything):
    """Return states and, for each, the mean test error after no action and after each one, with their spread."""
    states, means, spreads = [], [], []
    for project in projects:
        sets = [(), *((action,) for action in ACTIONS)]
        errors = np.array([runs(project.after(done), everything, SEEDS_OF_PLANS) for done in sets])
        states.append(observed(project, errors[0].mean(axis=0), everything))
        means.append(errors[:, :, 3].mean(axis=1).round(2))
        spreads.append(errors[:, :, 3].std(axis=1, ddof=1).round(2))
        print(states[-1], dict(zip(("nothing", *ACTIONS), means[-1].tolist(), strict=True)), flush=True)
    return states, np.array(means), np.array(spreads)


GAMES = {
    "digits from elsewhere": Project(other=True, blurred=False, web=2500, width=16),
    "hurried labels": Project(other=False, blurred=False, web=800, width=16, noise=0.35),
    "a tiny network": Project(other=False, blurred=False, web=2500, width=4),
    "a hundred digits": Project(other=False, blurred=False, web=100, width=64),
    "out of focus": Project(other=True, blurred=True, fitted=True, web=800, width=64),
    "a bit of everything": Project(other=True, blurred=True, web=300, width=4, noise=0.15),
}


def games(everything):
    """Return for each project of the simulator the errors with every set of actions, (128, 4), and its state."""
    found = {}
    for number, (name, project) in enumerate(GAMES.items()):
        sets = itertools.product((False, True), repeat=len(ACTIONS))
        table = []
        for flags in sets:
            done = [action for action, flag in zip(ACTIONS, flags, strict=True) if flag]
            table.append(np.mean(runs(project.after(done), everything, SEEDS_OF_GAMES), axis=0))
        found[f"game_{number}"] = np.array(table, dtype=np.float32).round(1)
        state = {key: str(value) for key, value in observed(project, table[0], everything).items()}
        found[f"game_{number}_state"] = np.array(json.dumps(state | {"name": name}))
        print(name, found[f"game_{number}"][0], flush=True)
    return found


SIZES, WIDTHS, SEEDS = (30, 100, 300, 1000, 4000), (4, 16, 64, 256), (0, 1, 2)


def kernel_error(images, labels, unseen, answers):
    """Return the error of kernel ridge regression with a Gaussian kernel, a relative of the support vector machine."""

    def kernel(first, second):
        squares = (first**2).sum(1)[:, None] + (second**2).sum(1) - 2 * first @ second.T
        return np.exp(-squares / 20)

    X, U = images.reshape(len(images), -1), unseen.reshape(len(unseen), -1)
    weights = np.linalg.solve(kernel(X, X) + 0.1 * np.eye(len(X)), 2.0 * np.eye(10)[labels] - 1)
    return 100 * float(np.mean((kernel(U, X) @ weights).argmax(axis=1) != answers))


def scale():
    """Return the errors on 1,000 digits of 14 × 14 by size of the training set, model and seed."""
    from dlcore.data import digits

    images, labels = digits()
    images = images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) / 255
    unseen, answers = images[4000:], labels[4000:]
    errors = np.zeros((len(SIZES), len(WIDTHS) + 2, len(SEEDS)))
    for (i, m), seed in itertools.product(enumerate(SIZES), SEEDS):
        rng = np.random.default_rng(seed)
        chosen = rng.permutation(4000)[:m]
        for j, width in enumerate((0, *WIDTHS)):
            start = support.start(196, width, rng) if width else support.linear_start(196)
            rate = 0.003
            trained = support.train(images[chosen], labels[chosen], start, rng, steps=2000, learning_rate=rate)
            errors[i, j, seed] = support.error(unseen, answers, trained)
        errors[i, -1, seed] = kernel_error(images[chosen], labels[chosen], unseen, answers)
        print(m, seed, errors[i, :, seed].round(1), flush=True)
    return {"scale_errors": errors.astype(np.float32).round(1), "scale_sizes": np.array(SIZES)}


def main():
    """Train everything and write both files."""
    everything = Data()
    projects = different_projects(np.random.default_rng(2026), HIDDEN + PRACTICE)
    hidden, costs, _ = planned(projects[:HIDDEN], everything)
    states, means, spreads = planned(projects[HIDDEN:], everything)
    arrays = {"practice_states": np.array(list(map(json.dumps, states))), "practice_errors": means}
    arrays |= {"practice_spreads": spreads, "actions": np.array(("nothing", *ACTIONS))}
    every_state, every_row = [*states, *hidden], [*means.tolist(), *costs.tolist()]
    rows = [
        {"arguments": [state], "costs": dict(zip(("nothing", *ACTIONS), row, strict=True))}
        for state, row in zip(every_state, every_row, strict=True)
    ]
    COSTS.write_text(json.dumps({"plan": rows}, indent=1) + "\n", encoding="utf-8")
    arrays |= scale()
    arrays |= games(everything)
    np.savez_compressed(RUNS, **arrays)


if __name__ == "__main__":
    main()
