"""Executes notebooks on the real Rust kernel and compares each cell's outputs with the committed ones.

    python execute.py [--warm] NOTEBOOK...

Standard output and display data must be equal byte for byte. A cell tagged `raises-exception` must fail to compile or
panic; no other may. With --warm the first code cell of the first notebook is executed and nothing is compared: the
kernel's build folder then has every dependency compiled.
"""

import asyncio
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbclient import NotebookClient

# A cell that trains a network takes seconds. One that takes this long will never end.
CELL_SECONDS = 600
# The kernel may say that a cell is done a moment before its last line of output arrives.
LATE_SECONDS = 5


@dataclass
class Outputs:
    """What a cell shows: its standard output, and its data by mime type."""

    stdout: str = ""
    data: dict = field(default_factory=dict)
    stderr: str = ""
    error: str = ""

    def add(self, kind, content):
        if kind == "stream" and content["name"] == "stdout":
            self.stdout += content["text"]
        elif kind == "stream":
            self.stderr += content["text"]
        elif kind == "error":
            self.error = content["evalue"]
        elif kind in ("execute_result", "display_data"):
            self.data.update(content["data"])

    def parts(self):
        """The outputs to compare, each under its name."""
        return {**({"stdout": self.stdout} if self.stdout else {}), **self.data}

    def panicked(self):
        """Whether the cell panicked: the kernel says so on stderr only."""
        return " panicked at " in self.stderr

    def raised(self):
        """Why the cell failed, if it did."""
        return self.error or (self.stderr.strip() if self.panicked() else "")


class Kernel(NotebookClient):
    """nbclient, with every message of the kernel written down by the request that it answers."""

    async def async_start_new_kernel_client(self):
        client = await super().async_start_new_kernel_client()
        self.seen = {}
        receive = client.iopub_channel.get_msg

        async def receive_and_record(*arguments, **options):
            message = await receive(*arguments, **options)
            outputs = self.seen.setdefault(message["parent_header"].get("msg_id"), Outputs())
            outputs.add(message["msg_type"], message["content"])
            return message

        client.iopub_channel.get_msg = receive_and_record
        return client

    async def outputs_of(self, cell, index, expected):
        """Executes a cell and waits for late outputs, if some of the expected ones are missing."""
        before = set(self.seen)
        await self.async_execute_cell(cell, index)
        outputs = self.outputs_since(before)
        end = time.monotonic() + LATE_SECONDS
        while check_cell(cell, expected, outputs) and time.monotonic() < end:
            await self.late_message()
            outputs = self.outputs_since(before)
        return outputs

    async def late_message(self):
        try:
            await asyncio.wait_for(self.kc.iopub_channel.get_msg(timeout=None), 0.5)
        except asyncio.TimeoutError:
            pass

    def outputs_since(self, before):
        new = [outputs for request, outputs in self.seen.items() if request not in before]
        return new[-1] if new else Outputs()


def committed_outputs(cell):
    outputs = Outputs()
    for output in cell.outputs:
        outputs.add(output.output_type, output)
    return outputs


def check_cell(cell, expected, actual):
    """What is wrong with a cell's outputs, or nothing."""
    must_raise = "raises-exception" in cell.metadata.get("tags", [])
    if must_raise and not actual.raised():
        return "should fail (it is tagged raises-exception) and did not"
    if actual.raised() and not must_raise:
        return f"failed:\n{actual.raised()}"
    expected, actual = expected.parts(), actual.parts()
    for name in sorted({*expected, *actual}):
        if name not in actual:
            return f"{name}: committed, but not there when executed:\n{expected[name]}"
        if name not in expected:
            return f"{name}: there when executed, but not committed:\n{actual[name]}"
        if expected[name] != actual[name]:
            return f"{name}: {difference(str(expected[name]), str(actual[name]))}"
    return None


def difference(expected, actual):
    """The first place where two texts differ, with what stands around it."""
    at = next((i for i, (a, b) in enumerate(zip(expected, actual)) if a != b), min(len(expected), len(actual)))
    start = max(0, at - 40)
    line = expected.count("\n", 0, at) + 1
    return (
        f"first difference in line {line}, character {at}\n"
        f"  committed: {expected[start : at + 60]!r}\n  executed:  {actual[start : at + 60]!r}"
    )


async def execute(path):
    """Executes one notebook. Returns how many cells and images are equal, and what is wrong with the others."""
    notebook = nbformat.read(path, as_version=4)
    kernel = Kernel(
        notebook,
        kernel_name="rust",
        timeout=CELL_SECONDS,
        startup_timeout=300,
        allow_errors=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    cells = images = panics = 0
    problems = []
    async with kernel.async_setup_kernel():
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            expected = committed_outputs(cell)
            outputs = await kernel.outputs_of(cell, index, expected)
            panics += outputs.panicked()
            problem = check_cell(cell, expected, outputs)
            if not problem:
                cells += 1
                images += sum(mime.startswith("image/") for mime in expected.data)
                continue
            problems.append(f"{path.name}: cell {index + 1} (id {cell.id}): {problem}\n{excerpt(cell.source)}")
            # What later cells need is missing now.
            if outputs.raised():
                break
        # A panic whose message came after the last word about its cell would be missed.
        await kernel.late_message()
        if panics < sum(outputs.panicked() for outputs in kernel.seen.values()):
            problems.append(f"{path.name}: a cell panicked that should not")
    return cells, images, problems


def excerpt(source):
    return "".join(f"  | {line}\n" for line in source.splitlines()[:12])


async def warm(path):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"][:1]
    resources = {"metadata": {"path": str(path.parent)}}
    kernel = Kernel(notebook, kernel_name="rust", timeout=1800, startup_timeout=300, resources=resources)
    await kernel.async_execute()


def compare(path):
    return asyncio.run(execute(path))


def main():
    arguments = sys.argv[1:]
    if arguments[0] == "--warm":
        asyncio.run(warm(Path(arguments[1])))
        return
    paths = [Path(argument) for argument in arguments]
    totals = [0, 0]
    different = 0
    with ProcessPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        tasks = {pool.submit(compare, path): path for path in paths}
        for task in as_completed(tasks):
            cells, images, problems = task.result()
            totals = [totals[0] + cells, totals[1] + images]
            different += bool(problems)
            print(f"{tasks[task].name}: {cells} cells and {images} images equal", flush=True)
            for problem in problems:
                print(problem, flush=True)
    print(f"{len(paths)} notebooks: compared {totals[0]} cells and {totals[1]} images")
    if different:
        sys.exit(f"{different} of {len(paths)} notebooks differ")


if __name__ == "__main__":
    main()
