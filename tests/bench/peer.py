"""CPython's side of the benchmarks: a request a line on stdin, the time that it took in ns on stdout.

fork | spawn | forkserver   start + join of a process that does nothing
map N | async N | apply N   N tasks by a Pool(2), one at a time each; apply: one after the other
"""
import multiprocessing
import sys
import time


def nothing():
    pass


def same(number):
    return number


def start(method):
    context = multiprocessing.get_context(method)
    begin = time.monotonic_ns()
    process = context.Process(target=nothing)
    process.start()
    process.join()
    return time.monotonic_ns() - begin


def run(pool, how, count):
    numbers = list(range(count))
    begin = time.monotonic_ns()
    if how == "map":
        got = pool.map(same, numbers, chunksize=1)
    elif how == "async":
        got = [result.get() for result in [pool.apply_async(same, (number,)) for number in numbers]]
    else:
        got = [pool.apply(same, (number,)) for number in numbers]
    took = time.monotonic_ns() - begin
    assert got == numbers
    return took


def main():
    pool = None
    for line in sys.stdin:
        how, *count = line.split()
        if not count:
            print(start(how), flush=True)
            continue
        if not pool:
            pool = multiprocessing.get_context("fork").Pool(2)
            run(pool, "map", 100)
        print(run(pool, how, int(count[0])), flush=True)
    if pool:
        pool.terminate()


if __name__ == "__main__":
    main()
