"""Sessions in several processes at once; what they find does not depend on how many there are."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

import cv2

from resatt_studio.errors import LearningError
from resatt_studio.workflow.jobs import Job, progress

Task = TypeVar("Task")
Answer = TypeVar("Answer")

PATIENCE_S = 0.2
_STOPPED = "stopped"


def spread_over_processes(
    tasks: Sequence[Task],
    work: Callable[[Task], Job[Answer]],
    jobs: int,
    done: Callable[[Task, Answer], None],
    words: Callable[[Task], str],
) -> Job[None]:
    """Step every task's job to its end, each in one of ``jobs`` processes with one thread for the networks.

    Processes are started afresh, never forked: a fork would copy the threads of torch half. Closing the job
    lets each process close what it is at, so that nothing is left behind on the disk.

    Args:
        tasks: What is to be done; each can be sent to another process.
        work: Begins a task's job, in that process, where it stays for the next task; can be sent too.
        jobs: Processes at once, at least 1.
        done: Told each answer here as soon as it is known, in the order in which tasks end.
        words: What a task is called in the reports.

    Raises:
        LearningError: A process died, as it does when memory runs out.
        StudioError: Whatever a task raised; what ended before was told.
    """
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with _single_threaded(), ProcessPoolExecutor(jobs, context, _begin, (stop, work)) as pool:
        try:
            left = list(tasks)
            running: dict[Future[Any], Task] = {}
            while left or running:
                while left and len(running) < jobs:
                    task = left.pop(0)
                    running[pool.submit(_run, task)] = task
                finished, _ = wait(running, PATIENCE_S, FIRST_COMPLETED)
                for future in finished:
                    done(running.pop(future), future.result())
                count = len(tasks) - len(left) - len(running)
                at_work = "; ".join(words(one) for one in running.values())
                yield progress(count, len(tasks), "sessions", at_work)
        except BrokenProcessPool as error:
            raise LearningError(
                "A process of the simulation died, as it does when memory runs out.",
                "Sessions that ended are kept: run the same command again, with fewer --jobs.",
            ) from error
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Processes started meanwhile use one thread in the libraries that ask the environment for it."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


# What a process of the pool was begun with.
_stop: Any = None  # set when nobody waits for its answers any more
_work: Any = None
_parent = 0


def _begin(stop: Any, work: Any) -> None:
    """Ctrl-C belongs to the process that started this one; it tells by ``stop``."""
    global _stop, _work, _parent
    _stop, _work, _parent = stop, work, os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def _run(task: Any) -> Any:
    job = _work(task)
    try:
        while not _stop.is_set() and os.getppid() == _parent:
            next(job)
    except StopIteration as end:
        return end.value
    finally:
        job.close()
    if os.getppid() != _parent:
        os._exit(1)  # it was killed: nobody will ever ask for this answer, or for another
    return _STOPPED
