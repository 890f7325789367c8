"""CPython's side of bench_python: a start method a line on stdin, start + join in ns on stdout."""
import multiprocessing
import sys
import time


def nothing():
    pass


if __name__ == "__main__":
    for line in sys.stdin:
        context = multiprocessing.get_context(line.strip())
        begin = time.monotonic_ns()
        process = context.Process(target=nothing)
        process.start()
        process.join()
        print(time.monotonic_ns() - begin, flush=True)
