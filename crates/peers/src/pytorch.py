"""Serves for PyTorch: reads orders and answers each with a line. `serve.rs` says what is spoken."""

import json
import re
import sys
import time

import torch
import torch.nn.functional as F
from lenet.pytorch import LeNet
from safetensors.torch import load_file, save_file


def prepare(path, work):
    """The passes that can be done, by name, and a function that computes their results."""
    data, work = load_file(path), json.loads(work)
    return lenet(data) if work["kind"] == "LeNet" else operation(data, work)


def operation(data, work):
    upstream = data.pop("upstream")
    inputs = [data[name] for name in ("x", "weight", "bias") if name in data]
    for tensor in inputs:
        tensor.requires_grad_(tensor is not data["x"] or work.get("input_gradient", True))
    window = work["geometry"]
    kernel, stride, padding = window["kernel"], window["stride"], window["padding"]

    def compute():
        if work["kind"] == "Convolution":
            return F.conv2d(*inputs, stride, padding, window["dilation"], work["groups"])
        if work["kind"] == "MaxPool":
            return F.max_pool2d(*inputs, kernel, stride, padding, window["dilation"])
        return F.avg_pool2d(*inputs, kernel, stride, padding)

    def forward():
        with torch.no_grad():
            return compute()

    def gradients():
        for tensor in inputs:
            tensor.grad = None
        compute().backward(upstream)

    def results():
        gradients()
        found = {f"gradient {i}": t.grad for i, t in enumerate(inputs) if t.grad is not None}
        return {"y": forward(), **found}

    return {"forward": forward, "gradients": gradients}, results


def lenet(data):
    images, network = data.pop("x"), LeNet()
    network.load_state_dict(data)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    targets = torch.arange(len(images)) * 7 % 10

    def train(count):
        for first in range(0, count, 256):
            optimiser.zero_grad()
            logits = network(images[first:first + 256])
            F.cross_entropy(logits, targets[first:first + 256]).backward()
            optimiser.step()

    def epoch():
        train(len(images))

    def logits():
        with torch.no_grad():
            return network(images[:256])

    def results():
        before = logits()
        train(10 * 256)
        return {"logits": before, "trained logits": logits()}

    return {"epoch": epoch}, results


def time_pass(run, seconds):
    """As long as `lasts` in `serve.rs` says."""
    times, begun, so_far = [], time.perf_counter(), 0
    while not times or so_far < seconds or len(times) < 8 and so_far < 2:
        start = time.perf_counter()
        run()
        now = time.perf_counter()
        times.append(1e3 * (now - start))
        so_far = now - begun
    return " ".join(map(str, times))


def held(name):
    """What the process holds (VmRSS) or has held at most (VmHWM), in bytes."""
    with open("/proc/self/status") as status:
        return 1024 * int(re.search(rf"^{name}:\s*(\d+) kB$", status.read(), re.M)[1])


def memory(run):
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")
    for _ in range(3):
        run()
    return str(held("VmHWM") - idle)


def obey(order, *words):
    global passes, results, idle
    if order == "version":
        return torch.__version__.split("+")[0]
    if order == "settle":
        passes, results = {}, None
        idle = held("VmRSS")
        return ""
    if order == "load":
        passes, results = prepare(*words)
        return " ".join(passes)
    if order == "results":
        save_file({name: tensor.contiguous() for name, tensor in results().items()}, words[0])
        return ""
    if order == "time":
        return time_pass(passes[words[0]], float(words[1]))
    if order == "memory":
        return memory(passes[words[0]])
    raise ValueError(f"no such order: {order}")


passes, results = {}, None
idle = 0
for line in sys.stdin:
    try:
        answer = obey(*line.rstrip("\n").split("\t"))
    except Exception as error:
        answer = "error " + repr(error).replace("\n", " ")
    print(answer, flush=True)
