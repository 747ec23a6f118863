"""The optimizers as a student should write them in week 5, for the tests of the widget that they drive."""

import numpy as np


def initial_state(parameters, method):
    def zeros():
        return {name: np.zeros_like(array) for name, array in parameters.items()}

    state = {}
    if method in ("momentum", "nesterov", "adam", "adamw"):
        state["v"] = zeros()
    if method in ("rmsprop", "adam", "adamw"):
        state["s"] = zeros()
    if method in ("adam", "adamw"):
        state["t"] = 0
    return state


def sgd_step(parameters, grads, state, learning_rate):
    return {k: parameters[k] - learning_rate * grads["d" + k] for k in parameters}, state


def momentum_step(parameters, grads, state, learning_rate, beta=0.9):
    v = {k: beta * state["v"][k] + grads["d" + k] for k in parameters}
    return {k: parameters[k] - learning_rate * v[k] for k in parameters}, {"v": v}


def nesterov_step(parameters, grads, state, learning_rate, beta=0.9):
    v = {k: beta * state["v"][k] + grads["d" + k] for k in parameters}
    return {k: parameters[k] - learning_rate * (grads["d" + k] + beta * v[k]) for k in parameters}, {"v": v}


def rmsprop_step(parameters, grads, state, learning_rate, beta=0.9, eps=1e-8):
    s = {k: beta * state["s"][k] + (1 - beta) * grads["d" + k] ** 2 for k in parameters}
    new = {k: parameters[k] - learning_rate * grads["d" + k] / (np.sqrt(s[k]) + eps) for k in parameters}
    return new, {"s": s}


def adam_step(parameters, grads, state, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    t = state["t"] + 1
    v = {k: beta1 * state["v"][k] + (1 - beta1) * grads["d" + k] for k in parameters}
    s = {k: beta2 * state["s"][k] + (1 - beta2) * grads["d" + k] ** 2 for k in parameters}
    new = {}
    for k in parameters:
        v_corrected, s_corrected = v[k] / (1 - beta1**t), s[k] / (1 - beta2**t)
        new[k] = parameters[k] - learning_rate * v_corrected / (np.sqrt(s_corrected) + eps)
    return new, {"v": v, "s": s, "t": t}


def adamw_step(parameters, grads, state, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    new, state = adam_step(parameters, grads, state, learning_rate, beta1, beta2, eps)
    return {k: new[k] - learning_rate * weight_decay * parameters[k] for k in parameters}, state


STEPS = {
    "sgd": sgd_step,
    "momentum": momentum_step,
    "nesterov": nesterov_step,
    "rmsprop": rmsprop_step,
    "adam": adam_step,
    "adamw": adamw_step,
}
