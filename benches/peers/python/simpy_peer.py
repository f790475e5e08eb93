"""W1, W2 and W3 with SimPy: processes, a Resource for each pool of workers, and a time-out raced against the answer.

Usage: simpy_peer.py w1|w2 CUSTOMERS, or w3 SECONDS. Prints nanoseconds of processor time per customer, and their mean sojourn.
"""

import random
import sys
import time

import simpy


def station(servers: int, customers: int) -> tuple[int, float]:
    draw = random.Random(1).expovariate
    env = simpy.Environment()
    workers = simpy.Resource(env, servers)
    total = 0.0

    def customer():
        nonlocal total
        came = env.now
        with workers.request() as turn:
            yield turn
            yield env.timeout(draw(1.0))
        total += env.now - came

    def source():
        for _ in range(customers):
            yield env.timeout(draw(0.9 * servers))
            env.process(customer())

    env.process(source())
    env.run()
    return customers, total / customers


def system(seconds: int) -> tuple[int, float]:
    generator = random.Random(1)
    draw, uniform = generator.expovariate, generator.random
    env = simpy.Environment()
    replicas = [simpy.Resource(env, 8) for _ in range(10)]
    database = simpy.Resource(env, 32)
    turn, born, answered, total = 0, 0, 0, 0.0

    def work(replica):
        with replica.request() as worker:
            yield worker
            yield env.timeout(draw(125.0))
            if uniform() < 0.2:
                with database.request() as connection:
                    yield connection
                    yield env.timeout(draw(200.0))

    def client():
        nonlocal turn, answered, total
        came = env.now
        for attempt in range(3):
            turn = (turn + 1) % 10
            answer = env.process(work(replicas[turn]))
            patience = env.timeout(0.25)
            yield answer | patience
            if answer.processed:
                answered += 1
                total += env.now - came
                return
            if attempt < 2:
                yield env.timeout(0.1 * 2**attempt * uniform())

    def source():
        nonlocal born
        while True:
            yield env.timeout(draw(8000.0))
            born += 1
            env.process(client())

    env.process(source())
    env.run(until=seconds)
    return born, total / answered


def main() -> None:
    workload, amount = sys.argv[1], int(sys.argv[2])
    start = time.process_time_ns()
    count, mean = system(amount) if workload == "w3" else station({"w1": 1, "w2": 8}[workload], amount)
    print((time.process_time_ns() - start) / count, mean)


main()
