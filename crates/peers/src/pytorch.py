"""Does what `pytorch.rs` orders, one line each, and answers with one line."""

import json
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file


def prepare(data_path, results_path, work):
    """The passes that can be timed, by name; the results go to a file."""
    data, work = load_file(data_path), json.loads(work)
    if work["kind"] == "lenet":
        passes, results = lenet(data)
    else:
        passes, results = operation(data, work)
    save_file({name: tensor.contiguous() for name, tensor in results.items()}, results_path)
    return passes


def operation(data, work):
    upstream = data.pop("upstream")
    inputs = [data[name] for name in ("x", "weight", "bias") if name in data]
    for tensor in inputs:
        tensor.requires_grad_(tensor is not data["x"] or work.get("input_gradient", True))
    stride, padding = work["stride"], work["padding"]

    def compute():
        if work["kind"] == "convolution":
            return F.conv2d(*inputs, stride, padding, work["dilation"], work["groups"])
        if work["kind"] == "max":
            return F.max_pool2d(*inputs, work["kernel"], stride, padding, work["dilation"])
        return F.avg_pool2d(*inputs, work["kernel"], stride, padding)

    def forward():
        with torch.no_grad():
            return compute()

    def gradients():
        for tensor in inputs:
            tensor.grad = None
        compute().backward(upstream)

    gradients()
    results = {f"gradient {i}": t.grad for i, t in enumerate(inputs) if t.grad is not None}
    return {"forward": forward, "gradients": gradients}, {"y": forward(), **results}


def lenet(data):
    images, nn = data.pop("x"), torch.nn
    layers = [
        ("conv1", nn.Conv2d(1, 6, 5, padding=2)), ("relu1", nn.ReLU()), ("pool1", nn.MaxPool2d(2)),
        ("conv2", nn.Conv2d(6, 16, 5)), ("relu2", nn.ReLU()), ("pool2", nn.MaxPool2d(2)),
        ("flatten", nn.Flatten()), ("fc1", nn.Linear(400, 120)), ("relu3", nn.ReLU()),
        ("fc2", nn.Linear(120, 84)), ("relu4", nn.ReLU()), ("fc3", nn.Linear(84, 10)),
    ]
    model = nn.Sequential()
    for name, layer in layers:
        model.add_module(name, layer)
    model.load_state_dict(data)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    targets = torch.arange(len(images)) * 7 % 10

    def epoch():
        for first in range(0, len(images), 256):
            optimiser.zero_grad()
            F.cross_entropy(model(images[first:first + 256]), targets[first:first + 256]).backward()
            optimiser.step()

    with torch.no_grad():
        return {"epoch": epoch}, {"logits": model(images[:256])}


def time_pass(run, seconds):
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return " ".join(map(str, times))


passes = {}
for line in sys.stdin:
    order, _, rest = line.rstrip("\n").partition(" ")
    answer = "done"
    if order == "version":
        answer = torch.__version__
    elif order == "threads":
        torch.set_num_threads(int(rest))
    elif order == "prepare":
        passes = prepare(*rest.split("\t"))
    elif order == "time":
        name, seconds = rest.split()
        answer = time_pass(passes[name], float(seconds))
    print(answer, flush=True)
